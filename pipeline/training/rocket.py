"""The fit of a rocket network: random kernels, and one system of equations in place of epochs.

The features of the kernels are computed once for each sample of a stream, not for each window. A
ridge regression on the labels gives the scores (Dempster et al., arXiv:2012.08791); a temperature
makes them probabilities (Guo et al., arXiv:1706.04599). Its penalty and the temperature are chosen
on scores of windows whose recordings a fit has not seen. Hidden units then correct the scores, and
everyday motion of people whom a fit has not seen says how high that of the background has to be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.sections import RocketConfig
from pipeline.core.artifacts import (
    Float32,
    Float64,
    Int64,
    SequenceDataset,
    is_everyday,
    is_made_rest,
    person_of,
)
from pipeline.core.contract import Scaling
from pipeline.training.fit import Epoch, Fitted, quiet_keras
from pipeline.training.int8_inputs import Int8Inputs
from pipeline.training.models import (
    CORRECTION,
    Head,
    Source,
    build,
    hidden_layer_name,
    score_layer_name,
)
from pipeline.training.rocket_background import Stretches, background_shift
from pipeline.training.rocket_correction import Correction, fit_correction
from pipeline.training.rocket_kernels import SMALLEST_STD, USUAL_PENALTY, KernelBank, Random
from pipeline.training.run_files import CALIBRATION_WINDOWS, evenly_spaced
from pipeline.training.training_data import one_hot_targets, scale

FOLDS = 5
HALVES = ((0, 1), (2, 3, 4))  # of the folds
LEVELS = 0.25  # of the kernels see which way is down, where the board is worn the same way
PROBED = 16384  # windows by which penalty and temperature are chosen, and scores corrected
PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # a share of the number of windows
TEMPERATURES = np.geomspace(1, 32, 26)


def fit_rocket(
    dataset: SequenceDataset,
    config: GestureConfig,
    scaling: Scaling,
    on_epoch: Callable[[Epoch], None],
) -> Fitted:
    """Fit a rocket network on the training part.

    Args:
        dataset: of windows.
        config: its model is a RocketConfig.
        scaling: of the inputs.
        on_epoch: called once. The loss is that of windows of recordings left out of a fit.

    Returns:
        The fitted model, with one epoch.
    """
    assert isinstance(config.model, RocketConfig)
    quiet_keras(config.fit.seed)
    source = Source(dataset.length, dataset.samples.shape[1])
    model = build(config.model, source, Head(len(dataset.labels)))
    random = np.random.default_rng(config.fit.seed)
    dilations = config.model.for_window(dataset.length).dilations or ()
    calibration = dataset.sequences(evenly_spaced(dataset.splits["train"], CALIBRATION_WINDOWS))
    inputs = Int8Inputs.of(scale(calibration, scaling))
    levels = LEVELS if config.model.worn == "same way" else 0
    bank = KernelBank(model, dilations, dataset, scaling, inputs, levels)
    bank.draw(random)
    sums = _sums_of_folds(bank, dataset, config, random)
    penalty, temperature, loss = _chosen(sums)
    squares = sums.squares.sum(axis=0)
    weights = _ridge(squares, sums.products.sum(axis=0), penalty) * temperature
    logits = sums.probed @ weights
    correction = fit_correction(sums.probed, logits, sums.targets, sums.weights, config.fit.seed)
    shift = _background_shift(sums, dataset, config, penalty, temperature)
    correction = correction.with_background(shift)
    means = squares[-1, :-1] / squares[-1, -1]
    bank.set_parts(score_layer_name, weights, means)
    bank.set_parts(hidden_layer_name, correction.hidden, means)
    layer = model.get_layer(CORRECTION)
    layer.set_weights([correction.scores[:-1], correction.scores[-1]])
    epoch = _as_epoch(bank, dataset, weights, correction, loss)
    on_epoch(epoch)
    return Fitted(model, (epoch,))


@dataclass(frozen=True)
class _FoldSums:
    """What ridge regressions without one fold each need, and windows to choose by.

    Args:
        squares: float64 [folds, f + 1, f + 1], sums of products of features.
        products: float64 [folds, f + 1, K], sums of features times targets.
        probed: float32 [p, f + 1], features of some windows.
        targets: float32 [p, K], their one-hot targets.
        weights: float32 [p].
        folds: int64 [p], the fold of each.
        places: int64 [p], its place in the dataset.
    """

    squares: Float64
    products: Float64
    probed: Float32
    targets: Float32
    weights: Float32
    folds: Int64
    places: Int64


def _sums_of_folds(
    bank: KernelBank, dataset: SequenceDataset, config: GestureConfig, random: Random
) -> _FoldSums:
    import tensorflow as tf

    classes = len(dataset.labels)
    chosen = dataset.splits["train"]
    targets, weights = (
        _at_their_indices(values, chosen, len(dataset.starts))
        for values in one_hot_targets(dataset.targets[chosen], classes, config.fit.class_weights)
    )
    fold_of = _folds(dataset, random)
    squares = np.zeros((FOLDS + 1, bank.width, bank.width))
    products = np.zeros((FOLDS + 1, bank.width, classes))
    probed = np.zeros(len(dataset.starts), bool)
    probed[chosen[:: -(-len(chosen) // PROBED)]] = True
    kept: list[tuple[Int64, Float32]] = []
    for indices, features in bank.features("train"):
        own = probed[indices]
        kept.append((indices[own], features[own]))  # copies: views would keep all features
        for fold in range(FOLDS + 1):
            rows = fold_of[indices] == fold
            part = tf.constant(features[rows], tf.float64)
            weighted = part * weights[indices[rows], np.newaxis].astype(np.float64)
            squares[fold] += np.asarray(tf.matmul(weighted, part, transpose_a=True))
            labels = tf.constant(targets[indices[rows]], tf.float64)
            products[fold] += np.asarray(tf.matmul(weighted, labels, transpose_a=True))
    places, rows = (np.concatenate(part) for part in zip(*kept, strict=True))
    known = (targets[places], weights[places], fold_of[places], places)
    return _FoldSums(squares, products, rows, *known)


def _at_their_indices(values: Float32, indices: Int64, count: int) -> Float32:
    """The rows at their places among `count`, zeros elsewhere."""
    spread = np.zeros((count, *values.shape[1:]), np.float32)
    spread[indices] = values
    return spread


def _folds(dataset: SequenceDataset, random: Random) -> Int64:
    """int64 [n]: the fold of each window, the same for all of a recording.

    The recordings of a label are spread over the folds, and so are the people of everyday motion,
    and made rest. A single one is in the fold that is never left out.
    """
    units = [
        f"everyday/{person_of(name)}" if is_everyday(name) else name for name in dataset.groups
    ]
    names, places = np.unique(np.array(units), return_inverse=True)
    labels = np.full(len(names), len(dataset.labels))
    np.minimum.at(labels, places, dataset.targets)  # of its gesture; the background is the last
    # Rest is spread by itself, so that each fold has some.
    labels[[is_made_rest(name) for name in names.tolist()]] = len(dataset.labels)
    folds = np.full(len(names), FOLDS)
    for label in np.unique(labels):
        of_label = random.permutation(np.flatnonzero(labels == label))
        if len(of_label) > 1:
            folds[of_label] = np.arange(len(of_label)) % FOLDS
    of_windows: Int64 = folds[places]
    return of_windows


def _chosen(sums: _FoldSums) -> tuple[float, float, float]:
    """The penalty and the temperature that are best for windows left out, and their loss then.

    A penalty is chosen by the squared error that a ridge regression minimizes: the cross-entropy
    of its scores says little of how they rank the labels.
    """
    parts = _left_out(sums)
    rows = np.concatenate([part.rows for part in parts])
    tried = []
    for penalty in PENALTIES if np.any(sums.folds < FOLDS) else (USUAL_PENALTY,):
        error = np.square(_logits(parts, penalty) - sums.targets[rows]).sum(axis=1)
        tried.append((float(np.average(error, weights=sums.weights[rows])), penalty))
    penalty = min(tried)[1]
    logits = _logits(parts, penalty)
    loss, temperature = _temperature(logits, sums.targets[rows], sums.weights[rows])
    return penalty, temperature, loss


def _temperature(logits: Float64, targets: Float32, weights: Float32) -> tuple[float, float]:
    """The lowest loss, and the temperature that gives it."""
    return min((_cross_entropy(logits * t, targets, weights), t) for t in TEMPERATURES.tolist())


@dataclass(frozen=True)
class _LeftOut:
    """Probed windows of a fold, and the sums of all others.

    Args:
        rows: int64 [m], their places among the probed windows.
        features: float64 [m, f + 1].
        squares: float64 [f + 1, f + 1].
        products: float64 [f + 1, K].
    """

    rows: Int64
    features: Float64
    squares: Float64
    products: Float64


def _left_out(sums: _FoldSums) -> list[_LeftOut]:
    """Each fold left out; all windows by one fit, where nothing can be left out."""
    folds = [fold for fold in np.unique(sums.folds).tolist() if fold < FOLDS]
    parts = []
    for fold in folds or [None]:
        others = np.arange(FOLDS + 1) != fold
        rows = np.flatnonzero(sums.folds == fold) if folds else np.arange(len(sums.folds))
        squares, products = (part[others].sum(axis=0) for part in (sums.squares, sums.products))
        parts.append(_LeftOut(rows, sums.probed[rows].astype(np.float64), squares, products))
    return parts


def _logits(parts: Sequence[_LeftOut], penalty: float) -> Float64:
    """Logits of the windows that are left out, part by part."""
    return np.concatenate(
        [part.features @ _ridge(part.squares, part.products, penalty) for part in parts]
    )


def _ridge(squares: Float64, products: Float64, penalty: float) -> Float64:
    """Ridge regression on standardized features; its bias is not penalized.

    Args:
        squares: float64 [f + 1, f + 1].
        products: float64 [f + 1, K].
        penalty: a share of the number of windows.

    Returns:
        Weights of the features as they are: float64 [f + 1, K].
    """
    import tensorflow as tf

    count = squares[-1, -1]
    mean, label_mean = squares[-1, :-1] / count, products[-1] / count
    covariance = squares[:-1, :-1] / count - np.outer(mean, mean)
    std = np.sqrt(np.maximum(np.diag(covariance), 0)) + SMALLEST_STD
    system = covariance / np.outer(std, std) + penalty * np.eye(len(std))
    right = (products[:-1] / count - np.outer(mean, label_mean)) / std[:, np.newaxis]
    factors = tf.linalg.cholesky(system)  # one thread: the same on every computer
    slopes = np.asarray(tf.linalg.cholesky_solve(factors, right)) / std[:, np.newaxis]
    return np.concatenate([slopes, [label_mean - mean @ slopes]])


def _background_shift(
    sums: _FoldSums,
    dataset: SequenceDataset,
    config: GestureConfig,
    penalty: float,
    temperature: float,
) -> float:
    """How much the score of the background changes; see background_shift."""
    names = np.array([dataset.groups[place] for place in sums.places.tolist()])
    left_out = sums.folds < FOLDS
    moving = left_out & [is_everyday(name) for name in names.tolist()]
    resting = left_out & [is_made_rest(name) for name in names.tolist()]
    if np.count_nonzero(moving) < 2:  # no two windows are apart
        return 0.0
    logits = np.zeros((len(names), len(dataset.labels)))
    for half in HALVES:
        asked = (moving | resting) & np.isin(sums.folds, half)
        if asked.any():
            logits[asked] = _logits_without(
                sums, half, asked, penalty, temperature, config.fit.seed
            )
    starts = dataset.starts[sums.places]
    moved, rested = (_stretches(logits[own], names[own], starts[own]) for own in (moving, resting))
    return background_shift(moved, rested, config)


def _stretches(logits: Float64, names: NDArray[np.str_], starts: Int64) -> Stretches:
    """Logits of windows by recording, and how far apart they are; of one window, none."""
    apart = int(np.median(np.diff(starts))) if len(starts) > 1 else 0
    known = sorted(set(names.tolist())) if apart else ()
    return Stretches([logits[names == name] for name in known], apart)


def _logits_without(
    sums: _FoldSums,
    folds: Sequence[int],
    asked: NDArray[np.bool_],
    penalty: float,
    temperature: float,
    seed: int,
) -> Float64:
    """Corrected logits of some windows, by a fit without some folds."""
    others = np.setdiff1d(np.arange(FOLDS + 1), folds)
    squares, products = (part[others].sum(axis=0) for part in (sums.squares, sums.products))
    weights = _ridge(squares, products, penalty) * temperature
    rows = np.isin(sums.folds, others)
    known, features = sums.probed[rows], sums.probed[asked]
    parts = (sums.targets[rows], sums.weights[rows])
    correction = fit_correction(known, known @ weights, *parts, seed)
    return features @ weights + correction.of(features)


def _cross_entropy(logits: NDArray[Any], targets: Float32, weights: Float32) -> float:
    """The weighted mean in nats."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    surprise = np.log(np.exp(shifted).sum(axis=1)) - (shifted * targets).sum(axis=1)
    return float(np.average(surprise, weights=weights))


def _as_epoch(
    bank: KernelBank,
    dataset: SequenceDataset,
    weights: Float64,
    correction: Correction,
    loss: float,
) -> Epoch:
    if not len(dataset.splits["validation"]):
        return Epoch(1, 1, loss, None, None)
    indices, logits = [], []
    for places, features in bank.features("validation"):
        indices.append(places)
        logits.append(features @ weights + correction.of(features))
    labels, scores = dataset.targets[np.concatenate(indices)], np.concatenate(logits)
    targets, counts = one_hot_targets(labels, len(dataset.labels), weighted=False)
    accuracy = float(np.mean(scores.argmax(axis=1) == labels))
    return Epoch(1, 1, loss, _cross_entropy(scores, targets, counts), accuracy)
