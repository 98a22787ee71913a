"""Decision tuning: the policy that turns scores into events is chosen on validation data.

The twin computes the scores once. Each policy is then tried on them with the decision code of the
firmware.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.config.gesture_settings import DecisionConfig, GestureConfig
from pipeline.core.artifacts import Event, Int8, Int64, Recording
from pipeline.core.contract import DecisionPolicy
from pipeline.training.events import match_events
from pipeline.training.metrics import score_events

Decide = Callable[[DecisionPolicy, Int8, Int64], list[Event]]

SMOOTHING = (2, 3, 4, 5, 7, 9, 12, 16)
THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.92, 0.96)
RELEASES = (0.3, 0.5)
REFRACTORY_S = (0.3, 0.6, 0.9, 1.2)
RAISED = 8  # policies with too many false alarms whose thresholds are raised, class by class
RAISE = 0.3  # a step, as a share of the distance to 1
HIGHEST_THRESHOLD = 0.995
LEAST_TAKES = 2  # of each gesture, to tune with
LEAST_SHARE = 0.9  # of the best F1; fewer false alarms are not worth more


@dataclass(frozen=True)
class ScoredStream:
    """A stream and the scores of the network for it.

    Args:
        stream: with intervals.
        scores: int8 [windows, classes].
        t_us: int64 [windows], the end of each window.
    """

    stream: Recording
    scores: Int8
    t_us: Int64


@dataclass(frozen=True)
class Choice:
    """A policy and its results on validation data.

    Args:
        policy: the policy.
        how: how it was chosen, for people.
        f1: of its events; 0 where it was not tried.
        false_alarms_per_hour: on synthetic negatives and everyday motion; 0 where not tried.
    """

    policy: DecisionPolicy
    how: str
    f1: float = 0.0
    false_alarms_per_hour: float = 0.0


@dataclass(frozen=True)
class _Candidate:
    policy: DecisionPolicy
    f1: float
    alarms: Counter[str]  # on the negatives, by label
    smooth_f1: float = 0.0  # with that of its neighbours in the grid


def why_default_policy(
    config: GestureConfig, validation: Sequence[Recording], labels: Sequence[str]
) -> str:
    """Why the policy cannot be tuned on the validation recordings; empty where it can."""
    background = config.data.background
    if config.decision.is_fixed:
        return "set in the config"
    if background not in labels:
        return f"as usual: without `{background}` there is no motion that is no gesture"
    takes: Counter[str] = Counter()
    for recording in validation:
        names = [interval.label for interval in recording.intervals]
        takes.update(names or [recording.label])
    few = [label for label in labels if label != background and takes[label] < LEAST_TAKES]
    if few:
        return f"as usual: fewer than {LEAST_TAKES} takes of {few[0]} to choose by"
    return ""


def choose_policy(
    gestures: Sequence[ScoredStream],
    negatives: Sequence[ScoredStream],
    config: GestureConfig,
    labels: Sequence[str],
    decide: Decide,
) -> Choice:
    """Choose the policy with the best event F1 that meets `decision.false_alarms_per_hour`.

    First a grid is tried, with one threshold for all classes. For the best policies that have too
    many false alarms, the threshold of the class with the most is then raised, until the rate is
    met. If all that meet the rate have an F1 below LEAST_SHARE of the best, the policy with the
    fewest false alarms above that F1 is taken, and `how` says so.

    Args:
        gestures: validation streams with intervals.
        negatives: streams in which nothing is a gesture.
        config: settings.
        labels: of the model.
        decide: the decision code of the firmware.
    """
    default = config.default_policy(labels)
    trial = _Trial(
        gestures, negatives, decide, [name for name in labels if name != default.background]
    )
    hours = sum(one.stream.seconds for one in negatives) / 3600
    allowed = int(config.decision.false_alarms_per_hour * hours)
    tried = _grid(default, config.decision, trial)
    if config.decision.threshold is None:
        noisy = [one for one in tried if one.alarms.total() > allowed]
        best = sorted(noisy, key=lambda one: (-one.smooth_f1, one.alarms.total()))[:RAISED]
        tried += [trial.with_raised_thresholds(one, labels, allowed) for one in best]
    least = LEAST_SHARE * max(one.smooth_f1 for one in tried)
    good = [one for one in tried if one.smooth_f1 >= least]
    quiet = [one for one in good if one.alarms.total() <= allowed]
    if quiet:
        chosen = max(quiet, key=lambda one: (one.smooth_f1, -one.alarms.total()))
        how = "chosen on validation data"
    else:
        chosen = min(good, key=lambda one: (one.alarms.total(), -one.smooth_f1))
        how = (
            f"chosen on validation data; {chosen.alarms.total() / hours:.1f} false alarms an hour "
            f"there, {config.decision.false_alarms_per_hour:g} is the goal: it would cost more "
            f"than {1 - LEAST_SHARE:.0%} of the event F1"
        )
    return Choice(chosen.policy, how, chosen.f1, chosen.alarms.total() / hours)


@dataclass(frozen=True)
class _Trial:
    gestures: Sequence[ScoredStream]
    negatives: Sequence[ScoredStream]
    decide: Decide
    names: Sequence[str]

    def of(self, policy: DecisionPolicy) -> _Candidate:
        matched = [
            match_events(self.decide(policy, stream.scores, stream.t_us), stream.stream, self.names)
            for stream in self.gestures
        ]
        return _Candidate(policy, score_events(matched).f1, self.alarms(policy))

    def alarms(self, policy: DecisionPolicy) -> Counter[str]:
        return Counter(
            event.label
            for stream in self.negatives
            for event in self.decide(policy, stream.scores, stream.t_us)
        )

    def with_raised_thresholds(
        self, candidate: _Candidate, labels: Sequence[str], allowed: int
    ) -> _Candidate:
        """Raise the threshold of the class with the most false alarms, until they are few."""
        policy, alarms = candidate.policy, candidate.alarms
        while alarms.total() > allowed:
            noisiest = max(labels, key=lambda label: alarms[label])
            place = labels.index(noisiest)
            if policy.thresholds[place] >= HIGHEST_THRESHOLD:
                break
            thresholds = list(policy.thresholds)
            higher = 1 - (1 - thresholds[place]) * (1 - RAISE)
            thresholds[place] = round(min(HIGHEST_THRESHOLD, higher), 3)
            policy = policy.model_copy(update={"thresholds": tuple(thresholds)})
            alarms = self.alarms(policy)
        raised = self.of(policy)
        return replace(raised, smooth_f1=raised.f1 + candidate.smooth_f1 - candidate.f1)


def _grid(default: DecisionPolicy, config: DecisionConfig, trial: _Trial) -> list[_Candidate]:
    """All policies of a grid, with smoothed F1: a peak of a single setting is luck."""
    axes = [
        tuple(_choices(config.smoothing_windows, SMOOTHING)),
        tuple(_choices(config.refractory_s, REFRACTORY_S)),
        tuple(_choices(config.threshold, THRESHOLDS)),
        tuple(_choices(config.release, RELEASES)),
    ]
    tried = []
    for smoothing, refractory_s, threshold, release in itertools.product(*axes):
        changes = {
            "smoothing_windows": smoothing,
            "refractory_s": refractory_s,
            "release": min(release, threshold),
            "thresholds": (threshold,) * len(default.thresholds),
        }
        tried.append(trial.of(default.model_copy(update=changes)))
    f1 = np.array([one.f1 for one in tried]).reshape([len(axis) for axis in axes])
    smooth = _with_neighbours(_with_neighbours(_with_neighbours(f1, 0), 1), 2).ravel().tolist()
    return [replace(one, smooth_f1=mean) for one, mean in zip(tried, smooth, strict=True)]


def _with_neighbours(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Half of each value and a quarter of both neighbours; at an edge the value is its own."""
    moved = np.moveaxis(values, axis, 0)
    padded = np.concatenate([moved[:1], moved, moved[-1:]])
    return np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)


def _choices(fixed: float | None, choices: Iterable[float]) -> Iterable[float]:
    return choices if fixed is None else (fixed,)
