"""A recurrent network to one step of it: (x, states) -> (y, new states), in a standard .tflite.

TensorFlow's converter cannot quantise a recurrent layer, nor can TFLite Micro run a GRU; one step
is made of plain operators. It is written in a child process, which needs TensorFlow.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts import Float32
from pipeline.conversion.keras_layers import RECURRENT, layers_in
from pipeline.conversion.quantize import convert_in_child

TIMEOUT_S = 300.0
_HINT = "the model file is damaged, or it has a layer between its recurrent ones that is none"


def is_recurrent(keras_file: Path) -> bool:
    """Whether the saved model has a recurrent layer; read without Keras."""
    return any(layer["class_name"] in RECURRENT for layer in layers_in(keras_file))


def export_step(
    keras_file: Path,
    windows: Float32,
    flatbuffer_file: Path,
    log: Path,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Write `flatbuffer_file`; begin `log` anew. The same model and windows give the same bytes.

    windows: float32 [n, T, C], scaled, from the training part; all ranges are measured on them.
    Raises PipelineError that names `log` where it fails or takes too long.
    """
    convert_in_child(
        "pipeline.conversion.step_child",
        keras_file,
        windows,
        flatbuffer_file,
        log,
        timeout_s,
        _HINT,
    )
