"""Streams in chunks, for a network that keeps its state from one to the next.

A chunk is as long as a window. At the end of each of its hops there is a label, that of the window
which ends there, or none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import NO_TARGET, Float32, Recording
from pipeline.config_gestures import GestureConfig
from pipeline.datasets.labelling import window_label


@dataclass(frozen=True)
class Hops:
    """labels: at the end of each hop of a chunk; begins: the chunk is the first of its stream."""

    labels: tuple[str | None, ...]
    begins: bool


@dataclass(frozen=True)
class Chunk:
    """samples: float32 [window.length, channels]; start: of the chunk in its recording."""

    samples: Float32
    hops: Hops
    start: int

    @property
    def stop(self) -> int:
        return self.start + len(self.samples)


def cut_chunks(stream: Recording, config: GestureConfig, first: int = 0) -> Iterator[Chunk]:
    """All of a stream from its sample `first` on, labelled wherever it is clear what it shows.

    Where samples are missing a new stream begins. There is no label before a whole window.
    """
    for piece in _without_gaps(stream, first):
        ends = range(piece.start + config.window.hop, piece.stop + 1, config.window.hop)
        starts = {end: end - config.window.length for end in ends}
        labels = {
            end: window_label(stream, start, config)
            for end, start in starts.items()
            if start >= piece.start
        }
        yield from _chunks(stream, piece, labels, config)


def judging_chunks(
    stream: Recording, windows: Sequence[tuple[int, str]], config: GestureConfig
) -> Iterator[Chunk]:
    """As cut_chunks, with labels only where those windows (start, label) end, to the next hop."""
    hop = config.window.hop
    for piece in _without_gaps(stream, 0):
        labels = {}
        for start, label in windows:
            end = piece.start + math.ceil((start + config.window.length - piece.start) / hop) * hop
            if piece.start <= start and end <= piece.stop:
                labels[end] = label
        yield from _chunks(stream, piece, labels, config)


def _without_gaps(stream: Recording, first: int) -> Iterator[range]:
    breaks = np.flatnonzero(np.diff(stream.seq) != 1) + 1
    edges = [first, *(int(at) for at in breaks if at > first), len(stream)]
    for start, stop in itertools.pairwise(edges):
        yield range(start, stop)


def _chunks(
    stream: Recording, piece: range, labels: Mapping[int, str | None], config: GestureConfig
) -> Iterator[Chunk]:
    """The last one is filled up with its last sample; those at the end that judge nothing are
    left out."""
    length, hop = config.window.length, config.window.hop
    told = [end for end, label in labels.items() if label is not None]
    for start in range(piece.start, max(told, default=piece.start), length):
        samples = stream.samples[start : min(start + length, piece.stop)]
        filled = np.pad(samples, ((0, length - len(samples)), (0, 0)), mode="edge")
        ends = range(start + hop, start + length + 1, hop)
        hops = Hops(tuple(labels.get(end) for end in ends), begins=start == piece.start)
        yield Chunk(filled, hops, start)


def target_of(label: str | Hops, labels: Sequence[str]) -> int | list[int]:
    """Of a window, or of each hop of a chunk."""
    if isinstance(label, Hops):
        return [NO_TARGET if one is None else labels.index(one) for one in label.labels]
    return labels.index(label)


def begins_of(labels: Sequence[str | Hops]) -> NDArray[np.bool_] | None:
    """Of chunks; None of windows."""
    begins = [label.begins for label in labels if isinstance(label, Hops)]
    return np.array(begins) if begins else None
