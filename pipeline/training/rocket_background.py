"""How readily a rocket network answers "no gesture": as readily as everyday motion asks for.

A network is sure of the people in the data, and less sure of the gestures of anybody else. How sure
it has to be cannot be learned from those it knows. But of everyday motion there are many people:
the score of the background is lowered until people whom a fit has not seen, and hands that rest in
a way that it has not seen, are called as often as the limit of false alarms allows. So a test is
set by its errors of one kind (Neyman and Pearson, Phil. Trans. R. Soc. A 231, 1933).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.config.gesture_settings import DEFAULT_THRESHOLD, GestureConfig
from pipeline.core.artifacts import Float64

MOVING = 0.25  # of the time, hands move as in recordings of everyday motion; else they rest
STRETCH_S = 5.0  # motion that is called once
SHIFTS = np.arange(0, -5.25, -0.25)  # nats; of a score below e^-5, int8 shows little


@dataclass(frozen=True)
class Stretches:
    """Motion in which nothing is a gesture.

    Args:
        logits: by fits without it: float64 [n, K] of the windows of each recording in order; the
            last of K is the background.
        apart: samples from a window to the next.
    """

    logits: Sequence[Float64]
    apart: int

    def hours(self, config: GestureConfig) -> float:
        """How long all of it is."""
        return sum(map(len, self.logits)) * self.apart / config.data.rate_hz / 3600

    def highest_scores(self, shift: float, config: GestureConfig) -> Float64:
        """The highest smoothed score of a gesture in each STRETCH_S of each recording."""
        usual = config.default_policy(()).smoothing_windows
        smoothed = max(1, round(usual * config.window.hop / self.apart))
        windows = max(1, round(STRETCH_S * config.data.rate_hz / self.apart))
        return np.concatenate([_highest(one, shift, smoothed, windows) for one in self.logits])


def background_shift(moving: Stretches, resting: Stretches, config: GestureConfig) -> float:
    """What is added to the logit of the background: 0 or less.

    Args:
        moving: everyday motion.
        resting: hands at rest.
        config: settings; its usual policy calls, and its limit of false alarms is that of hours in
            which hands move for a part of the time.

    Returns:
        0 where there is too little motion for one false alarm.
    """
    limit, hours = config.decision.false_alarms_per_hour, moving.hours(config)
    if limit / MOVING * hours < 1:
        return 0.0
    quiet = 0.0
    for shift in SHIFTS.tolist():
        alarms = MOVING * _called(moving, shift, config) / hours
        if resting.logits:
            alarms += (1 - MOVING) * _called(resting, shift, config) / resting.hours(config)
        if alarms > limit:
            break
        quiet = shift
    return quiet


def _called(stretches: Stretches, shift: float, config: GestureConfig) -> int:
    return int(np.count_nonzero(stretches.highest_scores(shift, config) >= DEFAULT_THRESHOLD))


def _highest(logits: Float64, shift: float, smoothed: int, stretch: int) -> Float64:
    """The highest smoothed score of a gesture in each stretch of a recording."""
    shifted = logits + np.append(np.zeros(logits.shape[1] - 1), shift)
    scores = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    sums = np.cumsum(scores[:, :-1], axis=0)
    sums[smoothed:] -= sums[:-smoothed].copy()
    means = sums.max(axis=1) / smoothed  # like a board, it begins with zeros
    return np.maximum.reduceat(means, np.arange(0, len(means), stretch))
