"""Label-preserving changes to a recording, so that a few takes stand for many.

The same hand never grips the board, swings or hurries quite the same way twice, and no two
boards are mounted or err alike. Made anew for every training, by the seed; nothing is saved.
After Um et al., "Data augmentation of wearable sensor data", ICMI 2017 (rotation, scaling,
time-warping, jittering), and Iwana and Uchida, PLOS ONE 16(7), 2021.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from pipeline.artifacts import Float32, Recording
from pipeline.config_augment import AugmentConfig
from pipeline.datasets.sensor_noise import slow_drift, white_noise
from pipeline.datasets.tempo import at_pace, pace
from pipeline.datasets.turning import random_rotations, turn


def vary(
    recording: Recording, config: AugmentConfig, number: int, rests: Sequence[Float32] = ()
) -> Recording:
    """The `number`th variation of a recording: the motion first, then the board, then its sensor.

    rests: what moves a hand that makes no gesture, see idle.rests_in; without any, none is mixed
    in. The seed, the recording's name and `number` alone decide, and each switch draws by itself:
    one that is turned on leaves what the others do as it was.
    """
    start = (config.seed, number, zlib.crc32(recording.name.encode()))
    tempo, motion, board, sensor, axis = np.random.default_rng(start).spawn(5)
    rate_hz, channels = recording.rate_hz, recording.channels
    positions = pace(len(recording), rate_hz, config.stretch, config.warp, tempo)
    varied = at_pace(recording, positions)
    samples = varied.samples * np.float32(1.0 + motion.uniform(-1, 1) * config.gain)
    samples = samples + _some_rest(samples.shape, rests, config.idle_mix, motion)
    samples = _turned(samples, channels, config, board)
    samples += slow_drift(len(samples), channels, rate_hz, config.drift_g, sensor)
    level_g = sensor.uniform(0, config.jitter_g)
    samples += white_noise(samples.shape, channels, level_g, sensor)
    samples = _with_a_dead_axis(samples, config.axis_dropout, axis)
    thousandths = np.rint(samples.astype(np.float64) * 1000)
    return replace(varied, samples=(thousandths / 1000).astype(np.float32))


def _turned(
    samples: Float32, channels: Sequence[str], config: AugmentConfig, random: Generator
) -> Float32:
    """In the hand, and as the board is mounted: two rotations about axes of their own."""
    largest = np.array([config.rotation_deg, config.mounting_deg])
    grip, mounting = random_rotations(random.uniform(-largest, largest), random)
    return turn(samples, channels, mounting @ grip)


def _some_rest(
    shape: tuple[int, ...], rests: Sequence[Float32], largest: float, random: Generator
) -> Float32:
    """[n, channels]: a piece of one of `rests`, from its beginning again where it is too short."""
    gain = np.float32(random.uniform(0, largest))
    if not rests or not gain:
        return np.zeros(shape, dtype=np.float32)
    rest = rests[int(random.integers(len(rests)))]
    start = int(random.integers(len(rest)))
    piece: Float32 = gain * rest[(start + np.arange(shape[0])) % len(rest)]
    return piece


def _with_a_dead_axis(samples: Float32, chance: float, random: Generator) -> Float32:
    """One axis of any sensor reads 0, as where a wire is broken."""
    if random.random() < chance:
        samples[:, int(random.integers(samples.shape[1]))] = 0
    return samples
