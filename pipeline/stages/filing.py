"""Where the recordings of a capture go: takes by their label, a series by its session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.artifacts import Recording

if TYPE_CHECKING:
    from pipeline.capture.directors import Plan
    from pipeline.capture.takes import About


class Filing(Protocol):
    """place: that of the board among those of the capture."""

    def next_path(self, label: str, place: int) -> Path: ...
    def save(self, recording: Recording, path: Path) -> None: ...
    def described(self, path: Path, recording: Recording) -> str: ...


def filing_of(plan: Plan, dataset: Path, about: About) -> Filing:
    return _Series(dataset, about) if plan.period_s else _Takes(dataset, about)


class _Takes:
    """Boards of one take get numbers of their own; `# take:` says what belongs together."""

    def __init__(self, dataset: Path, about: About) -> None:
        self._dataset, self._about = dataset, about

    def next_path(self, label: str, place: int) -> Path:
        from pipeline.datasets.recordings import next_recording_path, recording_path

        names = (self._about.person, self._about.session)
        first = next_recording_path(self._dataset, label, *names)
        number = int(first.stem.rpartition("-")[2]) + place
        return recording_path(self._dataset, label, *names, number)

    def save(self, recording: Recording, path: Path) -> None:
        from pipeline.datasets.recordings import save_recording

        save_recording(recording, path)

    def described(self, path: Path, recording: Recording) -> str:
        seconds = f"{len(recording) / recording.rate_hz:.2f} s"
        return f"{path}: {len(recording)} samples, {seconds}{_lost(recording, 'samples')}"


class _Series:
    """Each board's is a series of its own."""

    def __init__(self, dataset: Path, about: About) -> None:
        self._dataset, self._session = dataset, about.session

    def next_path(self, _label: str, place: int) -> Path:
        from pipeline.datasets.series_file import next_series_path, series_path

        first = next_series_path(self._dataset, self._session)
        number = int(first.stem.rpartition("-")[2]) + place
        return series_path(self._dataset, self._session, number)

    def save(self, recording: Recording, path: Path) -> None:
        from pipeline.datasets.series_file import save_series

        save_series(replace(recording, take=None), path)

    def described(self, path: Path, recording: Recording) -> str:
        period = f"every {1 / recording.rate_hz:g} s"
        return f"{path}: {len(recording)} readings, {period}{_lost(recording, 'readings')}"


def _lost(recording: Recording, what: str) -> str:
    missing = sum(gap.missing for gap in recording.gaps)
    return f", {missing} {what} missing" if missing else ""
