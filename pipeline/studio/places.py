"""Names in a request, and the files in the project that they stand for."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request

from pipeline.core.errors import UsageError
from pipeline.core.original_names import load_names
from pipeline.core.project import DATA
from pipeline.datasets.editing import DISCARDED
from pipeline.workflows.runs import RUNS


def dataset_in(request: Request) -> Path:
    """The dataset that the address names."""
    name = request.path_params["dataset"]
    return _inside(DATA, load_names(DATA).known("dataset", name))


def take_in(request: Request, folder: str = "") -> Path:
    """The recording that the address names; folder: below that of its label."""
    dataset, label = dataset_in(request), request.path_params["label"]
    return _inside(_inside(dataset, label) / folder, request.path_params["file"])


def discarded_take_in(request: Request) -> Path:
    """A discarded recording that the address names."""
    return take_in(request, DISCARDED)


def run_in(request: Request) -> Path:
    """The run that the address names."""
    return _inside(RUNS, request.path_params["run"])


def _inside(folder: Path, name: str) -> Path:
    """A file or folder in `folder` itself: no name leads elsewhere."""
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise UsageError(
            f"{name!r} is no name of a file or folder in {folder}.",
            "the address was typed or changed by hand",
            "go back to the page, and choose from what it shows",
        )
    return folder / name
