"""Disturbances of windows, for robustness: rotation, gain, rate, drops, noise and clipping.

They change windows after cutting. Where a fast sensor or dropped samples would show what is outside
a window, its first or last sample is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from pipeline.core.artifacts import Float32
from pipeline.datasets.augment import channel_levels, random_rotations, rotate, white_noise

RANGE_DPS_PER_G = 500.0  # the ratio of the board's ranges: 4 g and 2000 deg/s

Disturb = Callable[[Float32, Sequence[str], float, Generator], Float32]


@dataclass(frozen=True)
class Disturbance:
    """A kind of disturbance with its levels.

    Args:
        levels: ascending.
        neutral: the level that changes nothing; it is one of the levels.
        apply: (windows float32 [n, T, channels], channels, level, random) -> new windows.
    """

    name: str
    meaning: str
    unit: str
    levels: tuple[float, ...]
    neutral: float
    apply: Disturb


def rotate_windows(
    windows: Float32, channels: Sequence[str], level_deg: float, random: Generator
) -> Float32:
    """Rotate each window about another random axis."""
    return rotate(windows, channels, random_rotations(np.full(len(windows), level_deg), random))


def scale_windows(
    windows: Float32, _channels: Sequence[str], factor: float, _random: Generator
) -> Float32:
    """Multiply every sample."""
    return windows * np.float32(factor)


def time_warp_windows(
    windows: Float32, _channels: Sequence[str], percent: float, _random: Generator
) -> Float32:
    """Make the gesture shorter or longer around the middle, by linear interpolation."""
    length = windows.shape[1]
    middle = (length - 1) / 2
    at = np.clip(middle + (np.arange(length) - middle) * (1 + percent / 100), 0, length - 1)
    below = np.minimum(at.astype(np.int64), length - 2)
    share = (at - below).astype(np.float32)[:, None]  # [T, 1]
    between: Float32 = windows[:, below] * (1 - share) + windows[:, below + 1] * share
    return between


def drop_samples(
    windows: Float32, _channels: Sequence[str], percent: float, random: Generator
) -> Float32:
    """Drop samples; as on the board the others close up, and the first one is repeated."""
    lost = random.random(windows.shape[:2]) < percent / 100  # [n, T]
    result = np.empty_like(windows)
    for window, dropped, target in zip(windows, lost, result, strict=True):
        count = int(dropped.sum())
        target[:count] = window[0]
        target[count:] = window[~dropped]
    return result


def add_noise(
    windows: Float32, channels: Sequence[str], level_g: float, random: Generator
) -> Float32:
    """Add white noise of this standard deviation, 100 deg/s for each g."""
    return windows + white_noise(windows.shape, channels, level_g, random)


def clip_windows(
    windows: Float32, channels: Sequence[str], range_g: float, _random: Generator
) -> Float32:
    """Clip samples at the ends of a smaller range, 500 deg/s for each g."""
    largest = channel_levels(channels, range_g, RANGE_DPS_PER_G)
    return np.clip(windows, -largest, largest).astype(np.float32)


DISTURBANCES = (
    Disturbance(
        "rotation",
        "the board rotated in the hand, each window about another axis",
        "deg",
        (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180),
        0,
        rotate_windows,
    ),
    Disturbance(
        "gain",
        "every sample times this factor: a softer or harder gesture",
        "times",
        (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0),
        1.0,
        scale_windows,
    ),
    Disturbance(
        "rate error",
        "a slower (below 0) or faster gesture, by the hand or by an error of the clock",
        "%",
        (-40, -30, -20, -15, -10, -5, 0, 5, 10, 15, 20, 30, 40),
        0,
        time_warp_windows,
    ),
    Disturbance(
        "dropped samples",
        "this share of the samples is lost; the others close up",
        "%",
        (0, 1, 2, 5, 10, 15, 20, 30, 40, 50),
        0,
        drop_samples,
    ),
    Disturbance(
        "noise",
        "white noise of this standard deviation, with 100 deg/s for each g",
        "g",
        (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0),
        0,
        add_noise,
    ),
    Disturbance(
        "clipping",
        "a sensor with this range, and 500 deg/s for each g",
        "g",
        (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0),
        4.0,
        clip_windows,
    ),
)
