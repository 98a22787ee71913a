"""A dataset on the command line: its name in data/, or the path of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipeline.cli import console
from pipeline.datasets.recordings import find_dataset


def found(path: Path | None) -> Path | None:
    """The folder of a dataset; says which one where two could be meant."""
    if path is None:
        return None
    place = find_dataset(path)
    if place.said:
        console.err.print(escape(place.said), soft_wrap=True)
    return place.path


Dataset = Annotated[
    Path, typer.Argument(callback=found, help="A dataset: its name in data/, or a folder.")
]
