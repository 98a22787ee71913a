"""A series from a CSV file: a row a step, evenly spaced, with nothing missing.

`#` lines are passed over, as in a captured recording. What is uneven, missing or no number is
refused by line: a forecast learned from values that were made up would be judged by them too.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Int32, Int64
from pipeline.config_series import SeriesConfig
from pipeline.contract import UNITS_PER_SAMPLE_STEP
from pipeline.datasets.foreign_text import Row, read_rows
from pipeline.datasets.recording_faults import Noted, bad_file
from pipeline.datasets.series_faults import (
    bad_cell,
    check_steps,
    missing_column,
    number_fault,
    require_file,
)
from pipeline.errors import PipelineError

PARTS_OF_A_DATE = ("year", "month", "day", "hour", "minute", "second")
CLOCKS_US: Mapping[str, int] = {"_us": 1, "_s": 1_000_000}  # by how a column's name ends
UNIT = re.compile(r"(\w+) \[([^\]]+)\]")
EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Series:
    """values: float64 [n, channels], multiples of 0.001; words: a column of n each category.

    times_us: int64 [n], since 1970 where `dated`, else by the sender's clock; step_s: from a row
    to the next. units: of channels, where the file has them.
    """

    path: Path
    values: NDArray[np.float64]
    words: tuple[tuple[str, ...], ...]
    times_us: Int64
    dated: bool
    step_s: float
    units: Mapping[str, str]
    fingerprint: str

    def __len__(self) -> int:
        return len(self.values)

    def first_rows(self, count: int) -> Series:
        words = tuple(column[:count] for column in self.words)
        return replace(
            self, values=self.values[:count], words=words, times_us=self.times_us[:count]
        )

    def time(self, index: int, steps: int = 0) -> str:
        """When row `index` was, or what is `steps` after it; in seconds where there is no date."""
        at_us = int(self.times_us[index]) + round(steps * self.step_s * 1e6)
        if self.dated:
            return (EPOCH + datetime.timedelta(microseconds=at_us)).isoformat(" ", "seconds")
        return f"{at_us / 1e6:.3f}"

    def thousandths(self, categories: Sequence[Sequence[str]]) -> Int32:
        """What a board is given: int32 [n, channels and words], in thousandths.

        categories: for each column of words those that are channels, of 0 and 1. A word that is
        none of them is 0 in all.
        """
        hot = [
            np.array([word == known for word in column], np.float64)
            for column, knowns in zip(self.words, categories, strict=True)
            for known in knowns
        ]
        columns = np.column_stack([self.values, *hot])
        rows: Int32 = np.rint(columns * UNITS_PER_SAMPLE_STEP).astype(np.int32)
        return rows


def read_series(path: Path, config: SeriesConfig) -> Series:
    """Raises PipelineError that names the line of the first fault."""
    require_file(path)
    told, header, rows = _table(path)
    lines = [row.line for row, _ in rows]
    place = _places(path, header, config)
    times_us, dated = _times(path, header[1], rows, config.time, place)
    return Series(
        path=path,
        values=_values(path, rows, config.channels, place),
        words=tuple(tuple(cells[place[name]] for _, cells in rows) for name in config.categories),
        times_us=times_us,
        dated=dated,
        step_s=check_steps(path, times_us, lines),
        units=_units(told),
        fingerprint=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


Table = list[tuple[Row, list[str]]]


def _table(path: Path) -> tuple[list[str], tuple[int, list[str]], Table]:
    """The `#` lines, the header with its line, and the rows with their cells."""
    read = read_rows(path)
    if isinstance(read, Noted):
        raise _no_series(path, read.what)
    told = [row.text for row in read[0] if row.text.startswith("#")]
    rows = [row for row in read[0] if row.text and not row.text.startswith("#")]
    if len(rows) < 3:
        raise _no_series(path, "holds no two rows under a header")
    split = [(row, [cell.strip().strip('"') for cell in row.text.split(",")]) for row in rows]
    (first, header), *rest = split
    for row, cells in rest:
        if len(cells) != len(header):
            raise bad_file(
                path,
                row.line,
                f"has {len(cells)} cells, the header {len(header)}",
                "the row was cut short, or a cell holds a comma",
                "mend that row, or delete what follows it",
            )
    return told, (first.line, header), rest


def _units(told: Sequence[str]) -> dict[str, str]:
    """Of a line as `# channels: temperature [degC], pressure [hPa]`."""
    line = next((line for line in told if line.startswith("# channels:")), "")
    return dict(UNIT.findall(line))


def _no_series(path: Path, what: str) -> PipelineError:
    return bad_file(
        path,
        None,
        what,
        "it is no CSV file with a header and rows, or was cut short",
        "docs/forecasting.md says what is in such a file",
    )


def _places(path: Path, header: tuple[int, list[str]], config: SeriesConfig) -> dict[str, int]:
    line, names = header
    for name in (*config.time, *config.channels, *config.categories):
        if name not in names:
            raise missing_column(path, line, name, names)
    return {name: at for at, name in enumerate(names)}


def _values(
    path: Path, rows: Table, channels: Sequence[str], place: Mapping[str, int]
) -> NDArray[np.float64]:
    values = np.empty((len(rows), len(channels)))
    for column, name in enumerate(channels):
        at = place[name]
        for index, (row, cells) in enumerate(rows):
            fault = number_fault(cells[at])
            if fault is not None:
                raise bad_cell(path, row.line, name, cells[at], fault)
            values[index, column] = float(cells[at])
    return np.round(values * UNITS_PER_SAMPLE_STEP) / UNITS_PER_SAMPLE_STEP


def _times(
    path: Path, names: list[str], rows: Table, columns: Sequence[str], place: Mapping[str, int]
) -> tuple[Int64, bool]:
    """int64 [n], in microseconds, and whether they are dates."""
    read, dated = _clock(columns)
    times = np.empty(len(rows), np.int64)
    for index, (row, cells) in enumerate(rows):
        told = [cells[place[name]] for name in columns]
        try:
            times[index] = read(told)
        except (ValueError, OverflowError):
            raise bad_file(
                path,
                row.line,
                f"{', '.join(columns)} is {', '.join(told)[:60]!r}, no time",
                "the column tells time in another way, or the row is damaged",
                f"name the columns that tell when in data.time; the header has {', '.join(names)}",
            ) from None
    return times, dated


def _clock(columns: Sequence[str]) -> tuple[Callable[[Sequence[str]], int], bool]:
    """What makes microseconds of the cells of a row."""
    lowered = tuple(name.lower() for name in columns)
    if lowered == PARTS_OF_A_DATE[: len(columns)] and len(columns) >= 3:
        return lambda cells: _since_1970(_date_of(*map(int, cells))), True
    factor = next((us for end, us in CLOCKS_US.items() if lowered[-1].endswith(end)), None)
    if len(columns) == 1 and factor is not None:
        return lambda cells: round(float(cells[0]) * factor), False
    return lambda cells: _since_1970(datetime.datetime.fromisoformat(" ".join(cells))), True


def _date_of(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, minute, second)


def microseconds(date: datetime.date) -> int:
    """Since 1970, of its midnight."""
    return _since_1970(datetime.datetime(date.year, date.month, date.day))


def _since_1970(when: datetime.datetime) -> int:
    """Of local time as it is written, unless it says how far it is off UTC."""
    if when.tzinfo is not None:
        when = when.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return (when - EPOCH) // datetime.timedelta(microseconds=1)
