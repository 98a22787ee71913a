"""A board's clock against this computer's, from when its samples arrive. Pure.

A line may come late but never early, so the lines that took the shortest way show the clocks:
of each second of board time the least-delayed line is kept, and the straight line below all of
them that is nearest to them on the whole is the offset and the drift. It is the edge of their
lower convex hull that spans their mean (Zhang, Liu, Xia: Clock synchronization algorithms for
network measurements, INFOCOM 2002). The shortest way itself, a millisecond or so, stays in the
offset of every board alike.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from pipeline.artifacts import HostClock

BUCKET_US = 1_000_000
LEAST_BUCKETS = 10  # seconds from which a drift can be told from the jitter of arrivals

Point = tuple[int, int]  # t_us and host_us - t_us, or what else comes late and never early


class Line(NamedTuple):
    """at_middle: its value at `middle`."""

    middle: int
    at_middle: float
    slope: float


class ClockFit:
    """Samples in; the offset and drift that fit them out."""

    def __init__(self) -> None:
        self._buckets: dict[int, Point] = {}
        self._fitted: HostClock | None = None  # to the buckets as they are now

    def add(self, t_us: int, host_us: int) -> None:
        bucket, point = t_us // BUCKET_US, (t_us, host_us - t_us)
        if bucket not in self._buckets or point[1] < self._buckets[bucket][1]:
            self._buckets[bucket] = point
            self._fitted = None

    def clock(self) -> HostClock | None:
        """None before the first sample; without a drift in the first LEAST_BUCKETS seconds."""
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
    """When the sample of `t_us` was made, by this computer's clock."""
    return t_us + clock.offset_us + round(clock.drift_ppm * 1e-6 * (t_us - clock.at_us))


def board_time_us(clock: HostClock, host_us: int) -> int:
    """The inverse of host_time_us, to the microsecond."""
    passed_us = (host_us - clock.offset_us - clock.at_us) / (1 + clock.drift_ppm * 1e-6)
    return clock.at_us + round(passed_us)


def line_below(points: list[Point]) -> Line:
    """The straight line below all points that is nearest to them on the whole; two are needed."""
    middle = sum(x for x, _ in points) // len(points)
    left, right = _edge_over(lower_hull(points), middle)
    slope = (right[1] - left[1]) / (right[0] - left[0])
    return Line(middle, left[1] + slope * (middle - left[0]), slope)


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


def _edge_over(hull: list[Point], x: int) -> tuple[Point, Point]:
    edges = list(pairwise(hull))
    return next(((left, right) for left, right in edges if right[0] >= x), edges[-1])
