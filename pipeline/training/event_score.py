"""What events come to: precision, recall, F1, false alarms an hour, and how late they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.training.events import Calls

CONFIDENCE = 0.95
HALVINGS = 60


@dataclass(frozen=True)
class EventScore:
    """precision: events that found a gesture, of all events; recall: gestures found, of all.

    takes, found, right, wrong, again, false: as in Calls. false_alarms_per_hour: `false` over
    all hours, with its exact interval of 95 %. latency_s: from a gesture's end to its event,
    the median and the 95th percentile; 0 where none was found.
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


def score_events(streams: Sequence[Calls]) -> EventScore:
    """Of all streams together, each event and gesture counted once."""
    takes, found = _sum(streams, "takes"), _sum(streams, "found")
    wrong, again, false = (_sum(streams, name) for name in ("wrong", "again", "false"))
    events = found + wrong + again + false
    hours = sum(calls.seconds for calls in streams) / 3600
    latencies_s = [latency for calls in streams for latency in calls.latencies_s] or [0.0]
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


def _sum(streams: Sequence[Calls], name: str) -> int:
    return sum(getattr(calls, name) for calls in streams)


def poisson_interval(count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of the mean of which `count` was seen (Garwood, Biometrika 28, 1936)."""
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _solve(lambda mean: 1 - _at_most(count - 1, mean), tail, count)
    return low, _solve(lambda mean: -_at_most(count, mean), -tail, count)


def _solve(rising: Callable[[float], float], target: float, count: int) -> float:
    """Where the function of the mean reaches `target`, by halving."""
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 10
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def _at_most(count: int, mean: float) -> float:
    """The chance of `count` or fewer where `mean` are expected."""
    if mean <= 0:
        return 1.0
    terms = (n * math.log(mean) - mean - math.lgamma(n + 1) for n in range(count + 1))
    return min(1.0, math.fsum(math.exp(term) for term in terms))
