"""Fitting: one loop for every model and task, seeded, with the best weights kept.

What is learned, from what and by which loss, is the task's: it hands over a course.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config_fit import FitConfig
from pipeline.errors import PipelineError
from pipeline.training.journal import Journal, callbacks, load_checkpoint
from pipeline.training.lessons import Course, Lesson
from pipeline.training.streams import forget

EMA_MOMENTUM = 0.995
STEPS_AT_ONCE = 16  # the same steps, with less of Python between them; a stream forgets in between


@dataclass(frozen=True)
class Epoch:
    """number counts from 1; losses as the course has them, of cross-entropies in nats;
    validation_loss: None where nothing is held out; validation_accuracy: nor where a course has
    no right answers."""

    number: int
    of: int
    loss: float
    validation_loss: float | None
    validation_accuracy: float | None


@dataclass(frozen=True)
class Fitted:
    """The Keras model with the weights of the best epoch, and how it went."""

    model: Any
    epochs: tuple[Epoch, ...]


def fit(
    course: Course,
    config: FitConfig,
    on_epoch: Callable[[Epoch], None],
    journal: Journal | None = None,
) -> Fitted:
    """Learn from `learned`, stop by `held`; with a journal, go on where it was broken off.

    With nothing held all epochs are learned, and the last weights are kept.

    The learning rate falls along half a cosine to zero (Loshchilov and Hutter, ICLR 2017), and
    weights are averaged over steps (Polyak and Juditsky, 1992): a few takes are little to learn
    from, and both calm it. The same course and config give the same weights on the same machine;
    one that was broken off goes on as it was, but where batches are shuffled in another order.
    """
    checkpoint = None if journal is None else load_checkpoint(journal)
    epochs = [] if checkpoint is None else [Epoch(**epoch) for epoch in checkpoint.epochs]
    keras = quiet_keras(config.seed + len(epochs))
    model = course.network()
    learner = course.learner(model)
    if checkpoint is not None and checkpoint.done:
        learner.set_weights(checkpoint.row("weights"))
    else:
        _compile(keras, learner, course, config)
        best = None if course.held is None else _stopping(keras, config)
        called = [
            _telling(keras, config, epochs, on_epoch),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            *(() if best is None else (best,)),
            *_forgetting(keras, learner, course),
            *(() if journal is None else callbacks(keras, journal, checkpoint, best, epochs)),
        ]
        _learn(learner, course, config, len(epochs), called)
    model.set_weights(learner.get_weights())
    return Fitted(model, tuple(epochs))


def _stopping(keras: Any, config: FitConfig) -> Any:
    return keras.callbacks.EarlyStopping(
        "val_loss", patience=config.patience, restore_best_weights=True
    )


def _compile(keras: Any, learner: Any, course: Course, config: FitConfig) -> None:
    learner.compile(
        _optimizer(keras, config, len(course.learned.inputs)),
        course.loss(),
        weighted_metrics=["accuracy"] if course.accuracy else [],
        steps_per_execution=STEPS_AT_ONCE if course.learned.begins is None else 1,
    )


def _learn(
    learner: Any, course: Course, config: FitConfig, epochs: int, called: Sequence[Any]
) -> None:
    """epochs: that are done already."""
    learned, held = course.learned, course.held
    learner.fit(
        learned.inputs,
        learned.targets,
        sample_weight=learned.weights,
        validation_data=None if held is None else _with_weights(held),
        batch_size=config.batch_size,
        epochs=config.epochs,
        initial_epoch=epochs,
        shuffle=learned.begins is None,
        callbacks=called,
        verbose=0,
    )


def _optimizer(keras: Any, config: FitConfig, sequences: int) -> Any:
    steps = config.epochs * math.ceil(sequences / config.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    return keras.optimizers.Adam(
        rate, global_clipnorm=config.clip_norm, use_ema=True, ema_momentum=EMA_MOMENTUM
    )


def _with_weights(held: Lesson) -> tuple[Any, ...]:
    given = (held.inputs, held.targets)
    return given if held.weights is None else (*given, held.weights)


def _forgetting(keras: Any, learner: Any, course: Course) -> list[Any]:
    """What sets states to nought where streams begin."""
    parts = {"on_train_batch_begin": course.learned, "on_test_batch_begin": course.held}
    at = {when: part.begins for when, part in parts.items() if part is not None}
    return [
        keras.callbacks.LambdaCallback(**{when: _before_batch(learner, begins)})
        for when, begins in at.items()
        if begins is not None
    ]


def _before_batch(model: Any, begins: NDArray[np.bool_]) -> Callable[..., None]:
    def forget_some(batch: int, logs: Any = None) -> None:  # noqa: ARG001, Keras names them
        forget(model, begins[batch])

    return forget_some


def quiet_keras(seed: int) -> Any:
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


def _telling(
    keras: Any, config: FitConfig, epochs: list[Epoch], on_epoch: Callable[[Epoch], None]
) -> Any:
    def tell(index: int, logs: dict[str, float]) -> None:
        epoch = Epoch(
            number=index + 1,
            of=config.epochs,
            loss=float(logs["loss"]),
            validation_loss=logs.get("val_loss"),
            validation_accuracy=logs.get("val_accuracy"),
        )
        _require_finite(epoch, config)
        epochs.append(epoch)
        on_epoch(epoch)

    return keras.callbacks.LambdaCallback(on_epoch_end=tell)


def _require_finite(epoch: Epoch, config: FitConfig) -> None:
    held = epoch.validation_loss
    if not math.isfinite(epoch.loss + (held or 0)):
        losses = f"{epoch.loss:g}" + ("" if held is None else f", {held:g} on validation data")
        raise PipelineError(
            f"The training has diverged: the loss of epoch {epoch.number} is {losses}.",
            "its steps are so long that the weights grow without end",
            f"lower fit.learning_rate ({config.learning_rate:g}), or limit a step by "
            "fit.clip_norm (1 is usual)",
        )
