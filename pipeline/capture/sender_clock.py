"""The clock and the running number in a sketch's rows: found by how they rise, and read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pipeline.capture.sender_columns import Columns
from pipeline.core.artifacts import Float64, Int64
from pipeline.core.imu_columns import Role, factor_of

TICKS_S = (1.0, 1e-3, 1e-6, 1e-9)
LEAST_ROWS = 8
RISING = 0.95  # the share of the steps of a clock or a count that go forward; rows may be damaged
EVEN = 0.9  # the share of the steps of a regular clock that are whole periods
JITTER = 0.3  # of a period
ARRIVAL_S = 0.3  # arrivals over a shorter time say nothing about a clock
NEAR = 3.0  # a clock and the arrivals differ at most by this factor
RATES_HZ = (0.9, 4000.0)
WHOLE_HZ = 0.005  # a rate so near to whole Hz is whole
WRAPS = (1 << 8, 1 << 16, 1 << 32)
AHEAD_S = 5.0  # a clock that gains so much on the arrivals was damaged on its way
MOST_LOST = 10_000
LATE_STEP = 0.4  # of a period that a sample may come early: two periods are one lost sample
US = 1e6


@dataclass(frozen=True)
class RowClock:
    """What in a row shows the time.

    Args:
        place: of the clock in a record; None without.
        tick_s: of the clock.
        period_s: of samples, by a regular clock; 0 where it is not regular.
        count: place of the running number; None without.
        count_step: of the running number from one row to the next.
    """

    place: int | None = None
    tick_s: float = 0.0
    period_s: float = 0.0
    count: int | None = None
    count_step: float = 1.0

    @property
    def rate_hz(self) -> float:
        """By a regular clock; 0 without."""
        if not self.period_s:
            return 0.0
        return tidy_rate_hz(1 / self.period_s)

    @property
    def shows_losses(self) -> bool:
        """Whether samples that are missing leave a gap."""
        return self.count is not None or self.period_s > 0


def tidy_rate_hz(rate_hz: float) -> float:
    """A measured rate: in whole Hz where it is near, else with two decimals."""
    whole = round(rate_hz)
    return float(whole) if abs(rate_hz - whole) <= WHOLE_HZ * rate_hz else round(rate_hz, 2)


def find_clock(
    columns: Columns, records: Float64, arrived_us: Int64, starts: Sequence[int]
) -> RowClock | None:
    """The clock and the count; None where a number without a name is neither.

    Args:
        records: float64 [n, numbers].
        arrived_us: int64 [n].
        starts: the first row of each burst; a clock may start again there.
    """
    steps = _Steps(records, arrived_us, starts)
    counts = [count for place in columns.counts if (count := steps.count_of(place))]
    named = zip(columns.clocks, columns.clock_units, strict=True)
    ticks = [(place, factor_of(Role.CLOCK, unit)) for place, unit in named]
    clocks = [clock for place, tick_s in ticks if (clock := steps.clock_of(place, tick_s))]
    for place in columns.unnamed:
        count, time = steps.count_of(place), steps.clock_of(place, None)
        if count and count.count_step == 1 and not (time and steps.is_clock_by_arrival(place)):
            counts.append(count)
        elif time:
            clocks.append(time)
        else:
            return None
    return replace(counts[0] if counts else RowClock(), **(clocks[0]._asdict() if clocks else {}))


class _Clock(NamedTuple):
    place: int
    tick_s: float
    period_s: float


class _Steps:
    """The steps of each column from row to row, without those between bursts."""

    def __init__(self, records: Float64, arrived_us: Int64, starts: Sequence[int]) -> None:
        inside = np.ones(max(0, len(records) - 1), bool)
        inside[[start - 1 for start in starts if 0 < start < len(records)]] = False
        self._steps = np.diff(records, axis=0)[inside]
        self._arrived_s = np.diff(arrived_us)[inside] / US

    def count_of(self, place: int) -> RowClock | None:
        """Place and step of a running number."""
        steps = self._steps[:, place]
        if not self._rises(steps) or not np.array_equal(steps, np.rint(steps)):
            return None
        usual = float(np.median(steps))
        return (
            RowClock(count=place, count_step=usual)
            if np.mean(steps % usual == 0) >= RISING
            else None
        )

    def clock_of(self, place: int, tick_s: float | None) -> _Clock | None:
        """Place, tick and period of a clock."""
        steps = self._steps[:, place]
        steps = steps[np.isfinite(steps)]
        if not self._rises(steps):
            return None
        usual = float(np.median(steps))
        tick_s = self._tick_s(place) or tick_s or _usual_tick_s(usual)
        if tick_s is None:
            return None
        period = float(np.mean(steps[(steps > 0) & (steps <= 1.6 * usual)]))
        return _Clock(place, tick_s, period * tick_s if _is_even(steps, period) else 0.0)

    def is_clock_by_arrival(self, place: int) -> bool:
        """Whether the arrivals show that a column which counts by one is a clock."""
        return self._tick_s(place) is not None and not np.all(self._steps[:, place] == 1)

    def _rises(self, steps: Float64) -> bool:
        return len(steps) >= LEAST_ROWS - 1 and bool(
            np.mean(steps > 0) >= RISING if len(steps) else False
        )

    def _tick_s(self, place: int) -> float | None:
        """The tick by which the clock goes as the arrivals do; None where they do not tell."""
        steps = self._steps[:, place]
        rising = steps > 0  # it may begin again with each burst
        arrived_s, ticks = float(self._arrived_s[rising].sum()), float(steps[rising].sum())
        if arrived_s < ARRIVAL_S or ticks <= 0:
            return None
        nearest = min(TICKS_S, key=lambda tick_s: abs(np.log(ticks * tick_s / arrived_s)))
        return nearest if 1 / NEAR < ticks * nearest / arrived_s < NEAR else None


def _usual_tick_s(step: float) -> float | None:
    """The only tick by which the rate is one of motion sensors."""
    slowest, fastest = RATES_HZ
    fitting = [tick_s for tick_s in TICKS_S if slowest <= 1 / (step * tick_s) <= fastest]
    return fitting[0] if len(fitting) == 1 else None


def _is_even(steps: Float64, period: float) -> bool:
    """Whether nearly all steps are whole periods, most of them one."""
    resolution = 0.6 if np.array_equal(steps, np.rint(steps)) else 0.0
    periods = np.rint(steps / period)
    off = np.abs(steps - periods * period)
    return bool(np.mean((periods >= 1) & (off <= max(JITTER * period, resolution))) >= EVEN)


class Placed(NamedTuple):
    """A row's place in the track, by its own clock and count or by its arrival."""

    seq: int
    t_us: int
    restarted: bool  # the board has started again before it


class RowPlaces:
    """Gives each row its place. A row with an impossible time waits for the next one."""

    def __init__(self, clock: RowClock) -> None:
        self._clock = clock
        self._seq = -1
        self._t_us = 0
        self._numbers: tuple[float, ...] = ()  # of the newest row
        self._arrived_us = 0

    def place(self, numbers: tuple[float, ...], arrived_us: int, begins: bool) -> Placed | None:
        """The place of a row; None where its clock or count goes back or jumps too far.

        Args:
            begins: whether it is the first row of a burst.
        """
        if self._seq < 0:
            return self._put(numbers, arrived_us, 1, arrived_us, False)
        passed_s, counted = self._passed_s(numbers, arrived_us), self._counted(numbers)
        waited_s = (arrived_us - self._arrived_us) / US
        back = passed_s < 0 or counted < 1
        if begins:
            passed_s = max(waited_s, self._clock.period_s) if back else passed_s
            return self._put(numbers, arrived_us, 1, self._t_us + round(passed_s * US), False)
        if back or passed_s > waited_s + AHEAD_S or counted > MOST_LOST:
            return None
        steps = counted if self._clock.count is not None else self._steps_in(passed_s)
        return self._put(numbers, arrived_us, steps, self._t_us + round(passed_s * US), False)

    def restart(self, numbers: tuple[float, ...], arrived_us: int) -> Placed:
        """The place of the first row after a restart, by its arrival."""
        passed_s = max((arrived_us - self._arrived_us) / US, self._clock.period_s)
        steps = self._steps_in(passed_s)
        return self._put(numbers, arrived_us, steps, self._t_us + round(passed_s * US), True)

    def follows(self, numbers: tuple[float, ...], later: tuple[float, ...]) -> bool:
        """Whether a row can come after another one, by clock and count."""
        clock = self._clock
        limits = {
            clock.place: AHEAD_S / (clock.tick_s or 1),
            clock.count: MOST_LOST * clock.count_step,
        }
        return all(
            0 <= later[place] - numbers[place] <= limit
            for place, limit in limits.items()
            if place is not None
        )

    def _put(
        self, numbers: tuple[float, ...], arrived_us: int, steps: int, t_us: int, restarted: bool
    ) -> Placed:
        self._seq += steps
        self._t_us, self._numbers, self._arrived_us = t_us, numbers, arrived_us
        return Placed(self._seq, t_us, restarted)

    def _passed_s(self, numbers: tuple[float, ...], arrived_us: int) -> float:
        if self._clock.place is None:
            return (arrived_us - self._arrived_us) / US
        passed = _step(self._numbers[self._clock.place], numbers[self._clock.place], WRAPS[-1:])
        return passed * self._clock.tick_s

    def _counted(self, numbers: tuple[float, ...]) -> int:
        place = self._clock.count
        if place is None:
            return 1
        return round(_step(self._numbers[place], numbers[place], WRAPS) / self._clock.count_step)

    def _steps_in(self, passed_s: float) -> int:
        if not self._clock.period_s:
            return 1
        return max(1, int(passed_s / self._clock.period_s + LATE_STEP))


def _step(before: float, now: float, wraps: Sequence[int]) -> float:
    """From one number to the next, across the end of an unsigned number."""
    if now >= before:
        return now - before
    near_end = (wrap for wrap in wraps if before < wrap <= before * 1.02 + 4 and now < wrap / 50)
    wrap = next(near_end, None)
    return now - before + wrap if wrap else now - before
