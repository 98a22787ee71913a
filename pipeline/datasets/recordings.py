"""Datasets of recordings: `<dataset>/<label>/<person>-<session>-<n>.csv`, one file a take.

A dataset is a path, or the name that `--dataset NAME` made in data/.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording, everyday_name
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import why_missing
from pipeline.core.original_names import load_names
from pipeline.core.project import DATA, PROJECT, SAMPLE
from pipeline.datasets.environment_series import series_in
from pipeline.datasets.recording_file import (
    bad_file,
    check_name,
    load_recording,
    new_recording_paths,
    recording_header,
    recording_path,
    save_new_recording,
    save_recording,
)
from pipeline.datasets.similar_labels import check_new_label
from pipeline.datasets.snapshots import require_restored

__all__ = [
    "add_recording",
    "check_name",
    "check_new_label",
    "fingerprint",
    "load_from_dataset",
    "load_recording",
    "load_recordings",
    "new_recording_paths",
    "recording_path",
    "recording_paths",
    "save_new_recording",
    "save_recording",
    "takes_in",
]


def add_recording(recording: Recording, folder: Path) -> Path:
    """Save a recording under the next number of its label, person and session; returns its path."""
    names = (recording.label, recording.person, recording.session)
    return save_new_recording(recording, new_recording_paths(folder, *names))


def load_recordings(folder: Path, labels: Iterable[str] | None = None) -> list[Recording]:
    """Read all recordings of a dataset, or those with some labels, always in the same order."""
    own_sample = folder == SAMPLE and not folder.exists()
    paths = recording_paths(PROJECT / SAMPLE if own_sample else folder)
    if labels is not None:
        wanted = _known_labels(folder, tuple(labels), {path.parent.name for path in paths})
        paths = [path for path in paths if path.parent.name in wanted]
    return [load_from_dataset(path) for path in paths]


def training_recordings(config: GestureConfig) -> list[Recording]:
    """The recordings of `data.path`, and those of `data.everyday` as background.

    Everyday motion, what a hand does all day, has a folder of its own.
    """
    recordings = load_recordings(config.data.path)
    if config.data.everyday is None:
        return recordings
    return recordings + [
        replace(
            recording,
            label=config.data.background,
            intervals=(),
            name=everyday_name(recording.name),
            everyday=True,
        )
        for recording in load_recordings(config.data.everyday)
    ]


def recording_paths(folder: Path) -> list[Path]:
    """The files of a dataset, always in the same order; PipelineError if there are none."""
    require_restored(folder)
    paths = takes_in(folder)
    if not paths:
        raise _empty_dataset(folder)
    return paths


def takes_in(folder: Path) -> list[Path]:
    """The files of a dataset, possibly none, always in the same order, without hidden ones."""
    return sorted(
        (
            path
            for path in folder.glob("*/*.csv")
            if not path.name.startswith(".") and not path.parent.name.startswith(".")
        ),
        key=lambda path: (path.parent.name, path.name),
    )


def fingerprint(data: Path | Sequence[Recording]) -> str:
    """SHA-256 of a dataset, in hex; the order of the recordings does not matter."""
    recordings = load_recordings(data) if isinstance(data, Path) else data
    digests = sorted(recording.digest or digest_of(recording) for recording in recordings)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def digest_of(recording: Recording) -> bytes:
    """SHA-256 of a recording, as it is."""
    digest = hashlib.sha256(recording_header(recording).encode())
    for array in (recording.seq, recording.t_us, recording.thousandths):
        digest.update(array.astype("<i8").tobytes())
    return digest.digest()


def load_from_dataset(path: Path) -> Recording:
    """As load_recording; the label must be the name of the folder."""
    recording = load_recording(path)
    if recording.label != path.parent.name:
        raise bad_file(
            path,
            f"has `# label: {recording.label}`, but is in {path.parent.name}/",
            "it was moved, or the folder was renamed",
            "change the `# label:` line, or move the file to the folder of its label",
        )
    return recording


def _empty_dataset(folder: Path) -> PipelineError:
    loose = next(iter(sorted(folder.glob("*.csv"))), None)
    if not folder.is_dir():
        what, why = (
            f"There is no dataset {folder}.",
            why_missing(folder, "folder", "the path is misspelt, or the data are not made yet"),
        )
    elif loose is not None:
        what = f"{folder} has no recordings, only files such as {loose.name}."
        why = "recordings are one folder deeper, in a folder with the name of their label"
    else:
        what, why = (
            f"The dataset {folder} is empty.",
            "nothing was captured or imported into it yet",
        )
    return PipelineError(
        what,
        why,
        "`gesture capture` records from a board, `gesture data import` reads the tutorial's CSV, "
        "`gesture simulate` makes a synthetic dataset",
    )


def _known_labels(folder: Path, labels: tuple[str, ...], known: set[str]) -> tuple[str, ...]:
    for label in labels:
        if label not in known:
            near = difflib.get_close_matches(label, known, n=1)
            raise UsageError(
                f"The dataset {folder} has no recordings of {label!r}.",
                f"it is possibly misspelt for {near[0]!r}" if near else "it was never recorded",
                f"choose from: {', '.join(sorted(known))}",
            )
    return labels


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
