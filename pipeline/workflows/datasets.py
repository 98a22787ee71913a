"""`gesture data`: simulate, import, check, edit and export recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.artifacts import Recording
from pipeline.core.errors import UsageError
from pipeline.core.files import load_json, reading, save_text, writing
from pipeline.core.locks import Lock
from pipeline.core.original_names import can_be_drawn, load_names
from pipeline.core.plurals import counted
from pipeline.core.project import DATA
from pipeline.datasets.catalogue import CATALOGUE, Published, RemoteFile, files_of
from pipeline.datasets.editing import Trimmed, relabel_recordings, trim_recording
from pipeline.datasets.environment_series import is_series, load_series
from pipeline.datasets.exporters import ExportReport, export_dataset
from pipeline.datasets.importers import (
    ImportOptions,
    ImportReport,
    Understanding,
    labels_in,
    labels_of,
    save_understood,
    understand,
)
from pipeline.datasets.intervals import parts_named, single_takes
from pipeline.datasets.names import as_written
from pipeline.datasets.pictures import draw
from pipeline.datasets.recordings import (
    check_new_label,
    load_recording,
    load_recordings,
    save_recording,
)
from pipeline.datasets.streams import join_takes
from pipeline.workflows.recover import Recovered, recover_captures
from pipeline.workflows.runs import open_run
from pipeline.workflows.typed_names import typed_names, written_dataset

if TYPE_CHECKING:
    from pipeline.datasets.fetch import FetchedFiles


IMPORT_PATIENCE_S = 60.0
REST_S = (1.5, 2.5)
SAMPLES = ".txt"  # of a file of samples alone


@dataclass(frozen=True)
class RemoteDataset:
    """A dataset of the catalogue, with the addresses of its files."""

    entry: Published
    files: tuple[RemoteFile, ...]


def import_data(path: Path, dataset: str, options: ImportOptions) -> ImportReport:
    """Import a path into a dataset in data/; see `understand_import` and `save_import`."""
    return save_import(understand_import([path], dataset, options), dataset)


def understand_import(paths: Sequence[Path], dataset: str, options: ImportOptions) -> Understanding:
    """Understand files that are to be imported, and write nothing."""
    return understand(paths, options, labels_in(DATA / Path(dataset).name))


def save_import(
    understanding: Understanding, dataset: str, new_label: bool = False
) -> ImportReport:
    """Save in a dataset in data/ what was understood; see `save_understood`.

    `new_label` accepts a label that is similar to one of the dataset.
    """
    folder = written_dataset(dataset, lambda _: None)
    typed = understanding.options.label
    for label in labels_of(understanding) if typed is None else [typed]:
        check_new_label(folder, label, new_label)
    with _importing_into(folder):
        return save_understood(understanding, folder)


@contextmanager
def _importing_into(dataset: Path) -> Iterator[None]:
    """One import at a time: the takes and free sessions of the dataset must not change."""
    try:
        with Lock(dataset, "data import", IMPORT_PATIENCE_S):
            yield
    finally:
        with suppress(OSError):  # only an empty folder is removed
            dataset.rmdir()


def remote_datasets() -> list[RemoteDataset]:
    """The datasets that `fetch` can download."""
    return [RemoteDataset(entry, tuple(files_of(entry))) for entry in CATALOGUE]


def fetch(name: str, mirror: Path | None, dataset: str | None) -> ImportReport | FetchedFiles:
    """Fetch a published dataset into data/, from a mirror or from where it was published."""
    from pipeline.datasets.fetch import fetch_dataset

    return fetch_dataset(name, mirror, written_dataset(dataset or name, lambda _: None))


def make_stream(dataset: Path, file: Path, run: Path | None, seed: int) -> Recording:
    """Join all takes of a dataset, or the test part of a run, with rests between them."""
    takes = load_recordings(dataset)
    if run is not None:
        takes = parts_named(takes, held_out_names(run))
    takes = single_takes(takes)
    order = np.random.default_rng(seed).permutation(len(takes))
    stream = join_takes([takes[i] for i in order], REST_S, seed)
    if file.suffix == SAMPLES:
        save_text(file, _sample_lines(stream))
    else:
        save_recording(stream, file)
    return stream


def _sample_lines(stream: Recording) -> str:
    """`t_us ax ay az gx gy gz`, as the example of `gesture export` reads them."""
    rows = np.column_stack([stream.t_us, stream.thousandths])
    return "".join(" ".join(map(str, row)) + "\n" for row in rows.tolist())


def held_out_names(run: Path) -> set[str]:
    """The names of the takes of the test part of a run."""
    folder = open_run(run)
    if folder.tested != folder:
        raise UsageError(
            f"The model of {run} has no held-out takes.",
            "after its test it was trained on all recordings, so it knows every take",
            "record new takes, or train a run with `gesture train CONFIG --hold-out`",
        )
    file = folder.require(folder.splits_file, "train")
    with reading(file, "train"):
        return set(load_json(file, "train")["test"])


def dataset_of(run: Path) -> Path:
    """The folder of recordings that a run was trained on."""
    folder = open_run(run)
    return load_gesture_config(folder.require(folder.config_file, "train")).data.path


def recover(dataset: Path) -> list[Recovered]:
    """Finish killed captures of a dataset, before it is read."""
    with writing(dataset):
        return recover_captures(dataset)


def show(path: Path, out: Path, on_step: Callable[[str], None]) -> int:
    """Draw a dataset, a recording or a series into a file; returns how many recordings."""
    on_step(f"reading {path}")
    if not path.is_file():
        recordings = single_takes(load_recordings(path))
    else:
        recordings = [load_series(path) if is_series(path) else load_recording(path)]
    on_step(f"drawing {counted(len(recordings), 'recording')}")
    with writing(out):
        names = load_names(path.parent.parent if path.is_file() else path)
        draw([as_written(one, names, can_be_drawn) for one in recordings], out, str(path))
    return len(recordings)


def trim(file: Path, start_s: float, stop_s: float | None) -> Trimmed:
    """Keep a part of a recording; see trim_recording."""
    with writing(file):
        return trim_recording(file, start_s, stop_s)


def relabel(
    files: Sequence[Path],
    label: str,
    new_label: bool,
    on_step: Callable[[str], None] = lambda _: None,
) -> list[tuple[Path, Path]]:
    """Give recordings another label; see relabel_recordings.

    Args:
        files: recordings.
        label: as somebody typed it.
        new_label: accepts a label that is similar to one of the dataset.
        on_step: is told how the label is called in files.
    """
    datasets = {file: file.absolute().parent.parent for file in files}
    for dataset in set(datasets.values()):
        check_new_label(dataset, label, new_label)
    labels = {}
    for file, dataset in datasets.items():
        with typed_names(dataset, on_step) as names:
            labels[file] = names.typed("label", label)
    with writing(files[0]):
        return relabel_recordings(labels)


def export_recordings(dataset: Path, folder: Path, form: str) -> ExportReport:
    """Export a dataset for other tools; see export_dataset."""
    with writing(folder):
        return export_dataset(dataset, folder, form)
