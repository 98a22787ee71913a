"""Turning a board: both of its triads by the same rotation, as they are soldered to one board."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.artifacts import Float32

TRIADS = (("ax", "ay", "az"), ("gx", "gy", "gz"))

Rotations = NDArray[np.float64]  # [..., 3, 3]


def random_rotations(angles_deg: NDArray[np.float64], random: Generator) -> Rotations:
    """[n, 3, 3]: by each of `angles_deg`, [n], about an axis at random (Rodrigues' formula)."""
    axes = random.normal(size=(len(angles_deg), 3))
    x, y, z = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).T
    zero = np.zeros_like(x)
    cross = np.moveaxis(np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]), -1, 0)
    angles = np.deg2rad(angles_deg)[:, None, None]
    rotations: Rotations = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * cross @ cross
    return rotations


def turn(samples: Float32, channels: Sequence[str], rotations: Rotations) -> Float32:
    """samples: [..., T, channels]; a sensor with fewer than three axes is left as it is."""
    turned = samples.copy()
    for triad in TRIADS:
        if all(axis in channels for axis in triad):
            columns = [channels.index(axis) for axis in triad]
            turned[..., columns] = samples[..., columns] @ np.swapaxes(rotations, -1, -2)
    return turned
