"""Windows cut from a stream: what each shows, by how much of a gesture is in view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.artifacts import Float32, Recording
from pipeline.config_gestures import GestureConfig
from pipeline.datasets.chunks import Chunk, Hops, cut_chunks
from pipeline.datasets.labelling import is_whole, window_label


@dataclass(frozen=True)
class Windows:
    """Sequences of one kind: inputs [n, T, channels], a label and the name of a take for each."""

    inputs: list[Float32]
    labels: list[str | Hops]
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
    config: GestureConfig,
    step: int,
    first: int = 0,
) -> Windows:
    """Windows every `step` samples, where it is clear what they show and nothing is missing; or
    all of the stream in chunks."""
    if config.window.mode == "streaming":
        return of_chunks(cut_chunks(stream, config, first), name_at, config)
    length = config.window.length
    windows = Windows([], [], [])
    for start in range(first, len(stream) - length + 1, step):
        label = window_label(stream, start, config)
        if label is not None and is_whole(stream, start, length):
            windows.inputs.append(stream.samples[start : start + length])
            windows.labels.append(label)
            windows.names.append(name_at(start + length // 2))
    return windows


def of_chunks(
    chunks: Iterable[Chunk], name_at: Callable[[int], str], config: GestureConfig
) -> Windows:
    """Named by the window that a chunk judges by, if any, else by its own middle."""
    windows = Windows([], [], [])
    for chunk in chunks:
        judged = [at for at, label in enumerate(chunk.hops.labels, start=1) if label is not None]
        end = chunk.start + judged[0] * config.window.hop if judged else chunk.stop
        windows.inputs.append(chunk.samples)
        windows.labels.append(chunk.hops)
        windows.names.append(name_at(end - config.window.length // 2))
    return windows


def nearest_take(stream: Recording, names: Sequence[str]) -> Callable[[int], str]:
    centres = np.array([(i.start + i.stop) / 2 for i in stream.intervals])
    return lambda sample: names[int(np.abs(centres - sample).argmin())]


def always(name: str) -> Callable[[int], str]:
    return lambda _: name
