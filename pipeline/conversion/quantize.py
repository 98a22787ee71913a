"""A Keras model to a full-int8 flatbuffer.

TensorFlow's converter runs in a child process, because it does not only raise: on a recurrent
layer that is not unrolled it dies (tensorflow#75140).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pipeline.conversion.child import run_child
from pipeline.core.artifacts import Float32
from pipeline.core.errors import PipelineError
from pipeline.core.files import atomic_write, writing
from pipeline.core.locks import draft_beside

Calibration: TypeAlias = "Float32 | Mapping[str, Float32]"
TIMEOUT_S = 300.0
_HINT = (
    "the model file is damaged, or the model has a layer that TensorFlow's converter cannot "
    "quantize; GRU and LSTM layers crash it"
)


def quantize(
    keras_file: Path,
    windows: Calibration,
    flatbuffer_file: Path,
    log: Path,
    timeout_s: float = TIMEOUT_S,
    hint: str = _HINT,
) -> None:
    """Write a full-int8 flatbuffer for a batch of one. The same inputs give the same bytes.

    Args:
        windows: calibration data, float32 [n, T, C], scaled, from the training part; for several
            inputs an array of each, by its name.
        hint: the usual reason of a failure.
    """
    module = "pipeline.conversion.quantize_child"
    convert_in_child(module, keras_file, windows, flatbuffer_file, log, hint, timeout_s)


def convert_in_child(
    module: str,
    keras_file: Path,
    windows: Calibration,
    flatbuffer_file: Path,
    log: Path,
    hint: str,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Run `main(model, windows, flatbuffer)` of `module` in a child process.

    hint: the usual reason of a failure. The other arguments are those of `quantize`.
    """
    arrays = {"windows": windows} if isinstance(windows, np.ndarray) else windows
    is_empty = any(len(values) == 0 for values in arrays.values())
    if is_empty or not all(np.isfinite(values).all() for values in arrays.values()):
        raise PipelineError(
            "The model cannot be quantized: its calibration windows are "
            + ("missing." if is_empty else "not all finite numbers."),
            "possibly windows.npz of the run is damaged, or training ended early",
            "train the run again",
        )
    log.unlink(missing_ok=True)
    with draft_beside(log.parent / "quantize", "convert") as work:
        calibration, converted = work / "windows.npz", work / "model.tflite"
        with writing(calibration):
            kept: dict[str, Any] = {name: one.astype(np.float32) for name, one in arrays.items()}
            np.savez(calibration, **kept)
        files = (keras_file.resolve(), calibration, converted)
        run_child(module, files, log, timeout_s, f"converting {keras_file.name} to int8", hint)
        with atomic_write(flatbuffer_file) as unfinished:
            unfinished.write_bytes(converted.read_bytes())
