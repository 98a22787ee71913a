"""Synthetic negatives: motion that is no gesture, made of pieces of recordings; and rest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from pipeline.core.artifacts import IMU_UNITS, Float32, Interval, Recording
from pipeline.datasets.streams import POSE_SAMPLES, join_takes, pose_at_edge, thousandths_of

UNKNOWN = "unknown"
BOUT_S = (0.5, 3.0)  # of motion
REST_S = (5.0, 25.0)  # as in use
PIECE_SHARE = (0.2, 0.4)  # of a gesture
BLEND_S = 0.06  # from one piece to the next


def synthetic_negatives(
    recordings: Sequence[Recording],
    background: str,
    seconds: float,
    seed: int,
    rest_s: tuple[float, float] = REST_S,
) -> Recording:
    """A stream of synthetic negatives: rests, and bouts of motion as intervals `unknown`.

    A bout consists of pieces of gestures. Rests are recorded ones if they last a second or more,
    else synthetic. The same arguments give the same stream.

    Args:
        recordings: takes and continuous recordings of one sensor; without gestures there are no
            bouts.
        rest_s: the shortest and the longest rest.
    """
    random = np.random.default_rng(seed)
    gestures, rests = _cut(recordings, background)
    if not gestures:
        return synthetic_rest(recordings, background, seconds, seed)
    rate_hz = recordings[0].rate_hz
    count = max(1, round(seconds / ((sum(BOUT_S) + sum(rest_s)) / 2)))
    bouts = [_bout(gestures, rate_hz, random) for _ in range(count)]
    if sum(map(len, rests)) >= rate_hz:
        return _among_rests(bouts, rests, rest_s, recordings[0], random)
    takes = [_take(bout, recordings[0]) for bout in bouts]
    return join_takes(takes, rest_s, int(random.integers(2**31)))


def synthetic_rest(
    recordings: Sequence[Recording], background: str, seconds: float, seed: int
) -> Recording:
    """A stream of rest alone, made as the rests of `synthetic_negatives`."""
    random = np.random.default_rng(seed)
    gestures, rests = _cut(recordings, background)
    rate_hz = recordings[0].rate_hz
    count = max(1, round(seconds / (sum(REST_S) / 2)))
    if sum(map(len, rests)) >= rate_hz:
        return _among_rests([rests[0][:0]] * count, rests, REST_S, recordings[0], random)
    sources = gestures or rests
    chosen = [sources[index] for index in random.integers(len(sources), size=count)]
    takes = [_held_still(samples, recordings[0]) for samples in chosen]
    stream = join_takes(takes, REST_S, int(random.integers(2**31)))
    return replace(stream, intervals=())


def _held_still(gesture: Float32, like: Recording) -> Recording:
    """The pose in which a gesture begins; a capture that motion starts begins amid motion."""
    pose = pose_at_edge(_take(gesture, like), last=False)
    return _take(np.tile(pose.astype(np.float32), (POSE_SAMPLES, 1)), like)


def _cut(recordings: Sequence[Recording], background: str) -> tuple[list[Float32], list[Float32]]:
    """Samples of gestures and of rests, float32 [n, channels] each."""
    gestures: list[Float32] = []
    rests: list[Float32] = []
    for recording in recordings:
        if not recording.intervals:
            whole = rests if recording.label == background else gestures
            whole.append(recording.samples)
        end = 0
        for interval in recording.intervals:
            rests.append(recording.samples[end : interval.start])
            part = recording.samples[interval.start : interval.stop]
            (rests if interval.label == background else gestures).append(part)
            end = interval.stop
    return gestures, [rest for rest in rests if len(rest)]


def _bout(gestures: Sequence[Float32], rate_hz: float, random: Generator) -> Float32:
    length = round(random.uniform(*BOUT_S) * rate_hz)
    pieces = [_piece(gestures, random)]
    while sum(map(len, pieces)) < length:
        pieces.append(_piece(gestures, random))
    return _joined(pieces, rate_hz)


def _piece(gestures: Sequence[Float32], random: Generator) -> Float32:
    gesture = gestures[int(random.integers(len(gestures)))]
    length = max(2, round(random.uniform(*PIECE_SHARE) * len(gesture)))
    start = int(random.integers(max(1, len(gesture) - length)))
    piece = gesture[start : start + length]
    backwards: Float32 = piece[::-1]
    return backwards if random.random() < 0.5 else piece


def _joined(pieces: Sequence[Float32], rate_hz: float) -> Float32:
    """Pieces one after the other; each starts at the last value of the one before."""
    blend = max(1, round(BLEND_S * rate_hz))
    joined = [pieces[0]]
    for before, piece in itertools.pairwise(pieces):
        fade = np.clip(1 - np.arange(1, len(piece) + 1) / blend, 0, 1)[:, None]
        joined.append((piece + fade * (before[-1] - piece[0])).astype(np.float32))
    return np.concatenate(joined)


def _among_rests(
    bouts: Sequence[Float32],
    rests: Sequence[Float32],
    rest_s: tuple[float, float],
    like: Recording,
    random: Generator,
) -> Recording:
    pieces: list[Float32] = []
    intervals = []
    at = 0
    for bout in bouts:
        length = round(random.uniform(*rest_s) * like.rate_hz)
        while length > 0:
            rest = rests[int(random.integers(len(rests)))][:length]
            pieces.append(rest)
            length -= len(rest)
            at += len(rest)
        if len(bout):
            pieces.append(bout)
            intervals.append(Interval(at, at + len(bout), UNKNOWN))
            at += len(bout)
    return replace(_take(_joined(pieces, like.rate_hz), like), intervals=tuple(intervals))


def _take(samples: Float32, like: Recording) -> Recording:
    n = len(samples)
    return Recording(
        samples=thousandths_of(samples),
        seq=np.arange(n, dtype=np.int64),
        t_us=np.rint(np.arange(n) * 1e6 / like.rate_hz).astype(np.int64),
        rate_hz=like.rate_hz,
        label=UNKNOWN,
        person=like.person,
        board=like.board,
        source="made of pieces of recordings",
        channels=like.channels,
    )


SCALE = {"g": 0.25, "deg/s": 60.0}  # so much counts as the same motion


def trim_to_motion(stream: Recording, share: float) -> Recording:
    """Trim each interval of a stream to the middle `share` of its motion."""
    if share == 1:
        return stream
    trimmed = (_trimmed(interval, stream, share) for interval in stream.intervals)
    return replace(stream, intervals=tuple(trimmed))


def _trimmed(interval: Interval, stream: Recording, share: float) -> Interval:
    motion = np.cumsum(_motion(stream.samples[interval.start : interval.stop], stream.channels))
    if motion[-1] == 0:
        return interval
    margin = (1 - share) / 2 * motion[-1]
    first, last = np.searchsorted(motion, (margin, motion[-1] - margin))
    return Interval(interval.start + int(first), interval.start + int(last) + 1, interval.label)


def _motion(samples: Float32, channels: tuple[str, ...]) -> Float32:
    """The strength of the motion, float32 [n]: deviation of acceleration, and rotation."""
    strength = np.zeros(len(samples), dtype=np.float32)
    for unit, scale in SCALE.items():
        columns = [i for i, name in enumerate(channels) if IMU_UNITS.get(name) == unit]
        length = np.linalg.norm(samples[:, columns], axis=1)
        if unit == "g":
            length -= np.median(length)
        strength += np.square(length / scale)
    return np.sqrt(strength)


LEAST_S = 0.5  # a shorter rest is the end of a gesture


def recorded_rests(recordings: Sequence[Recording], background: str) -> list[Float32]:
    """The recorded rests, float32 [n, channels] each, without their mean (gravity and bias)."""
    return [
        rest - rest.mean(axis=0, dtype=np.float64).astype(np.float32)
        for recording in recordings
        for rest in _stretches(recording, background)
        if len(rest) >= LEAST_S * recording.rate_hz
    ]


def _stretches(recording: Recording, background: str) -> Iterator[Float32]:
    if recording.label == background and not recording.intervals:
        yield recording.samples
        return
    end = 0
    for interval in recording.intervals:
        yield recording.samples[end : interval.start]
        if interval.label == background:
            yield recording.samples[interval.start : interval.stop]
        end = interval.stop
    if recording.intervals:
        yield recording.samples[end:]
