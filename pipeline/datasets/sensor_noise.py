"""What a sensor adds to every motion: noise and a slow drift, in both kinds of channel alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.artifacts import IMU_UNITS, Float32
from pipeline.datasets.tempo import smooth_curve

NOISE_DPS_PER_G = 100.0  # a hand's tremor and cheap sensors have about this ratio
DRIFT_KNOT_S = 1.0  # how fast a bias wanders


def white_noise(
    shape: tuple[int, ...], channels: Sequence[str], level_g: float, random: Generator
) -> Float32:
    """[..., channels], of this standard deviation, and of as much in deg/s as goes with it."""
    noise = random.normal(size=shape) * a_channel(channels, level_g, NOISE_DPS_PER_G)
    return noise.astype(np.float32)


def slow_drift(
    n: int, channels: Sequence[str], rate_hz: float, level_g: float, random: Generator
) -> Float32:
    """[n, channels]: a bias of this standard deviation, another one every DRIFT_KNOT_S."""
    knots = 2 + int(n / rate_hz / DRIFT_KNOT_S)
    biases = random.normal(size=(knots, len(channels)))
    drift = smooth_curve(biases * a_channel(channels, level_g, NOISE_DPS_PER_G), n)
    return drift.astype(np.float32)


def a_channel(channels: Sequence[str], level_g: float, dps_per_g: float) -> NDArray[np.float64]:
    """[channels]: the level in g, or as many deg/s as go with it."""
    return np.array(
        [level_g if IMU_UNITS.get(name) == "g" else level_g * dps_per_g for name in channels]
    )
