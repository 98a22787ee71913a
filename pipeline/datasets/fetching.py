"""A dataset of the catalogue, from its published files to what `gesture train` reads."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.artifacts import Recording
from pipeline.datasets.catalogue import Published, SequenceEntry, find_entry
from pipeline.datasets.download import obtain
from pipeline.datasets.importers import ImportReport, import_files
from pipeline.datasets.names import next_recording_path
from pipeline.datasets.recording_file import save_recording
from pipeline.datasets.sequences import make_sequences
from pipeline.datasets.uhh_imu import read_uhh_imu
from pipeline.datasets.watch import read_watch
from pipeline.errors import ExitCode, PipelineError

TUTORIAL_RATE_HZ = 119.0
TUTORIAL_ROWS = 119
CONTINUOUS = {"uhh_imu": read_uhh_imu, "watch": read_watch}


@dataclass(frozen=True)
class FetchedFiles:
    """Texts or a time series; content: how much of it there is."""

    dataset: Path
    files: tuple[str, ...]
    content: str


def fetch_dataset(name: str, mirror: Path | None, dataset: Path) -> ImportReport | FetchedFiles:
    """Make `dataset` of the entry `name`: all of it, or nothing.

    mirror: see download.obtain. Licences lie beside the labels.
    Raises PipelineError for a name that is not in the catalogue, a dataset that is there
    already, and files that cannot be had or have another SHA-256.
    """
    entry = find_entry(name)
    if dataset.exists():
        raise PipelineError(
            f"{dataset} is there already.",
            "it was fetched before, or a dataset of yours has this name",
            "use it as it is, delete it, or choose another name with --dataset",
            ExitCode.USAGE,
        )
    try:
        dataset.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=dataset.parent) as work:
            files, made = Path(work) / "files", Path(work) / "dataset"
            report = _made(entry, mirror, files, made)
            made.replace(dataset)
    except OSError as error:
        raise PipelineError(
            f"{dataset} could not be made: {error}.",
            "the disk is full, a folder may not be written by you, or a file is in the way",
            "make room, or stand in another folder, and get the dataset again",
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
    _keep_licences(files, made)
    return report


def _import(name: str, files: Path, made: Path) -> ImportReport:
    reader = CONTINUOUS.get(name)
    if reader is None:
        return import_files(files, made, None, None, TUTORIAL_RATE_HZ, TUTORIAL_ROWS)
    return save_all(reader(files), made)


def save_all(recordings: list[Recording], dataset: Path) -> ImportReport:
    """Save recordings under the next free numbers of their labels, people and sessions."""
    for recording in recordings:
        names = (recording.label, recording.person, recording.session)
        save_recording(recording, next_recording_path(dataset, *names))
    takes = Counter((recording.label, recording.person) for recording in recordings)
    return ImportReport(dataset, dict(takes), (), ())


def _keep_licences(files: Path, made: Path) -> None:
    for licence in files.rglob("LICENSE"):
        whose = "" if licence.parent == files else f"-{licence.parent.name}"
        shutil.copyfile(licence, made / f"LICENSE{whose}")
