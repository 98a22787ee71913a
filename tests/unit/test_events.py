"""Was every gesture called, once, by its right name?"""

from __future__ import annotations

import numpy as np

from pipeline.artifacts import Event, Interval, Recording
from pipeline.training.events import LATEST_S, judge

RATE_HZ = 100.0
STREAM = Recording(
    samples=np.zeros((1000, 6), np.float32),
    seq=np.arange(1000, dtype=np.int64),
    t_us=np.arange(1000, dtype=np.int64) * 10_000 + 5_000_000,  # boards do not start at 0
    rate_hz=RATE_HZ,
    label="stream",
    person="anna",
    intervals=(
        Interval(100, 200, "punch"),
        Interval(400, 500, "flex"),
        Interval(700, 800, "idle"),
    ),
)


def event(sample: int, label: str) -> Event:
    return Event(int(STREAM.t_us[0] + sample * 10_000), label, 0.9)


def test_called_once_by_name_is_right() -> None:
    calls = judge([event(180, "punch"), event(530, "flex")], STREAM, "idle")
    assert (calls.takes, calls.right, calls.false) == (2, 2, 0)


def test_called_twice_or_by_another_name_is_not() -> None:
    events = [event(150, "punch"), event(190, "punch"), event(480, "punch")]
    calls = judge(events, STREAM, "idle")
    assert (calls.right, calls.false) == (0, 0)
    assert calls.called == (("punch", "punch"), ("punch",), ())


def test_a_call_where_nothing_was_is_a_false_alarm() -> None:
    late = 200 + round(LATEST_S * RATE_HZ) + 1
    calls = judge([event(50, "punch"), event(late, "punch"), event(750, "flex")], STREAM, "idle")
    assert (calls.right, calls.false) == (0, 3)


def test_no_call_is_none() -> None:
    calls = judge([], STREAM, "idle")
    assert (calls.takes, calls.right, calls.false) == (2, 0, 0)
