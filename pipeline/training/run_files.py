"""What the runs of all tasks have in common: what is saved of them, and what is told."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Figure
from pipeline.contract import Contract
from pipeline.files import atomic_write
from pipeline.run_folder import RunFolder
from pipeline.training.fit import Fitted

CALIBRATION_WINDOWS = 512
CALIBRATION_STRETCH = 8  # in a row, where a state is carried on: it grows further than in one
CALIBRATION_STRETCHES = CALIBRATION_WINDOWS // CALIBRATION_STRETCH
VERSIONED = ("tensorflow", "keras", "numpy", "tflite-micro")

Number = TypeVar("Number", np.float32, np.int32, np.int64)


@dataclass(frozen=True)
class Trained:
    """accuracy: share of the held-out windows, of gestures one a take, that the float model gets
    right, None where a task has no right answers; figures: what else it came to on them."""

    run: Path
    accuracy: float | None
    test_windows: int
    split_note: str
    report: Path
    figures: tuple[Figure, ...] = ()


def save_model(run: RunFolder, fitted: Fitted) -> None:
    with atomic_write(run.keras_file) as unfinished:
        named = unfinished.with_suffix(".keras")  # Keras insists on the suffix
        fitted.model.save(named)
        named.replace(unfinished)


def finish(run: RunFolder, contract: Contract) -> None:
    """The contract comes last: it makes the run count as trained, with nothing left to go on to."""
    contract.save(run.contract_file)
    run.checkpoint_file.unlink(missing_ok=True)


def how_it_went(fitted: Fitted, split_note: str) -> dict[str, Any]:
    """What metrics.json says of any task."""
    return {
        "split": split_note,
        "epochs": [asdict(epoch) for epoch in fitted.epochs],
        "parameters": int(fitted.model.count_params()),
        "versions": _versions(),
    }


def spread(rows: NDArray[Number], count: int) -> NDArray[Number]:
    """At most `count` of them, from beginning to end."""
    chosen = np.linspace(0, len(rows) - 1, min(count, len(rows)))
    found: NDArray[Number] = rows[chosen.astype(np.int64)]
    return found


def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in VERSIONED}
    return {"python": platform.python_version(), **found}
