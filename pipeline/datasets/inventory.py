"""What datasets there are, and what is in them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts import Recording
from pipeline.datasets.recordings import load_recordings, takes_in
from pipeline.datasets.series_file import load_series, series_in


@dataclass(frozen=True)
class Share:
    """What one person made of one label."""

    label: str
    person: str
    sessions: tuple[str, ...]
    takes: int
    seconds: float
    rates_hz: tuple[float, ...]


@dataclass(frozen=True)
class SeriesFile:
    """missing: readings that never arrived."""

    file: Path
    readings: int
    missing: int
    period_s: float


@dataclass(frozen=True)
class Inventory:
    dataset: Path
    shares: tuple[Share, ...]
    series: tuple[SeriesFile, ...] = ()

    @property
    def takes(self) -> int:
        return sum(share.takes for share in self.shares)


def take_inventory(dataset: Path) -> Inventory:
    """Raises PipelineError where there is no recording, or one cannot be read."""
    series = tuple(_series(path) for path in series_in(dataset))
    groups: dict[tuple[str, str], list[Recording]] = defaultdict(list)
    for take in load_recordings(dataset) if takes_in(dataset) or not series else ():
        groups[take.label, take.person].append(take)
    shares = tuple(_share(*key, group) for key, group in sorted(groups.items()))
    return Inventory(dataset, shares, series)


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
        round(sum(len(take) / take.rate_hz for take in takes), 3),
        tuple(sorted({take.rate_hz for take in takes})),
    )


def find_datasets(folder: Path) -> dict[Path, int]:
    """Folders in `folder` that hold recordings or series, and how many files."""
    folders = sorted(folder.glob("[!.]*/"))
    found = {path: [*takes_in(path), *series_in(path)] for path in folders}
    return {path: len(files) for path, files in found.items() if files}
