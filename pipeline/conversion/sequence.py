"""A network of LSTMs over its whole window, in a standard .tflite of the operator that TensorFlow
Lite has for them: for people with an interpreter of their own. Boards here take the step.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts import Float32
from pipeline.conversion.keras_layers import RECURRENT, layers_in
from pipeline.conversion.quantize import convert_in_child

TIMEOUT_S = 300.0
_HINT = "the model file is damaged, or it has a layer between its recurrent ones that is none"


def is_of_lstms(keras_file: Path) -> bool:
    """Whether the saved model has recurrent layers, all of them LSTMs; read without Keras."""
    kinds = {layer["class_name"] for layer in layers_in(keras_file)}
    return kinds & set(RECURRENT) == {"LSTM"}


def export_sequence(
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
        "pipeline.conversion.sequence_child",
        keras_file,
        windows,
        flatbuffer_file,
        log,
        timeout_s,
        _HINT,
    )
