"""Tables from rows that are no text: names of their columns, and takes put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.imu_columns import Role, read_column
from pipeline.core.plurals import counted
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.table import Table, table_of

if TYPE_CHECKING:
    import pandas as pd

TAKE, LABEL, PERSON, TIME = "take", "label", "person", "time"
_AXES = [f"{sensor} {axis}" for sensor in ("acc", "gyro", "mag") for axis in "xyz"]
UNNAMED = {width: tuple(_AXES[:width]) for width in (3, 6, 9)}
RATE_KEYS = frozenset(
    f"{of}{kind}{unit}"
    for of in ("", "sample", "sampling")
    for kind in ("rate", "frequency", "freq")
    for unit in ("", "hz")
) | {"hz", "fs", "odr"}
INTERVAL_KEYS = frozenset(
    ("intervalms", "periodms", "dtms", "sampleintervalms", "samplingintervalms")
)
ONE_TAKE = {TAKE, LABEL, PERSON}


@dataclass(frozen=True)
class Part:
    """Some rows of one take, or of all.

    Args:
        facts: what the file says of them: rate_hz, label, person.
        noted: what was assumed, in words.
    """

    frame: pd.DataFrame
    facts: Mapping[str, Any] = field(default_factory=dict)
    noted: tuple[str, ...] = ()


def facts_of(entries: Mapping[str, Any]) -> dict[str, Any]:
    """The rate, label and person among entries that have one value."""
    facts: dict[str, Any] = {}
    for key, value in entries.items():
        plain = "".join(filter(str.isalnum, key.lower()))
        role = read_column(key).role
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            if plain in RATE_KEYS:
                facts["rate_hz"] = float(value)
            elif plain in INTERVAL_KEYS:
                facts["rate_hz"] = rate_of_interval(float(value))
        if role in (Role.LABEL, Role.PERSON) and isinstance(value, str | int) and value != "":
            facts.setdefault(role.value, str(value))
    return facts


def rate_of_interval(interval_ms: float) -> float:
    """The rate of a period that was rounded when it was written."""
    return float(f"{1000 / interval_ms:.8g}")


def unnamed(width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of columns by their number, and words about it.

    Raises:
        ValueError: that many columns need names.
    """
    names = UNNAMED.get(width)
    if names is None:
        raise ValueError(f"has {counted(width, 'column')} without names; 3, 6 or 9 would be clear")
    return names, (f"its columns have no names: they are taken for {', '.join(names)}",)


def tables_of_parts(place: Path, parts: Sequence[Part]) -> list[Table | Noted]:
    """A table for parts with the same columns and the same rate; each part is a take of it."""
    alike: dict[tuple[Any, ...], list[Part]] = {}
    for part in parts:
        key = (*part.frame.columns, part.facts.get("rate_hz"))
        alike.setdefault(key, []).append(part)
    return [_together(place, some) for some in alike.values()]


def _together(place: Path, parts: Sequence[Part]) -> Table:
    import pandas as pd

    first = parts[0]
    noted = tuple(Noted(place, None, words) for words in first.noted)
    if len(parts) == 1:
        table = table_of(place, [str(name) for name in first.frame], first.frame, first.facts)
        return replace(table, noted=noted)
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    lengths = [len(part.frame) for part in parts]
    added = {TAKE: range(1, len(parts) + 1)}
    for kind in (LABEL, PERSON):
        if any(kind in part.facts for part in parts) and kind not in frame:
            added[kind] = [part.facts.get(kind, "") for part in parts]  # type: ignore[assignment]
    for name, values in added.items():
        if name not in first.frame:
            frame[name] = pd.Series(list(values)).repeat(lengths).to_numpy()
    facts = {key: value for key, value in first.facts.items() if key not in ONE_TAKE}
    return replace(table_of(place, [str(name) for name in frame], frame, facts), noted=noted)
