"""Windows cut from a stream: what each shows, by how much of a gesture is in view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.artifacts import Float32, Recording
from pipeline.config import TrainConfig


@dataclass(frozen=True)
class Windows:
    """Windows of one kind: inputs [n, T, channels], a label and the name of a take for each."""

    inputs: list[Float32]
    labels: list[str]
    names: list[str]

    def only(self, indices: Sequence[int]) -> Windows:
        return Windows(
            [self.inputs[index] for index in indices],
            [self.labels[index] for index in indices],
            [self.names[index] for index in indices],
        )

    def add(self, other: Windows) -> None:
        self.inputs.extend(other.inputs)
        self.labels.extend(other.labels)
        self.names.extend(other.names)


def cut(
    stream: Recording,
    name_at: Callable[[int], str],
    config: TrainConfig,
    step: int,
    first: int = 0,
) -> Windows:
    """Windows every `step` samples, where it is clear what they show and nothing is missing."""
    length = config.window.length
    windows = Windows([], [], [])
    for start in range(first, len(stream) - length + 1, step):
        label = label_at(stream, start, config)
        if label is not None and is_whole(stream, start, length):
            windows.inputs.append(stream.samples[start : start + length])
            windows.labels.append(label)
            windows.names.append(name_at(start + length // 2))
    return windows


def label_at(stream: Recording, start: int, config: TrainConfig) -> str | None:
    """By how much of a gesture is in view; None where it is neither that nor background.

    The share is of the gesture, or of the window where the gesture is longer than it.
    """
    length = config.window.length
    share, label = 0.0, config.data.background
    for interval in stream.intervals:
        common = min(interval.stop, start + length) - max(interval.start, start)
        here = common / min(interval.stop - interval.start, length)
        if here > share:
            share, label = here, interval.label
    if share >= config.window.seen:
        return label
    return config.data.background if share <= config.window.unseen else None


def is_whole(stream: Recording, start: int, length: int) -> bool:
    """Whether the stream has all of the window's samples, with none missing between them."""
    seq = stream.seq[start : start + length]
    return len(seq) == length and bool(seq[-1] - seq[0] == length - 1)


def nearest_take(stream: Recording, names: Sequence[str]) -> Callable[[int], str]:
    centres = np.array([(i.start + i.stop) / 2 for i in stream.intervals])
    return lambda sample: names[int(np.abs(centres - sample).argmin())]


def always(name: str) -> Callable[[int], str]:
    return lambda _: name
