"""Where a dataset is: a path, or the name that `--dataset NAME` made in data/."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pipeline.core.original_names import load_names
from pipeline.core.project import DATA
from pipeline.datasets.environment_series import series_in
from pipeline.datasets.recordings import takes_in


class Place(NamedTuple):
    """The folder or file of a dataset; said: which one was taken, where two could be meant."""

    path: Path
    said: str = ""


def find_dataset(path: Path) -> Place:
    """The dataset of a path or a name; a folder of that path wins if it holds recordings."""
    named = DATA / load_names(DATA).known("dataset", str(path))
    if path.is_absolute() or path == Path() or not named.exists():
        return Place(path)
    if not path.exists():
        return Place(named)
    if path.is_file() or not _holds_recordings(named):
        return Place(path)
    if _holds_recordings(path):
        return Place(path, f"{path} was taken; {named} holds recordings too")
    return Place(named, f"{named} was taken; {path} holds no recordings")


def _holds_recordings(path: Path) -> bool:
    return path.is_file() or bool(takes_in(path) or series_in(path))
