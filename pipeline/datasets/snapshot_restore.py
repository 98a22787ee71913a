"""Brings a version of a dataset back. What is there now becomes a snapshot first."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.files import atomic_write, save_text, writing
from pipeline.core.locks import Lock
from pipeline.core.progress import OnStep
from pipeline.datasets.recording_file import LONGEST_NAME
from pipeline.datasets.snapshots import (
    PATIENCE_S,
    RESTORING,
    STORE,
    content_file,
    find_snapshot,
    keep_now,
    require_contents,
    sha256_of,
    visible_files,
)


@dataclass(frozen=True)
class Restored:
    """A dataset as it was.

    Args:
        name: of the snapshot that was restored.
        before: the snapshot of the files as they were before.
        written: how many files were written.
        removed: how many files were removed.
    """

    dataset: Path
    name: str
    before: str
    written: int
    removed: int


def restore_snapshot(dataset: Path, name: str, on_step: OnStep) -> Restored:
    """Make the files of a dataset those of a snapshot; nothing that is there now is lost.

    Raises:
        PipelineError: there is no such snapshot (USAGE), or it is damaged; nothing is changed.
    """
    find_snapshot(dataset, name)
    with Lock(dataset, "data restore", PATIENCE_S):
        snapshot = find_snapshot(dataset, name)
        on_step(f"checking the snapshot {name}")
        require_contents(dataset, snapshot)
        before = _keep_present(dataset, name, on_step)
        on_step(f"restoring {name}")
        unfinished = dataset / STORE / RESTORING
        save_text(unfinished, f"{name}\n")
        with writing(dataset):
            removed = _remove_others(dataset, snapshot.files)
            written = _write(dataset, snapshot.files)
            unfinished.unlink()
    return Restored(dataset, name, before, written, removed)


def _keep_present(dataset: Path, name: str, on_step: OnStep) -> str:
    """The name of a snapshot of the files as they are."""
    if not visible_files(dataset):
        return ""
    return keep_now(dataset, None, on_step, f"before-{name}"[:LONGEST_NAME]).snapshot.name


def _remove_others(dataset: Path, files: Mapping[str, str]) -> int:
    """First, since a file may be where a folder was."""
    others = [path for path in visible_files(dataset) if path not in files]
    for path in others:
        (dataset / path).unlink()
        with suppress(OSError):  # it has other files
            (dataset / path).parent.rmdir()
    return len(others)


def _write(dataset: Path, files: Mapping[str, str]) -> int:
    written = 0
    for path, sha256 in files.items():
        file = dataset / path
        if file.is_file() and sha256_of(file) == sha256:
            continue
        with atomic_write(file) as unfinished:
            shutil.copyfile(content_file(dataset, sha256), unfinished)
        written += 1
    return written
