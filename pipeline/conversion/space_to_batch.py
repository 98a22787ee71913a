"""A flatbuffer whose SPACE_TO_BATCH_ND TensorFlow Lite Micro computes as TensorFlow Lite does.

It errs twice. It pads with 0 in place of the zero point: here a PAD comes before. And it takes the
shapes that are written, where a converter that was not told the batch has written 1 for what is a
batch of several pictures: here they are written as TensorFlow Lite finds them when it runs.
"""

from __future__ import annotations

import copy
import struct
from math import prod
from typing import Any

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.core.errors import PipelineError

_TO_BATCH = schema.BuiltinOperator.SPACE_TO_BATCH_ND
_TO_SPACE = schema.BuiltinOperator.BATCH_TO_SPACE_ND


def with_sound_batches(content: bytes) -> bytes:
    """The same bytes where there is no such operator.

    Args:
        content: a file whose networks are sound; what the compiler does not read may be damaged.

    Raises:
        PipelineError: a part is damaged, and it has such an operator.
    """
    if _TO_BATCH not in _operator_codes(content):
        return content
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    except (struct.error, ValueError, IndexError, TypeError, OverflowError, MemoryError):
        raise PipelineError(
            "The model is not a sound .tflite file: a part that the C does not need is damaged.",
            "it was cut short or changed after the converter wrote it",
            "convert the model again",
        ) from None
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    graph = model.subgraphs[0]
    _write_batches(model, graph, codes)
    pad = schema.OperatorCodeT()
    pad.builtinCode = pad.deprecatedBuiltinCode = schema.BuiltinOperator.PAD
    pad.version = 1
    model.operatorCodes.append(pad)
    for operator in list(graph.operators):
        if codes[operator.opcodeIndex] == _TO_BATCH:
            before = _padding(model, graph, operator)
            graph.operators.insert(graph.operators.index(operator), before)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _operator_codes(content: bytes) -> list[int]:
    model = schema.Model.GetRootAs(content, 0)
    codes = (model.OperatorCodes(number) for number in range(model.OperatorCodesLength()))
    return [max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) for code in codes]


def _write_batches(model: Any, graph: Any, codes: list[int]) -> None:
    batches: dict[int, int] = {}
    for operator in graph.operators:
        code = codes[operator.opcodeIndex]
        batch = max((batches.get(int(index), 1) for index in operator.inputs), default=1)
        if code == _TO_BATCH:
            batch *= prod(_numbers(model, graph, operator, 1))
        elif code == _TO_SPACE:
            batch //= prod(_numbers(model, graph, operator, 1))
        for index in map(int, operator.outputs) if batch > 1 else ():
            batches[index] = batch
            graph.tensors[index].shape = [batch, *map(int, graph.tensors[index].shape[1:])]


def _padding(model: Any, graph: Any, operator: Any) -> Any:
    """A PAD with the paddings of a SPACE_TO_BATCH_ND, which keeps none."""
    pads = np.array(_numbers(model, graph, operator, 2), np.int32).reshape(-1, 2)
    padded = copy.copy(graph.tensors[operator.inputs[0]])
    whole = np.pad(pads, ((1, len(padded.shape) - 1 - len(pads)), (0, 0)))
    padded.shape = [
        int(size + amount) for size, amount in zip(padded.shape, whole.sum(1), strict=True)
    ]
    padded.buffer, place = 0, len(graph.tensors)
    graph.tensors.append(padded)
    before = schema.OperatorT()
    before.opcodeIndex = len(model.operatorCodes) - 1
    before.inputs = [int(operator.inputs[0]), _constant(model, graph, whole)]
    before.outputs = [place]
    block, none = int(operator.inputs[1]), _constant(model, graph, np.zeros_like(pads))
    operator.inputs = [place, block, none]
    return before


def _constant(model: Any, graph: Any, values: np.ndarray[Any, Any]) -> int:
    tensor, buffer = schema.TensorT(), schema.BufferT()
    buffer.data = np.frombuffer(values.astype("<i4").tobytes(), np.uint8)
    tensor.name, tensor.shape = "paddings", list(values.shape)
    tensor.type, tensor.buffer = schema.TensorType.INT32, len(model.buffers)
    model.buffers.append(buffer)
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _numbers(model: Any, graph: Any, operator: Any, number: int) -> list[int]:
    tensor = graph.tensors[operator.inputs[number]]
    values: list[int] = np.frombuffer(bytes(model.buffers[tensor.buffer].data), "<i4").tolist()
    return values
