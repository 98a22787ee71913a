"""Readings and rows that a series does not have: refused, or filled as its owner says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.config.forecast_settings import Missing
from pipeline.core.artifacts import Float64, Int64
from pipeline.core.errors import PipelineError
from pipeline.core.forecasts import span
from pipeline.datasets.recording_file import bad_file
from pipeline.datasets.tables.readings import Readings
from pipeline.datasets.tables.steps import UNEVEN

Bool = NDArray[np.bool_]

MOST_FILLED = 0.5  # of the readings of a filled series
CHOICES = "`data.missing: previous`, `interpolate` or `longest part`"


def complete(readings: Readings, missing: Missing) -> tuple[Readings, tuple[str, ...]]:
    """A series without missing readings and rows, and what was done for it."""
    strides = readings.step.strides(readings.times_us)
    known: Bool = np.isfinite(readings.values.sum(axis=1))
    if missing == "refuse":
        _refuse_unknown(readings, known)
        _refuse_uneven(readings, np.abs(strides - 1) > UNEVEN)
        return readings, ()
    if missing == "longest part":
        return _longest_part(readings, known, np.abs(strides - 1) <= UNEVEN)
    _refuse_uneven(readings, np.abs(strides - np.rint(strides)) > UNEVEN)
    if known.all() and (np.rint(strides) == 1).all():
        return readings, ()
    return _filled(readings, strides, missing)


def _refuse_unknown(readings: Readings, known: Bool) -> None:
    rows = np.flatnonzero(~known)
    if not len(rows):
        return
    unknown = np.isnan(readings.values)
    name = readings.names[int(np.argmax(unknown[rows[0]]))]
    count = int(unknown.sum())
    more = f"; so are {count - 1:,} other readings of {unknown.size:,}" if count > 1 else ""
    raise bad_file(
        readings.path,
        f"{name} is missing{more}",
        "the sensor or the logger failed there; nothing is invented unless you say so",
        f"choose what to do: {CHOICES}; or leave the column out of data.channels",
        line=int(readings.lines[rows[0]]),
    )


def _refuse_uneven(readings: Readings, is_uneven: Bool) -> None:
    rows = np.flatnonzero(is_uneven)
    if not len(rows):
        return
    row = int(rows[0])
    stride = float(readings.step.strides(readings.times_us[row : row + 2])[0])
    whole = round(stride)
    is_hole = whole > 1 and abs(stride - whole) <= UNEVEN
    holes = "a row is missing" if whole == 2 else f"{whole - 1} rows are missing"
    what = f"{holes} before it" if is_hole else "the step before it is uneven"
    length_s = float(np.diff(readings.times_us)[row]) / 1e6
    more = f"; {len(rows)} places are like this" if len(rows) > 1 else ""
    raise bad_file(
        readings.path,
        f"{what}: {span(length_s)} since the row above, a step is {readings.step.words}{more}",
        "readings were lost; nothing is invented unless you say so"
        if is_hole
        else "the rows are not of a steady period, or their times are rounded",
        f"fill the hole, or choose what to do: {CHOICES}"
        if is_hole
        else "bring the rows to one period, or use the longest even part: "
        "`data.missing: longest part`",
        line=int(readings.lines[row + 1]),
    )


def _longest_part(
    readings: Readings, known: Bool, is_even: Bool
) -> tuple[Readings, tuple[str, ...]]:
    """known: bool [n]; is_even: bool [n - 1], of the step after each row."""
    goes_on = known[1:] & known[:-1] & is_even
    ends = np.flatnonzero(~np.append(goes_on, False))
    starts = np.append(0, ends[:-1] + 1)
    longest = int(np.argmax(np.where(known[starts], ends - starts, -1)))
    first, end = int(starts[longest]), int(ends[longest]) + 1
    if (first, end) == (0, len(readings)):
        return readings, ()
    part = readings.part(first, end)
    lines = f"lines {part.lines[0]} to {part.lines[-1]}"
    return part, (f"only {len(part):,} of {len(readings):,} rows are used: {lines}",)


def _filled(
    readings: Readings, strides: Float64, missing: Missing
) -> tuple[Readings, tuple[str, ...]]:
    places = np.append(0, np.cumsum(np.rint(strides).astype(np.int64)))
    if int(places[-1]) + 1 > len(readings) / (1 - MOST_FILLED):
        raise _too_many(readings, int(places[-1]) + 1 - len(readings))
    every = np.arange(places[-1] + 1)
    before = np.searchsorted(places, every, "right") - 1  # the row at or before each
    values = np.full((len(every), readings.values.shape[1]), np.nan)
    values[places] = readings.values
    count = int(np.isnan(values).sum())
    if count > MOST_FILLED * values.size:
        raise _too_many(readings, count)
    filled = np.column_stack([_fill(column, missing) for column in values.T])
    known = np.flatnonzero(~np.isnan(filled).any(axis=1))
    if not len(known):
        raise _too_many(readings, count)
    whole = Readings(
        path=readings.path,
        names=readings.names,
        lines=readings.lines[before],
        times_us=_times(readings, every, places),
        values=filled,
        words=tuple(tuple(column[row] for row in before.tolist()) for column in readings.words),
        step=readings.step,
    )
    how = "interpolated" if missing == "interpolate" else "taken from the row before"
    note = f"{count:,} of {values.size:,} readings were missing and are {how}"
    return whole.part(int(known[0]), int(known[-1]) + 1), (note,)


def _times(readings: Readings, every: Int64, places: Int64) -> Int64:
    """The times of all steps: int64 [n]."""
    if not readings.step.us:
        first = int(readings.times_us[0])
        return np.array([readings.step.after(first, n) for n in every.tolist()], np.int64)
    return np.rint(np.interp(every, places, readings.times_us)).astype(np.int64)


def _fill(column: Float64, missing: Missing) -> Float64:
    """Fill NaN between known values: float64 [n]; what is before or after all of them stays."""
    known = np.flatnonzero(~np.isnan(column))
    every = np.arange(len(column))
    if missing == "interpolate":
        return np.interp(every, known, column[known], left=np.nan, right=np.nan)
    before = np.searchsorted(known, every, "right") - 1
    return np.where(before < 0, np.nan, column[known[np.maximum(before, 0)]])


def _too_many(readings: Readings, count: int) -> PipelineError:
    return bad_file(
        readings.path,
        f"{count:,} readings are missing, more than are there",
        "a forecast learned from them would be of invented values",
        "use the longest part without a hole: `data.missing: longest part`, or leave out the "
        "column that is seldom there",
    )
