"""Estimates a board's clock from the times at which its samples arrive. Pure.

A sample may arrive late but never early. So we take the least delayed sample of each second of
board time. The straight line that is below all these points and nearest to them gives offset and
drift. It is the edge of the lower convex hull over the mean of the points (Zhang, Liu, Xia: Clock
synchronization algorithms for network measurements, INFOCOM 2002). The shortest delay, about a
millisecond, stays in the offset of every board.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipeline.core.artifacts import HostClock

BUCKET_US = 1_000_000
PAUSE_US = 250_000
PAUSE_STEPS = 4  # of the mean time from one arrival to the next
LEAST_BUCKETS = 10  # seconds; over less time drift and jitter cannot be separated

Point = tuple[int, int]  # t_us and host_us - t_us


class LinearFit(NamedTuple):
    """A straight line: its value at `middle`, and its slope."""

    middle: int
    at_middle: float
    slope: float


class ClockFit:
    """Fits offset and drift to times of arrival."""

    def __init__(self) -> None:
        self._buckets: dict[int, Point] = {}
        self._fitted: HostClock | None = None  # to the buckets as they are now

    def add(self, t_us: int, host_us: int) -> None:
        """Add a sample of board time `t_us` that arrived at `host_us`."""
        bucket, point = t_us // BUCKET_US, (t_us, host_us - t_us)
        if bucket not in self._buckets or point[1] < self._buckets[bucket][1]:
            self._buckets[bucket] = point
            self._fitted = None

    def clock(self) -> HostClock | None:
        """The fit; None before the first sample. The drift is 0 in the first LEAST_BUCKETS s."""
        self._fitted = self._fitted or self._fit()
        return self._fitted

    def _fit(self) -> HostClock | None:
        points = list(self._buckets.values())
        if not points:
            return None
        if len(points) < LEAST_BUCKETS:
            middle_us = sum(t_us for t_us, _ in points) // len(points)
            return HostClock(min(late_us for _, late_us in points), 0.0, middle_us)
        below = line_below(points)
        return HostClock(round(below.at_middle), below.slope * 1e6, below.middle)


def host_time_us(clock: HostClock, t_us: int) -> int:
    """Convert a board's time to this computer's time."""
    return t_us + clock.offset_us + round(clock.drift_ppm * 1e-6 * (t_us - clock.at_us))


def board_time_us(clock: HostClock, host_us: int) -> int:
    """Convert this computer's time to a board's time, to the microsecond."""
    passed_us = (host_us - clock.offset_us - clock.at_us) / (1 + clock.drift_ppm * 1e-6)
    return clock.at_us + round(passed_us)


def line_below(points: list[Point]) -> LinearFit:
    """The straight line below all points that is nearest to them."""
    middle = sum(x for x, _ in points) // len(points)
    left, right = next(
        (left, right) for left, right in pairwise(lower_hull(points)) if right[0] >= middle
    )
    slope = (right[1] - left[1]) / (right[0] - left[0])
    return LinearFit(middle, left[1] + slope * (middle - left[0]), slope)


def rate_of_arrival(arrived_us: Sequence[int]) -> float:
    """The rate of samples that came at these times, some of them late; 0 if unknown.

    Where the sender paused, it is that of the longest part without a pause.
    """
    steps = np.diff(np.array(arrived_us, np.int64))
    if not len(steps):
        return 0.0
    least_us = max(PAUSE_US, round(PAUSE_STEPS * float(np.mean(steps))))
    pauses = np.flatnonzero(steps > least_us) + 1
    longest = max(np.split(np.array(arrived_us), pauses), key=len)
    points = list(enumerate(longest.tolist()))
    period_us = line_below(points).slope if len(points) > 1 else 0.0
    return 1e6 / period_us if period_us > 0 else 0.0


def lower_hull(points: list[Point]) -> list[Point]:
    """The corners of the convex hull's lower side, from left to right (Andrew's monotone chain)."""
    hull: list[Point] = []
    for point in sorted(points):
        while len(hull) > 1 and not _turns_up(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_up(a: Point, b: Point, c: Point) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])
