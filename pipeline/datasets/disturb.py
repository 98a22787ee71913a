"""What can befall a gesture on its way to the network, by how much: for finding where it fails.

Windows are disturbed after they were cut. What would come into view from outside a window, with
a sensor that runs fast or loses samples, is not known; its first or last sample stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from pipeline.artifacts import Float32
from pipeline.datasets.sensor_noise import a_channel, white_noise
from pipeline.datasets.turning import random_rotations, turn

RANGE_DPS_PER_G = 500.0  # of the board's own ranges: 4 g and 2000 deg/s

Disturb = Callable[[Float32, Sequence[str], float, Generator], Float32]


@dataclass(frozen=True)
class Disturbance:
    """apply: windows float32 [n, T, channels], channels, level, random -> windows alike.

    levels: ascending, in `unit`; at `neutral`, which is one of them, nothing changes.
    """

    name: str
    meaning: str
    unit: str
    levels: tuple[float, ...]
    neutral: float
    apply: Disturb


def turned(
    windows: Float32, channels: Sequence[str], level_deg: float, random: Generator
) -> Float32:
    """Each window about a random axis of its own."""
    return turn(windows, channels, random_rotations(np.full(len(windows), level_deg), random))


def swung(windows: Float32, _channels: Sequence[str], factor: float, _random: Generator) -> Float32:
    return windows * np.float32(factor)


def hurried(
    windows: Float32, _channels: Sequence[str], percent: float, _random: Generator
) -> Float32:
    """About the window's middle, by straight lines between samples: the gesture gets shorter."""
    length = windows.shape[1]
    middle = (length - 1) / 2
    at = np.clip(middle + (np.arange(length) - middle) * (1 + percent / 100), 0, length - 1)
    below = np.minimum(at.astype(np.int64), length - 2)
    share = (at - below).astype(np.float32)[:, None]  # [T, 1]
    between: Float32 = windows[:, below] * (1 - share) + windows[:, below + 1] * share
    return between


def thinned(
    windows: Float32, _channels: Sequence[str], percent: float, random: Generator
) -> Float32:
    """As on the board, the samples that are left close up; the first one stands before them."""
    lost = random.random(windows.shape[:2]) < percent / 100  # [n, T]
    result = np.empty_like(windows)
    for window, gone, into in zip(windows, lost, result, strict=True):
        count = int(gone.sum())
        into[:count] = window[0]
        into[count:] = window[~gone]
    return result


def shaken(windows: Float32, channels: Sequence[str], level_g: float, random: Generator) -> Float32:
    """White noise of this standard deviation, and of as much in deg/s as goes with it."""
    return windows + white_noise(windows.shape, channels, level_g, random)


def clipped(
    windows: Float32, channels: Sequence[str], range_g: float, _random: Generator
) -> Float32:
    largest = a_channel(channels, range_g, RANGE_DPS_PER_G)
    return np.clip(windows, -largest, largest).astype(np.float32)


DISTURBANCES = (
    Disturbance(
        "rotation",
        "the board turned in the hand, each window about another axis",
        "deg",
        (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180),
        0,
        turned,
    ),
    Disturbance(
        "gain",
        "every sample times this factor: a hand that swings softer or harder",
        "times",
        (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0),
        1.0,
        swung,
    ),
    Disturbance(
        "rate error",
        "a gesture that comes slower (below 0) or faster, by the hand or by a clock that errs",
        "%",
        (-40, -30, -20, -15, -10, -5, 0, 5, 10, 15, 20, 30, 40),
        0,
        hurried,
    ),
    Disturbance(
        "dropped samples",
        "this share of the samples never arrives; the others close up",
        "%",
        (0, 1, 2, 5, 10, 15, 20, 30, 40, 50),
        0,
        thinned,
    ),
    Disturbance(
        "noise",
        "white noise of this standard deviation, with 100 deg/s for each g",
        "g",
        (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0),
        0,
        shaken,
    ),
    Disturbance(
        "clipping",
        "a sensor that ends at this value, and at 500 deg/s for each g",
        "g",
        (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0),
        4.0,
        clipped,
    ),
)
