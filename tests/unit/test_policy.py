"""The decision policy: chosen where it finds gestures, and where unknown motion is let be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts import Interval, Recording
from pipeline.config_gestures import GestureConfig
from pipeline.contract import DecisionPolicy
from pipeline.training.event_score import score_events
from pipeline.training.events import judge
from pipeline.training.policy import Heard, choose_policy, usual_policy, why_not_chosen
from pipeline.twin import Twin
from tests.takes import takes
from tests.tiny_model import write_sources

LABELS = ("idle", "up", "down")
RATE_HZ, HOP = 100.0, 5
WINDOWS = 4000
BACKGROUND = {"path": Path("data/mine"), "background": "idle"}

pytestmark = pytest.mark.usefixtures("host_compiler")


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    folder = tmp_path_factory.mktemp("tiny")
    return Twin(write_sources(folder / "model"), folder / "build")


def settings(**decision: float) -> GestureConfig:
    return GestureConfig.model_validate({"data": BACKGROUND, "decision": decision})


def heard(levels: dict[tuple[int, str], float], length: int, known: bool) -> Heard:
    """Scores: `length` windows of a label at a level from each start on; a gesture each, if known.

    levels: (first window, label) to score, 0 to 1.
    """
    scores = np.zeros((WINDOWS, len(LABELS)))
    intervals = []
    for (start, label), level in levels.items():
        scores[start : start + length, LABELS.index(label)] = level
        if known:
            intervals.append(Interval(start * HOP, (start + length) * HOP, label))
    n = WINDOWS * HOP
    stream = Recording(
        samples=np.zeros((n, 6), np.float32),
        seq=np.arange(n),
        t_us=np.arange(n) * 10_000,
        rate_hz=RATE_HZ,
        label="stream",
        person="anna",
        intervals=tuple(intervals),
    )
    output = (np.rint(scores * 255) - 128).astype(np.int8)
    return Heard(stream, output, np.arange(1, WINDOWS + 1) * HOP * 10_000 - 10_000)


def gestures(up: float, down: float, length: int = 12) -> Heard:
    """Twenty gestures four seconds apart, at these levels."""
    starts = range(100, 1700, 80)
    return heard(
        {(start, LABELS[1 + n % 2]): (up, down)[n % 2] for n, start in enumerate(starts)},
        length,
        known=True,
    )


def unknown(up: float, down: float, length: int = 12) -> Heard:
    starts = range(50, 3800, 100)
    levels = {(start, LABELS[1 + n % 2]): (up, down)[n % 2] for n, start in enumerate(starts)}
    return heard(levels, length, known=False)


def alarms(twin: Twin, policy: DecisionPolicy, stream: Heard) -> int:
    return len(twin.decide(policy, stream.scores, stream.t_us))


def f1(twin: Twin, policy: DecisionPolicy, stream: Heard) -> float:
    events = twin.decide(policy, stream.scores, stream.t_us)
    return score_events([judge(events, stream.stream, ("up", "down"))]).f1


def test_the_threshold_goes_between_gestures_and_what_is_none(twin: Twin) -> None:
    real, other = gestures(0.95, 0.95), unknown(0.7, 0.7)
    choice = choose_policy([real], other, settings(), LABELS, twin.decide)
    assert (f1(twin, choice.policy, real), alarms(twin, choice.policy, other)) == (1.0, 0)
    assert (choice.f1, choice.false_alarms_per_hour) == (1.0, 0.0)
    assert choice.how == "chosen on validation data"
    hasty = usual_policy(settings(smoothing_windows=3, threshold=0.55), LABELS)
    assert alarms(twin, hasty, other) > 30


def test_smoothing_outlasts_what_is_short(twin: Twin) -> None:
    """Unknown motion as sure of itself as gestures, but for three windows instead of twelve."""
    real, other = gestures(1.0, 1.0), unknown(1.0, 1.0, length=3)
    choice = choose_policy([real], other, settings(), LABELS, twin.decide)
    assert (f1(twin, choice.policy, real), alarms(twin, choice.policy, other)) == (1.0, 0)
    assert choice.policy.smoothing_windows * choice.policy.thresholds[1] > 3


def test_a_noisy_class_gets_a_threshold_of_its_own(twin: Twin) -> None:
    """What is none looks like `up` more than `down` does, so one threshold cannot serve both."""
    real, other = gestures(0.99, 0.6), unknown(0.9, 0.3)
    choice = choose_policy([real], other, settings(), LABELS, twin.decide)
    assert (f1(twin, choice.policy, real), alarms(twin, choice.policy, other)) == (1.0, 0)
    assert choice.policy.thresholds[1] > 0.9 > 0.6 >= choice.policy.thresholds[2]


def test_a_rate_that_cannot_be_met_costs_no_gesture_and_is_told(twin: Twin) -> None:
    real, other = gestures(0.8, 0.8), unknown(0.8, 0.8)
    choice = choose_policy([real], other, settings(), LABELS, twin.decide)
    assert choice.f1 == f1(twin, choice.policy, real) >= 0.95
    assert choice.false_alarms_per_hour > 1
    assert "would cost more than 10%" in choice.how


def test_what_the_config_sets_is_not_chosen(twin: Twin) -> None:
    real, other = gestures(0.95, 0.95), unknown(0.7, 0.7)
    config = settings(threshold=0.6, refractory_s=0.2)
    policy = choose_policy([real], other, config, LABELS, twin.decide).policy
    assert (policy.thresholds, policy.refractory_s) == ((0.6,) * 3, 0.2)
    assert policy.background == "idle"


def test_too_little_to_choose_by_leaves_what_is_usual_and_says_why() -> None:
    two = takes(("up", "down"), each=2)
    assert why_not_chosen(settings(), two, LABELS) == ""
    few = why_not_chosen(settings(), two[:3], LABELS)
    assert few == "as usual: fewer than 2 takes of down to choose by"
    assert "without `idle`" in why_not_chosen(settings(), two, LABELS[1:])
    whole = settings(threshold=0.6, refractory_s=0.2, release=0.3, smoothing_windows=3)
    assert why_not_chosen(whole, two, LABELS) == "set in the config"
    assert usual_policy(settings(threshold=0.9), LABELS).thresholds == (0.9, 0.9, 0.9)
