"""A board's clock against the host's, from late arrivals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.clock import (
    ClockFit,
    LinearFit,
    board_time_us,
    host_time_us,
    line_below,
    lower_hull,
)
from pipeline.core.artifacts import HostClock

START_US = 1_795_000_000_000_000
WAY_US = 900


def fitted(drift_ppm: float, offset_us: int, seconds: int, seed: int = 1) -> ClockFit:
    """119 Hz over a line with the jitter of a real one: mostly prompt, now and then very late."""
    random, fit = np.random.default_rng(seed), ClockFit()
    for t_us in np.arange(0, seconds * 1_000_000, 8403).tolist():
        late_us = WAY_US + random.exponential(4000) + (random.random() < 0.02) * 80_000
        fit.add(t_us, round(offset_us + t_us * (1 + drift_ppm * 1e-6) + late_us))
    return fit


@pytest.mark.parametrize("drift_ppm", [-120.0, 0.0, 35.0])
def test_offset_and_drift_are_found_below_the_jitter(drift_ppm: float) -> None:
    clock = fitted(drift_ppm, START_US, seconds=120).clock()
    assert clock is not None
    assert clock.drift_ppm == pytest.approx(drift_ppm, abs=5)
    for t_us in (0, 60_000_000, 119_000_000):
        right_us = START_US + t_us * (1 + drift_ppm * 1e-6) + WAY_US
        assert host_time_us(clock, t_us) == pytest.approx(right_us, abs=500)


def test_in_the_first_seconds_there_is_an_offset_and_no_drift() -> None:
    clock = fitted(35.0, START_US, seconds=3).clock()
    assert clock is not None
    assert clock.drift_ppm == 0
    assert clock.offset_us == pytest.approx(START_US + WAY_US, abs=1000)
    assert ClockFit().clock() is None


@given(st.floats(-200, 200), st.integers(0, 10**11))
def test_there_and_back_is_the_same_time(drift_ppm: float, t_us: int) -> None:
    clock = fitted(drift_ppm, START_US, seconds=20).clock()
    assert clock is not None
    assert abs(board_time_us(clock, host_time_us(clock, t_us)) - t_us) <= 1


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(-1000, 1000)), min_size=2))
def test_no_point_lies_below_the_hull(points: list[tuple[int, int]]) -> None:
    hull = lower_hull(list({x: (x, y) for x, y in sorted(points, reverse=True)}.values()))
    lowest = {x: min(y for at, y in points if at == x) for x, _ in points}
    for x, y in lowest.items():
        assert y >= np.interp(x, *zip(*hull, strict=True)) - 1e-6


def test_the_line_below_is_the_edge_of_the_hull_over_the_middle() -> None:
    assert line_below([(0, 5), (3, 2), (10, 9)]) == LinearFit(4, 3.0, 1.0)
    assert line_below([(0, 5), (6, 2), (10, 9)]) == LinearFit(5, 2.5, -0.5)
    assert line_below([(0, 5), (5, 2), (10, 9)]) == LinearFit(5, 2.0, -0.6)  # the left of two
    assert line_below([(0, 1), (10, 2), (20, 3)]).slope == 0.1
    assert line_below([(0, 0), (3, 3)]).middle == 1


def test_the_earliest_line_of_each_second_counts_and_ten_seconds_give_a_drift() -> None:
    fit = ClockFit()
    for second in range(10):
        clock = fit.clock()
        assert clock is None or clock.drift_ppm == 0
        for late_us in (900, 300 + second, 700):
            t_us = second * 1_000_000 + late_us
            fit.add(t_us, t_us + 5000 + late_us)
    clock = fit.clock()
    assert clock is not None
    assert clock.drift_ppm == pytest.approx(1.0, rel=1e-4)
    assert (clock.offset_us, clock.at_us) == (5304, 4_500_304)
    assert fit.clock() is clock


def test_times_follow_offset_and_drift_from_the_middle_on() -> None:
    clock = HostClock(offset_us=1000, drift_ppm=100.0, at_us=5_000_000)
    assert host_time_us(clock, 5_000_000) == 5_001_000
    assert host_time_us(clock, 15_000_000) == 15_002_000
    assert board_time_us(clock, 15_002_000) == 15_000_000
