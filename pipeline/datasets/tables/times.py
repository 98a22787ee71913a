"""The times of the rows of a series, from the columns that have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from pipeline.config.forecast_settings import SeriesConfig
from pipeline.core.artifacts import Float64, Int64
from pipeline.core.errors import PipelineError
from pipeline.datasets.recording_file import bad_file
from pipeline.datasets.tables.clock_numbers import (
    is_since_1970,
    microseconds,
    since_1970,
    unit_us,
)
from pipeline.datasets.tables.dates import (
    DAY_US,
    MONTHS,
    Order,
    clock_us,
    day_of,
    has_order,
    has_short_year,
    is_of_digits,
    parts_of,
    zone_us,
)
from pipeline.datasets.tables.steps import evenness
from pipeline.datasets.tables.table import Table
from pipeline.datasets.tables.time_columns import parts_in

MOSTLY = 0.5  # of the cells of a column
HALF_DAY_US = DAY_US // 2
YEAR = re.compile(r"[12]\d{3}(\.0*)?")
FORMS = "2009-01-31 13:10, 31.01.2009, 1/31/2009 1:10 PM, Jan 2009, 2009Q1 or seconds since 1970"


@dataclass(frozen=True)
class Times:
    """Times of rows.

    Args:
        us: int64 [n], since 1970 if `dated`, else by the clock of whoever wrote the file.
        dated: whether they are dates.
        utc: whether they are UTC, because the file says how far its times are from it.
        noted: what was found out, for people.
    """

    us: Int64
    dated: bool
    utc: bool = False
    noted: tuple[str, ...] = ()


def read_times(table: Table, names: Sequence[str], config: SeriesConfig) -> Times:
    """Read the times in columns of a table."""
    places = [table.columns.index(name) for name in names]
    columns = [table.words(place) for place in places]
    if len(names) > 1 and parts_in(names) == tuple(names):
        return _dates(table, names, _joined_parts(columns), config)
    if len(names) == 1:
        numbers = table.numbers(places)[:, 0]
        if np.isfinite(numbers).mean() > MOSTLY and not all(map(YEAR.fullmatch, columns[0])):
            return _numbers(table, names[0], numbers, columns[0], config)
        if all(map(_is_clock, columns[0])):
            return _clocks(columns[0])
    return _dates(table, names, [" ".join(cells) for cells in zip(*columns, strict=True)], config)


def _joined_parts(columns: Sequence[Sequence[str]]) -> list[str]:
    """Texts of dates from columns of the year, the month and so on."""
    dates, clocks = columns[:3], columns[3:]
    texts = ["-".join(map(_number, cells)) for cells in zip(*dates, strict=True)]
    for n, column in enumerate(clocks):
        between = ":" if n else " "
        texts = [
            f"{text}{between}{_number(cell).zfill(2)}"
            for text, cell in zip(texts, column, strict=True)
        ]
    return texts


def _number(cell: str) -> str:
    """A part of a date as a whole number: also 5.0, and the name of a month."""
    return str(MONTHS.get(cell.lower(), cell.removesuffix(".0")))


def _is_clock(cell: str) -> bool:
    return ":" in cell and clock_us(cell) is not None


def _clocks(cells: Iterable[str]) -> Times:
    """Clocks without a date; after midnight they begin again."""
    us = np.array([clock_us(cell) for cell in cells], np.int64)
    nights = np.cumsum(np.diff(us, prepend=us[:1]) < -HALF_DAY_US)
    return Times(us + nights * DAY_US, dated=False)


def _numbers(
    table: Table, name: str, numbers: Float64, cells: Sequence[str], config: SeriesConfig
) -> Times:
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise _no_time(table, int(bad[0]), [name], cells[bad[0]])
    if (length_us := unit_us(name)) is not None:
        us = microseconds(numbers, length_us)
        return Times(us, dated=is_since_1970(us), utc=is_since_1970(us))
    if all(map(is_of_digits, cells)):
        return _dates(table, [name], cells, config)
    since = since_1970(numbers)
    if since is not None:
        unit, us = since
        return Times(us, True, utc=True, noted=(f"{name} was read as {unit} since 1970",))
    raise bad_file(
        table.place,
        f"the unit of the time in {name!r} is unknown: it goes from {cells[0]} to {cells[-1]}",
        "its name does not end in a unit, and its numbers are not of a date",
        "write the unit into the header, as in `time_s` or `time (ms)`, or say how many seconds "
        "it is from one row to the next: `data.period_s`",
        line=int(table.lines[0]),
    )


@dataclass(frozen=True)
class _Cells:
    """The parts of cells."""

    dates: Sequence[str]
    clocks: Sequence[str]
    zones: Sequence[str]


def _dates(table: Table, names: Sequence[str], texts: Sequence[str], config: SeriesConfig) -> Times:
    cells = _Cells(*zip(*map(parts_of, texts), strict=True))
    ahead, utc, noted = _zones(table, cells, config)
    clocks_us = np.array([clock_us(clock) if clock else 0 for clock in cells.clocks], np.float64)
    readings: dict[Order, Int64] = {}
    faults: dict[Order, int] = {}
    for order in _orders(cells, config):
        days = np.array([day_of(date, order) for date in cells.dates], np.float64)
        us = days * DAY_US + clocks_us
        bad = np.flatnonzero(np.isnan(us))
        if len(bad):
            faults[order] = int(bad[0])
        else:
            readings[order] = us.astype(np.int64) - ahead
    if not readings:
        row = max(faults.values())
        raise _no_time(table, row, names, texts[row])
    order = _only(table, names, readings, texts, config)
    if any(map(has_order, cells.dates)):
        noted = (*noted, f"dates were read {order}")
    if has_short_year(cells.dates[0]):
        years = [np.datetime64(int(readings[order][at]), "us").astype("M8[Y]") for at in (0, -1)]
        noted = (*noted, f"years were read as {years[0]} to {years[1]}")
    return Times(readings[order], dated=True, utc=utc, noted=noted)


def _orders(cells: _Cells, config: SeriesConfig) -> Sequence[Order]:
    if config.dates is not None:
        return (config.dates,)
    orders: Sequence[Order] = get_args(Order)
    return orders if any(map(has_order, cells.dates)) else orders[-1:]


def _only(
    table: Table,
    names: Sequence[str],
    readings: dict[Order, Int64],
    texts: Sequence[str],
    config: SeriesConfig,
) -> Order:
    """The one order in which all dates exist, and the steps between them are the most even."""
    faults = {order: evenness(us, True) for order, us in readings.items()}
    best = [order for order in readings if faults[order] == min(faults.values())]
    if len(best) == 1 or config.dates is not None:
        return best[0]
    raise bad_file(
        table.place,
        f"{', '.join(names)} is {texts[0]!r}, which may be read {' or '.join(best)}",
        "no date has a day after the 12th, and the rows are as even either way",
        f"say which: `data.dates: {best[0]}` or `data.dates: {best[1]}`",
        line=int(table.lines[0]),
    )


def _zones(
    table: Table, cells: _Cells, config: SeriesConfig
) -> tuple[Int64, bool, tuple[str, ...]]:
    """How far times are ahead of UTC, int64 [n] or 0; whether the cells say it; and notes."""
    kinds = sorted(set(cells.zones))
    known = {zone: zone_us(zone) for zone in kinds}
    if kinds == [""]:
        return np.zeros(1, np.int64), False, ()
    if None not in known.values():
        return np.array([known[zone] for zone in cells.zones], np.int64), True, ()
    if len(kinds) == 1:
        note = f"the zone {kinds[0]} was left out: times are printed as they are written"
        return np.zeros(1, np.int64), False, (note,)
    if config.timezone is not None:
        return np.zeros(1, np.int64), False, ()
    row = next(at for at, zone in enumerate(cells.zones) if zone != cells.zones[0])
    raise bad_file(
        table.place,
        f"the time zone goes from {cells.zones[0] or 'none'} to {cells.zones[row] or 'none'}",
        "names of zones mean different times in different countries",
        "name the place, as in `data.timezone: Europe/Berlin`, or write +01:00",
        line=int(table.lines[row]),
    )


def _no_time(table: Table, row: int, names: Sequence[str], text: str) -> PipelineError:
    said = f"is {text[:60]!r}, no time" if text.strip() else "is empty"
    names_of = ", ".join(table.columns)
    return bad_file(
        table.place,
        f"{', '.join(names)} {said}",
        "the row is damaged, or the time is in another column, or in an unknown form",
        f"correct that row or delete it, or name other columns in data.time (there are {names_of}),"
        f" or say how long a step is: `data.period_s`; known forms are {FORMS}",
        line=int(table.lines[row]),
    )
