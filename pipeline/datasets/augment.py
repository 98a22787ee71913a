"""Small, label-preserving changes to a take, so that a few takes stand for many.

The same hand never grips the board, swings or hurries quite the same way twice.
After Um et al., "Data augmentation of wearable sensor data", ICMI 2017 (rotation, scaling,
time-warping).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.artifacts import Float32, Recording
from pipeline.config import AugmentConfig

TRIADS = (("ax", "ay", "az"), ("gx", "gy", "gz"))


def vary(take: Recording, config: AugmentConfig, random: Generator) -> Recording:
    """`take` turned in the hand, swung harder or softer, and faster or slower."""
    samples = _stretched(take.samples, 1.0 + random.uniform(-1, 1) * config.stretch)
    samples = samples * np.float32(1.0 + random.uniform(-1, 1) * config.gain)
    rotation = small_rotation(config.rotation_deg, random)
    samples = _turned(samples, take.channels, rotation)
    length = len(samples)
    t_us = take.t_us[0] + np.rint(np.arange(length) * 1e6 / take.rate_hz).astype(np.int64)
    return replace(take, samples=samples, seq=np.arange(length), t_us=t_us, gaps=())


def small_rotation(largest_deg: float, random: Generator) -> NDArray[np.float64]:
    """A rotation matrix about a random axis by at most `largest_deg` (Rodrigues' formula)."""
    axis = random.normal(size=3)
    x, y, z = axis / np.linalg.norm(axis)
    angle = np.deg2rad(random.uniform(-largest_deg, largest_deg))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: NDArray[np.float64] = (
        np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    )
    return rotation


def _turned(samples: Float32, channels: Sequence[str], rotation: NDArray[np.float64]) -> Float32:
    """A sensor with fewer than three axes cannot be turned; it is left as it is."""
    turned = samples.copy()
    for triad in TRIADS:
        if all(axis in channels for axis in triad):
            columns = [channels.index(axis) for axis in triad]
            turned[:, columns] = samples[:, columns] @ rotation.T.astype(np.float32)
    return turned


def _stretched(samples: Float32, factor: float) -> Float32:
    """[n, channels] to [round(n * factor), channels], by straight lines between samples."""
    before = np.arange(len(samples))
    at = np.linspace(0, len(samples) - 1, max(2, round(len(samples) * factor)))
    columns = [np.interp(at, before, column) for column in samples.T]
    return np.stack(columns, axis=1).astype(np.float32)
