"""Decision tuning: the policy that turns scores into events is chosen on validation data.

The twin computes the scores once. Each policy is then tried on them with the decision code of the
firmware. Validation takes are few, and the best of hundreds of policies on ten takes is luck. So
the choice begins at the usual policy and moves away from it only as far as the takes show: of all
policies whose F1 is within one take of the best, the nearest to the usual one is taken. This is the
one-standard-error rule of Breiman and others (CART, 1984) for policies tried on the same takes:
where they differ in d of n, all one way, the standard error of the difference is sqrt(d) / n.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.config.gesture_settings import DecisionConfig, GestureConfig
from pipeline.core.artifacts import Event, Int8, Int64, Recording
from pipeline.core.contract import DecisionPolicy
from pipeline.training.events import match_events
from pipeline.training.metrics import EventScore, score_events

Decide = Callable[[DecisionPolicy, Int8, Int64], list[Event]]

SMOOTHING = (2, 3, 4, 5, 7, 9, 12, 16)
THRESHOLDS = (0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.84, 0.88, 0.92, 0.96)
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
        cost: what the limit of false alarms costs in recall and delay; empty where not tried.
        shortfall: a sentence where the limit is not met, and by how much; else empty.
        f1: of its events; 0 where it was not tried.
        false_alarms_per_hour: on the negatives; 0 where not tried.
    """

    policy: DecisionPolicy
    how: str
    cost: str = ""
    shortfall: str = ""
    f1: float = 0.0
    false_alarms_per_hour: float = 0.0


@dataclass(frozen=True)
class _Candidate:
    policy: DecisionPolicy
    score: EventScore
    alarms: Counter[str]  # on the negatives, by label
    steps: int  # from the usual policy
    smooth_f1: float = 0.0  # with that of its neighbours in the grid


def validation_takes(
    validation: Sequence[Recording], labels: Sequence[str], background: str
) -> Counter[str]:
    """How many takes of each gesture there are to choose by."""
    takes = Counter({label: 0 for label in labels if label != background})
    for recording in validation:
        names = [interval.label for interval in recording.intervals] or [recording.label]
        takes.update(name for name in names if name in takes)
    return takes


def why_default_policy(config: GestureConfig, takes: Counter[str], labels: Sequence[str]) -> str:
    """Why the policy cannot be tuned by these validation takes; empty where it can."""
    background = config.data.background
    if config.decision.is_fixed:
        return "set in the config"
    if background not in labels:
        return f"the usual one: without `{background}` there is no motion that is no gesture"
    few = [label for label, count in takes.items() if count < LEAST_TAKES]
    if few:
        return f"the usual one: fewer than {LEAST_TAKES} validation takes of {few[0]} to choose by"
    return ""


def choose_policy(
    gestures: Sequence[ScoredStream],
    negatives: Sequence[ScoredStream],
    takes: int,
    config: GestureConfig,
    labels: Sequence[str],
    decide: Decide,
) -> Choice:
    """Choose a policy that meets `decision.false_alarms_per_hour`, near the usual one.

    First a grid is tried, with one threshold for all classes. For the best policies that have too
    many false alarms, the threshold of the class with the most is then raised, until the rate is
    met. Of those that meet the rate, the nearest to the usual policy is taken whose event F1 is
    within one take of the best. If all of them have an F1 below LEAST_SHARE of the best,
    the policy with the fewest false alarms above that F1 is taken, and `shortfall` says so.

    Args:
        gestures: validation streams with intervals.
        negatives: streams in which nothing is a gesture.
        takes: how many different ones are in `gestures`; a take may be in several streams.
        config: settings.
        labels: of the model.
        decide: the decision code of the firmware.
    """
    usual = config.default_policy(labels)
    names = [name for name in labels if name != usual.background]
    trial = _Trial(gestures, negatives, decide, names)
    hours = sum(one.stream.seconds for one in negatives) / 3600
    goal = config.decision.false_alarms_per_hour
    allowed = int(goal * hours)
    tried = _grid(usual, config.decision, trial)
    if config.decision.threshold is None:
        tried += _raised(tried, trial, labels, allowed)
    least = LEAST_SHARE * max(one.smooth_f1 for one in tried)
    good = [one for one in tried if one.smooth_f1 >= least]
    quiet = [one for one in good if one.alarms.total() <= allowed]
    chosen = (
        _nearest(quiet, takes)
        if quiet
        else min(good, key=lambda one: (one.alarms.total(), -one.smooth_f1))
    )
    return Choice(
        chosen.policy,
        _how(chosen, takes),
        _cost(chosen, _nearest(good, takes), hours, goal),
        "" if quiet else _shortfall(chosen.alarms.total() / hours, goal),
        chosen.score.f1,
        chosen.alarms.total() / hours,
    )


def _nearest(candidates: Sequence[_Candidate], takes: int) -> _Candidate:
    """The nearest to the usual policy, of those whose F1 is within one take of the best."""
    enough = max(one.smooth_f1 for one in candidates) - 1 / takes
    good = [one for one in candidates if one.smooth_f1 >= enough]
    return min(good, key=lambda one: (one.steps, -one.smooth_f1, one.alarms.total()))


def _how(chosen: _Candidate, takes: int) -> str:
    if chosen.steps == 0:
        return f"the usual one: on {takes} validation takes no other is surely better"
    return f"chosen on {takes} validation takes"


def _cost(chosen: _Candidate, unlimited: _Candidate, hours: float, goal: float) -> str:
    """The results on validation data, beside those of what would be chosen without the limit."""
    own, other = _results(chosen, hours), _results(unlimited, hours)
    without = "the same" if own == other else other
    return f"{own} on validation data; without the limit of {goal:g} it would be {without}"


def _results(one: _Candidate, hours: float) -> str:
    late_s = one.score.latency_median_s
    when = "after" if late_s >= 0 else "before"
    return (
        f"{one.score.recall:.0%} called, {abs(late_s):.2f} s {when} their end, "
        f"{one.alarms.total() / hours:.1f} false alarms an hour"
    )


def _shortfall(alarms_per_hour: float, goal: float) -> str:
    return (
        f"The limit of {goal:g} an hour is not met: {alarms_per_hour:.1f} false alarms an hour on "
        f"validation data, {alarms_per_hour - goal:.1f} too many. Fewer would have cost more than "
        f"{1 - LEAST_SHARE:.0%} of the event F1. Record more takes and more motion that is no "
        "gesture, or set decision.false_alarms_per_hour higher."
    )


@dataclass(frozen=True)
class _Trial:
    gestures: Sequence[ScoredStream]
    negatives: Sequence[ScoredStream]
    decide: Decide
    names: Sequence[str]

    def of(self, policy: DecisionPolicy, steps: int) -> _Candidate:
        matched = [
            match_events(self.decide(policy, stream.scores, stream.t_us), stream.stream, self.names)
            for stream in self.gestures
        ]
        return _Candidate(policy, score_events(matched), self.alarms(policy), steps)

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
        policy, alarms, steps = candidate.policy, candidate.alarms, candidate.steps
        while alarms.total() > allowed:
            noisiest = max(labels, key=lambda label: alarms[label])
            place = labels.index(noisiest)
            if policy.thresholds[place] >= HIGHEST_THRESHOLD:
                break
            thresholds = list(policy.thresholds)
            higher = 1 - (1 - thresholds[place]) * (1 - RAISE)
            thresholds[place] = round(min(HIGHEST_THRESHOLD, higher), 3)
            policy = policy.model_copy(update={"thresholds": tuple(thresholds)})
            alarms, steps = self.alarms(policy), steps + 1
        raised = self.of(policy, steps)
        smooth_f1 = raised.score.f1 + candidate.smooth_f1 - candidate.score.f1
        return replace(raised, smooth_f1=smooth_f1)


def _raised(
    tried: Sequence[_Candidate], trial: _Trial, labels: Sequence[str], allowed: int
) -> list[_Candidate]:
    """The usual policy and the best, where they have too many false alarms, with fewer."""
    noisy = [one for one in tried if one.alarms.total() > allowed]
    best = sorted(noisy, key=lambda one: (-one.smooth_f1, one.alarms.total()))[:RAISED]
    usual = [one for one in noisy if one.steps == 0 and one not in best]
    return [trial.with_raised_thresholds(one, labels, allowed) for one in (*usual, *best)]


def _grid(usual: DecisionPolicy, config: DecisionConfig, trial: _Trial) -> list[_Candidate]:
    """All policies of a grid, with smoothed F1: a peak of a single setting is luck."""
    threshold = usual.thresholds[0]  # the same for all classes
    axes = [
        _axis(usual.smoothing_windows, SMOOTHING, config.smoothing_windows),
        _axis(usual.refractory_s, REFRACTORY_S, config.refractory_s),
        _axis(threshold, THRESHOLDS, config.threshold),
        _axis(usual.release, RELEASES, config.release),
    ]
    tried = []
    for places in itertools.product(*(range(len(axis.values)) for axis in axes)):
        values = [axis.values[place] for axis, place in zip(axes, places, strict=True)]
        smoothing, refractory_s, threshold, release = values
        changes = {
            "smoothing_windows": int(smoothing),
            "refractory_s": refractory_s,
            "release": min(release, threshold),
            "thresholds": (threshold,) * len(usual.thresholds),
        }
        steps = sum(abs(place - axis.usual) for axis, place in zip(axes, places, strict=True))
        tried.append(trial.of(usual.model_copy(update=changes), steps))
    f1 = np.array([one.score.f1 for one in tried]).reshape([len(axis.values) for axis in axes])
    smooth = _with_neighbours(_with_neighbours(_with_neighbours(f1, 0), 1), 2).ravel().tolist()
    return [replace(one, smooth_f1=mean) for one, mean in zip(tried, smooth, strict=True)]


@dataclass(frozen=True)
class _Axis:
    """The values of a setting that are tried, in order; usual: the place of the usual one."""

    values: tuple[float, ...]
    usual: int


def _axis(usual: float, choices: Sequence[float], fixed: float | None) -> _Axis:
    values = sorted({usual, *(choices if fixed is None else ())})
    return _Axis(tuple(values), values.index(usual))


def _with_neighbours(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Half of each value and a quarter of both neighbours; at an edge the value is its own."""
    moved = np.moveaxis(values, axis, 0)
    padded = np.concatenate([moved[:1], moved, moved[-1:]])
    return np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)
