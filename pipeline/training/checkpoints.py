"""Checkpoints of a training, and its logs for people and TensorBoard."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config.sections import TaskConfig
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import atomic_write, load_arrays, reading
from pipeline.core.run_folder import RunFolder

SCALARS = "scalars"  # the name of TensorBoard's plugin for curves
STATE = "told"  # the array of a checkpoint that holds JSON


@dataclass(frozen=True)
class Checkpointing:
    """Where a training keeps its checkpoints, and what they belong to.

    Args:
        run: the run folder.
        config: settings; a training is resumed only with the same ones.
        fingerprint: of the data; a training is resumed only with the same data.
    """

    run: RunFolder
    config: TaskConfig
    fingerprint: str

    def begin(self) -> None:
        """Make the folder, and save the settings."""
        self.run.training.mkdir(parents=True, exist_ok=True)
        self.config.save(self.run.config_file)


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after whole epochs.

    Args:
        epochs: the fields of each Epoch.
        arrays: by name, as numpy keeps them.
        done: whether the training has ended; the weights are then the best ones.
        resumed: after which epochs it was resumed before.
    """

    epochs: tuple[dict[str, Any], ...]
    arrays: dict[str, NDArray[Any]]
    done: bool
    resumed: tuple[int, ...]

    def arrays_of(self, name: str) -> list[NDArray[Any]]:
        """The arrays with this name, in order."""
        return [self.arrays[key] for key in sorted(self.arrays) if key.startswith(f"{name}:")]


def load_checkpoint(checkpointing: Checkpointing) -> Checkpoint | None:
    """The checkpoint of a run, or None before the end of the first epoch.

    Raises:
        PipelineError: the data or the settings differ, or the file is damaged.
    """
    file = checkpointing.run.checkpoint_file
    if not file.is_file():
        return None
    arrays = load_arrays(file, "train", {STATE})
    with reading(file, "train"):
        state = json.loads(str(arrays.pop(STATE)))
        epochs, resumed = tuple(state["epochs"]), tuple(state["resumed"])
        checkpoint = Checkpoint(epochs, arrays, state["done"], resumed)
        other_data = state["fingerprint"] != checkpointing.fingerprint
        other_settings = state["settings"] != checkpointing.config.hash()
    if other_data:
        raise _cannot_go_on(checkpointing, "data", "files were added, changed or deleted")
    if other_settings:
        why = f"{checkpointing.run.config_file.name} was edited, or the version changed,"
        raise _cannot_go_on(checkpointing, "settings", why)
    return checkpoint


def epochs_kept(run: RunFolder) -> int:
    """After how many whole epochs an unfinished training goes on."""
    if not run.checkpoint_file.is_file():
        return 0
    state = load_arrays(run.checkpoint_file, "train", {STATE})[STATE]
    with reading(run.checkpoint_file, "train"):
        return len(json.loads(str(state))["epochs"])


def _cannot_go_on(checkpointing: Checkpointing, what: str, why: str) -> PipelineError:
    return PipelineError(
        f"{checkpointing.run.path} cannot be resumed: its {what} have changed.",
        f"{why} since the training began",
        f"train a new run, or restore the {what}",
        ExitCode.MISMATCH,
    )


def save_checkpoint(
    checkpointing: Checkpointing,
    model: Any,
    best: Any,
    epochs: Sequence[Any],
    resumed: tuple[int, ...],
    done: bool,
) -> None:
    """Save the state after whole epochs.

    Args:
        checkpointing: where to.
        model: the Keras model that is fitted.
        best: Keras's early stopping; None without validation data.
        epochs: of `Epoch`, so far.
        resumed: as in Checkpoint.
        done: as in Checkpoint.
    """
    state = {
        "epochs": [asdict(epoch) for epoch in epochs],
        "done": done,
        "resumed": resumed,
        "fingerprint": checkpointing.fingerprint,
        "settings": checkpointing.config.hash(),
    }
    arrays_by_name = {
        "weights": model.get_weights(),
        "optimizer": [variable.numpy() for variable in model.optimizer.variables],
        "random": [variable.numpy() for variable in _random(model)],
    }
    if best is not None:
        arrays_by_name["best"] = best.best_weights
        arrays_by_name["waited"] = [
            np.array(best.wait),
            np.array(best.best),
            np.array(best.best_epoch),
        ]
    arrays = {
        f"{name}:{i:05}": array
        for name, some in arrays_by_name.items()
        for i, array in enumerate(some)
    }
    arrays[STATE] = np.array(json.dumps(state))
    with (
        atomic_write(checkpointing.run.checkpoint_file) as unfinished,
        unfinished.open("wb") as file,
    ):
        np.savez(file, **arrays)


def _restore(checkpoint: Checkpoint, model: Any, best: Any) -> None:
    """Must be called after training has begun, when the optimizer is there."""
    model.optimizer.build(model.trainable_variables)
    model.set_weights(checkpoint.arrays_of("weights"))
    for variables, name in (
        (model.optimizer.variables, "optimizer"),
        (_random(model), "random"),
    ):
        for variable, value in zip(variables, checkpoint.arrays_of(name), strict=True):
            variable.assign(value)
    if best is None:
        return
    wait, loss, epoch = checkpoint.arrays_of("waited")
    best.best_weights = checkpoint.arrays_of("best")
    best.wait, best.best, best.best_epoch = int(wait), float(loss), int(epoch)


def _random(model: Any) -> list[Any]:
    """The states of the random generators of the dropout layers."""
    generators = (getattr(layer, "seed_generator", None) for layer in model.layers)
    return [generator.state for generator in generators if generator is not None]


def callbacks(
    keras: Any,
    checkpointing: Checkpointing,
    checkpoint: Checkpoint | None,
    best: Any,
    epochs: list[Any],
    resumed: tuple[int, ...],
) -> list[Any]:
    """Keras callbacks that save checkpoints and logs.

    They must come after the callbacks that average weights and find the best ones.
    """

    def keep(index: int, logs: Any = None) -> None:  # noqa: ARG001, Keras names them
        if epochs:
            save_checkpoint(checkpointing, keeper.model, best, epochs, resumed, done=False)

    def end(logs: Any = None) -> None:  # noqa: ARG001
        save_checkpoint(checkpointing, keeper.model, best, epochs, resumed, done=True)

    def begin(logs: Any = None) -> None:  # noqa: ARG001
        checkpointing.begin()
        if checkpoint is not None:
            _restore(checkpoint, keeper.model, best)

    def log(index: int, logs: Any = None) -> None:  # noqa: ARG001
        _save_table(checkpointing, epochs)

    keeper = keras.callbacks.LambdaCallback(
        on_train_begin=begin, on_epoch_begin=keep, on_epoch_end=log, on_train_end=end
    )
    return [
        keeper,
        *([_tensorboard(keras, checkpointing)] if checkpointing.config.fit.tensorboard else ()),
    ]


def _save_table(checkpointing: Checkpointing, epochs: Sequence[Any]) -> None:
    """Write the whole table: an epoch that is trained again after a kill is in it once."""
    with atomic_write(checkpointing.run.epochs_file) as unfinished, unfinished.open("w") as file:
        table = csv.DictWriter(file, asdict(epochs[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(map(asdict, epochs))


def _tensorboard(keras: Any, checkpointing: Checkpointing) -> Any:
    """Curves for TensorBoard, without Keras's own callback: that needs TensorBoard installed."""
    import tensorflow as tf
    from tensorflow.core.framework.summary_pb2 import SummaryMetadata

    writer = tf.summary.create_file_writer(str(checkpointing.run.training / "tensorboard"))
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=SCALARS))

    def write(index: int, logs: dict[str, float]) -> None:
        with writer.as_default(step=index + 1):
            for name, value in logs.items():
                tf.summary.write(f"epoch_{name}", tf.constant(value, tf.float32), metadata=metadata)
        writer.flush()

    on_epoch_end: Callable[..., None] = write
    return keras.callbacks.LambdaCallback(on_epoch_end=on_epoch_end)
