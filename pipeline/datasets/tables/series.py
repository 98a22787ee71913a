"""A time series from a table: read, checked, and its steps found."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.config.forecast_settings import SeriesConfig
from pipeline.core.artifacts import Float64, Int32, Int64
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import why_missing
from pipeline.core.plurals import counted
from pipeline.datasets.recording_file import Noted, bad_file
from pipeline.datasets.tables.channel_values import channel_values, checked
from pipeline.datasets.tables.daylight_saving import in_utc
from pipeline.datasets.tables.missing_readings import complete
from pipeline.datasets.tables.readings import Readings, oldest_first
from pipeline.datasets.tables.row_times import no_column, row_times
from pipeline.datasets.tables.sources import Source, sources
from pipeline.datasets.tables.steps import Step, step_of
from pipeline.datasets.tables.table import Table, read_table

SUFFIXES = (".csv", ".tsv", ".txt", ".dat")  # of files in an archive
FEWEST_ROWS = 2
CHANNELS = re.compile("# channels:")  # as in `# channels: temperature [degC], pressure [hPa]`
UNIT = re.compile(r"(\w+) \[([^\]]+)\]")
UNIT_OF_A_NAME = re.compile(r"[(\[]([^()\[\]]+)[)\]]\s*$")  # as in `T (degC)`
EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Series:
    """A time series.

    Args:
        values: float64 [n, channels], multiples of 0.001.
        words: a column of n words for each category.
        times_us: int64 [n], since 1970 if `dated`, else by the sender's clock.
        dated: whether the times are dates.
        zone: the time zone in which they are printed, if they are UTC; None prints them as they
            are.
        units: of channels, where the file has them.
        noted: what was found out about the file.
    """

    path: Path
    values: Float64
    words: tuple[tuple[str, ...], ...]
    times_us: Int64
    dated: bool
    zone: str | None
    step: Step
    units: Mapping[str, str]
    fingerprint: str
    noted: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def step_s(self) -> float:
        """The length of a step in seconds, on average."""
        return self.step.seconds

    @property
    def note(self) -> str:
        """What was found out about the file, in one sentence; "" for nothing."""
        return f"In {self.path}: {'; '.join(self.noted)}." if self.noted else ""

    def first_rows(self, count: int) -> Series:
        """The first `count` rows."""
        words = tuple(column[:count] for column in self.words)
        return replace(
            self, values=self.values[:count], words=words, times_us=self.times_us[:count]
        )

    def time(self, index: int, steps: int = 0) -> str:
        """The time `steps` after a row, for people; in seconds without dates."""
        at_us = self.step.after(int(self.times_us[index]), steps)
        if not self.dated:
            return f"{at_us / 1e6:.3f}"
        when = EPOCH + datetime.timedelta(microseconds=at_us)
        if self.zone is not None:
            when = when.replace(tzinfo=datetime.timezone.utc).astimezone(ZoneInfo(self.zone))
        elif not self.step.us and when.time() == datetime.time():
            return when.date().isoformat()
        return when.isoformat(" ", "seconds")

    def microseconds(self, date: datetime.date) -> int:
        """Midnight of a date, as in `times_us`."""
        when = datetime.datetime(date.year, date.month, date.day)
        if self.zone is not None:
            local = when.replace(tzinfo=ZoneInfo(self.zone))
            when = local.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return (when - EPOCH) // datetime.timedelta(microseconds=1)

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
    """Read a series.

    Raises:
        PipelineError: it cannot be read, or cannot be understood without more settings, or has
            readings that are missing.
    """
    table = _table(path)
    _require_columns(table, config)
    values, missing = channel_values(table, config.channels)
    times, found = row_times(table, config)
    rows = Readings(
        path=table.place,
        names=config.channels,
        lines=table.lines,
        times_us=times.us,
        values=checked(table, config.channels, values),
        words=tuple(tuple(table.words(table.columns.index(name))) for name in config.categories),
        step=Step(us=1),
    )
    rows, turned = oldest_first(rows)
    rows, zone = in_utc(rows, times, config.timezone)
    rows = replace(rows, step=step_of(rows.times_us, times.dated))
    rows, filled = complete(rows, config.missing)
    if len(rows) < FEWEST_ROWS:
        raise _no_series(path, "has fewer than two rows that can be used", table)
    return Series(
        path=path,
        values=rows.values,
        words=rows.words,
        times_us=rows.times_us,
        dated=times.dated,
        zone=zone,
        step=_average(rows),
        units=_units(table, config),
        fingerprint=hashlib.sha256(path.read_bytes()).hexdigest(),
        noted=(*_read(table), *found, *times.noted, *turned, *missing, *filled),
    )


def _read(table: Table) -> list[str]:
    return [note.what for note in table.noted]


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


def too_short(path: Path, part: str, rows: int, needed: int) -> PipelineError:
    """The error for a part of a series with too few rows."""
    return UsageError(
        f"{path} is too short: its {part} part has {counted(rows, 'row')}, and two windows with "
        f"their targets need {needed}.",
        "the window or the furthest horizon is long for this series, or the part is a small share",
        "record longer, or lower window.length and window.horizons",
    )


def _table(path: Path) -> Table:
    require_file(path)
    found = sources(path, SUFFIXES)
    if len(found) != 1:
        names = ", ".join(str(source.member) for source in found[:5]) or "none"
        raise bad_file(
            path,
            f"has {len(found)} tables: {names}",
            "a series is one table",
            "unpack the archive, and name one of its files in data.path",
        )
    table = read_table(Source(found[0].path, found[0].member))
    if isinstance(table, Noted):
        raise _no_series(path, table.what)
    if not table.columns:
        raise _no_series(path, "has no header: its first line is no names of columns", table)
    if table.ragged:
        row, text = next(iter(table.ragged.items()))
        raise bad_file(
            path,
            f"has another number of cells than the header, which has {table.width}: {text[:60]!r}",
            "the row was cut short, or a cell holds a separator",
            "correct that row, or delete the rows from it on",
            line=int(table.lines[row]),
        )
    if len(table) < FEWEST_ROWS:
        raise _no_series(path, "has fewer than two rows under a header", table)
    return table


def _no_series(path: Path, what: str, table: Table | None = None) -> PipelineError:
    lines = "" if table is None else f"; it begins with {' / '.join(table.first_lines)[:120]!r}"
    return bad_file(
        path,
        f"{what}{lines}",
        "it is no table with a header and rows, or was cut short",
        "a file begins with a line of names such as `time,temperature`, then has a row for each "
        "step; docs/forecasting.md shows it",
    )


def _require_columns(table: Table, config: SeriesConfig) -> None:
    for key, names in (("channels", config.channels), ("categories", config.categories)):
        for name in names:
            if table.columns.count(name) != 1:
                raise no_column(table, name, key)


def _average(rows: Readings) -> Step:
    """The step, by all rows: a clock may be a little fast or slow."""
    if not rows.step.us:
        return rows.step
    return Step(us=float(rows.times_us[-1] - rows.times_us[0]) / (len(rows) - 1))


def _units(table: Table, config: SeriesConfig) -> dict[str, str]:
    units = dict(UNIT.findall(next(filter(CHANNELS.match, table.comments), "")))
    for name in config.channels:
        if (unit := UNIT_OF_A_NAME.search(name)) is not None:
            units.setdefault(name, unit[1])
    return units
