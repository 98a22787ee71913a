"""The same motion at another pace: where between the old samples the new ones are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.artifacts import Float32, Int64, Interval, Recording
from pipeline.datasets.recording_faults import gaps_in

KNOT_S = 0.25  # how fast the pace changes: about the length of one part of a gesture

Float64 = NDArray[np.float64]


def pace(n: int, rate_hz: float, stretch: float, warp: float, random: Generator) -> Float64:
    """Positions among `n` samples, [about n * (1 +- stretch)], rising from 0 to n - 1.

    Between knots KNOT_S apart the pace goes smoothly from one to another of 1 +- warp (< 1), so
    that it never stands still or turns back.
    """
    length = max(2, round(n * (1.0 + random.uniform(-1, 1) * stretch)))
    knots = 2 + int(n / rate_hz / KNOT_S)
    paces = smooth_curve(1.0 + random.uniform(-1, 1, size=(knots, 1)) * warp, length - 1)[:, 0]
    positions: Float64 = np.concatenate([[0.0], np.cumsum(paces)])
    positions *= (n - 1) / positions[-1]
    return positions


def at_pace(recording: Recording, positions: Float64) -> Recording:
    """Samples at `positions`, by straight lines; intervals keep what they hold.

    Nothing is made up where samples are missing: they are missing in the new ones too.
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
    """[length, c] through `knots`, [k, c], evenly spaced; half a cosine from each to the next."""
    at = np.linspace(0, len(knots) - 1, length)
    below = np.minimum(at.astype(np.int64), len(knots) - 2)
    share = (1 - np.cos(np.pi * (at - below)))[:, None] / 2
    curve: Float64 = knots[below] * (1 - share) + knots[below + 1] * share
    return curve


def _between(samples: Float32, below: Int64, share: Float32) -> Float32:
    between: Float32 = samples[below] * (1 - share) + samples[below + 1] * share
    return between
