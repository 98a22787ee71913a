"""Training data: batches, their loss, and how inputs are scaled."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import (
    IMU_UNITS,
    NO_TARGET,
    Float32,
    Int32,
    Int64,
    SequenceDataset,
)
from pipeline.core.contract import Scaling

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class FitData:
    """What a network is fitted on, or validated on, in the order of the batches.

    Args:
        inputs: float32 [n, T, C]; int32 [n, T] of tokens; or int64 [n], where sequences start, see
            on_views. Several of them where a network has several inputs.
        targets: [n, ...], as the loss takes them.
        weights: [n] or [n, hops]; None where all count alike.
        begins: bool [batches, rows], which rows begin a stream; None where each row stands alone.
        padded: whether batches are cut to what is not padding, see padded_batches; training only.
    """

    inputs: Float32 | Int32 | Int64 | tuple[Float32 | Int32 | Int64, ...]
    targets: Float32 | Int32
    weights: Float32 | None = None
    begins: NDArray[np.bool_] | None = None
    padded: bool = False


def same_model(model: Any) -> Any:
    """The training model of a network that keeps no state from batch to batch."""
    return model


@dataclass(frozen=True)
class TrainingTask:
    """What a task gives to `fit`. Its functions are called after Keras is seeded.

    Args:
        build_model: builds the Keras model.
        training: the training data.
        validation: the validation data; None where all data are trained on.
        loss: makes a Keras loss.
        training_model: makes the model that Keras fits: a copy with the same weights where the
            state is kept from batch to batch, else the model itself.
        accuracy: whether a share of right answers means something.
    """

    build_model: Callable[[], Any]
    training: FitData
    validation: FitData | None
    loss: Callable[[], Any]
    training_model: Callable[[Any], Any] = same_model
    accuracy: bool = True


def smoothed_cross_entropy(smoothing: float) -> Any:
    """Cross-entropy of one-hot targets with label smoothing (Szegedy et al., CVPR 2016)."""
    from keras.losses import CategoricalCrossentropy

    return CategoricalCrossentropy(label_smoothing=smoothing)


def one_hot_targets(targets: Int32, classes: int, weighted: bool) -> tuple[Float32, Float32]:
    """One-hot targets and their weights; NO_TARGET has weight 0.

    Args:
        targets: int32 [...], an index of a class.
        classes: how many classes there are, K.
        weighted: whether rare classes weigh more.

    Returns:
        float32 [..., K] and float32 [...].
    """
    weight = _class_weights(targets, classes) if weighted else np.ones(classes)
    weights = np.append(weight, 0).astype(np.float32)  # NO_TARGET, -1, is the last one
    one_hot = np.append(np.eye(classes), np.zeros((1, classes)), axis=0).astype(np.float32)
    return one_hot[targets], weights[targets]


def _class_weights(targets: Int32, classes: int) -> NDArray[np.float64]:
    """float64 [K]: every class counts the same in all."""
    known = targets[targets != NO_TARGET]
    counts = np.bincount(known, minlength=classes)
    weights: NDArray[np.float64] = len(known) / (classes * np.maximum(1, counts))
    return weights


SMALLEST_STD = 1e-3  # the resolution of a recorded sample


def measure_scaling(dataset: SequenceDataset, channels: Sequence[str]) -> Scaling:
    """One factor for each kind of sensor, and no offset, from the training part.

    So a rotation of the board does not change the length of a sample, and gravity stays.

    Args:
        dataset: of windows of samples.
        channels: names of the channels, in order.
    """
    return scaling_of(dataset.samples, _times_seen(dataset), channels)


def scaling_of(samples: Float32, times: Int32, channels: Sequence[str]) -> Scaling:
    """As measure_scaling, of samples [N, C] that count so many times each, int32 [N]."""
    units = np.array([IMU_UNITS.get(channel, channel) for channel in channels])
    mean, square = _moments(samples, times)
    std = np.zeros(len(channels))
    for unit in set(units.tolist()):
        of_unit = units == unit
        variance = square[of_unit].mean() - mean[of_unit].mean() ** 2
        std[of_unit] = max(float(np.sqrt(max(variance, 0))), SMALLEST_STD)
    return Scaling(mean=(0.0,) * len(channels), std=tuple(std.tolist()))


def _times_seen(dataset: SequenceDataset) -> Int32:
    """In how many sequences of the training part each sample is: int32 [N]."""
    starts = dataset.starts[dataset.splits["train"]]
    times = np.zeros(len(dataset.samples) + 1, np.int32)
    np.add.at(times, starts, 1)
    np.subtract.at(times, starts + dataset.length, 1)
    np.cumsum(times, out=times)
    return times[:-1]


BLOCK = 2**16  # samples; a copy of all of them in float64 would be large


def _moments(samples: Float32, times: Int32) -> tuple[Float64, Float64]:
    """The means of samples [N, C], each counted `times`, and of their squares: float64 [C]."""
    sums, squares = np.zeros((2, samples.shape[1]))
    for at in range(0, len(samples), BLOCK):
        block = samples[at : at + BLOCK].astype(np.float64)
        counts = times[at : at + BLOCK].astype(np.float64)
        sums += counts @ block
        squares += counts @ np.square(block)
    return sums / times.sum(), squares / times.sum()


def scale(inputs: Float32, scaling: Scaling) -> Float32:
    """Scale inputs [..., channels] as the contract says: (sample - mean) / std."""
    mean, std = np.array(scaling.mean), np.array(scaling.std)
    scaled: Float32 = ((inputs - mean) / std).astype(np.float32)
    return scaled


def on_views(model: Any, samples: Float32, length: int, scaling: Scaling) -> Any:
    """A model with the same weights whose inputs are the starts of sequences.

    Windows overlap. Copies of them would be as many times as large as the streams as windows have
    a sample in common; a view looks them up in the streams.

    Args:
        model: the Keras model, from scaled sequences float32 [n, length, C].
        samples: float32 [N, C], of all streams, not scaled; they must outlive the training.
        length: samples of a sequence.
        scaling: of the inputs.

    Returns:
        A Keras model from int64 [n] to the outputs of `model`.
    """
    import keras

    starts = keras.Input((), dtype="int64", name="starts")  # [n]
    sequences = _lookup(samples, length, scaling)(starts)  # [n, length, C]
    return keras.Model(starts, model(sequences))


def _lookup(samples: Float32, length: int, scaling: Scaling) -> Any:
    """A layer without weights, from starts int64 [n] to scaled sequences float32 [n, length, C].

    It knows the samples weakly: TensorFlow keeps what a training traced for as long as the process
    runs, and would keep the samples with it.
    """
    import keras
    import tensorflow as tf

    known = weakref.ref(samples)
    shape = length, samples.shape[1]
    mean, std = np.array(scaling.mean), np.array(scaling.std)

    def sequences_at(starts: Int64) -> Float32:
        streams = known()
        assert streams is not None  # whoever trains holds them
        found: Float32 = streams[starts[:, np.newaxis] + np.arange(length)]
        return found

    def look_up(starts: Any) -> Any:
        found = tf.numpy_function(sequences_at, [starts], tf.float32, stateful=False)
        found = tf.cast(tf.ensure_shape(found, (None, *shape)), tf.float64)  # [n, length, C]
        return tf.cast((found - mean) / std, tf.float32)  # as training_data.scale

    return keras.layers.Lambda(look_up, output_shape=shape, dtype="float32", name="windows")
