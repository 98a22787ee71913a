"""A training as it goes: where to go on after a kill, and logs for people and TensorBoard."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config_fit import TaskConfig
from pipeline.errors import ExitCode, PipelineError
from pipeline.files import atomic_write, load_arrays, reading
from pipeline.run_folder import RunFolder

SCALARS = "scalars"  # what TensorBoard calls its plugin for curves


@dataclass(frozen=True)
class Journal:
    """fingerprint: of the data; they and the settings must be the same where a training goes on."""

    run: RunFolder
    config: TaskConfig
    fingerprint: str

    def begin(self) -> None:
        self.run.training.mkdir(parents=True, exist_ok=True)
        self.config.save(self.run.config_file)


@dataclass(frozen=True)
class Checkpoint:
    """Of a training after whole epochs; arrays: by name, as numpy keeps them; done: whether there
    is nothing more to learn, and the weights are the best ones."""

    epochs: tuple[dict[str, Any], ...]
    arrays: dict[str, NDArray[Any]]
    done: bool

    def row(self, name: str) -> list[NDArray[Any]]:
        """The arrays that were kept under this name, in order."""
        return [self.arrays[key] for key in sorted(self.arrays) if key.startswith(f"{name}:")]


def load_checkpoint(journal: Journal) -> Checkpoint | None:
    """None where no epoch was finished. Raises PipelineError for other data, other settings or a
    broken file."""
    file = journal.run.checkpoint_file
    if not file.is_file():
        return None
    arrays = load_arrays(file, "train", {"told"})
    with reading(file, "train"):
        told = json.loads(str(arrays.pop("told")))
        checkpoint = Checkpoint(tuple(told["epochs"]), arrays, told["done"])
        other_data = told["fingerprint"] != journal.fingerprint
        other_settings = told["settings"] != journal.config.hash()
    if other_data:
        raise _cannot_go_on(journal, "data", "files were added, changed or taken away")
    if other_settings:
        why = f"{journal.run.config_file.name} in it was edited, or the version is another,"
        raise _cannot_go_on(journal, "settings", why)
    return checkpoint


def _cannot_go_on(journal: Journal, what: str, why: str) -> PipelineError:
    return PipelineError(
        f"{journal.run.path} cannot go on: its {what} are not what they were.",
        f"{why} since it was begun",
        f"train anew, or bring the {what} back as they were",
        ExitCode.MISMATCH,
    )


def save_checkpoint(
    journal: Journal, learner: Any, best: Any, epochs: Sequence[Any], done: bool
) -> None:
    """After whole epochs; best: Keras's early stopping, None where nothing is held out."""
    told = {
        "epochs": [asdict(epoch) for epoch in epochs],
        "done": done,
        "fingerprint": journal.fingerprint,
        "settings": journal.config.hash(),
    }
    kept = {
        "weights": learner.get_weights(),
        "optimizer": [variable.numpy() for variable in learner.optimizer.variables],
        "random": [variable.numpy() for variable in _random(learner)],
    }
    if best is not None:
        kept["best"] = best.best_weights
        kept["waited"] = [np.array(best.wait), np.array(best.best), np.array(best.best_epoch)]
    arrays = {
        f"{name}:{i:05}": array for name, some in kept.items() for i, array in enumerate(some)
    }
    with atomic_write(journal.run.checkpoint_file) as unfinished, unfinished.open("wb") as file:
        np.savez(file, told=np.array(json.dumps(told)), **arrays)


def go_on(checkpoint: Checkpoint, learner: Any, best: Any) -> None:
    """Everything as it was after those epochs; to be called once training has begun."""
    learner.optimizer.build(learner.trainable_variables)
    learner.set_weights(checkpoint.row("weights"))
    for variables, name in (
        (learner.optimizer.variables, "optimizer"),
        (_random(learner), "random"),
    ):
        for variable, value in zip(variables, checkpoint.row(name), strict=True):
            variable.assign(value)
    if best is None:
        return
    wait, loss, epoch = checkpoint.row("waited")
    best.best_weights = checkpoint.row("best")
    best.wait, best.best, best.best_epoch = int(wait), float(loss), int(epoch)


def _random(learner: Any) -> list[Any]:
    """Where each dropout is in its row of random numbers."""
    generators = (getattr(layer, "seed_generator", None) for layer in learner.layers)
    return [generator.state for generator in generators if generator is not None]


def callbacks(
    keras: Any, journal: Journal, checkpoint: Checkpoint | None, best: Any, epochs: list[Any]
) -> list[Any]:
    """To stand after those that average weights and look for the best ones."""

    def keep(index: int, logs: Any = None) -> None:  # noqa: ARG001, Keras names them
        if epochs:
            save_checkpoint(journal, keeper.model, best, epochs, done=False)

    def end(logs: Any = None) -> None:  # noqa: ARG001
        save_checkpoint(journal, keeper.model, best, epochs, done=True)

    def begin(logs: Any = None) -> None:  # noqa: ARG001
        journal.begin()
        if checkpoint is not None:
            go_on(checkpoint, keeper.model, best)

    def log(index: int, logs: Any = None) -> None:  # noqa: ARG001
        _save_table(journal, epochs)

    keeper = keras.callbacks.LambdaCallback(
        on_train_begin=begin, on_epoch_begin=keep, on_epoch_end=log, on_train_end=end
    )
    return [keeper, *([_tensorboard(keras, journal)] if journal.config.fit.tensorboard else ())]


def _save_table(journal: Journal, epochs: Sequence[Any]) -> None:
    """All of it anew: an epoch that a kill has made be learned again is in it once."""
    with atomic_write(journal.run.epochs_file) as unfinished, unfinished.open("w") as file:
        table = csv.DictWriter(file, asdict(epochs[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(map(asdict, epochs))


def _tensorboard(keras: Any, journal: Journal) -> Any:
    """Curves as TensorBoard reads them. Keras's own callback needs TensorBoard installed to write
    what TensorFlow can write alone."""
    import tensorflow as tf
    from tensorflow.core.framework.summary_pb2 import SummaryMetadata

    writer = tf.summary.create_file_writer(str(journal.run.training / "tensorboard"))
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=SCALARS))

    def write(index: int, logs: dict[str, float]) -> None:
        with writer.as_default(step=index + 1):
            for name, value in logs.items():
                tf.summary.write(f"epoch_{name}", tf.constant(value, tf.float32), metadata=metadata)
        writer.flush()

    telling: Callable[..., None] = write
    return keras.callbacks.LambdaCallback(on_epoch_end=telling)
