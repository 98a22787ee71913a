"""A rotation-invariant front, tried before it would be built into the board's C: every window is
turned so that its mean acceleration, which is gravity where the hand is not thrown about, points
along z. What is left open, the turn about z, is whatever the shortest way leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.core.artifacts import Float32
from pipeline.datasets.augment import TRIADS, Rotations, rotate

UP = np.array([0.0, 0.0, 1.0])
LEAST_G = 0.05  # with less than this no direction can be told


def gravity_aligned(windows: Float32, channels: Sequence[str]) -> Float32:
    """windows: float32 [n, T, channels]; a window without gravity in it is left as it is."""
    columns = [channels.index(axis) for axis in TRIADS[0]]
    means = windows[..., columns].mean(axis=1, dtype=np.float64)  # [n, 3]
    return rotate(windows, channels, _shortest_turns(means))


def _shortest_turns(directions: np.ndarray) -> Rotations:
    """[n, 3, 3] that turn each direction, [n, 3], to z the shortest way (Rodrigues' formula)."""
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    known = lengths[:, 0] > LEAST_G
    unit = np.where(known[:, None], directions / np.maximum(lengths, LEAST_G), UP)
    x, y, z = unit.T
    zero = np.zeros_like(x)
    axis = np.moveaxis(np.array([[zero, zero, -x], [zero, zero, -y], [x, y, zero]]), -1, 0)
    rotations: Rotations = np.eye(3) + axis + axis @ axis / np.maximum(1 + z, 1e-6)[:, None, None]
    return rotations
