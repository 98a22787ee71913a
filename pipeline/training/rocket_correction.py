"""Hidden units that correct the scores of a rocket network.

A sum of features cannot say "like this gesture, but too far from it": everyday motion with a part
of a gesture in it gets a high score. The hidden units can. They are trained on features that are
computed once, so their epochs take a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.config.sections import FitConfig
from pipeline.core.artifacts import Float32, Float64
from pipeline.training.fit import fit
from pipeline.training.models import ROCKET_HIDDEN
from pipeline.training.rocket_kernels import SMALLEST_STD
from pipeline.training.training_data import FitData, TrainingTask

EPOCHS = 25
BATCH_SIZE = 128
LEARNING_RATE = 0.002
DROPOUT = 0.3
WEIGHT_DECAY = 3e-4  # L2, as a penalty of the loss


@dataclass(frozen=True)
class Correction:
    """Logits of a window += relu(features @ hidden) @ scores, each with a last 1.

    Args:
        hidden: float64 [f + 1, h].
        scores: float64 [h + 1, K].
    """

    hidden: Float64
    scores: Float64

    def of(self, features: Float32) -> Float64:
        """What is added to logits: float64 [n, K] of float32 [n, f + 1]."""
        units = np.maximum(features @ self.hidden, 0)
        return np.asarray(units @ self.scores[:-1] + self.scores[-1])

    def with_background(self, shift: float) -> Correction:
        """The same with another logit of the background, the last of K."""
        scores = self.scores.copy()
        scores[-1, -1] += shift
        return Correction(self.hidden, scores)


def fit_correction(
    features: Float32, logits: Float64, targets: Float32, weights: Float32, seed: int
) -> Correction:
    """Fit hidden units to what the logits leave to be explained.

    Args:
        features: float32 [n, f + 1], the last 1.
        logits: float64 [n, K], which are corrected.
        targets: float32 [n, K], one-hot.
        weights: float32 [n], how much each window counts.
        seed: of the first weights and the order of batches.
    """
    count = features.shape[1] - 1
    mean = features[:, :-1].mean(axis=0, dtype=np.float64)
    std = features[:, :-1].std(axis=0, dtype=np.float64) + SMALLEST_STD
    scaled = ((features[:, :-1] - mean) / std).astype(np.float32)
    inputs = np.concatenate([scaled, logits.astype(np.float32)], axis=1)
    task = TrainingTask(
        build_model=lambda: _build(count, logits.shape[1]),
        training=FitData(inputs, targets, weights),
        validation=None,
        loss=_cross_entropy_of_logits,
    )
    config = FitConfig(epochs=EPOCHS, batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE, seed=seed)
    model = fit(task, config, lambda _: None).model
    hidden, bias = (part.astype(np.float64) for part in model.get_layer("hidden").get_weights())
    scores = np.concatenate([np.atleast_2d(w) for w in model.get_layer("scores").get_weights()])
    hidden /= std[:, np.newaxis]
    return Correction(np.concatenate([hidden, [bias - mean @ hidden]]), scores.astype(np.float64))


def _build(features: int, labels: int) -> Any:
    """From features and logits, side by side, to corrected logits; at first they are the same."""
    from keras import Input, Model, layers, regularizers

    decay = regularizers.L2(WEIGHT_DECAY)
    inputs = Input((features + labels,))
    units = layers.Dropout(DROPOUT)(inputs[:, :features])
    units = layers.Dense(ROCKET_HIDDEN, activation="relu", kernel_regularizer=decay, name="hidden")(
        units
    )
    units = layers.Dropout(DROPOUT)(units)
    correction = layers.Dense(
        labels, kernel_initializer="zeros", kernel_regularizer=decay, name="scores"
    )(units)
    return Model(inputs, layers.Add()([inputs[:, features:], correction]))


def _cross_entropy_of_logits() -> Any:
    from keras.losses import CategoricalCrossentropy

    return CategoricalCrossentropy(from_logits=True)
