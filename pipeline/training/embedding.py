"""The fit of the embedding: features of a trained network, whitened within gestures.

Fisher's linear discriminants (Rao, J. R. Stat. Soc. B 10, 1948) of the last features of the
network: distances are measured in what the windows of one gesture scatter by, and the directions
are kept in which windows differ most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import (
    EMBEDDING_DIMENSIONS,
    Float32,
    Float64,
    GestureEmbedding,
    Int32,
    Int64,
    SequenceDataset,
)
from pipeline.core.contract import Scaling
from pipeline.training.run_files import evenly_spaced
from pipeline.training.training_data import scale

MOST_WINDOWS = 4096
BACKGROUND_SHARE = 0.25  # of these windows
SMALLEST_STD = 1 / 64  # of the largest feature, about four steps of int8: less is noise
TINY = 1e-6  # where all features are 0
RIDGE = 1.0  # added to the variance of standardized features, of which some hardly vary
BACKGROUND_CENTRES = 16
ROUNDS = 15  # of k-means
SEED = 1
BATCH = 256  # windows
FOLDS = 5


def embed_gestures(
    model: Any, dataset: SequenceDataset, scaling: Scaling, background: str
) -> GestureEmbedding | None:
    """Fit the embedding of a trained network on windows of the training part.

    Args:
        model: from scaled windows to the probability of each label.
        dataset: of windows.
        scaling: of the inputs.
        background: the label of windows without a gesture.

    Returns:
        None where the network does not end in dense layers, or there are no gestures.
    """
    tensors = last_features(model)
    labels = dataset.labels
    rest = labels.index(background) if background in labels else len(labels)
    chosen = _chosen(dataset, rest)
    targets = dataset.targets[chosen]
    if not tensors or not np.any(targets != rest):
        return None
    features = features_of(model, scale(dataset.sequences(chosen), scaling))
    embedding = fit_embedding(features, targets, rest)
    groups = np.array([dataset.groups[index] for index in chosen.tolist()])
    return replace(embedding, own=held_out_distance(features, targets, groups, rest))


def last_features(model: Any) -> list[Any]:
    """The inputs of the dense layers whose sum is the output, in order; none for other networks."""
    tensors = list(_dense_inputs(model.outputs[0]))
    return [] if None in tensors else tensors


def _dense_inputs(tensor: Any) -> Iterator[Any]:
    """Walk back from a tensor to the inputs of dense layers; None stands for another layer."""
    from keras import layers

    layer = tensor._keras_history.operation
    if isinstance(layer, layers.Dense):
        yield _before_dropout(layer.input)
    elif isinstance(layer, layers.Add):
        for part in layer.input:
            yield from _dense_inputs(part)
    elif isinstance(layer, layers.Activation | layers.Softmax | layers.Dropout):
        yield from _dense_inputs(layer.input)
    else:
        yield None


def _before_dropout(tensor: Any) -> Any:
    from keras import layers

    layer = tensor._keras_history.operation
    return _before_dropout(layer.input) if isinstance(layer, layers.Dropout) else tensor


def features_of(model: Any, windows: Float32) -> Float32:
    """The last features of scaled windows [n, T, channels], end to end: float32 [n, F]."""
    import keras

    part = keras.Model(model.inputs, last_features(model))
    batches = []
    for at in range(0, len(windows), BATCH):
        found = part.predict_on_batch(windows[at : at + BATCH])
        batches.append(np.concatenate(found, axis=1) if isinstance(found, list) else found)
    return np.concatenate(batches)


def _chosen(dataset: SequenceDataset, rest: int) -> Int64:
    """Windows of the training part: of each gesture alike, and of the background."""
    known = dataset.splits["train"]
    targets = dataset.targets[known]
    gestures = [label for label in np.unique(targets).tolist() if label != rest]
    of_rest = round(BACKGROUND_SHARE * MOST_WINDOWS)
    each = (MOST_WINDOWS - of_rest) // max(1, len(gestures))
    parts = [evenly_spaced(known[targets == label], each) for label in gestures]
    return np.concatenate([*parts, evenly_spaced(known[targets == rest], of_rest)])


def fit_embedding(features: Float32, targets: Int32, rest: int) -> GestureEmbedding:
    """Fit the map from features to the embedding, and the centres in it.

    Args:
        features: float32 [n, F].
        targets: int32 [n], the class of each window.
        rest: the class without a gesture.
    """
    import tensorflow as tf

    weights = _alike(targets)
    mean = (weights[:, np.newaxis] * features).sum(axis=0)
    away = features - mean
    std = np.sqrt((weights[:, np.newaxis] * np.square(away)).sum(axis=0))
    std += SMALLEST_STD * max(float(np.abs(features).max()), TINY)
    directions = _directions(away / std, targets, weights, rest)
    matrix = np.zeros((EMBEDDING_DIMENSIONS, len(std)))
    matrix[: len(directions)] = directions / std
    offset = -(matrix * mean).sum(axis=1)
    embedded = np.asarray(tf.matmul(features.astype(np.float64), matrix, transpose_b=True)) + offset
    return _with_centres(matrix, offset, embedded, targets, rest)


def held_out_distance(
    features: Float32, targets: Int32, groups: NDArray[np.str_], rest: int
) -> float:
    """The median squared distance of a gesture's windows to its centre, by a fit without them.

    The windows that a map was fitted on lie nearer. One recording in FOLDS of each gesture is held
    out; where a gesture has only one, it is not.

    Args:
        features: float32 [n, F].
        targets: int32 [n].
        groups: [n], the recording of each window.
        rest: the class without a gesture.
    """
    held = np.zeros(len(targets), bool)
    for label in np.unique(targets[targets != rest]):
        of_label = np.unique(groups[targets == label])
        held |= np.isin(groups, of_label[1::FOLDS]) & (targets == label)
    if not held.any():
        gestures = targets != rest
        whole = fit_embedding(features, targets, rest)
        return _distance_within(whole, features[gestures], targets[gestures])
    fitted = fit_embedding(features[~held], targets[~held], rest)
    return _distance_within(fitted, features[held], targets[held])


def _distance_within(embedding: GestureEmbedding, features: Float32, targets: Int32) -> float:
    """The median squared distance of windows to the nearest centre of their class."""
    apart = squared_distances(embedding.of(features), embedding.centres)
    apart[targets[:, np.newaxis] != embedding.classes] = np.inf
    return float(np.median(apart.min(axis=1)))


def _alike(targets: Int32) -> Float64:
    """Weights [n] with the sum 1, by which each class counts the same in all."""
    counts = np.bincount(targets)
    weights: Float64 = 1 / (np.count_nonzero(counts) * counts[targets])
    return weights


def _directions(standard: Float64, targets: Int32, weights: Float64, rest: int) -> Float64:
    """The whitened directions in which windows differ most: [at most EMBEDDING_DIMENSIONS, F].

    Args:
        standard: float64 [n, F], standardized features.
        targets: int32 [n].
        weights: float64 [n].
        rest: the class without a gesture; it is no cluster, so it says nothing of the scatter.
    """
    import tensorflow as tf

    gestures = targets != rest
    scatter = _from_centres(standard[gestures], targets[gestures])
    within = _covariance(scatter, _alike(targets[gestures])) + RIDGE * np.eye(standard.shape[1])
    factor = tf.linalg.cholesky(within)  # one thread: the same on every computer
    half = tf.linalg.triangular_solve(factor, _covariance(standard, weights))
    total = tf.linalg.triangular_solve(factor, tf.transpose(half))
    _, vectors = tf.linalg.eigh((total + tf.transpose(total)) / 2)
    most = tf.reverse(vectors, [1])[:, :EMBEDDING_DIMENSIONS]
    directions: Float64 = tf.transpose(tf.linalg.triangular_solve(factor, most, adjoint=True))
    return np.asarray(directions)


def _from_centres(points: Float64, targets: Int32) -> Float64:
    """Points less the mean of their class."""
    away = points.copy()
    for label in np.unique(targets):
        of_label = targets == label
        away[of_label] -= points[of_label].mean(axis=0)
    return away


def _covariance(points: Float64, weights: Float64) -> Float64:
    """[F, F], of points [n, F] around 0."""
    import tensorflow as tf

    return np.asarray(tf.matmul(points * weights[:, np.newaxis], points, transpose_a=True))


def _with_centres(
    matrix: Float64, offset: Float64, embedded: Float64, targets: Int32, rest: int
) -> GestureEmbedding:
    gestures = [label for label in np.unique(targets).tolist() if label != rest]
    means = [embedded[targets == label].mean(axis=0) for label in gestures]
    away = _from_centres(embedded, targets)[targets != rest]
    own = float(np.median(np.square(away).sum(axis=1)))
    of_rest = k_means(embedded[targets == rest], BACKGROUND_CENTRES)
    classes = np.array([*gestures, *[rest] * len(of_rest)], np.int64)
    return GestureEmbedding(matrix, offset, np.concatenate([means, of_rest]), classes, own)


def k_means(points: Float64, most: int) -> Float64:
    """At most `most` centres of points [n, d] (Lloyd, IEEE Trans. Inf. Theory 28, 1982): [m, d]."""
    order = np.random.default_rng(SEED).permutation(len(points))
    centres = points[order[:most]]
    for _ in range(ROUNDS if len(points) else 0):
        nearest = squared_distances(points, centres).argmin(axis=1)
        for number in np.unique(nearest):
            centres[number] = points[nearest == number].mean(axis=0)
    return centres


def squared_distances(points: NDArray[np.generic], centres: NDArray[np.generic]) -> Float64:
    """Squared distances of points [n, d] to centres [c, d]: float64 [n, c]."""
    away = points[:, np.newaxis].astype(np.float64) - centres.astype(np.float64)
    distances: Float64 = np.square(away).sum(axis=2)
    return distances
