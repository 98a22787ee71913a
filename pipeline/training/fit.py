"""Fitting: one loop for every model and task, seeded, with the best weights kept.

A task says which network, data and loss: see TrainingTask.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config.sections import FitConfig
from pipeline.core.errors import PipelineError
from pipeline.training.checkpoints import Checkpoint, Checkpointing, callbacks, load_checkpoint
from pipeline.training.padded_batches import PaddedPairs, dataset_of_batches
from pipeline.training.stateful import reset_states
from pipeline.training.training_data import FitData, TrainingTask

THREADS = 1  # of TensorFlow, on every computer
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h
MOST_KEPT = 2**31 - 1  # bytes
STEPS_PER_CALL = 16  # of Keras; the same steps, with less Python between them


@dataclass(frozen=True)
class Epoch:
    """How one pass over the training data went.

    Args:
        number: counts from 1.
        of: how many epochs there are at most.
        loss: of the training data; cross-entropies are in nats.
        validation_loss: None without validation data.
        validation_accuracy: None without validation data, or where the task has no accuracy.
    """

    number: int
    of: int
    loss: float
    validation_loss: float | None
    validation_accuracy: float | None


@dataclass(frozen=True)
class Fitted:
    """The Keras model with the weights of the best epoch, and all epochs.

    Args:
        model: the Keras model.
        epochs: in order.
        resumed: after which epochs the training was resumed. The batches after them had another
            order than without the stop.
    """

    model: Any
    epochs: tuple[Epoch, ...]
    resumed: tuple[int, ...] = ()


def fit(
    task: TrainingTask,
    config: FitConfig,
    on_epoch: Callable[[Epoch], None],
    checkpointing: Checkpointing | None = None,
) -> Fitted:
    """Train on the training data, stop by the validation data.

    Without validation data all epochs run, and the last weights are kept. The learning rate falls
    along half a cosine to zero (Loshchilov and Hutter, ICLR 2017). Weights are averaged over
    steps. The same task and config give the same weights on the same machine. A resumed training
    gives the same weights only where batches are not shuffled.

    Args:
        task: network, data and loss.
        config: the section `fit` of a config.
        on_epoch: called after each epoch.
        checkpointing: where checkpoints are saved; an unfinished training is resumed.

    Raises:
        PipelineError: the loss is not finite, or the checkpoint does not fit.
    """
    checkpoint = None if checkpointing is None else load_checkpoint(checkpointing)
    epochs = [] if checkpoint is None else [Epoch(**epoch) for epoch in checkpoint.epochs]
    resumed = _resumed(checkpoint, task)
    keras = quiet_keras(config.seed + len(epochs))
    model = task.build_model()
    training_model = task.training_model(model)
    if checkpoint is not None and checkpoint.done:
        training_model.set_weights(checkpoint.arrays_of("weights"))
    else:
        _compile(keras, training_model, task, config)
        best = None if task.validation is None else _early_stopping(keras, config)
        last = LastWeights()
        called = [
            _epoch_reporter(keras, config, epochs, on_epoch),
            last.remember_callback(keras, training_model),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            *(() if best is None else (best,)),
            *_last_weights_chooser(keras, training_model, task, config, last),
            *_state_resetters(keras, training_model, task),
            *(
                ()
                if checkpointing is None
                else callbacks(keras, checkpointing, checkpoint, best, epochs, resumed)
            ),
        ]
        _run_epochs(training_model, task, config, len(epochs), called)
    model.set_weights(training_model.get_weights())
    return Fitted(model, tuple(epochs), resumed)


def _resumed(checkpoint: Checkpoint | None, task: TrainingTask) -> tuple[int, ...]:
    """Streams have one order, so a stop does not change them."""
    if checkpoint is None:
        return ()
    shuffles = task.training.begins is None
    now = (len(checkpoint.epochs),) if shuffles and not checkpoint.done else ()
    return (*checkpoint.resumed, *now)


def _early_stopping(keras: Any, config: FitConfig) -> Any:
    return keras.callbacks.EarlyStopping(
        "val_loss", patience=config.patience, restore_best_weights=True
    )


def _last_weights_chooser(
    keras: Any, model: Any, task: TrainingTask, config: FitConfig, last: LastWeights
) -> list[Any]:
    validation = task.validation
    if validation is None:
        return []

    def loss() -> float:
        results: dict[str, float] = model.evaluate(
            validation.inputs,
            validation.targets,
            sample_weight=validation.weights,
            batch_size=config.batch_size,
            callbacks=_state_resetters(keras, model, task),
            return_dict=True,
            verbose=0,
        )
        return results["loss"]

    return [last.choose_callback(keras, model, loss)]


def _compile(keras: Any, model: Any, task: TrainingTask, config: FitConfig) -> None:
    """All variables are made here: made in the first step, they would have it traced twice."""
    model.compile(
        _optimizer(keras, config, len(task.training.targets)),
        task.loss(),
        weighted_metrics=[_accuracy(keras, model, task)] if task.accuracy else [],
        # States are reset between the steps of a stream.
        steps_per_execution=STEPS_PER_CALL if task.training.begins is None else 1,
    )
    model.optimizer.build(model.trainable_variables)


def _accuracy(keras: Any, model: Any, task: TrainingTask) -> Any:
    is_one_hot = task.training.targets.ndim == len(model.output_shape)
    metrics = keras.metrics
    kind = metrics.CategoricalAccuracy if is_one_hot else metrics.SparseCategoricalAccuracy
    return kind(name="accuracy")


def _run_epochs(
    model: Any, task: TrainingTask, config: FitConfig, done: int, called: Sequence[Any]
) -> None:
    """done: how many epochs are done already."""
    training, validation = task.training, task.validation
    model.fit(
        **_batches(training, config, done),
        validation_data=None if validation is None else _validation_data(validation),
        validation_batch_size=config.batch_size,
        epochs=config.epochs,
        initial_epoch=done,
        callbacks=called,
        verbose=0,
    )


def _batches(training: FitData, config: FitConfig, done: int) -> dict[str, Any]:
    """Arguments of Keras: the training data and how they are cut into batches."""
    if training.padded:
        pairs, seed = PaddedPairs.of(training), config.seed + done
        return {"x": dataset_of_batches(pairs, config.batch_size, seed), "shuffle": False}
    return {
        "x": training.inputs,
        "y": training.targets,
        "sample_weight": training.weights,
        "batch_size": config.batch_size,
        "shuffle": training.begins is None,
    }


def _optimizer(keras: Any, config: FitConfig, sequences: int) -> Any:
    steps = config.epochs * math.ceil(sequences / config.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    return keras.optimizers.Adam(
        rate, global_clipnorm=config.clip_norm, use_ema=True, ema_momentum=momentum(steps)
    )


def _validation_data(data: FitData) -> tuple[Any, ...]:
    pair = (data.inputs, data.targets)
    return pair if data.weights is None else (*pair, data.weights)


def _state_resetters(keras: Any, model: Any, task: TrainingTask) -> list[Any]:
    """Callbacks that set states to zero where streams begin."""
    data = {"on_train_batch_begin": task.training, "on_test_batch_begin": task.validation}
    begins = {when: part.begins for when, part in data.items() if part is not None}
    return [
        keras.callbacks.LambdaCallback(**{when: _before_batch(model, flags)})
        for when, flags in begins.items()
        if flags is not None
    ]


def _before_batch(model: Any, begins: NDArray[np.bool_]) -> Callable[..., None]:
    def reset(batch: int, logs: Any = None) -> None:  # noqa: ARG001, Keras names them
        reset_states(model, begins[batch])

    return reset


def quiet_keras(seed: int) -> Any:
    """Keras, seeded, silent, and with the same result on any number of processors."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # sums in one order on every processor
    with _muted_stderr():
        import keras
        import tensorflow as tf

        _fix_threads(tf.config.threading)
        _keep_freed_memory()
        tf.get_logger().setLevel("ERROR")  # else it warns of a second model in a process
        tf.config.experimental.enable_op_determinism()
        keras.utils.set_random_seed(seed)
        tf.constant(0)  # the first operation prints a message
    return keras


def _fix_threads(threading: Any) -> None:
    """The number of threads changes the order of sums. TensorFlow fixes it when it starts."""
    if threading.get_intra_op_parallelism_threads() != THREADS:
        threading.set_intra_op_parallelism_threads(THREADS)
        threading.set_inter_op_parallelism_threads(THREADS)


def _keep_freed_memory() -> None:
    """What a step frees is for the next step, where the C library is glibc.

    Else it goes back to the system, which clears it before it gives it again: a third of the time
    where the outputs of a step are large, as those of 4,000 subwords. See mallopt(3).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, MOST_KEPT)


@contextmanager
def _muted_stderr() -> Iterator[None]:
    """TensorFlow prints to the file descriptor, whatever its log level."""
    saved = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _epoch_reporter(
    keras: Any, config: FitConfig, epochs: list[Epoch], on_epoch: Callable[[Epoch], None]
) -> Any:
    def report(index: int, logs: dict[str, float]) -> None:
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

    return keras.callbacks.LambdaCallback(on_epoch_end=report)


def _require_finite(epoch: Epoch, config: FitConfig) -> None:
    validation = epoch.validation_loss
    if not math.isfinite(epoch.loss + (validation or 0)):
        losses = f"{epoch.loss:g}"
        losses += "" if validation is None else f", {validation:g} on validation data"
        raise PipelineError(
            f"The training has diverged: the loss of epoch {epoch.number} is {losses}.",
            "the weights possibly grow without end, because the steps are too long",
            f"lower fit.learning_rate ({config.learning_rate:g}), or limit a step by "
            "fit.clip_norm (1 is usual)",
        )


MOST_STEPS = 200  # about how many steps an average covers
SHARE = 10  # an average covers one of so many steps of a training

Loss = Callable[[], float]


def momentum(steps: int) -> float:
    """Momentum of the moving average of the weights, for a training of `steps` steps."""
    return 1 - 1 / min(MOST_STEPS, max(1, steps / SHARE))


class LastWeights:
    """The weights of the newest epoch without averaging; they replace worse averaged ones."""

    def __init__(self) -> None:
        self._weights: list[NDArray[Any]] | None = None

    def remember_callback(self, keras: Any, model: Any) -> Any:
        """A callback for a place before the one that swaps in the averages."""

        def remember(epoch: int, logs: Any = None) -> None:  # noqa: ARG001, Keras names them
            self._weights = model.get_weights()

        return keras.callbacks.LambdaCallback(on_epoch_end=remember)

    def choose_callback(self, keras: Any, model: Any, loss: Loss) -> Any:
        """A callback for a place after all that choose among epochs.

        Args:
            keras: the module.
            model: what is fitted.
            loss: of the validation data, with the present weights of the model.
        """

        def choose(logs: Any = None) -> None:  # noqa: ARG001
            if self._weights is not None:
                _keep_better(model, self._weights, loss)

        return keras.callbacks.LambdaCallback(on_train_end=choose)


def _keep_better(model: Any, others: Sequence[NDArray[Any]], loss: Loss) -> None:
    present, present_loss = model.get_weights(), loss()
    model.set_weights(others)
    if loss() >= present_loss:
        model.set_weights(present)
