"""Time series: read from a table, checked, and saved."""

from __future__ import annotations

import datetime
import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.config.forecast_settings import SeriesConfig
from pipeline.core.artifacts import Int32, Int64, Recording
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import why_missing
from pipeline.core.forecasts import span
from pipeline.datasets.import_csv import TextRow, read_rows
from pipeline.datasets.recording_file import (
    FORMAT,
    Noted,
    bad_file,
    channels_text,
    check_name,
    gaps_text,
    header_lines,
    of_capture,
    positive_in,
    read_table,
    unused_paths,
    write_new_table,
    write_table,
)

PARTS_OF_A_DATE = ("year", "month", "day", "hour", "minute", "second")
CLOCKS_US: Mapping[str, int] = {"_us": 1, "_s": 1_000_000}  # by the end of a column's name
CHANNELS = re.compile("# channels:")  # as in `# channels: temperature [degC], pressure [hPa]`
UNIT = re.compile(r"(\w+) \[([^\]]+)\]")
EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Series:
    """A time series.

    Args:
        values: float64 [n, channels], multiples of 0.001.
        words: a column of n words for each category.
        times_us: int64 [n], since 1970 if `dated`, else by the sender's clock.
        dated: whether the times are dates.
        units: of channels, where the file has them.
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
        """The first `count` rows."""
        words = tuple(column[:count] for column in self.words)
        return replace(
            self, values=self.values[:count], words=words, times_us=self.times_us[:count]
        )

    def time(self, index: int, steps: int = 0) -> str:
        """The time `steps` after a row, for people; in seconds without dates."""
        at_us = int(self.times_us[index]) + round(steps * self.step_s * 1e6)
        if self.dated:
            return (EPOCH + datetime.timedelta(microseconds=at_us)).isoformat(" ", "seconds")
        return f"{at_us / 1e6:.3f}"

    def thousandths(self, categories: Sequence[Sequence[str]]) -> Int32:
        """The inputs of a board, int32 [n, channels and words]; unknown words are 0 in all."""
        hot = [
            np.array([word == known for word in column], np.float64)
            for column, knowns in zip(self.words, categories, strict=True)
            for known in knowns
        ]
        columns = np.column_stack([self.values, *hot])
        rows: Int32 = np.rint(columns * UNITS_PER_SAMPLE_STEP).astype(np.int32)
        return rows


def read_series(path: Path, config: SeriesConfig) -> Series:
    """Read a series."""
    require_file(path)
    comments, header, rows = _table(path)
    lines = [row.line for row, _ in rows]
    place = _places(path, header, config)
    times_us, dated = _times(path, header[1], rows, config.time, place)
    return Series(
        path=path,
        values=_values(path, rows, config.channels, place),
        words=tuple(tuple(cells[place[name]] for _, cells in rows) for name in config.categories),
        times_us=times_us,
        dated=dated,
        step_s=_check_steps(path, times_us, lines),
        units=dict(UNIT.findall(next(filter(CHANNELS.match, comments), ""))),
        fingerprint=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


_Rows = list[tuple[TextRow, list[str]]]


def _table(path: Path) -> tuple[list[str], tuple[int, list[str]], _Rows]:
    """The `#` lines, the header with its line number, and the rows with their cells."""
    read = read_rows(path)
    if isinstance(read, Noted):
        raise _no_series(path, read.what)
    comments = [row.text for row in read[0] if row.text.startswith("#")]
    rows = [row for row in read[0] if row.text and not row.text.startswith("#")]
    if len(rows) < 3:
        raise _no_series(path, "has fewer than two rows under a header")
    split = [(row, [cell.strip().strip('"') for cell in row.text.split(",")]) for row in rows]
    (first, header), *rest = split
    for row, cells in rest:
        if len(cells) != len(header):
            raise bad_file(
                path,
                f"has {len(cells)} cells, the header {len(header)}",
                "the row was cut short, or a cell holds a comma",
                "correct that row, or delete the rows from it on",
                line=row.line,
            )
    return comments, (first.line, header), rest


def _no_series(path: Path, what: str) -> PipelineError:
    return bad_file(
        path,
        what,
        "it is no CSV file with a header and rows, or was cut short",
        "docs/forecasting.md shows the format",
    )


def _places(path: Path, header: tuple[int, list[str]], config: SeriesConfig) -> dict[str, int]:
    line, names = header
    for name in (*config.time, *config.channels, *config.categories):
        if name not in names:
            raise bad_file(
                path,
                f"there is no column {name!r}, only {', '.join(names)}",
                "the config names a column that this file does not have",
                "use the names of the header in data.channels, data.categories and data.time",
                line=line,
            )
    return {name: at for at, name in enumerate(names)}


def _values(
    path: Path, rows: _Rows, channels: Sequence[str], place: Mapping[str, int]
) -> NDArray[np.float64]:
    values = np.empty((len(rows), len(channels)))
    for column, name in enumerate(channels):
        at = place[name]
        for index, (row, cells) in enumerate(rows):
            fault = _number_fault(cells[at])
            if fault is not None:
                raise _bad_cell(path, row.line, name, cells[at], fault)
            values[index, column] = float(cells[at])
        if _is_lost_by_rounding(values[:, column]):
            raise _too_fine(path, name, values[:, column])
    return np.round(values * UNITS_PER_SAMPLE_STEP) / UNITS_PER_SAMPLE_STEP


def _times(
    path: Path, names: list[str], rows: _Rows, columns: Sequence[str], place: Mapping[str, int]
) -> tuple[Int64, bool]:
    """int64 [n], in microseconds, and whether they are dates."""
    read, dated = _clock(columns)
    times = np.empty(len(rows), np.int64)
    for index, (row, cells) in enumerate(rows):
        parts = [cells[place[name]] for name in columns]
        try:
            times[index] = read(parts)
        except (ValueError, OverflowError):
            raise bad_file(
                path,
                f"{', '.join(columns)} is {', '.join(parts)[:60]!r}, no time",
                "the column has another format of time, or the row is damaged",
                f"name the columns of the time in data.time; the header has {', '.join(names)}",
                line=row.line,
            ) from None
    return times, dated


def _clock(columns: Sequence[str]) -> tuple[Callable[[Sequence[str]], int], bool]:
    """A function from the cells of a row to microseconds, and whether they are dates."""
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
    """Microseconds from 1970 to midnight of a date."""
    return _since_1970(datetime.datetime(date.year, date.month, date.day))


def _since_1970(when: datetime.datetime) -> int:
    """Microseconds since 1970 of a local time; a time with an offset from UTC becomes UTC."""
    if when.tzinfo is not None:
        when = when.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return (when - EPOCH) // datetime.timedelta(microseconds=1)


LARGEST_VALUE = 2_000_000  # its thousandths fit 32 bits on a board
MOST_LOST = 0.1  # largest rounding error, as a share of the standard deviation of a column
UNEVEN = 0.25  # largest deviation of a step from the others, as a share


def require_file(path: Path) -> None:
    """Check that a series is there."""
    if not path.is_file():
        raise UsageError(
            f"There is no series {path}.",
            why_missing(
                path,
                "file",
                "the path is misspelt, relative to another folder, or nothing was fetched yet",
            ),
            "name a CSV file; `gesture data get weather` fetches one",
        )


def _number_fault(cell: str) -> str | None:
    try:
        value = float(cell if "_" not in cell else "")
    except ValueError:
        return "not a number" if cell.strip() else "empty"
    if not math.isfinite(value):
        return "not a finite number"
    return None if abs(value) <= LARGEST_VALUE else f"beyond +-{LARGEST_VALUE:,}"


def _bad_cell(path: Path, line: int, column: str, cell: str, fault: str) -> PipelineError:
    what = f"{column} is {fault}" if not cell.strip() else f"{column} is {cell[:40]!r}, {fault}"
    return bad_file(
        path,
        what,
        "a reading is missing there, or the column has other data",
        "fill it in, start the file after it, or leave the column out of data.channels",
        line=line,
    )


def _is_lost_by_rounding(values: NDArray[np.float64]) -> bool:
    """Whether rounding to thousandths changes a column, float64 [n], too much."""
    error = values - np.round(values * UNITS_PER_SAMPLE_STEP) / UNITS_PER_SAMPLE_STEP
    changes = float(values.std())
    if changes == 0:
        return bool(error[0] == values[0] != 0)
    return float(np.sqrt(np.square(error).mean())) > MOST_LOST * changes


def _too_fine(path: Path, column: str, values: NDArray[np.float64]) -> PipelineError:
    return UsageError(
        f"{path}: {column} is between {values.min():.3g} and {values.max():.3g}, and would be "
        "rounded away.",
        "a board gets values in thousandths of their unit, and these differ by less",
        "write that column in a smaller unit, such as mV for V, or leave it out of data.channels",
    )


def _check_steps(path: Path, times_us: Int64, lines: list[int]) -> float:
    """The length of a step in seconds; all steps must be about equal."""
    steps = np.diff(times_us)
    back = np.flatnonzero(steps <= 0)
    if len(back):
        raise _not_rising(path, lines[back[0] + 1], lines[back[0]], doubled=steps[back[0]] == 0)
    usual = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - usual) > UNEVEN * usual)
    if len(uneven):
        raise _hole(path, lines[uneven[0] + 1], float(steps[uneven[0]]), usual, len(uneven))
    return float(times_us[-1] - times_us[0]) / len(steps) / 1e6


def _not_rising(path: Path, line: int, before: int, doubled: bool) -> PipelineError:
    what = f"has the time of line {before} again" if doubled else f"is earlier than line {before}"
    return bad_file(
        path,
        f"the row {what}",
        "the rows are not sorted by time, or some are there twice",
        "sort the rows by time and keep one of each",
        line=line,
    )


def _hole(path: Path, line: int, step_us: float, usual_us: float, others: int) -> PipelineError:
    length, usual = span(step_us / 1e6), span(usual_us / 1e6)
    steps = round(step_us / usual_us)
    missing = steps - 1 if steps > 1 and abs(step_us / usual_us - steps) <= UNEVEN else 0
    holes = f"{missing} rows are missing" if missing > 1 else "a row is missing"
    what = f"{holes} before it" if missing else "the step before it is uneven"
    more = f"; {others} places are like this" if others > 1 else ""
    return bad_file(
        path,
        f"{what}: {length} since the row above, a step is {usual}{more}",
        "readings were lost; this tool does not invent values",
        "fill the hole, or cut the file there and use the longer part",
        line=line,
    )


def too_short(path: Path, part: str, rows: int, needed: int) -> PipelineError:
    """The error for a part of a series with too few rows."""
    return UsageError(
        f"{path} is too short: its {part} part has {rows} rows, and two windows with their "
        f"targets need {needed}.",
        "the window or the furthest horizon is long for this series, or the part is a small share",
        "record longer, or lower window.length and window.horizons",
    )


ENVIRONMENT = "environment"
HEAD_LINES = 4  # one of them says that the file is a series


def save_series(series: Recording, path: Path) -> None:
    """Write a series atomically; raises as `save_recording`."""
    write_table(series, _header(series), path)


def save_new_series(series: Recording, paths: Iterator[Path]) -> Path:
    """As `save_series`, to the first free path; returns this path."""
    return write_new_table(series, _header(series), paths)


def _header(series: Recording) -> str:
    entries = {
        "format": FORMAT,
        "series": ENVIRONMENT,
        "session": check_name("session", series.session),
        "board": series.board,
        "source": series.source,
        "period_s": f"{1 / series.rate_hz:.10g}",
        "channels": channels_text(series),
        "gaps": gaps_text(series),
        **of_capture(series),
    }
    return header_lines(entries)


def load_series(path: Path) -> Recording:
    """Read a series: a recording with the label ENVIRONMENT, and without a person."""
    table = read_table(path)
    header = table.header
    if header.get("series") != ENVIRONMENT:
        raise bad_file(
            path,
            f"has no line `# series: {ENVIRONMENT}`",
            "it is a recording of motion, or of other sensors than those of the environment",
            "name a series of `gesture capture --sensor environment`",
        )
    seconds = "seconds from one reading to the next"
    period_s = positive_in(path, header, "period_s", "period", seconds, "60")
    return table.recording(path, rate_hz=1 / period_s, label=ENVIRONMENT, person="")


def new_series_paths(folder: Path, session: str) -> Iterator[Path]:
    """The paths after the last series of a session: no number is used twice."""
    yield from unused_paths(folder, check_name("session", session))


def series_in(folder: Path) -> list[Path]:
    """The series of a folder, always in the same order."""
    return [path for path in sorted(folder.glob("[!.]*.csv")) if is_series(path)]


def is_series(path: Path) -> bool:
    """Whether a file is a series, by its header."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as stream:
        return any(line.startswith("# series:") for line in islice(stream, HEAD_LINES))
