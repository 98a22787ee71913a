"""Film reviews: from their archive (Maas et al., ACL 2011) to three files of JSON lines.

The archive has train/pos, train/neg, test/pos and test/neg, with a file NUMBER_RATING.txt for each
review. Reviews of one film have neighbouring numbers, so the last fifth of each folder of train is
the validation part.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.core.errors import PipelineError
from pipeline.core.files import atomic_write

MEMBER = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d+)_\d+\.txt")
LABELS = {"neg": 0, "pos": 1}
VALIDATION = 5  # one of so many is in the validation part

Review = tuple[int, int, str]  # number, label, text


def unpack_imdb(archive: Path, folder: Path) -> None:
    """Write train, val and test.jsonl.gz, with lines `{"label": 0 | 1, "text": …}`."""
    reviews = _reviews_of(archive)
    parts: dict[str, list[Review]] = {"train": [], "val": [], "test": []}
    for (part, _), part_reviews in sorted(reviews.items()):
        held_out = len(part_reviews) // VALIDATION if part == "train" else 0
        ordered = sorted(part_reviews)
        parts[part] += ordered[: len(ordered) - held_out]
        parts["val"] += ordered[len(ordered) - held_out :]
    for part, lines in parts.items():
        _write(folder / f"{part}.jsonl.gz", lines)


def _reviews_of(archive: Path) -> Mapping[tuple[str, str], Sequence[Review]]:
    reviews: dict[tuple[str, str], list[Review]] = defaultdict(list)
    try:
        with tarfile.open(archive, "r:gz") as members:
            for member in members:
                named = MEMBER.fullmatch(member.name)
                content = members.extractfile(member) if named else None
                if named and content:
                    part, label, number = named.groups()
                    text = content.read().decode("utf-8")
                    reviews[part, label].append((int(number), LABELS[label], text))
    except (tarfile.TarError, OSError, EOFError, UnicodeDecodeError) as error:
        raise _unusable(archive, str(error)) from None
    if len(reviews) != 2 * len(LABELS):
        raise _unusable(archive, "it lacks train or test, pos or neg")
    return reviews


def _write(path: Path, reviews: Sequence[Review]) -> None:
    """Write the same bytes each time: no time and no name in the header of gzip."""
    with (
        atomic_write(path) as unfinished,
        unfinished.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        io.TextIOWrapper(packed, "utf-8") as lines,
    ):
        for _, label, text in reviews:
            print(json.dumps({"label": label, "text": text}, ensure_ascii=False), file=lines)


def _unusable(archive: Path, why: str) -> PipelineError:
    return PipelineError(
        f"{archive} is not the archive of reviews: {why}.",
        "it is another file, or was cut short",
        "fetch it again",
    )
