"""Published datasets, downloaded and checked."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pooch
import requests

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import why_missing
from pipeline.core.locks import draft_beside
from pipeline.datasets.catalogue import (
    CatalogueEntry,
    Published,
    RemoteFile,
    SequenceEntry,
    files_of,
    find_entry,
)
from pipeline.datasets.dates import write_dates
from pipeline.datasets.imdb import unpack_imdb
from pipeline.datasets.importers import ImportOptions, ImportReport, import_files
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.recordings import add_recording
from pipeline.datasets.uhh_imu import read_uhh_imu
from pipeline.datasets.watch import read_watch

TIMEOUT_S = 30.0
CACHE = "gesture"  # in the user's cache folder; downloads stay there


def obtain(entry: CatalogueEntry, mirror: Path | None, folder: Path) -> None:
    """Copy the files of an entry into a folder, and check their SHA-256.

    Args:
        mirror: a folder that may have the files, as FILE, NAME/FILE, gestures/NAME/FILE or
            text/NAME/FILE; others are downloaded.
    """
    for file in files_of(entry):
        local = in_mirror(entry, file.path, mirror)
        source = local or _download(entry, file)
        copy_checked(source, folder / file.path, file.sha256, str(local or file.url))


def copy_checked(source: Path | str, target: Path, sha256: str, place: str) -> None:
    """Copy a file, and check its SHA-256; `place` says where it is from, for people."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    if pooch.file_hash(str(target)) != sha256:
        raise _mismatch(place, "another version, or a copy cut short")


def in_mirror(entry: CatalogueEntry, path: str, mirror: Path | None) -> Path | None:
    """The path of a file of an entry in a mirror; None where it is not there."""
    if mirror is None:
        return None
    if not mirror.is_dir():
        raise PipelineError(
            f"There is no folder {mirror}.",
            why_missing(mirror, "folder", "--from, or GESTURE_DATA, is misspelt"),
            "name a folder that holds the files, or leave it out to download them",
        )
    folders = (mirror, mirror / "gestures", mirror / "text")
    places = [mirror / path, *(folder / entry.name / path for folder in folders)]
    return next(filter(Path.is_file, places), None)


def _download(entry: CatalogueEntry, file: RemoteFile) -> str:
    pooch.get_logger().setLevel("ERROR")
    cache = Path(pooch.os_cache(CACHE)) / entry.name
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT_S)
    name = file.path.replace("/", "-")
    try:
        return str(pooch.retrieve(file.url, f"sha256:{file.sha256}", name, cache, None, downloader))
    except requests.RequestException as error:
        raise _unreachable(entry, file, error) from None
    except ValueError:
        raise _mismatch(file.url, "it was changed after it was listed, or damaged") from None


def _mismatch(place: str, why: str) -> PipelineError:
    return PipelineError(
        f"{place} is not the file of the catalogue: its SHA-256 differs.",
        f"{why}; it was not read",
        "delete it or name another folder with --from, and try again; if it fails again, report it",
    )


def _unreachable(
    entry: CatalogueEntry, file: RemoteFile, error: requests.RequestException
) -> PipelineError:
    answer = error.response
    said = f"the server answered {answer.status_code}" if answer is not None else "no connection"
    return PipelineError(
        f"{file.url} could not be downloaded: {said}.",
        "there is no network here, a proxy is in the way, or the file was taken down",
        f"download it on another machine (the dataset has {_count(entry)}), then: "
        f"gesture data get {entry.name} --from FOLDER, where FOLDER has {file.path}",
    )


def _count(entry: CatalogueEntry) -> str:
    count = len(files_of(entry))
    return "this one file" if count == 1 else f"{count} files, listed by --json"


# Forms that a mirror may have, and nobody publishes: reviews as JSON lines; weather with the mean
# instead of missing pm2.5.
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


def make_sequences(entry: SequenceEntry, mirror: Path | None, files: Path, target: Path) -> None:
    """Make a dataset of texts or of a series in the new folder `target`; see `obtain`."""
    target.mkdir(parents=True)
    if _mirrored(entry, mirror, target):
        return
    obtain(entry, mirror, files)
    _MAKERS.get(entry.name, partial(shutil.copytree, dirs_exist_ok=True))(files, target)


def _mirrored(entry: SequenceEntry, mirror: Path | None, target: Path) -> bool:
    hashes = MIRRORED.get(entry.name, {})
    paths = {name: in_mirror(entry, name, mirror) for name in hashes}
    if not paths or None in paths.values():
        return False
    for name, path in paths.items():
        copy_checked(str(path), target / name, hashes[name], str(path))
    return True


def _unpacked_reviews(files: Path, target: Path) -> None:
    unpack_imdb(files / "aclImdb_v1.tar.gz", target)


def _shuffled_names(files: Path, target: Path) -> None:
    """Sort names by their hash: in alphabetical order the test part would differ."""
    with (files / "colornames.csv").open(encoding="utf-8", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    shuffled = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    (target / "names.txt").write_text("\n".join(shuffled) + "\n", "utf-8")


_MAKERS: Mapping[str, Callable[[Path, Path], None]] = {
    "imdb": _unpacked_reviews,
    "color_names": _shuffled_names,
    "dates": write_dates,
}


TUTORIAL = ImportOptions(rate_hz=119.0, take_rows=119)
CONTINUOUS = {"uhh_imu": read_uhh_imu, "watch": read_watch}


@dataclass(frozen=True)
class FetchedFiles:
    """Texts or a time series that were fetched; content says how much."""

    dataset: Path
    files: tuple[str, ...]
    content: str


def fetch_dataset(name: str, mirror: Path | None, dataset: Path) -> ImportReport | FetchedFiles:
    """Make a dataset of the catalogue: all of it, or nothing. Licences are in its folder."""
    entry = find_entry(name)
    if dataset.exists():
        raise UsageError(
            f"{dataset} is there already.",
            "it was fetched before, or a dataset of yours has this name",
            "use it, delete it, or choose another name with --dataset",
        )
    try:
        with draft_beside(dataset, "data get") as work:
            files, made = work / "files", work / "dataset"
            report = _made(entry, mirror, files, made)
            made.replace(dataset)
    except OSError as error:
        raise PipelineError(
            f"{dataset} could not be made: {error}.",
            "the disk is full, you may not write in the folder, or a file is in the way",
            "make room, or change to another folder, and get the dataset again",
        ) from None
    return replace(report, dataset=dataset)


def _made(
    entry: Published, mirror: Path | None, files: Path, made: Path
) -> ImportReport | FetchedFiles:
    if isinstance(entry, SequenceEntry):
        make_sequences(entry, mirror, files, made)
        return FetchedFiles(made, entry.files, entry.content)
    obtain(entry, mirror, files)
    report = _import(entry.name, files, made)
    for licence in files.rglob("LICENSE"):
        whose = "" if licence.parent == files else f"-{licence.parent.name}"
        shutil.copyfile(licence, made / f"LICENSE{whose}")
    left_out, noted = _within(files, report.left_out), _within(files, report.noted)
    return replace(report, left_out=left_out, noted=noted)


def _within(folder: Path, notes: Iterable[Noted]) -> tuple[Noted, ...]:
    """With the files' names in `folder`, which is removed."""
    return tuple(replace(note, file=note.file.relative_to(folder)) for note in notes)


def _import(name: str, files: Path, made: Path) -> ImportReport:
    reader = CONTINUOUS.get(name)
    if reader is None:
        return import_files(files, made, TUTORIAL)
    return save_all(reader(files), made)


def save_all(recordings: list[Recording], dataset: Path) -> ImportReport:
    """Save recordings under the next free numbers of their labels, persons and sessions."""
    for recording in recordings:
        add_recording(recording, dataset)
    takes = Counter((recording.label, recording.person) for recording in recordings)
    return ImportReport(dataset, dict(takes), (), ())
