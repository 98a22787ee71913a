"""What datasets there are, and what is in them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts import Recording
from pipeline.datasets.recordings import load_recordings, takes_in


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
class Inventory:
    dataset: Path
    shares: tuple[Share, ...]

    @property
    def takes(self) -> int:
        return sum(share.takes for share in self.shares)


def take_inventory(dataset: Path) -> Inventory:
    """Raises PipelineError where there is no recording, or one cannot be read."""
    groups: dict[tuple[str, str], list[Recording]] = defaultdict(list)
    for take in load_recordings(dataset):
        groups[take.label, take.person].append(take)
    return Inventory(dataset, tuple(_share(*key, group) for key, group in sorted(groups.items())))


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
    """Folders in `folder` that hold recordings, and how many files."""
    found = {path: takes_in(path) for path in sorted(folder.glob("[!.]*/"))}
    return {path: len(files) for path, files in found.items() if files}
