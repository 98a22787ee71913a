"""Inventory: which datasets there are, and what is in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.artifacts import Recording
from pipeline.datasets.environment_series import load_series, series_in
from pipeline.datasets.intervals import single_takes
from pipeline.datasets.recordings import load_recordings, takes_in


@dataclass(frozen=True)
class Share:
    """The takes of one label by one person."""

    label: str
    person: str
    sessions: tuple[str, ...]
    takes: int
    seconds: float
    rates_hz: tuple[float, ...]


@dataclass(frozen=True)
class SeriesFile:
    """A series of readings; missing: readings that never arrived."""

    file: Path
    readings: int
    missing: int
    period_s: float


@dataclass(frozen=True)
class LongRecording:
    """A recording with labelled intervals: how many takes, and the seconds that are in none."""

    name: str
    takes: int
    between_s: float


@dataclass(frozen=True)
class Inventory:
    """The takes and series of a dataset; those in long recordings are takes too."""

    dataset: Path
    shares: tuple[Share, ...]
    series: tuple[SeriesFile, ...] = ()
    long: tuple[LongRecording, ...] = ()

    @property
    def takes(self) -> int:
        """How many takes there are."""
        return sum(share.takes for share in self.shares)


def inventory_of(dataset: Path) -> Inventory:
    """Count the takes and series of a dataset."""
    series = tuple(_series(path) for path in series_in(dataset))
    groups: dict[tuple[str, str], list[Recording]] = defaultdict(list)
    recordings = load_recordings(dataset) if takes_in(dataset) or not series else []
    for take in single_takes(recordings):
        groups[take.label, take.person].append(take)
    shares = tuple(_share(*key, group) for key, group in sorted(groups.items()))
    return Inventory(dataset, shares, series, tuple(_long(recordings)))


def _long(recordings: Sequence[Recording]) -> Iterator[LongRecording]:
    for recording in recordings:
        if recording.intervals:
            takes = sum(take.seconds for take in single_takes([recording]))
            between_s = round(recording.seconds - takes, 3)
            yield LongRecording(recording.name, len(recording.intervals), between_s)


def _series(path: Path) -> SeriesFile:
    series = load_series(path)
    missing = sum(gap.missing for gap in series.gaps)
    return SeriesFile(path, len(series), missing, round(1 / series.rate_hz, 3))


def _share(label: str, person: str, takes: list[Recording]) -> Share:
    return Share(
        label,
        person,
        tuple(sorted({take.session for take in takes})),
        len(takes),
        round(sum(take.seconds for take in takes), 3),
        tuple(sorted({take.rate_hz for take in takes})),
    )


def datasets_in(folder: Path) -> dict[Path, int]:
    """Folders with recordings or series, and how many files each has."""
    folders = sorted(folder.glob("[!.]*/"))
    files = {path: [*takes_in(path), *series_in(path)] for path in folders}
    return {path: len(paths) for path, paths in files.items() if paths}
