"""What the monitor's figures are made of."""

from __future__ import annotations

import pytest

from pipeline.capture.link_statistics import LinkStatistics
from pipeline.capture.protocol import Damaged, Message, Sample

PERIOD_US = 10_000
AT_REST = (0, 0, 1000, 0, 0, 0)
OFFSET_US = 5_000_000  # between the two clocks


def fed(statistics: LinkStatistics, first: int, stop: int, late_us: int = 0) -> None:
    for n in range(first, stop):
        t_us = n * PERIOD_US
        statistics.add(Sample(n, t_us, AT_REST), t_us + OFFSET_US + late_us)


def test_the_rate_is_the_boards_and_losses_are_counted_by_number():
    statistics = LinkStatistics()
    assert statistics.rate_hz == 0
    fed(statistics, 0, 300)
    fed(statistics, 310, 400)
    statistics.add(Damaged(b"1,2"), OFFSET_US)
    assert statistics.rate_hz == pytest.approx(100)
    assert (statistics.received, statistics.lost, statistics.damaged) == (390, 10, 1)


def test_the_count_may_wrap_and_a_restart_loses_nothing():
    statistics = LinkStatistics()
    for n in range(4):
        statistics.add(Sample((2**32 - 2 + n) % 2**32, n * PERIOD_US, AT_REST), OFFSET_US)
    assert statistics.rate_hz == pytest.approx(100)
    statistics.add(Message("hello", ("board=x",)), OFFSET_US)
    fed(statistics, 0, 5)
    assert statistics.lost == 0


def test_delay_is_against_the_fastest_line_of_the_last_minute():
    statistics = LinkStatistics()
    fed(statistics, 0, 200, late_us=30_000)
    assert statistics.delay_ms == 0
    fed(statistics, 200, 300)
    fed(statistics, 300, 301, late_us=80_000)
    assert (statistics.delay_ms, statistics.worst_delay_ms) == (80, 80)
    statistics.add(
        Message("event", (str(301 * PERIOD_US), "up", "0.9")), 301 * PERIOD_US + OFFSET_US
    )
    assert (statistics.delay_ms, statistics.worst_delay_ms) == (0, 80)


def test_a_drifting_clock_is_no_delay():
    statistics = LinkStatistics()
    for n in range(30_000):
        t_us = n * PERIOD_US
        statistics.add(Sample(n, t_us, AT_REST), round(t_us * 1.0001) + OFFSET_US)
    assert statistics.delay_ms < 10


def test_scores_are_shares():
    statistics = LinkStatistics()
    statistics.add(Message("score", ("1", "80007F")), 0)
    assert statistics.scores == pytest.approx((0, 128 / 255, 1))
