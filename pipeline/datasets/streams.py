"""Streams: takes joined with rests, as a board sees them.

Takes are cut at the motion, so the rests are synthetic. The hand holds still (gravity in the
direction of the edge of the take, tremor, slow drift, sensor noise), rotates to the next pose, and
runs into the next take without a jump.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Int64, Interval, Recording
from pipeline.core.errors import PipelineError

EDGE_S = 0.2  # the time in which the hand comes to rest, and starts
POSE_SAMPLES = 8  # at the edge of a take, averaged for the direction of gravity
NOISE = {"g": 0.01, "deg/s": 1.0}  # one standard deviation, sensor and tremor together
DRIFT = {"g": 0.03, "deg/s": 4.0}  # one standard deviation of the slow part
LEAST_ROTATION = 1e-6  # radians
DRIFT_S = 0.3  # time constant of the slow part
ACCELERATION = ("ax", "ay", "az")

Float64 = NDArray[np.float64]


def join_takes(
    recordings: Sequence[Recording], rest_s: tuple[float, float], seed: int
) -> Recording:
    """Join takes to one recording: a rest, then each take with a rest after it.

    The intervals are the takes. Samples are multiples of 0.001; seq and t_us start at 0, without a
    gap. The same seed gives the same stream.
    """
    return join_with_rests(recordings, [rest_s] * (len(recordings) + 1), seed)


def join_with_rests(
    recordings: Sequence[Recording], rests_s: Sequence[tuple[float, float]], seed: int
) -> Recording:
    """As join_takes; each rest, one more than takes, has its own shortest and longest time."""
    _check_alike(recordings)
    random = np.random.default_rng(seed)
    first = recordings[0]
    pieces: list[Float32] = []
    intervals = []
    at = 0
    for index in range(len(recordings) + 1):
        before = recordings[index - 1] if index > 0 else None
        after = recordings[index] if index < len(recordings) else None
        rest = _rest(before, after, rests_s[index], random)
        pieces.append(rest)
        at += len(rest)
        if after is not None:
            pieces.append(after.samples)
            intervals.append(Interval(at, at + len(after), after.label))
            at += len(after)
    people = sorted({recording.person for recording in recordings})
    return Recording(
        samples=thousandths_of(np.concatenate(pieces)),
        seq=np.arange(at, dtype=np.int64),
        t_us=np.rint(np.arange(at) * 1e6 / first.rate_hz).astype(np.int64),
        rate_hz=first.rate_hz,
        label="stream",
        person=people[0] if len(people) == 1 else "several",
        board=first.board,
        source="joined",
        channels=first.channels,
        intervals=tuple(intervals),
    )


def _check_alike(recordings: Sequence[Recording]) -> None:
    if not recordings:
        raise PipelineError(
            "There are no takes to join.",
            "the dataset is empty, or the labels chosen leave nothing",
            "import or capture some recordings first",
        )
    for recording in recordings:
        same_rate = recording.rate_hz == recordings[0].rate_hz
        if not same_rate or recording.channels != recordings[0].channels:
            raise PipelineError(
                "These takes cannot be joined: their sample rates or channels differ.",
                "they come from different sensors or were imported with different settings",
                "join takes of one board, or import them again with one rate",
            )


def _rest(
    before: Recording | None,
    after: Recording | None,
    rest_s: tuple[float, float],
    random: Generator,
) -> Float32:
    """The rest between two takes, float32 [n, channels]; None at the ends of the stream."""
    known = before or after
    assert known is not None
    length = max(2, round(random.uniform(*rest_s) * known.rate_hz))
    poses = [pose_at_edge(take, last) for take, last in ((before, True), (after, False)) if take]
    share = _smooth_step((np.arange(length) / length - 0.3) / 0.4)[:, None]  # [n, 1]
    axes = _acceleration_axes(known)
    rest = _rotation(poses[0], poses[-1], share, axes)  # [n, channels]
    rest += _noise(length, known, random)
    edge = np.arange(length) / (EDGE_S * known.rate_hz)
    if before is not None:
        fade = (1 - _smooth_step(edge))[:, None]
        rest += fade * (before.samples[-1] - rest[0])
    if after is not None:
        fade = (1 - _smooth_step(edge[::-1]))[:, None]
        rest += fade * (after.samples[0] - rest[-1])
    return rest.astype(np.float32)


def pose_at_edge(take: Recording, last: bool) -> Float64:
    """The reading of a sensor at rest at the edge of a take: [channels], 1 g and no rotation."""
    edge = take.samples[-POSE_SAMPLES:] if last else take.samples[:POSE_SAMPLES]
    pose = np.zeros(len(take.channels))
    axes = _acceleration_axes(take)
    pose[axes] = edge[:, axes].mean(axis=0)
    if len(axes) == len(ACCELERATION):
        pose[axes] /= max(float(np.linalg.norm(pose[axes])), 1e-6)
    return pose


def _acceleration_axes(take: Recording) -> list[int]:
    return [index for index, name in enumerate(take.channels) if name in ACCELERATION]


def _rotation(start: Float64, end: Float64, share: Float64, axes: Sequence[int]) -> Float64:
    """From one pose to another, both [channels], while share [n, 1] goes from 0 to 1.

    Gravity moves along a great circle and keeps its length (slerp, Shoemake, SIGGRAPH 1985).
    """
    if len(axes) < len(ACCELERATION):
        return start * (1 - share) + end * share
    normal = end - (start @ end) * start
    if np.linalg.norm(normal) < LEAST_ROTATION:  # no rotation, or half a turn: any axis
        side = min(axes, key=lambda axis: abs(start[axis]))
        normal = np.eye(len(start))[side] - start[side] * start
    angle = share * np.arccos(np.clip(start @ end, -1.0, 1.0))  # [n, 1]
    return np.cos(angle) * start + np.sin(angle) * normal / np.linalg.norm(normal)


def _noise(length: int, like: Recording, random: Generator) -> Float64:
    """White noise and a first-order autoregressive drift: float64 [length, channels]."""
    units = ["g" if name in ACCELERATION else "deg/s" for name in like.channels]
    keep = float(np.exp(-1.0 / (DRIFT_S * like.rate_hz)))
    steps = random.normal(size=(length, len(units)))
    steps[1:] *= np.sqrt(1 - keep**2)
    drift = np.array([_decaying_sums(column, keep) for column in steps.T.tolist()]).T
    white = random.normal(size=steps.shape)
    noise: Float64 = white * [NOISE[unit] for unit in units] + drift * [
        DRIFT[unit] for unit in units
    ]
    return noise


def _decaying_sums(steps: Sequence[float], keep: float) -> list[float]:
    """The sum of all steps so far, after each: it decays by `keep` from step to step."""
    total = 0.0
    return [total := keep * total + step for step in steps]


def _smooth_step(x: Float64) -> Float64:
    """0 below 0, 1 above 1, and 3x^2 - 2x^3 between."""
    clipped = np.clip(x, 0.0, 1.0)
    return clipped * clipped * (3 - 2 * clipped)


def thousandths_of(values: NDArray[np.floating]) -> Float32:
    """Values as in a file: multiples of 0.001."""
    rounded = values * 1000
    np.rint(rounded, out=rounded)
    exact: Float32 = rounded.astype(np.float32, copy=False)
    exact /= np.float32(1000)  # in place: streams of hours are large
    return exact


def even_clock(n: int, rate_hz: float) -> tuple[Int64, Int64]:
    """seq and t_us, int64 [n], for samples without a gap and without a clock."""
    seq = np.arange(n, dtype=np.int64)
    return seq, np.rint(seq * (1e6 / rate_hz)).astype(np.int64)


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, stop) of each run of True, of bool [n]."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def intervals_of(labels: Sequence[str | None]) -> tuple[Interval, ...]:
    """The intervals of equal labels of samples; None is no interval."""
    intervals = []
    start = 0
    for at in range(1, len(labels) + 1):
        if at == len(labels) or labels[at] != labels[start]:
            label = labels[start]
            if label is not None:
                intervals.append(Interval(start, at, label))
            start = at
    return tuple(intervals)
