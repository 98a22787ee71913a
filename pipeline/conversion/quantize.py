"""A Keras model to a full-int8 flatbuffer.

TensorFlow's converter runs in a child process, because it does not only raise: on a recurrent
layer that is not unrolled it dies (tensorflow#75140).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from pipeline.artifacts import Float32
from pipeline.conversion.child import run_child
from pipeline.errors import PipelineError
from pipeline.files import atomic_write

TIMEOUT_S = 300.0
_HINT = (
    "the model file is damaged, or the model has a layer that TensorFlow's converter cannot "
    "quantise; GRU and LSTM layers crash it"
)


def quantize(
    keras_file: Path,
    windows: Float32,
    flatbuffer_file: Path,
    log: Path,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Write `flatbuffer_file`: int8 in, out and between, for a batch of one; begin `log` anew.

    windows: float32 [n, T, C], scaled as the network takes them, from the training part; the
    ranges of all tensors are measured on them. The same model and windows give the same bytes.

    Raises PipelineError that names `log` where the converter crashes, fails or takes too long.
    """
    module = "pipeline.conversion.quantize_child"
    convert_in_child(module, keras_file, windows, flatbuffer_file, log, _HINT, timeout_s)


def convert_in_child(
    module: str,
    keras_file: Path,
    windows: Float32,
    flatbuffer_file: Path,
    log: Path,
    hint: str,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Run `python -m module MODEL WINDOWS FLATBUFFER`; hint: why it fails at most times."""
    if len(windows) == 0 or not np.isfinite(windows).all():
        raise PipelineError(
            "The model cannot be quantised: its calibration windows are "
            + ("missing." if len(windows) == 0 else "not all finite numbers."),
            "windows.npz of the run is damaged, or training ended early",
            "train the run again",
        )
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="convert-") as name:
        calibration, converted = Path(name) / "windows.npy", Path(name) / "model.tflite"
        np.save(calibration, windows.astype(np.float32))
        files = (keras_file.resolve(), calibration, converted)
        run_child(module, files, log, timeout_s, f"converting {keras_file.name} to int8", hint)
        with atomic_write(flatbuffer_file) as unfinished:
            unfinished.write_bytes(converted.read_bytes())
