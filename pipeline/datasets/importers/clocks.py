"""The clock of a table: seconds of its rows, the rate, and holes in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float64, Int64
from pipeline.core.imu_columns import Column
from pipeline.datasets.importers.findings import OpenError, Question
from pipeline.datasets.tables.table import Table

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
SLOWEST_HZ, FASTEST_HZ = 5.0, 1000.0  # of a sensor of motion, by the size of the steps
SLOWEST_SAID_HZ, FASTEST_SAID_HZ = 0.5, 20_000.0  # by the unit in the name
LEAST_RISING = 0.5  # of the steps of a clock; others may be the same or a new take's
WRAPS = (2**32, 2**16)  # of a board's counter
LOOKED_AT = 200_000  # steps that show the ticks of a clock
HOLE = 1.5  # in steps
COARSE = 0.05  # the share of long steps that shows a clock of few ticks, not holes
HALVES_OF_A_DAY = ("AM", "PM")
BACK = 5.0  # in steps: a clock that goes back farther begins again
STEADY = 0.9  # the share of steps that are as long as most


@dataclass(frozen=True)
class Clock:
    """The clock of a table.

    Args:
        name: of its column.
        seconds: float64 [n], from the first row; NaN where a cell is no time.
        begin_s: the clock at the first row.
        tick_s: its resolution.
        step_s: between samples.
        is_steady: steps are as long as most, so longer ones are holes.
        unit_by: "name" or "size".
        wrapped: how often a counter began again.
    """

    name: str
    unit: str
    unit_by: str
    seconds: Float64
    begin_s: float
    tick_s: float
    step_s: float
    is_steady: bool
    wrapped: int = 0

    @property
    def rate_hz(self) -> float:
        """As the clock says."""
        return 1 / self.step_s


def clock_of(
    table: Table, columns: Sequence[Column], numbers: Mapping[int, Float64]
) -> Clock | None:
    """The steadiest clock of a table; None where no column is one.

    Args:
        numbers: of the columns that may be clocks, float64 [n] by place.

    Raises:
        OpenError: a clock is in a unit that its size does not tell.
    """
    found: list[Clock] = []
    unclear: OpenError | None = None
    for at, values in numbers.items():
        try:
            clock = _clock(table, columns[at], at, values)
        except OpenError as error:
            unclear = error
            continue
        if clock is not None:
            found.append(clock)
    if not found and unclear is not None:
        raise unclear
    return found[0] if len(found) == 1 else min(found, key=_unsteadiness, default=None)


def _clock(table: Table, column: Column, at: int, numbers: Float64) -> Clock | None:
    is_date = np.isfinite(numbers).mean() <= 0.5
    values = _dates(table.words(at)) if is_date else numbers
    if values is None:
        return None
    rising = np.diff(_those(values, np.isfinite(values)))
    if not len(rising) or ((rising > 0).mean() < LEAST_RISING and (rising >= 0).mean() < 0.95):
        return None
    if not (rising > 0).any():
        return None
    values, wrapped = _unwrapped(values)
    if not is_date and column.factor is None and (np.abs(rising) == 1).mean() > 0.99:
        return None  # a running number
    tick, step, is_steady = _measured(values)
    if not step > 0:
        return None  # it has a tick or two: digits were lost, as in 1.71e9
    if is_date:
        factor, unit, by = 1.0, "date", "name"
    else:
        factor, unit, by = _unit(table, column, step)
    begin = values[np.isfinite(values).argmax()]
    seconds = values - begin
    seconds *= factor
    return Clock(
        column.name,
        unit,
        by,
        seconds if is_steady else _risen(seconds, step * factor),
        begin * factor,
        tick * factor,
        step * factor,
        is_steady,
        wrapped,
    )


def _dates(words: Sequence[str]) -> Float64 | None:
    """Seconds of dates or times of day, float64 [n]; None where they are none."""
    import pandas as pd

    texts = pd.Series(words, dtype="string")
    first = next((word for word in words if word), "")
    if ":" not in first:
        return None
    is_of_a_day = first[:2].rstrip(":").isdigit() and ":" in first[:3]
    if is_of_a_day and not first.upper().endswith(HALVES_OF_A_DAY):
        parsed = pd.to_timedelta(texts.str.replace(",", ".", regex=False), errors="coerce")
        seconds = parsed.dt.total_seconds().to_numpy(np.float64, na_value=np.nan)
    else:
        # Only differences count, so it does not matter which of day and month comes first.
        parsed = pd.to_datetime(texts, errors="coerce", utc=True, format="mixed")
        zero = pd.Timestamp(0, tz="UTC")
        seconds = (parsed - zero).dt.total_seconds().to_numpy(np.float64, na_value=np.nan)
    seconds = np.asarray(seconds, np.float64)
    return seconds if np.isfinite(seconds).mean() > 0.9 else None


def _those(values: Float64, chosen: NDArray[np.bool_]) -> Float64:
    """Mostly all: then there is no copy, which takes its time for hours of samples."""
    return values if chosen.all() else values[chosen]


def _unwrapped(values: Float64) -> tuple[Float64, int]:
    """Counters of boards begin again after 2^32 or 2^16; from then on they count further."""
    falls = np.flatnonzero(values[1:] < values[:-1])
    for size in WRAPS:
        begun = [
            at for at in falls if values[at] > 0.9 * size and values[at] < size > values[at + 1]
        ]
        begun = [at for at in begun if values[at + 1] < 0.1 * size]
        if begun and len(begun) == len(falls):
            added = np.zeros(len(values))
            added[np.array(begun) + 1] = size
            return values + np.cumsum(added), len(begun)
    return values, 0


def _unit(table: Table, column: Column, step: float) -> tuple[float, str, str]:
    if column.factor is not None:
        rate_hz = 1 / (step * column.factor)
        if SLOWEST_SAID_HZ <= rate_hz <= FASTEST_SAID_HZ:
            return column.factor, column.unit, "name"
    else:
        fitting = [u for u, f in UNITS.items() if SLOWEST_HZ <= 1 / (step * f) <= FASTEST_HZ]
        if len(fitting) == 1:
            return UNITS[fitting[0]], fitting[0], "size"
    what = f"the unit of its clock {column.name!r} is unclear: it steps by {step:g}"
    raise OpenError(Question(table.place, what, "--rate-hz", "100", "rate_hz", table.first_lines))


def _steps(values: Float64) -> Float64:
    """The steps of a clock, without those to and from a time that goes back."""
    steps = np.diff(values)
    back = np.pad(steps < 0, 1)
    steps[back[:-2] | back[1:-1] | back[2:]] = np.nan
    return _those(steps, np.isfinite(steps))


def _middle_and_tick(steps: Float64) -> tuple[float, float]:
    """The median step, and the resolution of a clock whose steps differ by its ticks.

    The steps are in another order afterwards.
    """
    different = np.unique(steps[:LOOKED_AT])
    middle = float(np.median(steps, overwrite_input=True))
    if middle == 0:  # several rows at one tick
        return float(steps.max()), 0.0
    tick = float(np.diff(different).min(initial=np.inf))
    if tick <= middle / 2:
        return middle, tick
    is_coarse = (steps > HOLE * middle).mean() > COARSE
    return (float(steps.max()), 0.0) if is_coarse else (middle, 0.0)


def _measured(values: Float64) -> tuple[float, float, bool]:
    """The tick, the usual step, and whether most steps are so."""
    steps = _steps(values)
    middle, tick = _middle_and_tick(steps)
    step = float(_those(steps, steps <= HOLE * middle + tick).mean())
    near = (steps <= HOLE * step + tick) & (steps >= step / 2 - tick)
    if near.sum() >= STEADY * (len(values) - 1):
        return tick, step, True
    return tick, _mean_step(values), False


def _mean_step(values: Float64) -> float:
    """Of a clock that is uneven, or has one time for several rows: from tick to tick, by rows."""
    steps = np.diff(values)
    steps = steps[np.isfinite(steps)]
    usual = np.abs(steps) <= BACK * max(float(np.median(np.abs(steps))), _largest_usual(steps))
    rises = np.flatnonzero((steps > 0) & usual)
    if not len(rises):
        return _largest_usual(steps)
    first, last = int(rises[0]), int(rises[-1])
    between = slice(first + 1, last + 1)
    return float(steps[between][usual[between]].sum() / max(1, usual[between].sum()))


def _largest_usual(steps: Float64) -> float:
    """The median of the steps that rise."""
    rising = steps[steps > 0]
    return float(np.median(rising)) if len(rising) else 0.0


def _risen(seconds: Float64, step: float) -> Float64:
    """Times that never go back by a little, as the stamps of a busy phone do."""
    steps = np.diff(seconds)
    with np.errstate(invalid="ignore"):
        back = (steps < 0) & (steps > -BACK * step)
    if not back.any():
        return seconds
    begins = np.flatnonzero(steps <= -BACK * step) + 1  # of a clock that begins again
    parts = np.split(seconds, begins)
    return np.concatenate([np.fmax.accumulate(part) for part in parts])


def _unsteadiness(clock: Clock) -> float:
    steps = _steps(clock.seconds)
    spread = float(np.mean(np.minimum(1, np.abs(steps - clock.step_s) / clock.step_s)))
    return spread + float((steps == 0).mean()) + (0.0 if clock.is_steady else 1.0)


def of_rows(clock: Clock, rows: Int64) -> Clock:
    """The clock of some rows of its table."""
    seconds = clock.seconds[rows]
    tick, step, is_steady = _measured(seconds)
    return replace(clock, seconds=seconds, tick_s=tick, step_s=step, is_steady=is_steady)


def sequence_of(seconds: Float64, clock: Clock) -> Int64:
    """Running numbers, int64 [n]: longer steps of a steady clock are samples that are missing."""
    steps = np.diff(seconds)
    counts = np.ones(len(steps), np.int64)
    if clock.is_steady:
        holes = steps > HOLE * clock.step_s + clock.tick_s
        counts[holes] = np.maximum(1, np.rint(steps[holes] / clock.step_s)).astype(np.int64)
    return np.concatenate([[0], np.cumsum(counts)])
