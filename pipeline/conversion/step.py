"""A recurrent network to one step of it: (x, states) -> (y, new states), in a standard .tflite.

TensorFlow's converter cannot quantise a recurrent layer, nor can TFLite Micro run a GRU; one step
is made of plain operators. It is written in a child process, which needs TensorFlow.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.artifacts import Float32
from pipeline.conversion.child import run_child

TIMEOUT_S = 300.0
RECURRENT = ("SimpleRNN", "GRU", "LSTM")
FRONT, STEP, HEAD = "front.tflite", "step.tflite", "head.tflite"
_HINT = "the model file is damaged, or it has a layer between its recurrent ones that is none"


@dataclass(frozen=True)
class Stepped:
    """step: the whole of it; front: what makes a column of the samples, None where a sample is
    one; head: what makes scores of the last state, both for themselves."""

    step: bytes
    front: bytes | None
    head: bytes


def is_recurrent(keras_file: Path) -> bool:
    """Whether the saved model has a recurrent layer; read without Keras."""
    with zipfile.ZipFile(keras_file) as archive:
        config = json.loads(archive.read("config.json"))
    layers = config["config"].get("layers", ())
    return any(layer["class_name"] in RECURRENT for layer in layers)


def export_step(
    keras_file: Path, windows: Float32, log: Path, timeout_s: float = TIMEOUT_S
) -> Stepped:
    """windows: float32 [n, T, C], scaled, from the training part; all ranges are measured on them.

    Raises PipelineError that names `log` where it fails or takes too long.
    """
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="step-") as name:
        folder = Path(name)
        np.save(folder / "windows.npy", windows.astype(np.float32))
        run_child(
            "pipeline.conversion.step_child",
            (keras_file.resolve(), folder / "windows.npy", folder),
            log,
            timeout_s,
            f"converting {keras_file.name} to int8",
            _HINT,
        )
        front = folder / FRONT
        return Stepped(
            step=(folder / STEP).read_bytes(),
            front=front.read_bytes() if front.is_file() else None,
            head=(folder / HEAD).read_bytes(),
        )
