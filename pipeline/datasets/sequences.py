"""Published texts and time series, from their files to what `gesture train` reads."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.datasets.catalogue import SequenceEntry
from pipeline.datasets.download import copy_checked, in_mirror, obtain
from pipeline.datasets.imdb import unpack_imdb

# As a mirror may hold them, though nobody publishes them like this: reviews as JSON lines; weather
# whose missing pm2.5 were filled with the mean.
MIRRORED = {
    "imdb": {
        "train.jsonl.gz": "7ce31eec85a1e000f0c59389c949b40cbfbe53c00d9b6d6571da39b586e83cd9",
        "val.jsonl.gz": "9e59f7afa9b5343facb75147d4b00e8437aa56d9c75e23958a835c6ffe1c3b40",
        "test.jsonl.gz": "9dbc93981dfb1860d3d0bdc3ec74149e48453d36307735464e247bfa2c2c20b4",
    },
    "weather": {
        "beijing_2010_2014.csv": "2db5f0b0e3b8d024d78ea94eb62876176dba7c23d6ee68da5cdfaa917b55a998",
    },
}


def make_sequences(entry: SequenceEntry, mirror: Path | None, files: Path, made: Path) -> None:
    """Leave the entry's files in `made`; files: a folder for what is fetched.

    Raises PipelineError as download.obtain does.
    """
    made.mkdir(parents=True)
    if _mirrored(entry, mirror, made):
        return
    obtain(entry, mirror, files)
    _MAKERS.get(entry.name, _as_they_are)(files, made)


def _mirrored(entry: SequenceEntry, mirror: Path | None, made: Path) -> bool:
    hashes = MIRRORED.get(entry.name, {})
    found = {name: in_mirror(entry, name, mirror) for name in hashes}
    if not found or None in found.values():
        return False
    for name, path in found.items():
        copy_checked(str(path), made / name, hashes[name], str(path))
    return True


def _as_they_are(files: Path, made: Path) -> None:
    shutil.copytree(files, made, dirs_exist_ok=True)


def _unpacked_reviews(files: Path, made: Path) -> None:
    unpack_imdb(files / "aclImdb_v1.tar.gz", made)


def _shuffled_names(files: Path, made: Path) -> None:
    """By their hash: sorted by alphabet, the end would not be like the beginning."""
    with (files / "colornames.csv").open(encoding="utf-8", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    shuffled = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    (made / "names.txt").write_text("\n".join(shuffled) + "\n", "utf-8")


_MAKERS: Mapping[str, Callable[[Path, Path], None]] = {
    "imdb": _unpacked_reviews,
    "color_names": _shuffled_names,
}
