"""What the monitor's figures are made of."""

from __future__ import annotations

import pytest

from pipeline.capture.gauge import Gauge
from pipeline.capture.protocol import Damaged, Message, Sample

PERIOD_US = 10_000
AT_REST = (0, 0, 1000, 0, 0, 0)
OFFSET_US = 5_000_000  # between the two clocks


def fed(gauge: Gauge, first: int, stop: int, late_us: int = 0) -> None:
    for n in range(first, stop):
        t_us = n * PERIOD_US
        gauge.add(Sample(n, t_us, AT_REST), t_us + OFFSET_US + late_us)


def test_the_rate_is_the_boards_and_losses_are_counted_by_number():
    gauge = Gauge()
    assert gauge.rate_hz == 0
    fed(gauge, 0, 300)
    fed(gauge, 310, 400)
    gauge.add(Damaged(b"1,2"), OFFSET_US)
    assert gauge.rate_hz == pytest.approx(100)
    assert (gauge.received, gauge.lost, gauge.damaged) == (390, 10, 1)


def test_the_count_may_wrap_and_a_restart_loses_nothing():
    gauge = Gauge()
    for seq in (2**32 - 2, 2**32 - 1, 0, 1):
        gauge.add(Sample(seq, seq, AT_REST), OFFSET_US)
    gauge.add(Message("hello", ("board=x",)), OFFSET_US)
    fed(gauge, 0, 5)
    assert gauge.lost == 0


def test_delay_is_against_the_fastest_line_of_the_last_minute():
    gauge = Gauge()
    fed(gauge, 0, 200, late_us=30_000)
    assert gauge.delay_ms == 0
    fed(gauge, 200, 300)
    fed(gauge, 300, 301, late_us=80_000)
    assert (gauge.delay_ms, gauge.worst_delay_ms) == (80, 80)
    gauge.add(Message("event", (str(301 * PERIOD_US), "up", "0.9")), 301 * PERIOD_US + OFFSET_US)
    assert (gauge.delay_ms, gauge.worst_delay_ms) == (0, 80)


def test_a_drifting_clock_is_no_delay():
    gauge = Gauge()
    for n in range(30_000):
        t_us = n * PERIOD_US
        gauge.add(Sample(n, t_us, AT_REST), round(t_us * 1.0001) + OFFSET_US)
    assert gauge.delay_ms < 10


def test_scores_are_shares():
    gauge = Gauge()
    gauge.add(Message("score", ("1", "80007F")), 0)
    assert gauge.scores == pytest.approx((0, 128 / 255, 1))
