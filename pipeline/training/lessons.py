"""What a network learns from, and is stopped by: a dataset's sequences in the order of batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import NO_TARGET, Float32, Int32, SequenceDataset
from pipeline.config import TrainConfig
from pipeline.contract import Scaling
from pipeline.training.models import history
from pipeline.training.scaling import scale
from pipeline.training.streams import Lanes


@dataclass(frozen=True)
class Lesson:
    """What is learned from, or judged by, in the order of the batches.

    inputs: float32 [n, T, C]; targets: [n, K] or [n, hops, K]; weights: [n] or [n, hops].
    begins: bool [batches, rows], which begin a stream; None where each row stands alone.
    """

    inputs: Float32
    targets: Float32
    weights: Float32
    begins: NDArray[np.bool_] | None = None


def lesson(dataset: SequenceDataset, part: str, scaling: Scaling, config: TrainConfig) -> Lesson:
    """Training weighs rare classes more; validation all alike."""
    inputs, targets = dataset.part(part)
    classes = len(dataset.labels)
    even = part != "train" or not config.fit.class_weights
    weight = np.ones(classes) if even else _class_weights(targets, classes)
    weights = np.append(weight, 0).astype(np.float32)[targets]  # NO_TARGET is the last one
    one_hot = np.append(np.eye(classes), np.zeros((1, classes)), axis=0).astype(np.float32)
    found = Lesson(scale(inputs, scaling), one_hot[targets], weights)
    if dataset.begins is None:
        return found
    return _in_lanes(found, dataset.begins[dataset.splits[part]], config)


def _in_lanes(rows: Lesson, begins: NDArray[np.bool_], config: TrainConfig) -> Lesson:
    lanes = Lanes.of(begins, config.fit.batch_size)
    weights = rows.weights.copy()
    unseen = config.window.length // config.window.hop - 1
    weights[lanes.cut(begins), :unseen] = 0
    return Lesson(
        lanes.inputs(rows.inputs, history(config.model)),
        lanes.each(rows.targets),
        lanes.each(weights / weights.mean()),
        lanes.begins,
    )


def _class_weights(targets: Int32, classes: int) -> NDArray[np.float64]:
    """Weights that make every class count the same in all: float64 [K]."""
    told = targets[targets != NO_TARGET]
    counts = np.bincount(told, minlength=classes)
    weights: NDArray[np.float64] = len(told) / (classes * np.maximum(1, counts))
    return weights
