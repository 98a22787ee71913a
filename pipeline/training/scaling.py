"""What brings samples to the size a network likes, fixed once, on training data only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.artifacts import IMU_UNITS, Float32
from pipeline.contract import Scaling

SMALLEST_STD = 1e-3  # one step of a recorded sample


def measure_scaling(inputs: Float32, channels: Sequence[str]) -> Scaling:
    """One factor a kind of sensor, no offset: turning the board changes no sample's length.

    inputs: [n, T, channels], the training part. Mean 0 keeps gravity where it is.
    """
    units = [IMU_UNITS.get(channel, channel) for channel in channels]
    std = {
        unit: float(np.std(inputs[..., [other == unit for other in units]], dtype=np.float64))
        for unit in units
    }
    return Scaling(
        mean=(0.0,) * len(channels), std=tuple(max(std[unit], SMALLEST_STD) for unit in units)
    )


def scale(inputs: Float32, scaling: Scaling) -> Float32:
    """As the contract says: (sample - mean) / std, a value a channel."""
    mean, std = np.array(scaling.mean), np.array(scaling.std)
    scaled: Float32 = ((inputs - mean) / std).astype(np.float32)
    return scaled
