"""Datasets that are there: looked over, drawn, listed, changed, handed to other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.stages.data import DATA
from pipeline.stages.writing import writing

if TYPE_CHECKING:
    from pipeline.datasets.editing import Trimmed
    from pipeline.datasets.exporters import ExportReport
    from pipeline.datasets.inventory import Inventory
    from pipeline.datasets.lint import LintReport
    from pipeline.stages.recovery import Recovered


def recover(dataset: Path) -> list[Recovered]:
    """Finish captures of `dataset` that were killed, before anyone looks at it."""
    from pipeline.stages.recovery import recover as finish

    with writing(dataset):
        return finish(dataset)


def lint(dataset: Path) -> LintReport:
    from pipeline.datasets.lint import lint_dataset

    return lint_dataset(dataset)


def show(path: Path, out: Path) -> int:
    """Draw a dataset, one recording or one series into `out`; how many recordings are in it."""
    from pipeline.datasets.pictures import draw
    from pipeline.datasets.recordings import load_recording, load_recordings
    from pipeline.datasets.series_file import is_series, load_series

    if not path.is_file():
        recordings = load_recordings(path)
    else:
        recordings = [load_series(path) if is_series(path) else load_recording(path)]
    with writing(out):
        draw(recordings, out, str(path))
    return len(recordings)


def find_datasets() -> dict[Path, int]:
    """The datasets in data/, and how many recordings each has."""
    from pipeline.datasets.inventory import find_datasets

    return find_datasets(DATA)


def take_inventory(dataset: Path) -> Inventory:
    from pipeline.datasets.inventory import take_inventory

    return take_inventory(dataset)


def trim(file: Path, start_s: float, stop_s: float | None) -> Trimmed:
    from pipeline.datasets.editing import trim_recording

    with writing(file):
        return trim_recording(file, start_s, stop_s)


def relabel(files: Sequence[Path], label: str) -> list[tuple[Path, Path]]:
    from pipeline.datasets.editing import relabel_recordings

    with writing(files[0].parent.parent / label):
        return relabel_recordings(files, label)


def export(dataset: Path, folder: Path, form: str) -> ExportReport:
    from pipeline.datasets.exporters import export_dataset

    with writing(folder):
        return export_dataset(dataset, folder, form)
