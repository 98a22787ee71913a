"""Labels of the SensiML Data Studio, which stand beside its CSV files in a list of captures.

The list (`.dcli`, also `.json`) has for each capture its file, metadata such as the subject, and
segments with the first and the last row of each label: docs "DCLI file format" of SensiML.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.core.imu_columns import Role, read_column
from pipeline.datasets.tables.frames import LABEL
from pipeline.datasets.tables.sources import Source
from pipeline.datasets.tables.table import Table, table_of

SUFFIXES = (".dcli", ".json")
MOST_BYTES = 20_000_000  # of a list; longer files are recordings

Capture = Mapping[str, Any]


def is_list_of_captures(value: Any) -> bool:
    """Whether JSON is such a list."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(entry, dict) and {"file_name", "sessions"} <= set(entry) for entry in value
        )
    )


def with_labels_beside(table: Table, source: Source) -> Table:
    """The table with the labels and the person that a list beside its file has for it."""
    capture = _capture_of(source)
    if capture is None or not len(table):
        return table
    segments = [
        segment
        for session in list(capture["sessions"])[-1:]  # the newest work on the same capture
        for segment in session.get("segments", [])
    ]
    facts = {**table.facts, **_people(capture.get("metadata", []))}
    if not segments or not table.columns or LABEL in table.columns:
        return replace(table, facts=facts)
    return _with_column(table, _words(segments, len(table)), facts)


def _with_column(table: Table, words: Sequence[str], facts: Mapping[str, Any]) -> Table:
    import pandas as pd

    numbers = table.numbers(range(table.width))
    frame = pd.DataFrame(numbers, columns=range(table.width))
    frame[table.width] = words
    labelled = table_of(table.place, (*table.columns, LABEL), frame, facts)
    return replace(
        table, columns=labelled.columns, width=labelled.width, cells=labelled.cells, facts=facts
    )


def _words(segments: Sequence[Mapping[str, Any]], count: int) -> list[str]:
    words = [""] * count
    for segment in segments:
        start, stop = int(segment.get("start", 0)), int(segment.get("end", count)) + 1
        words[start:stop] = [str(segment.get("value", ""))] * len(words[start:stop])
    return words


def _people(metadata: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    named = ((str(entry.get("name", "")), str(entry.get("value", ""))) for entry in metadata)
    people = [value for name, value in named if value and read_column(name).role is Role.PERSON]
    return {"person": people[0]} if people else {}


def _capture_of(source: Source) -> Capture | None:
    if source.member:
        return None
    folder = source.path.absolute().parent
    return _captures_in(folder, folder.stat().st_mtime_ns).get(source.path.name)


@lru_cache(maxsize=8)
def _captures_in(folder: Path, _changed_ns: int) -> Mapping[str, Capture]:
    """The captures of all lists in a folder, by file; asked for each file of the folder."""
    lists = (
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and path.stat().st_size <= MOST_BYTES
    )
    return {
        str(capture["file_name"]).rpartition("/")[2]: capture
        for path in lists
        for capture in _captures(Source(path))
    }


def _captures(source: Source) -> list[Capture]:
    content = bytes(source.content())
    if b'"sessions"' not in content:
        return []
    try:
        value = json.loads(content)
    except ValueError:
        return []
    return value if is_list_of_captures(value) else []
