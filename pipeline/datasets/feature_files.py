"""Features of pictures, or of anything else, with captions: `captions.tsv`, and a `.npy` each.

A line of the table has the name of a file and a caption, with a tab between them. A file may have
several captions. It holds one vector of features [C], or one for each step in time [T, C].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import Float32
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import regular, why_missing
from pipeline.core.pairs import Pair
from pipeline.core.plurals import counted

TABLE = "captions.tsv"
HEADER = ("file", "caption")
MOST_FEATURES = 65_536  # of a step


@dataclass(frozen=True)
class DescribedFeatures:
    """What a folder holds.

    Args:
        pairs: of each line, the name of the file and the caption.
        features: of each line, float32 [T, C]; a single vector is one step.
    """

    pairs: tuple[Pair, ...]
    features: tuple[Float32, ...]


def read_described(folder: Path) -> DescribedFeatures:
    """Read the table, and the file of each line.

    Raises:
        PipelineError: a line has no caption, or a file is missing or no array of numbers, or the
            files differ in the number of their features.
    """
    pairs = _pairs(folder / TABLE)
    files = {
        name: read_features(_beside(folder, name)) for name in dict.fromkeys(pairs_names(pairs))
    }
    first, *others = files.items()
    for name, features in others:
        if features.shape[1] != first[1].shape[1]:
            raise PipelineError(
                f"{folder / name} has {features.shape[1]} features, and {first[0]} has "
                f"{first[1].shape[1]}.",
                "they are possibly of different networks",
                "compute the features of all of them in the same way",
            )
    return DescribedFeatures(pairs, tuple(files[pair.source] for pair in pairs))


def pairs_names(pairs: Sequence[Pair]) -> list[str]:
    """The names of the files."""
    return [pair.source for pair in pairs]


def read_features(file: Path) -> Float32:
    """The features of a file: float32 [T, C].

    Raises:
        PipelineError: it is missing, or no array of numbers.
    """
    if not file.is_file():
        raise UsageError(
            f"There is no file {file}.",
            why_missing(file, "file", "its name is misspelt, or its features are not computed yet"),
            "compute its features, or correct the name",
        )
    try:
        found = np.load(regular(file), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise _unusable(file, "is no array of numpy without Python objects") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        raise _unusable(file, "is no array of numbers")
    if found.ndim not in (1, 2) or not found.size or found.shape[-1] > MOST_FEATURES:
        raise _unusable(file, f"has the shape {list(found.shape)}")
    features: Float32 = np.atleast_2d(found).astype(np.float32)
    if not np.isfinite(features).all():
        raise _unusable(file, "has a value that is not a finite number")
    return features


def _pairs(table: Path) -> tuple[Pair, ...]:
    try:
        lines = regular(table).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise PipelineError(
            f"{table} cannot be read.",
            "it is possibly no text in UTF-8",
            "save it as text with a tab between the name of a file and its caption",
        ) from None
    rows = [(number, line.split("\t")) for number, line in enumerate(lines, 1) if line.strip()]
    if rows and tuple(cell.strip().lower() for cell in rows[0][1][:2]) == HEADER:
        rows = rows[1:]
    for number, cells in rows:
        if len(cells) != len(HEADER) or not all(cell.strip() for cell in cells):
            raise PipelineError(
                f"{table}:{number} has {counted(len(cells), 'cell')}, some possibly empty; "
                "it needs two.",
                "a line is the name of a file, a tab, and its caption",
                "correct the line",
            )
    return tuple(Pair(cells[0].strip(), cells[1].strip()) for _, cells in rows)


def _beside(folder: Path, name: str) -> Path:
    file = folder / name
    if not file.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{folder / TABLE} names {name}, which is outside {folder}.",
            "only files beside the table are read",
            "move the file into the folder, and name it from there",
        )
    return file


def _unusable(file: Path, fault: str) -> PipelineError:
    return PipelineError(
        f"{file} {fault}.",
        "features are one vector of numbers, or one for each step: [C] or [T, C]",
        "write it with numpy.save(file, array)",
    )
