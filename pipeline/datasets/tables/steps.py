"""The step from one row of a series to the next: so many seconds, months or working days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.artifacts import Float64, Int64
from pipeline.core.forecasts import MONTH_S, span
from pipeline.datasets.tables.dates import DAY_US

UNEVEN = 0.25  # largest deviation of a step from the others, as a share
SHORTEST_MONTH_US = 27 * DAY_US
LAST_DAYS, FIRST_DAYS = 26, 5  # of a month: the last or first day on which something is open
FEWEST_WORKING_DAYS = 10  # rows that show which days of the week are left out
WEEK = 7
MONDAY = 3  # days from 1970-01-01, a Thursday, to the first day of a week, backwards


@dataclass(frozen=True)
class Step:
    """The step of a series; one of us, months and week is set.

    Args:
        us: microseconds.
        months: of the calendar.
        week: the days of a week that have a row, from Monday on, as "1111100".
    """

    us: float = 0.0
    months: int = 0
    week: str = ""

    @property
    def seconds(self) -> float:
        """The length of a step, on average."""
        if self.months:
            return self.months * MONTH_S
        if self.week:
            return WEEK / self.week.count("1") * DAY_US / 1e6
        return self.us / 1e6

    @property
    def words(self) -> str:
        """The step for people."""
        if self.months:
            years = self.months // 12 if self.months % 12 == 0 else 0
            count, unit = (years, "year") if years else (self.months, "month")
            return f"{count} {unit}s" if count > 1 else f"a {unit}"
        return "a working day" if self.week else span(self.us / 1e6)

    def after(self, at_us: int, steps: int) -> int:
        """The time so many steps after another, in microseconds since 1970."""
        days, clock_us = divmod(at_us, DAY_US)
        if self.months:
            return _months_after(days, steps * self.months) * DAY_US + clock_us
        if self.week:
            later = np.busday_offset(np.datetime64(days, "D"), steps, "forward", self.week)
            return int(later.astype(np.int64)) * DAY_US + clock_us
        return at_us + round(steps * self.us)

    def strides(self, times_us: Int64) -> Float64:
        """How many steps it is from each row to the next: float64 [n - 1]."""
        if not (self.months or self.week):
            steps: Float64 = np.diff(times_us) / self.us
            return steps
        days = (times_us // DAY_US).astype("M8[D]")
        if self.months:
            months = days.astype("M8[M]").astype(np.int64)
            return np.diff(months) / self.months
        counts = np.busday_count(days[:-1], days[1:], self.week)
        return counts.astype(np.float64)


def _months_after(day: int, months: int) -> int:
    """The same day of a later month; the last day of a month stays the last."""
    date = np.datetime64(day, "D")
    month = date.astype("M8[M]")
    place = int((date - month.astype("M8[D]")).astype(np.int64))
    is_last = (date + 1).astype("M8[M]") != month
    length = _length(month + months)
    place = length - 1 if is_last else min(place, length - 1)
    return int(((month + months).astype("M8[D]") + place).astype(np.int64))


def _length(month: np.datetime64) -> int:
    return int(((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(np.int64))


def step_of(times_us: Int64, dated: bool) -> Step:
    """The usual step of rising times, int64 [n] with 3 rows or more."""
    steps = np.diff(times_us)
    usual = float(np.median(steps))
    if dated and usual >= SHORTEST_MONTH_US and (months := _months(times_us)):
        return Step(months=months)
    if dated and usual == DAY_US and (week := _week(times_us)):
        return Step(week=week)
    return Step(us=usual)


def _months(times_us: Int64) -> int:
    """The usual number of months between rows; 0 where they are on all days of the month."""
    days = (times_us // DAY_US).astype("M8[D]")
    months = days.astype("M8[M]")
    place = (days - months.astype("M8[D]")).astype(np.int64) + 1
    of_a_clock = len(set((times_us % DAY_US).tolist())) == 1
    fixed = place.min() == place.max() or place.min() >= LAST_DAYS or place.max() <= FIRST_DAYS
    if not (of_a_clock and fixed):
        return 0
    return int(np.median(np.diff(months.astype(np.int64))))


def _week(times_us: Int64) -> str:
    """The days of a week that have a row, if these are not all; "" if they are."""
    days = times_us // DAY_US
    is_there = np.bincount((days + MONDAY) % WEEK, minlength=WEEK) > 0
    if len(days) < FEWEST_WORKING_DAYS or is_there.all() or is_there.sum() < WEEK - 2:
        return ""
    return "".join("1" if there else "0" for there in is_there)


def evenness(times_us: Int64, dated: bool) -> tuple[int, int]:
    """How many steps do not rise, and how many are not the usual one: the fewer, the likelier."""
    steps = np.diff(times_us)
    rising = times_us[::-1] if (steps < 0).all() else times_us  # the newest row may come first
    back = int((np.diff(rising) <= 0).sum())
    if back:
        return back, len(steps)
    strides = step_of(rising, dated).strides(rising)
    return 0, int((np.abs(strides - 1) > UNEVEN).sum())
