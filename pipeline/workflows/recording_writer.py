"""Writes the recordings of a capture: takes by label, a series by session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.artifacts import Recording
from pipeline.core.plurals import counted
from pipeline.datasets.environment_series import new_series_paths, save_new_series
from pipeline.datasets.recordings import new_recording_paths, save_new_recording

if TYPE_CHECKING:
    from pipeline.capture.segmentation import CaptureInfo, CapturePlan


def recording_writer(plan: CapturePlan, dataset: Path, info: CaptureInfo) -> _Takes | _Series:
    """The writer for takes, or for a series of the environment."""
    return _Series(dataset, info) if plan.period_s else _Takes(dataset, info)


class _Takes:
    """Each board's recording has its own number; `# take:` is the same for all boards."""

    def __init__(self, dataset: Path, info: CaptureInfo) -> None:
        self._dataset, self._info = dataset, info

    def new_paths(self, label: str) -> Iterator[Path]:
        return new_recording_paths(self._dataset, label, self._info.person, self._info.session)

    def save(self, recording: Recording, paths: Iterator[Path]) -> Path:
        return save_new_recording(recording, paths)

    def describe(self, path: Path, recording: Recording) -> str:
        seconds = f"{recording.seconds:.2f} s"
        return (
            f"{path}: {counted(len(recording), 'sample')}, {seconds}{_lost(recording, 'samples')}"
        )


class _Series:
    """Each board has its own series."""

    def __init__(self, dataset: Path, info: CaptureInfo) -> None:
        self._dataset, self._session = dataset, info.session

    def new_paths(self, _label: str) -> Iterator[Path]:
        return new_series_paths(self._dataset, self._session)

    def save(self, recording: Recording, paths: Iterator[Path]) -> Path:
        return save_new_series(replace(recording, take=None), paths)

    def describe(self, path: Path, recording: Recording) -> str:
        period = f"every {1 / recording.rate_hz:g} s"
        return (
            f"{path}: {counted(len(recording), 'reading')}, {period}{_lost(recording, 'readings')}"
        )


def _lost(recording: Recording, what: str) -> str:
    missing = sum(gap.missing for gap in recording.gaps)
    return f", {missing} {what} missing" if missing else ""
