"""How readily a rocket network answers "no gesture": as readily as everyday motion asks for.

A network is sure of the people in the data, and less sure of the gestures of anybody else. How sure
it has to be cannot be learned from those it knows. But of everyday motion there are many people:
the score of the background is lowered until people whom a fit has not seen are called as often as
the limit of false alarms allows. So a test is set by its errors of one kind (Neyman and Pearson,
Phil. Trans. R. Soc. A 231, 1933).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.config.gesture_settings import DEFAULT_THRESHOLD, GestureConfig
from pipeline.core.artifacts import Float64

MOVING = 0.25  # of the time, hands move as in recordings of everyday motion; else they rest
STRETCH_S = 5.0  # motion that is called once
SHIFTS = np.arange(0, -5.25, -0.25)  # nats; of a score below e^-5, int8 shows little


def background_shift(recordings: Sequence[Float64], apart: int, config: GestureConfig) -> float:
    """What is added to the logit of the background: 0 or less.

    Args:
        recordings: logits of everyday motion, by fits without its people: float64 [n, K] of the
            windows of each recording in order; the last of K is the background.
        apart: samples from a window to the next.
        config: settings; its usual policy calls, and its limit of false alarms is that of the
            hours in which these recordings are a part.

    Returns:
        0 where there is too little motion for one false alarm.
    """
    window_s = apart / config.data.rate_hz
    hours = sum(map(len, recordings)) * window_s / 3600
    allowed = int(config.decision.false_alarms_per_hour / MOVING * hours)
    if not allowed:
        return 0.0
    policy = config.default_policy(())
    smoothed = max(1, round(policy.smoothing_windows * config.window.hop / apart))
    stretch = max(1, round(STRETCH_S / window_s))
    quiet = 0.0
    for shift in SHIFTS.tolist():
        scores = np.concatenate([_highest(one, shift, smoothed, stretch) for one in recordings])
        if np.count_nonzero(scores >= DEFAULT_THRESHOLD) > allowed:
            break
        quiet = shift
    return quiet


def _highest(logits: Float64, shift: float, smoothed: int, stretch: int) -> Float64:
    """The highest smoothed score of a gesture in each stretch of a recording."""
    shifted = logits + np.append(np.zeros(logits.shape[1] - 1), shift)
    scores = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    sums = np.cumsum(scores[:, :-1], axis=0)
    sums[smoothed:] -= sums[:-smoothed].copy()
    means = sums.max(axis=1) / smoothed  # like a board, it begins with zeros
    return np.maximum.reduceat(means, np.arange(0, len(means), stretch))
