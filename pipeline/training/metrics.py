"""Metrics of outputs: of windows and of events."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import NO_TARGET, Float32, Int32, Int64, SequenceDataset
from pipeline.core.contract import Scaling
from pipeline.core.shares import CONFIDENCE
from pipeline.training.events import MatchedEvents
from pipeline.training.stateful import stateful_scores, windows_at_hops
from pipeline.training.training_data import scale


@dataclass(frozen=True)
class ClassScore:
    """Metrics of one class.

    Args:
        label: the class.
        windows: of this class, in the data.
        precision: of the windows predicted as this class, the share that is right.
        recall: of the windows of this class, the share that is predicted so.
        f1: the harmonic mean of both.
    """

    label: str
    windows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Metrics:
    """Metrics of all classes; confusion: int64 [true, predicted], in the order of the labels."""

    accuracy: float
    balanced_accuracy: float
    classes: tuple[ClassScore, ...]
    confusion: Int64


def classification_metrics(targets: Int32, predicted: Int64, labels: Sequence[str]) -> Metrics:
    """Metrics of predictions.

    Args:
        targets: int32 [n], an index into `labels`; n is at least 1.
        predicted: int64 [n], an index into `labels`.
        labels: names of the classes.
    """
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    return metrics_from_confusion(confusion, labels)


def metrics_from_confusion(confusion: Int64, labels: Sequence[str]) -> Metrics:
    """Metrics from a confusion matrix, int64 [true, predicted], of at least one window."""
    scores = tuple(_class_score(confusion, index, label) for index, label in enumerate(labels))
    present = [score.recall for score in scores if score.windows]
    return Metrics(
        accuracy=float(np.trace(confusion) / confusion.sum()),
        balanced_accuracy=float(np.mean(present)),
        classes=scores,
        confusion=confusion,
    )


def _class_score(confusion: Int64, index: int, label: str) -> ClassScore:
    right = int(confusion[index, index])
    windows, predicted = int(confusion[index].sum()), int(confusion[:, index].sum())
    precision = right / predicted if predicted else 0.0
    recall = right / windows if windows else 0.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0
    return ClassScore(label, windows, precision, recall, f1)


@dataclass(frozen=True)
class TestStream:
    """The streams of the test part, for a network that keeps its state.

    Args:
        inputs: float32 [n, T, C], scaled.
        begins: bool [n], which sequences begin a stream.
        places: int64 [m, 2], for each test window the sequence and the hop at its end.
    """

    inputs: Float32
    begins: NDArray[np.bool_]
    places: Int64


@dataclass(frozen=True)
class TestScores:
    """The test part, and the scores of the float network.

    Args:
        windows: float32 [m, window, C], scaled.
        targets: int32 [m], an index of a label.
        names: of their recordings.
        scores: float32 [m, K].
        stream: the streams the windows are from, where the network keeps its state.
    """

    windows: Float32
    targets: Int32
    names: tuple[str, ...]
    scores: Float32
    stream: TestStream | None


def score_test_part(
    model: Any, scaling: Scaling, dataset: SequenceDataset, config: GestureConfig
) -> TestScores:
    """Scores of the float network for the test part of a dataset."""
    chosen = dataset.splits["test"]
    names = tuple(dataset.groups[index] for index in chosen)
    inputs, targets = dataset.part("test")
    scaled = scale(inputs, scaling)
    if dataset.begins is None:
        return TestScores(scaled, targets, names, model.predict(scaled, verbose=0), None)
    hop = config.window.hop
    stream = TestStream(scaled, dataset.begins[chosen], np.argwhere(targets != NO_TARGET))
    rows, hops = stream.places.T
    return TestScores(
        windows=windows_at_hops(stream.places, scaled, config.window.length, hop),
        targets=targets[rows, hops],
        names=tuple(names[row] for row in rows),
        scores=stateful_scores(model, config.model, scaled, stream.begins, hop)[rows, hops],
        stream=stream,
    )


def no_better_than_one_answer(targets: Int32, accuracy: float, labels: Sequence[str]) -> str:
    """A sentence if the same answer to everything would be right as often; else empty."""
    counts = np.bincount(targets, minlength=len(labels))
    best = int(counts.argmax())
    share = float(counts[best] / counts.sum())
    if accuracy > share:
        return ""
    return (
        f"The model is no better than none: `{labels[best]}` as the answer to "
        f"everything would be right {share:.1%} of the time."
    )


HALVINGS = 60
MANY = 10_000


@dataclass(frozen=True)
class EventScore:
    """Metrics of the events of streams.

    Args:
        takes: as in MatchedEvents, like found, right, wrong, again and false.
        hours: the length of all streams.
        precision: events that found a gesture, of all events.
        recall: gestures found, of all gestures.
        f1: the harmonic mean of both.
        false_alarms_per_hour: `false` over `hours`.
        false_alarms_interval: its exact 95 % confidence interval.
        latency_median_s: from the end of a gesture to its event; 0 where none was found.
        latency_p95_s: the 95th percentile.
    """

    takes: int
    found: int
    right: int
    wrong: int
    again: int
    false: int
    hours: float
    precision: float
    recall: float
    f1: float
    false_alarms_per_hour: float
    false_alarms_interval: tuple[float, float]
    latency_median_s: float
    latency_p95_s: float


def score_events(streams: Sequence[MatchedEvents]) -> EventScore:
    """Metrics of all streams together; each event and gesture counts once."""
    takes, found = _sum(streams, "takes"), _sum(streams, "found")
    wrong, again, false = (_sum(streams, name) for name in ("wrong", "again", "false"))
    events = found + wrong + again + false
    hours = sum(stream.seconds for stream in streams) / 3600
    latencies_s = [latency for stream in streams for latency in stream.latencies_s] or [0.0]
    low, high = poisson_interval(false)
    return EventScore(
        takes=takes,
        found=found,
        right=_sum(streams, "right"),
        wrong=wrong,
        again=again,
        false=false,
        hours=hours,
        precision=found / events if events else 0.0,
        recall=found / takes if takes else 0.0,
        f1=2 * found / (takes + events) if takes + events else 0.0,
        false_alarms_per_hour=false / hours if hours else 0.0,
        false_alarms_interval=(low / hours, high / hours) if hours else (0.0, 0.0),
        latency_median_s=float(np.median(latencies_s)),
        latency_p95_s=float(np.percentile(latencies_s, 95)),
    )


def _sum(streams: Sequence[MatchedEvents], name: str) -> int:
    return sum(getattr(stream, name) for stream in streams)


@cache
def poisson_interval(count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact confidence interval of a Poisson mean (Garwood, Biometrika 28, 1936).

    Above MANY the cube root is as good (Wilson and Hilferty, PNAS 17, 1931).

    Args:
        count: of events seen.
        confidence: 0 to 1.
    """
    tail = (1 - confidence) / 2
    if count > MANY:
        return _by_cube_root(count, -1, tail), _by_cube_root(count + 1, 1, tail)
    low = 0.0 if count == 0 else _solve(lambda mean: 1 - _at_most(count - 1, mean), tail, count)
    return low, _solve(lambda mean: -_at_most(count, mean), -tail, count)


def _by_cube_root(count: int, side: int, tail: float) -> float:
    width = NormalDist().inv_cdf(1 - tail) / (3 * math.sqrt(count))
    return float(count * (1 - 1 / (9 * count) + side * width) ** 3)


def _solve(rising: Callable[[float], float], target: float, count: int) -> float:
    """The mean at which a rising function reaches `target`, by bisection."""
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 10
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def _at_most(count: int, mean: float) -> float:
    """The probability of at most `count` events where `mean` are expected."""
    if mean <= 0:
        return 1.0
    terms = (n * math.log(mean) - mean - math.lgamma(n + 1) for n in range(count + 1))
    return min(1.0, math.fsum(math.exp(term) for term in terms))
