"""What is before and after the cells of a one-step network, each as a network for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

_INT16 = schema.TensorType.INT16


@dataclass(frozen=True)
class Parts:
    """front: samples to a column, None where a sample is one; head: the last state, int16, to
    scores."""

    front: bytes | None
    head: bytes


def cut(step: bytes) -> Parts:
    """Where int8 becomes int16, and where it is int8 again."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(step, 0))
    (graph,) = model.subgraphs
    operators = graph.operators
    wide = [index for index, item in enumerate(operators) if _is_wide(graph, item.outputs)]
    before, after = operators[: wide[0]], operators[wide[-1] + 1 :]
    front = _alone(model, graph.inputs[0], before, operators[wide[0]].inputs[0]) if before else None
    return Parts(front, _alone(model, after[0].inputs[0], after, graph.outputs[0]))


def _is_wide(graph: Any, tensors: Sequence[int]) -> bool:
    return any(graph.tensors[index].type == _INT16 for index in tensors)


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
