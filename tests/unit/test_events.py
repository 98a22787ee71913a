"""Was every gesture called, once, by its right name? And metrics, against figures worked out by
hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.artifacts import Event, Interval, Recording
from pipeline.core.shares import share_interval
from pipeline.training.events import LATEST_S, match_events
from pipeline.training.metrics import (
    Metrics,
    classification_metrics,
    poisson_interval,
    score_events,
)

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


GESTURES = ("punch", "flex")


def event(sample: int, label: str) -> Event:
    return Event(int(STREAM.t_us[0] + sample * 10_000), label, 0.9)


def test_called_once_by_name_is_right() -> None:
    calls = match_events([event(180, "punch"), event(530, "flex")], STREAM, GESTURES)
    assert (calls.takes, calls.found, calls.right, calls.false) == (2, 2, 2, 0)
    assert calls.latencies_s == (-0.19, 0.31)


def test_called_twice_or_by_another_name_is_not() -> None:
    events = [event(150, "punch"), event(190, "punch"), event(480, "punch")]
    calls = match_events(events, STREAM, GESTURES)
    assert (calls.found, calls.right, calls.again, calls.wrong, calls.false) == (1, 0, 1, 1, 0)
    assert calls.called == (("punch", "punch"), ("punch",), ())


def test_a_call_where_nothing_was_is_a_false_alarm() -> None:
    late = 200 + round(LATEST_S * RATE_HZ) + 1
    calls = match_events(
        [event(50, "punch"), event(late, "punch"), event(750, "flex")], STREAM, GESTURES
    )
    assert (calls.found, calls.right, calls.false) == (0, 0, 3)
    assert calls.called == ((), (), ("flex",))


def test_no_call_is_none() -> None:
    calls = match_events([], STREAM, GESTURES)
    assert (calls.takes, calls.right, calls.false) == (2, 0, 0)


def test_a_late_call_is_not_taken_for_the_next_gesture() -> None:
    """Two punches 0.3 s apart, each called after its end: the second punch has begun by then."""
    stream = replace(STREAM, intervals=(Interval(100, 150, "punch"), Interval(180, 230, "punch")))
    calls = match_events([event(190, "punch"), event(270, "punch")], stream, GESTURES)
    assert (calls.found, calls.right, calls.again) == (2, 2, 0)
    assert calls.latencies_s == (0.41, 0.41)


def test_the_right_name_comes_before_a_wrong_one_for_the_same_gesture() -> None:
    stream = replace(STREAM, intervals=(Interval(100, 200, "punch"),))
    calls = match_events([event(150, "flex"), event(180, "punch")], stream, GESTURES)
    assert (calls.found, calls.wrong, calls.again, calls.right) == (1, 0, 1, 0)


def test_a_gesture_that_the_model_does_not_know_is_nothing_to_be_called() -> None:
    calls = match_events([event(150, "flex")], STREAM, ("flex",))
    assert (calls.takes, calls.found, calls.false) == (1, 0, 1)


def test_scores_count_every_event_and_gesture_of_all_streams_once() -> None:
    first = match_events(
        [event(180, "punch"), event(190, "punch"), event(50, "punch")], STREAM, GESTURES
    )
    second = match_events([event(190, "flex"), event(530, "flex")], STREAM, GESTURES)
    score = score_events([first, second])
    assert (score.takes, score.found, score.wrong, score.again, score.false) == (4, 2, 1, 1, 1)
    assert score.precision == 2 / 5
    assert score.recall == 2 / 4
    assert score.f1 == pytest.approx(2 * 0.4 * 0.5 / 0.9)
    assert score.hours == pytest.approx(20 / 3600)
    assert score.false_alarms_per_hour == pytest.approx(180)
    assert score.false_alarms_interval == pytest.approx((0.02532 * 180, 5.57164 * 180), rel=1e-4)
    assert score.latency_median_s == pytest.approx((0.31 - 0.19) / 2)


@pytest.mark.parametrize(
    ("count", "interval"),
    [
        (0, (0.0, 3.68888)),
        (1, (0.02532, 5.57164)),
        (10, (4.79539, 18.39036)),
        (400, (361.76, 441.18)),
    ],
)
def test_the_interval_is_that_of_published_tables(
    count: int, interval: tuple[float, float]
) -> None:
    assert poisson_interval(count) == pytest.approx(interval, rel=1e-4)


def test_nothing_heard_is_no_division_by_zero() -> None:
    score = score_events([])
    assert (score.recall, score.f1, score.false_alarms_per_hour) == (0.0, 0.0, 0.0)


def test_a_gesture_takes_an_event_from_its_start_until_a_second_after_its_end() -> None:
    start_us, end_us = (int(STREAM.t_us[sample]) for sample in (100, 199))
    limits = {start_us - 1: 0, start_us: 1, end_us + 1_000_000: 1, end_us + 1_000_001: 0}
    for t_us, found in limits.items():
        matched = match_events([Event(t_us, "punch", 0.9)], STREAM, GESTURES)
        assert (matched.found, matched.false) == (found, 1 - found)


LABELS = ("flex", "punch", "idle")


def measured(was: list[int], called: list[int]) -> Metrics:
    return classification_metrics(np.array(was, np.int32), np.array(called, np.int64), LABELS)


def test_by_hand() -> None:
    metrics = measured([0, 0, 0, 0, 1, 1, 2, 2, 2, 2], [0, 0, 0, 1, 1, 0, 2, 2, 2, 2])
    assert metrics.confusion.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 4]]
    assert metrics.accuracy == pytest.approx(0.8)
    assert metrics.balanced_accuracy == pytest.approx((0.75 + 0.5 + 1) / 3)
    flex, punch, idle = metrics.classes
    assert (flex.label, flex.windows) == ("flex", 4)
    assert (flex.precision, flex.recall, flex.f1) == pytest.approx((0.75, 0.75, 0.75))
    assert (punch.precision, punch.recall, punch.f1) == pytest.approx((0.5, 0.5, 0.5))
    assert (idle.windows, idle.f1) == (4, 1)


def test_precision_and_recall_are_not_mixed_up() -> None:
    flex, punch, _ = measured([0, 0, 0, 1], [0, 1, 1, 1]).classes
    assert (flex.precision, flex.recall) == pytest.approx((1, 1 / 3))
    assert (punch.precision, punch.recall) == pytest.approx((1 / 3, 1))
    assert flex.f1 == pytest.approx(0.5)


def test_a_class_that_was_not_tested_does_not_count() -> None:
    metrics = measured([0, 0, 1, 1], [0, 0, 1, 0])
    assert metrics.balanced_accuracy == pytest.approx(0.75)
    idle = metrics.classes[2]
    assert (idle.windows, idle.precision, idle.recall, idle.f1) == (0, 0, 0, 0)


def test_all_wrong_is_zero_and_no_error() -> None:
    metrics = measured([0, 1, 2], [1, 2, 0])
    assert (metrics.accuracy, metrics.balanced_accuracy) == (0, 0)
    assert all(score.f1 == 0 for score in metrics.classes)


@pytest.mark.parametrize(
    ("right", "count", "interval"),
    [(7, 7, (0.6457, 1.0)), (8, 10, (0.4902, 0.9433)), (0, 20, (0.0, 0.1611))],
)
def test_few_windows_leave_a_share_open(right: int, count: int, interval: tuple[float, float]):
    assert share_interval(right, count) == pytest.approx(interval, abs=1e-4)
