"""What the core is given to fit: a course, with what a network learns from and is stopped by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import NO_TARGET, Float32, Int32


@dataclass(frozen=True)
class Lesson:
    """What is learned from, or judged by, in the order of the batches.

    inputs: float32 [n, T, C], or int32 [n, T] of tokens; targets: [n, …], as the loss takes them;
    weights: [n] or [n, hops], None where all count alike.
    begins: bool [batches, rows], which begin a stream; None where each row stands alone.
    """

    inputs: Float32 | Int32
    targets: Float32 | Int32
    weights: Float32 | None = None
    begins: NDArray[np.bool_] | None = None


def itself(network: Any) -> Any:
    """The learner of a network that keeps no state from batch to batch."""
    return network


@dataclass(frozen=True)
class Course:
    """What a task hands to the core. Its functions are called once Keras is seeded.

    held: None where nothing is held out, and all epochs are learned.
    network: builds the Keras model; learner: the same network with its weights as it learns, for
    those that keep their state from batch to batch, else itself; loss: a Keras loss; accuracy:
    whether a share of right answers means something.
    """

    network: Callable[[], Any]
    learned: Lesson
    held: Lesson | None
    loss: Callable[[], Any]
    learner: Callable[[Any], Any] = itself
    accuracy: bool = True


def smoothed_cross_entropy(smoothing: float) -> Any:
    """Szegedy et al., CVPR 2016; of one-hot targets."""
    from keras.losses import CategoricalCrossentropy

    return CategoricalCrossentropy(label_smoothing=smoothing)


def labelled(targets: Int32, classes: int, weighed: bool) -> tuple[Float32, Float32]:
    """One-hot targets, and what each counts: rare classes more where they are weighed, NO_TARGET
    nothing. targets: int32 [...], an index; float32 [..., K] and float32 [...]."""
    weight = _class_weights(targets, classes) if weighed else np.ones(classes)
    weights = np.append(weight, 0).astype(np.float32)  # NO_TARGET is the last one
    one_hot = np.append(np.eye(classes), np.zeros((1, classes)), axis=0).astype(np.float32)
    return one_hot[targets], weights[targets]


def _class_weights(targets: Int32, classes: int) -> NDArray[np.float64]:
    """Weights that make every class count the same in all: float64 [K]."""
    told = targets[targets != NO_TARGET]
    counts = np.bincount(told, minlength=classes)
    weights: NDArray[np.float64] = len(told) / (classes * np.maximum(1, counts))
    return weights
