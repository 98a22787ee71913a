"""What a trained network says to the part of a dataset that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import NO_TARGET, Float32, Int32, Int64, SequenceDataset
from pipeline.config_gestures import GestureConfig
from pipeline.contract import Scaling
from pipeline.training.scaling import scale
from pipeline.training.streams import carried_scores, windows_ending_at


@dataclass(frozen=True)
class JudgedStream:
    """Streams that were heard with the state carried on, and where they were asked.

    inputs: float32 [n, T, C], scaled; begins: bool [n], which begin a stream; places: int64
    [m, 2], for each window the sequence and the hop in it at whose end it was judged.
    """

    inputs: Float32
    begins: NDArray[np.bool_]
    places: Int64


@dataclass(frozen=True)
class Judged:
    """windows: float32 [m, window, C], scaled; targets: int32 [m]; names: of their recordings;
    scores: float32 [m, K]; stream: what they were cut from, where the network keeps its state."""

    windows: Float32
    targets: Int32
    names: tuple[str, ...]
    scores: Float32
    stream: JudgedStream | None


def judge(model: Any, scaling: Scaling, dataset: SequenceDataset, config: GestureConfig) -> Judged:
    chosen = dataset.splits["test"]
    names = tuple(dataset.groups[index] for index in chosen)
    inputs, targets = dataset.part("test")
    scaled = scale(inputs, scaling)
    if dataset.begins is None:
        return Judged(scaled, targets, names, model.predict(scaled, verbose=0), None)
    hop = config.window.hop
    stream = JudgedStream(scaled, dataset.begins[chosen], np.argwhere(targets != NO_TARGET))
    rows, hops = stream.places.T
    return Judged(
        windows=windows_ending_at(stream.places, scaled, config.window.length, hop),
        targets=targets[rows, hops],
        names=tuple(names[row] for row in rows),
        scores=carried_scores(model, config.model, scaled, stream.begins, hop)[rows, hops],
        stream=stream,
    )
