"""Datasets of recordings: `<dataset>/<label>/<person>-<session>-<n>.csv`, one file a take."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.artifacts import Recording
from pipeline.datasets.names import check_name, next_recording_path, recording_path
from pipeline.datasets.recording_faults import bad_file
from pipeline.datasets.recording_file import load_recording, save_recording
from pipeline.datasets.recording_header import recording_header
from pipeline.errors import ExitCode, PipelineError

__all__ = [
    "check_name",
    "fingerprint",
    "load_from_dataset",
    "load_recording",
    "load_recordings",
    "next_recording_path",
    "recording_path",
    "recording_paths",
    "save_recording",
    "takes_in",
]


def load_recordings(folder: Path, labels: Iterable[str] | None = None) -> list[Recording]:
    """All recordings of a dataset, or those of `labels`; always in the same order.

    Raises PipelineError where there are none, or one cannot be read.
    """
    paths = recording_paths(folder)
    if labels is not None:
        wanted = _known_labels(folder, tuple(labels), {path.parent.name for path in paths})
        paths = [path for path in paths if path.parent.name in wanted]
    return [load_from_dataset(path) for path in paths]


def recording_paths(folder: Path) -> list[Path]:
    """The files of a dataset, always in the same order. Raises PipelineError for none."""
    paths = takes_in(folder)
    if not paths:
        raise _empty_dataset(folder)
    return paths


def takes_in(folder: Path) -> list[Path]:
    """The files of a dataset, always in the same order; what is hidden is no take."""
    return sorted(
        (
            path
            for path in folder.glob("*/*.csv")
            if not path.name.startswith(".") and not path.parent.name.startswith(".")
        ),
        key=lambda path: (path.parent.name, path.name),
    )


def fingerprint(data: Path | Sequence[Recording]) -> str:
    """SHA-256, hex, of a dataset's folder or recordings, whatever their order."""
    recordings = load_recordings(data) if isinstance(data, Path) else data
    digests = sorted(_digest(recording) for recording in recordings)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _digest(recording: Recording) -> bytes:
    digest = hashlib.sha256(recording_header(recording).encode())
    for array in (recording.seq, recording.t_us, recording.thousandths):
        digest.update(array.astype("<i8").tobytes())
    return digest.digest()


def load_from_dataset(path: Path) -> Recording:
    """As load_recording; the label must be that of the folder."""
    recording = load_recording(path)
    if recording.label != path.parent.name:
        raise bad_file(
            path,
            None,
            f"says `# label: {recording.label}`, but lies in {path.parent.name}/",
            "it was moved, or the folder was renamed",
            "change the `# label:` line, or move the file to the folder of its label",
        )
    return recording


def _empty_dataset(folder: Path) -> PipelineError:
    loose = next(iter(sorted(folder.glob("*.csv"))), None)
    if not folder.is_dir():
        what, why = (
            f"There is no dataset {folder}.",
            "the path is misspelt, or data is still to be made",
        )
    elif loose is not None:
        what = f"{folder} holds no recordings, only files such as {loose.name}."
        why = "recordings lie one folder deeper, in a folder named like their label"
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
            raise PipelineError(
                f"The dataset {folder} has no recordings of {label!r}.",
                f"it is misspelt for {near[0]!r}" if near else "it was never recorded",
                f"choose from: {', '.join(sorted(known))}",
                ExitCode.USAGE,
            )
    return labels
