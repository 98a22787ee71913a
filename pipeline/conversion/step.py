"""A recurrent network as one step: inputs and states in, scores and new states out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.conversion.keras_layers import RECURRENT, layers_in
from pipeline.conversion.quantize import convert_in_child
from pipeline.conversion.step_cells import FloatCell, Trace
from pipeline.conversion.step_file import StepFile
from pipeline.conversion.tflite_file import Place
from pipeline.core.artifacts import Float32

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
    """Write the int8 flatbuffer of one step. As `quantize`, the same inputs give the same bytes."""
    module = "pipeline.conversion.step_child"
    convert_in_child(module, keras_file, windows, flatbuffer_file, log, _HINT)


def export_sequence(keras_file: Path, windows: Float32, flatbuffer_file: Path, log: Path) -> None:
    """As `export_step`, for a network of LSTMs over its whole window."""
    module = "pipeline.conversion.sequence_child"
    convert_in_child(module, keras_file, windows, flatbuffer_file, log, _HINT)


_INT16 = schema.TensorType.INT16


@dataclass(frozen=True)
class Parts:
    """A one-step network without its cells: samples to a column, and the last state to scores."""

    front: bytes | None
    head: bytes


def split_step(step: bytes) -> Parts:
    """Split a one-step network before and after its cells, whose tensors are int16."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(step, 0))
    (graph,) = model.subgraphs
    operators = graph.operators
    wide = [
        index
        for index, item in enumerate(operators)
        if any(graph.tensors[index].type == _INT16 for index in item.outputs)
    ]
    before, after = operators[: wide[0]], operators[wide[-1] + 1 :]
    front = _alone(model, graph.inputs[0], before, operators[wide[0]].inputs[0]) if before else None
    return Parts(front, _alone(model, after[0].inputs[0], after, graph.outputs[0]))


def _alone(model: Any, source: int, operators: Sequence[Any], result: int) -> bytes:
    """These operators of the model's, from one tensor to another."""
    graph = schema.SubGraphT()
    graph.tensors = model.subgraphs[0].tensors
    graph.inputs, graph.operators, graph.outputs = [source], list(operators), [result]
    part = schema.ModelT()
    part.version, part.subgraphs = model.version, [graph]
    part.operatorCodes, part.buffers = model.operatorCodes, model.buffers
    builder = flatbuffers.Builder(1024)
    builder.Finish(part.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


@dataclass(frozen=True)
class Samples:
    """The quantization of int8 input samples."""

    channels: int
    scale: float
    zero_point: int


def join_step(
    source: Samples | bytes, cells: Sequence[FloatCell], traces: Sequence[Trace], head: bytes
) -> bytes:
    """Join the parts of a one-step network: (x, states) -> (y, new states).

    Args:
        source: the input of the first cell, or the converted network before it.
        traces: of each cell on the calibration data.
    """
    file = StepFile()
    column: Place
    if isinstance(source, bytes):
        samples, column = file.add_network(source, None)
    else:
        samples = column = file.add_samples((1, source.channels), source.scale, source.zero_point)
    inputs, outputs = {"x": samples}, {}
    for cell, trace in zip(cells, traces, strict=True):
        states, new = file.add_cell(cell, trace, column)
        column = new[0]
        for (name, _), before, after in zip(cell.kind.states, states, new, strict=True):
            inputs[f"{cell.name}_{name}"] = before
            outputs[f"{cell.name}_{name}"] = after
    return file.write(inputs, {"y": file.add_head(head, column), **outputs})
