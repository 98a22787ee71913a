"""Files that training leaves in a run, and how they are read."""

from __future__ import annotations

import importlib.metadata
import io
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Figure, Int64
from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import atomic_write
from pipeline.core.run_folder import RunFolder, note
from pipeline.training.fit import Fitted, quiet_keras

CALIBRATION_WINDOWS = 512
CALIBRATION_STRETCH = 8  # windows in a row, where a state is carried on: it becomes larger
CALIBRATION_STRETCHES = CALIBRATION_WINDOWS // CALIBRATION_STRETCH
VERSIONED = ("tensorflow", "keras", "numpy", "tflite-micro")

Number = TypeVar("Number", np.float32, np.int32, np.int64)


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Args:
        run: the run folder.
        accuracy: of the float model on the test windows; None where the task has no accuracy.
        test_windows: how many there are.
        split_note: how the test part was chosen.
        report: the HTML file.
        figures: other results on the test part.
        weakness: a sentence if the model is no better than none; else empty.
        note: what the model will not do well; empty where nothing is known.
        ended: after how many epochs, and why.
        deployed: how the model of the run was trained, where another one was tested.
        fitted: how the window and the recordings were brought to the rate of the model.
        headline: of gestures, what a user will feel and for whom it holds, a sentence each.
        task: of the config; known at the end.
    """

    run: Path
    accuracy: float | None
    test_windows: int
    split_note: str
    report: Path
    figures: tuple[Figure, ...] = ()
    weakness: str = ""
    note: str = ""
    ended: str = ""
    deployed: str = ""
    fitted: str = ""
    headline: tuple[str, ...] = ()
    task: str = ""


def save_model(run: RunFolder, fitted: Fitted) -> None:
    """Write model.keras."""
    with atomic_write(run.keras_file) as unfinished:
        named = unfinished.with_name(f"{unfinished.name}.keras")  # Keras needs the suffix
        try:
            fitted.model.save(named)
        except RuntimeError as error:  # HDF5 raises it where the system refuses
            raise OSError(str(error)) from None
        _copy_the_same(named, unfinished)
        named.unlink()


def _copy_the_same(saved: Path, copy: Path) -> None:
    """Copy a model with the same bytes after each training like it: Keras writes into it when it
    was saved, twice, and where shared objects were in memory."""
    with ZipFile(saved) as archive, ZipFile(copy, "w") as same:
        for member in archive.infolist():
            content = archive.read(member)
            if member.filename == "metadata.json":
                content = re.sub(rb'"date_saved": "[^"]*"', b'"date_saved": ""', content)
            if member.filename == "config.json":
                content = _with_numbers(content)
            same.writestr(ZipInfo(member.filename), content)  # of 1980


def _with_numbers(config: bytes) -> bytes:
    """The config of a model with its shared objects numbered from 1 as they come."""
    shared = re.compile(rb'"shared_object_id": (\d+)')
    numbers = {
        found: number for number, found in enumerate(dict.fromkeys(shared.findall(config)), start=1)
    }
    return shared.sub(lambda found: b'"shared_object_id": %d' % numbers[found[1]], config)


def finish(run: RunFolder, contract: Contract) -> None:
    """Write the hashes and the contract, and delete the checkpoint.

    The contract comes last: a run with a contract counts as trained.
    """
    note(run, "train", contract.file_text)
    contract.save(run.contract_file)
    run.checkpoint_file.unlink(missing_ok=True)


def training_record(fitted: Fitted, split_note: str) -> dict[str, Any]:
    """The part of metrics.json that all tasks have."""
    return {
        "split": split_note,
        "epochs": [asdict(epoch) for epoch in fitted.epochs],
        "resumed_after": list(fitted.resumed),
        "parameters": int(fitted.model.count_params()),
        "versions": _versions(),
    }


def evenly_spaced(rows: NDArray[Number], count: int) -> NDArray[Number]:
    """At most `count` of the rows, at even distances, with the first and the last."""
    indices = np.linspace(0, len(rows) - 1, min(count, len(rows)))
    chosen: NDArray[Number] = rows[indices.astype(np.int64)]
    return chosen


def _versions() -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in VERSIONED}
    return {"python": platform.python_version(), **versions}


DPI = 110
INK = "#1d2733"


def confusion_picture(confusion: Int64, labels: Sequence[str]) -> bytes:
    """The confusion matrix as PNG: rows are true labels, columns predicted ones.

    The shade is the share of a row.
    """
    from matplotlib.figure import Figure

    size = 1.6 + 0.75 * len(labels)
    figure = Figure(figsize=(size, size), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(confusion):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", parse_math=False)
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


ANY_SEED = 1  # nothing is random here


def load_network(keras_file: Path) -> Any:
    """The Keras model of a run.

    Raises:
        PipelineError: MISMATCH, the file is no model of this version of Keras.
    """
    keras = quiet_keras(ANY_SEED)
    try:
        return keras.models.load_model(keras_file, compile=False)
    except (OSError, ValueError, KeyError) as error:
        raise PipelineError(
            f"{keras_file} cannot be loaded: {' '.join(str(error).split())[:200]}.",
            "the file is possibly cut short, or of another version of Keras",
            "train the run again",
            ExitCode.MISMATCH,
        ) from None
