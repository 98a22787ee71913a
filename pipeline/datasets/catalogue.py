"""The catalogue of published datasets: who recorded what, and published results.

catalogue.yaml has the entries; catalogue_files.txt lists their files: path, SHA-256 and address.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from pipeline.core.errors import UsageError

ENTRIES = Path(__file__).with_name("catalogue.yaml")
FILES = Path(__file__).with_name("catalogue_files.txt")


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """A published dataset, with results of others, and what to know before trusting a figure."""

    name: str
    what: str
    published: str
    caveat: str
    licence: str
    home: str
    citation: str


@dataclass(frozen=True, kw_only=True)
class MotionEntry(CatalogueEntry):
    """Recordings of motion; labels are those after fetching."""

    people: int
    labels: tuple[str, ...]
    recordings: int
    rate_hz: float
    units: str


@dataclass(frozen=True, kw_only=True)
class SequenceEntry(CatalogueEntry):
    """Texts or a time series; content says how much, files are those after fetching."""

    content: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class RemoteFile:
    """A file of a published dataset; path is that in the dataset."""

    path: str
    sha256: str
    url: str


Published: TypeAlias = MotionEntry | SequenceEntry


def _entry(facts: dict[str, Any]) -> Published:
    lists = {key: tuple(value) for key, value in facts.items() if isinstance(value, list)}
    kind = MotionEntry if "people" in facts else SequenceEntry
    return kind(**facts | lists)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is the faster one
_ENTRIES = yaml.load(ENTRIES.read_text("utf-8"), _LOADER)
CATALOGUE: tuple[Published, ...] = tuple(map(_entry, _ENTRIES))


def find_entry(name: str) -> Published:
    """The entry of a dataset."""
    for entry in CATALOGUE:
        if entry.name == name:
            return entry
    names = [entry.name for entry in CATALOGUE]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    raise UsageError(
        f"There is no dataset {name!r} in the catalogue.",
        f"it is possibly misspelt for {near[0]!r}" if near else "it is not listed here",
        f"choose from: {', '.join(names)}; `gesture data list --remote` shows more",
    )


def files_of(entry: CatalogueEntry) -> list[RemoteFile]:
    """The files of a dataset, from catalogue_files.txt."""
    files = []
    for line in FILES.read_text("utf-8").splitlines():
        dataset, _, rest = line.partition("/")
        if dataset == entry.name:
            files.append(RemoteFile(*rest.split()))
    return files
