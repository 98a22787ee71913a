"""A recurrent network in a standard .tflite: one step of it, and of LSTMs their whole window.

TensorFlow's converter cannot quantise a recurrent layer, nor can TFLite Micro run a GRU; one step,
(x, states) -> (y, new states), is made of plain operators. LSTMs have an operator of their own:
that file is for people with an interpreter, boards here take the step. Either is written in a
child process, which needs TensorFlow.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts import Float32
from pipeline.conversion.keras_layers import RECURRENT, layers_in
from pipeline.conversion.quantize import convert_in_child

_HINT = "the model file is damaged, or it has a layer between its recurrent ones that is none"


def is_recurrent(keras_file: Path) -> bool:
    """Whether the saved model has a recurrent layer; read without Keras."""
    return bool(_cells_of(keras_file))


def is_of_lstms(keras_file: Path) -> bool:
    """Whether the saved model has recurrent layers, all of them LSTMs; read without Keras."""
    return _cells_of(keras_file) == {"LSTM"}


def _cells_of(keras_file: Path) -> set[str]:
    return {layer["class_name"] for layer in layers_in(keras_file)} & set(RECURRENT)


def export_step(keras_file: Path, windows: Float32, flatbuffer_file: Path, log: Path) -> None:
    """Write `flatbuffer_file`; begin `log` anew. The same model and windows give the same bytes.

    windows: float32 [n, T, C], scaled, from the training part; all ranges are measured on them.
    Raises PipelineError that names `log` where it fails or takes too long.
    """
    module = "pipeline.conversion.step_child"
    convert_in_child(module, keras_file, windows, flatbuffer_file, log, _HINT)


def export_sequence(keras_file: Path, windows: Float32, flatbuffer_file: Path, log: Path) -> None:
    """As export_step, of a network of LSTMs over its whole window."""
    module = "pipeline.conversion.sequence_child"
    convert_in_child(module, keras_file, windows, flatbuffer_file, log, _HINT)
