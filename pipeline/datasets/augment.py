"""Augmentation of recordings that keeps their labels.

A hand never grips, swings or times a gesture twice in the same way, and boards differ in mounting
and sensor errors. Recordings are augmented again for every training, from the seed; nothing is
saved. After Um et al., "Data augmentation of wearable sensor data", ICMI 2017 (rotation, scaling,
time-warping, jittering), and Iwana and Uchida, PLOS ONE 16(7), 2021.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.config.gesture_settings import AugmentConfig
from pipeline.core.artifacts import IMU_UNITS, Float32, Int64, Interval, Recording
from pipeline.datasets.recording_file import gaps_in


def augment(
    recording: Recording, config: AugmentConfig, number: int, rests: Sequence[Float32] = ()
) -> Recording:
    """Augment a recording: first the motion, then the board, then its sensor.

    The result depends only on the seed, the name of the recording and `number`. Each kind of
    augmentation has its own random numbers: turning one on does not change the others.

    Args:
        recording: the original.
        config: how much.
        number: which augmentation of the recording.
        rests: motion of a hand at rest, see recorded_rests; it is mixed in.
    """
    start = (config.seed, number, zlib.crc32(recording.name.encode()))
    tempo, motion, board, sensor, axis = np.random.default_rng(start).spawn(5)
    rate_hz, channels = recording.rate_hz, recording.channels
    positions = time_warp(len(recording), rate_hz, config.stretch, config.warp, tempo)
    warped = resample(recording, positions)
    samples = warped.samples * np.float32(1.0 + motion.uniform(-1, 1) * config.gain)
    samples = samples + _some_rest(samples.shape, rests, config.idle_mix, motion)
    samples = _rotated(samples, channels, config, board)
    samples += slow_drift(len(samples), channels, rate_hz, config.drift_g, sensor)
    level_g = sensor.uniform(0, config.jitter_g)
    samples += white_noise(samples.shape, channels, level_g, sensor)
    samples = _with_a_dead_axis(samples, config.axis_dropout, axis)
    thousandths = np.rint(samples.astype(np.float64) * 1000)
    return replace(warped, samples=(thousandths / 1000).astype(np.float32))


def _rotated(
    samples: Float32, channels: Sequence[str], config: AugmentConfig, random: Generator
) -> Float32:
    """The grip and the mounting of the board: two rotations about random axes."""
    largest = np.array([config.rotation_deg, config.mounting_deg])
    grip, mounting = random_rotations(random.uniform(-largest, largest), random)
    return rotate(samples, channels, mounting @ grip)


def _some_rest(
    shape: tuple[int, ...], rests: Sequence[Float32], largest: float, random: Generator
) -> Float32:
    """A piece of one of `rests`, float32 [n, channels]; a short one is repeated."""
    gain = np.float32(random.uniform(0, largest))
    if not rests or not gain:
        return np.zeros(shape, dtype=np.float32)
    rest = rests[int(random.integers(len(rests)))]
    start = int(random.integers(len(rest)))
    piece: Float32 = gain * rest[(start + np.arange(shape[0])) % len(rest)]
    return piece


def _with_a_dead_axis(samples: Float32, chance: float, random: Generator) -> Float32:
    """One axis reads 0, as with a broken wire."""
    if random.random() < chance:
        samples[:, int(random.integers(samples.shape[1]))] = 0
    return samples


TRIADS = (("ax", "ay", "az"), ("gx", "gy", "gz"))

Rotations = NDArray[np.float64]  # [..., 3, 3]


def random_rotations(angles_deg: NDArray[np.float64], random: Generator) -> Rotations:
    """Rotations about random axes, by Rodrigues' formula.

    Args:
        angles_deg: float64 [n].
        random: the generator.

    Returns:
        float64 [n, 3, 3].
    """
    axes = random.normal(size=(len(angles_deg), 3))
    x, y, z = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).T
    zero = np.zeros_like(x)
    cross = np.moveaxis(np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]), -1, 0)
    angles = np.deg2rad(angles_deg)[:, None, None]
    rotations: Rotations = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * cross @ cross
    return rotations


def rotate(samples: Float32, channels: Sequence[str], rotations: Rotations) -> Float32:
    """Rotate samples; a sensor with fewer than three axes does not change.

    Args:
        samples: float32 [..., T, channels].
        channels: their names.
        rotations: float64 [..., 3, 3].
    """
    rotated = samples.copy()
    for triad in TRIADS:
        if all(axis in channels for axis in triad):
            columns = [channels.index(axis) for axis in triad]
            rotated[..., columns] = samples[..., columns] @ np.swapaxes(rotations, -1, -2)
    return rotated


KNOT_S = 0.25  # how fast the speed changes: about the length of one part of a gesture

Float64 = NDArray[np.float64]


def time_warp(n: int, rate_hz: float, stretch: float, warp: float, random: Generator) -> Float64:
    """Positions in a recording for time-warping, rising from 0 to n - 1.

    The speed changes smoothly between knots that are KNOT_S apart, and is always positive.

    Args:
        n: samples of the recording.
        rate_hz: of the recording.
        stretch: the length changes by at most this share.
        warp: the speed changes by at most this share, below 1.
        random: the generator.

    Returns:
        float64 [about n * (1 +- stretch)].
    """
    length = max(2, round(n * (1.0 + random.uniform(-1, 1) * stretch)))
    knots = 2 + int(n / rate_hz / KNOT_S)
    speeds = smooth_curve(1.0 + random.uniform(-1, 1, size=(knots, 1)) * warp, length - 1)[:, 0]
    positions: Float64 = np.concatenate([[0.0], np.cumsum(speeds)])
    positions *= (n - 1) / positions[-1]
    return positions


def resample(recording: Recording, positions: Float64) -> Recording:
    """A recording at other positions, by linear interpolation; intervals keep their motion.

    Missing samples stay missing.
    """
    below = np.minimum(positions.astype(np.int64), len(recording) - 2)
    missing = recording.seq - recording.seq[0] - np.arange(len(recording))
    share = np.where(np.diff(missing)[below] > 0, 0.0, positions - below)
    seq = np.arange(len(positions)) + missing[below]
    return replace(
        recording,
        samples=_between(recording.samples, below, share.astype(np.float32)[:, None]),
        seq=seq,
        t_us=recording.t_us[0] + np.rint(seq * 1e6 / recording.rate_hz).astype(np.int64),
        gaps=gaps_in(seq),
        intervals=tuple(_moved(interval, positions) for interval in recording.intervals),
    )


def _moved(interval: Interval, positions: Float64) -> Interval:
    start, stop = np.searchsorted(positions, (interval.start, interval.stop))
    return Interval(int(start), int(stop), interval.label)


def smooth_curve(knots: Float64, length: int) -> Float64:
    """A smooth curve through knots: half a cosine from each to the next.

    Args:
        knots: float64 [k, c], at even distances.
        length: of the curve.

    Returns:
        float64 [length, c].
    """
    at = np.linspace(0, len(knots) - 1, length)
    below = np.minimum(at.astype(np.int64), len(knots) - 2)
    share = (1 - np.cos(np.pi * (at - below)))[:, None] / 2
    curve: Float64 = knots[below] * (1 - share) + knots[below + 1] * share
    return curve


def _between(samples: Float32, below: Int64, share: Float32) -> Float32:
    between: Float32 = samples[below] * (1 - share) + samples[below + 1] * share
    return between


NOISE_DPS_PER_G = 100.0  # about the ratio of tremor and of cheap sensors
DRIFT_KNOT_S = 1.0  # how fast a bias changes


def white_noise(
    shape: tuple[int, ...], channels: Sequence[str], level_g: float, random: Generator
) -> Float32:
    """White noise, float32 of this shape [..., channels].

    Args:
        shape: of the result.
        channels: names of the last axis.
        level_g: standard deviation; NOISE_DPS_PER_G deg/s for each g.
        random: the generator.
    """
    noise = random.normal(size=shape) * channel_levels(channels, level_g, NOISE_DPS_PER_G)
    return noise.astype(np.float32)


def slow_drift(
    n: int, channels: Sequence[str], rate_hz: float, level_g: float, random: Generator
) -> Float32:
    """A slow drift of this standard deviation, with a new bias every DRIFT_KNOT_S.

    Returns:
        float32 [n, channels].
    """
    knots = 2 + int(n / rate_hz / DRIFT_KNOT_S)
    biases = random.normal(size=(knots, len(channels)))
    drift = smooth_curve(biases * channel_levels(channels, level_g, NOISE_DPS_PER_G), n)
    return drift.astype(np.float32)


def channel_levels(
    channels: Sequence[str], level_g: float, dps_per_g: float
) -> NDArray[np.float64]:
    """A level for each channel: in g, or the deg/s that belong to it: float64 [channels]."""
    return np.array(
        [level_g if IMU_UNITS.get(name) == "g" else level_g * dps_per_g for name in channels]
    )
