"""Local times: the hour that comes twice in autumn, and the one that is left out in spring."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Int64
from pipeline.core.errors import PipelineError
from pipeline.datasets.recording_file import bad_file
from pipeline.datasets.tables.readings import Readings, require_rising
from pipeline.datasets.tables.times import Times

HOUR_US = 3_600_000_000
SLOT_US = HOUR_US // 2  # within it, the distance to UTC does not change
MONTHS = (3, 4, 9, 10, 11)  # in which clocks are changed, north and south
SUNDAY = 6
LAST_HOUR = 4  # of the day at which clocks are changed
SLACK = 0.25  # of a step
EPOCH = datetime.datetime(1970, 1, 1)


class Change(NamedTuple):
    """A row before which clocks were changed; back: the hour before it comes again."""

    row: int
    back: bool


def change_of_clocks(times_us: Int64, usual_us: float) -> Change | None:
    """The first row at which local times, int64 [n], look like a change of clocks."""
    steps = np.diff(times_us)
    for sign in (-1, 1):
        is_hour = np.abs(steps - usual_us - sign * HOUR_US) < SLACK * min(usual_us, HOUR_US)
        for row in (np.flatnonzero(is_hour) + 1).tolist():
            if _may_change(int(times_us[row])):
                return Change(row, sign < 0)
    return None


def _may_change(time_us: int) -> bool:
    when = EPOCH + datetime.timedelta(microseconds=time_us)
    return when.weekday() == SUNDAY and when.month in MONTHS and when.hour <= LAST_HOUR


def utc_of(local_us: Int64, zone: str) -> tuple[Int64, int | None]:
    """Local times of rows in order as UTC, int64 [n].

    Returns:
        The times, and the first row whose time the zone does not have; None if it has all.
    """
    slots, place = np.unique(local_us // SLOT_US, return_inverse=True)
    starts = [EPOCH + datetime.timedelta(microseconds=int(slot) * SLOT_US) for slot in slots]
    first, second = (
        np.array([_ahead_us(start, zone, fold) for start in starts], np.int64)[place]
        for fold in (0, 1)
    )
    left_out = np.flatnonzero(first < second)
    again = _again(local_us, first > second)
    times_us: Int64 = local_us - np.where(again, second, first)
    return times_us, int(left_out[0]) if len(left_out) else None


def _ahead_us(local: datetime.datetime, zone: str, fold: int) -> int:
    ahead = local.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset()
    assert ahead is not None  # a ZoneInfo always knows it
    return ahead // datetime.timedelta(microseconds=1)


def _again(local_us: Int64, comes_twice: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of times that a zone has twice, the second ones: after the clock went back."""
    went_back = np.zeros(len(local_us), np.int64)
    went_back[1:] = (np.diff(local_us) <= 0) & comes_twice[1:] & comes_twice[:-1]
    count = np.cumsum(went_back)
    before = np.maximum.accumulate(np.where(comes_twice, 0, count))  # of this hour
    return comes_twice & (count > before)


def in_utc(rows: Readings, times: Times, timezone: str | None) -> tuple[Readings, str | None]:
    """Local times with a change for summer as UTC, and the zone to print them in."""
    usual_us = float(np.median(np.diff(rows.times_us)))
    change = change_of_clocks(rows.times_us, usual_us) if times.dated and not times.utc else None
    if change is not None and timezone is None:
        raise _clocks_change(rows, change)
    if change is not None and timezone is not None:
        us, left_out = utc_of(rows.times_us, timezone)
        if left_out is not None:
            raise _not_in_zone(rows, left_out, timezone)
        rows = replace(rows, times_us=us)
    require_rising(rows, "; or correct data.timezone" if change else "")
    return rows, timezone if times.utc or change is not None else None


def _clocks_change(rows: Readings, change: Change) -> PipelineError:
    said = "comes again" if change.back else "is left out"
    return bad_file(
        rows.path,
        f"an hour {said} before it, on a Sunday: daylight saving time, it seems",
        "the times are local, and clocks were changed",
        "name the place, as in `data.timezone: Europe/Berlin`; if no clock was changed, the rows "
        "are doubled or missing: `data.timezone: UTC` shows them",
        line=int(rows.lines[change.row]),
    )


def _not_in_zone(rows: Readings, row: int, timezone: str) -> PipelineError:
    when = EPOCH + datetime.timedelta(microseconds=int(rows.times_us[row]))
    return bad_file(
        rows.path,
        f"{when.isoformat(' ', 'minutes')} does not exist in {timezone}: clocks went forward",
        "the times are of another place, or not local",
        "correct data.timezone",
        line=int(rows.lines[row]),
    )
