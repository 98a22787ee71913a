"""How scores become events: the policy chosen on validation data.

The network's scores are worked out once, by the twin; each policy is then tried on them by the
firmware's own decision.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Event, Int8, Int64, Recording
from pipeline.config_gestures import DecisionConfig, GestureConfig
from pipeline.contract import DecisionPolicy
from pipeline.training.event_score import score_events
from pipeline.training.events import judge

Decide = Callable[[DecisionPolicy, Int8, Int64], list[Event]]

USUAL_SMOOTHING = 16  # with a hop of 67 ms about a second
USUAL_THRESHOLD = 0.58
USUAL_RELEASE = 0.3
USUAL_REFRACTORY_S = 1.2

SMOOTHING = (2, 3, 4, 5, 7, 9, 12, 16)
THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.92, 0.96)
RELEASES = (0.3, 0.5)
REFRACTORY_S = (0.3, 0.6, 0.9, 1.2)
REPAIRED = 8  # policies with too many false alarms whose thresholds are raised class by class
RAISE = 0.3  # of what is left to 1
HIGHEST_THRESHOLD = 0.995
LEAST_TAKES = 2  # of a gesture, to choose by
LEAST_SHARE = 0.9  # of the best F1 there is, below which fewer false alarms are not worth it


@dataclass(frozen=True)
class Heard:
    """A stream, and what the network says to it: int8 [windows, classes], ended at int64 t_us."""

    stream: Recording
    scores: Int8
    t_us: Int64


@dataclass(frozen=True)
class Choice:
    """A policy, how it was come by, and what it does on validation data; 0 where not tried."""

    policy: DecisionPolicy
    how: str
    f1: float = 0.0
    false_alarms_per_hour: float = 0.0


@dataclass(frozen=True)
class _Tried:
    policy: DecisionPolicy
    f1: float
    alarms: Counter[str]  # on unknown motion, by what was called
    worth: float = 0.0  # what it is chosen by


def usual_policy(config: GestureConfig, labels: Sequence[str]) -> DecisionPolicy:
    """As the config has it, with the usual value where it leaves the choice."""
    decision, background = config.decision, config.data.background
    return DecisionPolicy(
        smoothing_windows=_or(decision.smoothing_windows, USUAL_SMOOTHING),
        thresholds=(_or(decision.threshold, USUAL_THRESHOLD),) * len(labels),
        release=_or(decision.release, USUAL_RELEASE),
        refractory_s=_or(decision.refractory_s, USUAL_REFRACTORY_S),
        background=background if background in labels else None,
    )


def why_not_chosen(config: GestureConfig, held: Sequence[Recording], labels: Sequence[str]) -> str:
    """Why the policy cannot be chosen by the recordings `held`; empty where it can."""
    background = config.data.background
    if config.decision.is_fixed:
        return "set in the config"
    if background not in labels:
        return f"as usual: without `{background}` there is no motion that is no gesture"
    takes: Counter[str] = Counter()
    for recording in held:
        names = [interval.label for interval in recording.intervals]
        takes.update(names or [recording.label])
    few = [label for label in labels if label != background and takes[label] < LEAST_TAKES]
    if few:
        return f"as usual: fewer than {LEAST_TAKES} takes of {few[0]} to choose by"
    return ""


def choose_policy(
    gestures: Sequence[Heard],
    unknown: Heard,
    config: GestureConfig,
    labels: Sequence[str],
    decide: Decide,
) -> Choice:
    """The policy with the best event F1 of those that meet `decision.false_alarms_per_hour`.

    gestures: validation streams with intervals; unknown: one in which nothing is a gesture.
    First a grid with one threshold for all classes; then, for the best that have too many false
    alarms, the threshold of the class with the most is raised until they are few enough. Where
    all that meet the rate are worth less than LEAST_SHARE of the best, the policy with the fewest
    false alarms that is not is taken, and `how` says so.
    """
    usual = usual_policy(config, labels)
    trial = _Trial(gestures, unknown, decide, [name for name in labels if name != usual.background])
    hours = len(unknown.stream) / unknown.stream.rate_hz / 3600
    allowed = int(config.decision.false_alarms_per_hour * hours)
    tried = _on_a_grid(usual, config.decision, trial)
    if config.decision.threshold is None:
        noisy = [one for one in tried if one.alarms.total() > allowed]
        best = sorted(noisy, key=lambda one: (-one.worth, one.alarms.total()))[:REPAIRED]
        tried += [trial.repaired(one, labels, allowed) for one in best]
    least = LEAST_SHARE * max(one.worth for one in tried)
    good = [one for one in tried if one.worth >= least]
    quiet = [one for one in good if one.alarms.total() <= allowed]
    if quiet:
        chosen = max(quiet, key=lambda one: (one.worth, -one.alarms.total()))
        how = "chosen on validation data"
    else:
        chosen = min(good, key=lambda one: (one.alarms.total(), -one.worth))
        how = (
            f"chosen on validation data; {config.decision.false_alarms_per_hour:g} false alarms "
            f"an hour would cost more than {1 - LEAST_SHARE:.0%} of the event F1"
        )
    return Choice(chosen.policy, how, chosen.f1, chosen.alarms.total() / hours)


@dataclass(frozen=True)
class _Trial:
    gestures: Sequence[Heard]
    unknown: Heard
    decide: Decide
    names: Sequence[str]

    def of(self, policy: DecisionPolicy) -> _Tried:
        calls = [
            judge(self.decide(policy, heard.scores, heard.t_us), heard.stream, self.names)
            for heard in self.gestures
        ]
        return _Tried(policy, score_events(calls).f1, self.alarms(policy))

    def alarms(self, policy: DecisionPolicy) -> Counter[str]:
        events = self.decide(policy, self.unknown.scores, self.unknown.t_us)
        return Counter(event.label for event in events)

    def repaired(self, tried: _Tried, labels: Sequence[str], allowed: int) -> _Tried:
        """With the threshold of the noisiest class raised, again and again."""
        policy, alarms = tried.policy, tried.alarms
        while alarms.total() > allowed:
            noisiest = max(labels, key=lambda label: alarms[label])
            place = labels.index(noisiest)
            if policy.thresholds[place] >= HIGHEST_THRESHOLD:
                break
            raised = list(policy.thresholds)
            raised[place] = round(min(HIGHEST_THRESHOLD, 1 - (1 - raised[place]) * (1 - RAISE)), 3)
            policy = policy.model_copy(update={"thresholds": tuple(raised)})
            alarms = self.alarms(policy)
        repaired = self.of(policy)
        return replace(repaired, worth=repaired.f1 + tried.worth - tried.f1)


def _on_a_grid(usual: DecisionPolicy, config: DecisionConfig, trial: _Trial) -> list[_Tried]:
    """Each is worth what its neighbours are: a peak that is one setting wide is luck."""
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
            "thresholds": (threshold,) * len(usual.thresholds),
        }
        tried.append(trial.of(usual.model_copy(update=changes)))
    f1 = np.array([one.f1 for one in tried]).reshape([len(axis) for axis in axes])
    worth = _with_neighbours(_with_neighbours(_with_neighbours(f1, 0), 1), 2).ravel().tolist()
    return [replace(one, worth=mean) for one, mean in zip(tried, worth, strict=True)]


def _with_neighbours(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Half of each and a quarter of either neighbour; at an edge it is its own neighbour."""
    moved = np.moveaxis(values, axis, 0)
    padded = np.concatenate([moved[:1], moved, moved[-1:]])
    return np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)


def _choices(fixed: float | None, choices: Iterable[float]) -> Iterable[float]:
    return choices if fixed is None else (fixed,)


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value
