"""Motion that is no gesture, made of recordings: rest, and bouts of pieces that belong together
nowhere.

A bout is put together from pieces of gestures, each far shorter than the gesture it is from, out
of their order, some of them backwards: as quick and as strong as gestures are, and none of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from pipeline.artifacts import Float32, Interval, Recording
from pipeline.datasets.streams import POSE_SAMPLES, join_takes

UNKNOWN = "unknown"
BOUT_S = (0.5, 3.0)
REST_S = (5.0, 25.0)  # in use
PIECE_SHARE = (0.2, 0.4)  # of the gesture a piece is cut from
BLEND_S = 0.06  # in which one piece goes over into the next


def unknown_motion(
    recordings: Sequence[Recording],
    background: str,
    seconds: float,
    seed: int,
    rest_s: tuple[float, float] = REST_S,
) -> Recording:
    """A stream of about `seconds`: rest and bouts by turns, a bout an interval `unknown`.

    recordings: takes of gestures and continuous recordings, of one sensor; without a gesture
    among them there are no bouts. rest_s: shortest and longest rest; it is what was recorded as
    such, where that is a second or more, otherwise made as between joined takes. The same
    arguments give the same stream.
    """
    random = np.random.default_rng(seed)
    gestures, rests = _cut(recordings, background)
    if not gestures:
        return rest_motion(recordings, background, seconds, seed)
    rate_hz = recordings[0].rate_hz
    count = max(1, round(seconds / ((sum(BOUT_S) + sum(rest_s)) / 2)))
    bouts = [_bout(gestures, rate_hz, random) for _ in range(count)]
    if sum(map(len, rests)) >= rate_hz:
        return _among_rests(bouts, rests, rest_s, recordings[0], random)
    takes = [_take(bout, recordings[0]) for bout in bouts]
    return join_takes(takes, rest_s, int(random.integers(2**31)))


def rest_motion(
    recordings: Sequence[Recording], background: str, seconds: float, seed: int
) -> Recording:
    """A stream of about `seconds` of rest alone, come by in the same ways."""
    random = np.random.default_rng(seed)
    gestures, rests = _cut(recordings, background)
    rate_hz = recordings[0].rate_hz
    count = max(1, round(seconds / (sum(REST_S) / 2)))
    if sum(map(len, rests)) >= rate_hz:
        return _among_rests([rests[0][:0]] * count, rests, REST_S, recordings[0], random)
    held = gestures or rests
    poses = [held[index][:1] for index in random.integers(len(held), size=count)]
    takes = [_take(pose.repeat(POSE_SAMPLES, axis=0), recordings[0]) for pose in poses]
    stream = join_takes(takes, REST_S, int(random.integers(2**31)))
    return replace(stream, intervals=())


def _cut(recordings: Sequence[Recording], background: str) -> tuple[list[Float32], list[Float32]]:
    """Samples of gestures and of rests: float32 [n, channels] each."""
    gestures, rests = [], []
    for recording in recordings:
        if recording.label == background:
            rests.append(recording.samples)
        elif not recording.intervals:
            gestures.append(recording.samples)
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
    """One after the other, each begun at the value where the one before ends."""
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
    """A stream whose rests are put together from recorded ones, forwards."""
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
        samples=np.rint(samples * 1000).astype(np.float32) / np.float32(1000),
        seq=np.arange(n, dtype=np.int64),
        t_us=np.rint(np.arange(n) * 1e6 / like.rate_hz).astype(np.int64),
        rate_hz=like.rate_hz,
        label=UNKNOWN,
        person=like.person,
        board=like.board,
        source="made of pieces of recordings",
        channels=like.channels,
    )
