"""Fitting: one loop for every model and task, seeded, with the best weights kept.

Whether it learns from sequences that stand alone or from streams, the shape of the data says.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import SequenceDataset
from pipeline.config import FitConfig, TrainConfig
from pipeline.contract import Scaling
from pipeline.training.lessons import Lesson, lesson
from pipeline.training.models import build
from pipeline.training.scaling import measure_scaling
from pipeline.training.streams import forget, keeping_state

EMA_MOMENTUM = 0.995


@dataclass(frozen=True)
class Epoch:
    """number counts from 1; losses are mean cross-entropies in nats."""

    number: int
    of: int
    loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True)
class Fitted:
    """The Keras model with the weights of the best epoch, and how it went."""

    model: Any
    scaling: Scaling
    epochs: tuple[Epoch, ...]


def fit(dataset: SequenceDataset, config: TrainConfig, on_epoch: Callable[[Epoch], None]) -> Fitted:
    """Train on `train`, stop by `validation`; the test part is never touched.

    The learning rate falls along half a cosine to zero (Loshchilov and Hutter, ICLR 2017),
    labels are smoothed (Szegedy et al., CVPR 2016) and weights are averaged over steps (Polyak
    and Juditsky, 1992): a few takes are little to learn from, and all three calm it. The same
    dataset and config give the same weights on the same machine.
    """
    keras = _quiet_keras(config.fit.seed)
    inputs, _ = dataset.part("train")
    scaling = measure_scaling(inputs, config.data.channels)
    classes = len(dataset.labels)
    model = build(config.model, config.window.length, len(config.data.channels), classes)
    learner = model if dataset.begins is None else _on_streams(model, inputs.shape[1], config)
    learned, held = (lesson(dataset, part, scaling, config) for part in ("train", "validation"))
    steps = config.fit.epochs * math.ceil(len(learned.inputs) / config.fit.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(config.fit.learning_rate, steps)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=config.fit.label_smoothing)
    optimizer = keras.optimizers.Adam(rate, use_ema=True, ema_momentum=EMA_MOMENTUM)
    learner.compile(optimizer, loss, weighted_metrics=["accuracy"])
    epochs: list[Epoch] = []
    learner.fit(
        learned.inputs,
        learned.targets,
        sample_weight=learned.weights,
        validation_data=(held.inputs, held.targets, held.weights),
        batch_size=config.fit.batch_size,
        epochs=config.fit.epochs,
        shuffle=dataset.begins is None,
        callbacks=[
            *_callbacks(keras, config.fit, epochs, on_epoch),
            *_forgetting(keras, learner, learned, held),
        ],
        verbose=0,
    )
    model.set_weights(learner.get_weights())
    return Fitted(model, scaling, tuple(epochs))


def _on_streams(model: Any, samples: int, config: TrainConfig) -> Any:
    lanes = config.fit.batch_size
    return keeping_state(model, config.model, samples, config.window.hop, lanes)


def _forgetting(keras: Any, model: Any, learned: Lesson, held: Lesson) -> list[Any]:
    """What sets states to nought where streams begin."""
    if learned.begins is None or held.begins is None:
        return []
    at = {"on_train_batch_begin": learned.begins, "on_test_batch_begin": held.begins}
    return [
        keras.callbacks.LambdaCallback(
            **{when: _before_batch(model, begins) for when, begins in at.items()}
        )
    ]


def _before_batch(model: Any, begins: NDArray[np.bool_]) -> Callable[..., None]:
    def forget_some(batch: int, logs: Any = None) -> None:  # noqa: ARG001, Keras names them
        forget(model, begins[batch])

    return forget_some


def _quiet_keras(seed: int) -> Any:
    """Keras, told to be repeatable."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with _muted_stderr():
        import keras
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # it warns of a second model in one process
        tf.config.experimental.enable_op_determinism()
        keras.utils.set_random_seed(seed)
        tf.constant(0)  # the first operation makes TensorFlow talk once more
    return keras


@contextmanager
def _muted_stderr() -> Iterator[None]:
    """TensorFlow greets on the file descriptor itself, whatever its log level."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _callbacks(
    keras: Any, config: FitConfig, epochs: list[Epoch], on_epoch: Callable[[Epoch], None]
) -> list[Any]:
    def tell(index: int, logs: dict[str, float]) -> None:
        epoch = Epoch(
            number=index + 1,
            of=config.epochs,
            loss=float(logs["loss"]),
            validation_loss=float(logs["val_loss"]),
            validation_accuracy=float(logs["val_accuracy"]),
        )
        epochs.append(epoch)
        on_epoch(epoch)

    best = keras.callbacks.EarlyStopping(
        "val_loss", patience=config.patience, restore_best_weights=True
    )
    averaged = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    return [keras.callbacks.LambdaCallback(on_epoch_end=tell), averaged, best]
