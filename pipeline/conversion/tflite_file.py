"""A .tflite file in the making, by TensorFlow Lite's classes for its schema.

What TensorFlow converted is taken over as it is. Its converter cannot make a recurrent layer:
step_file.py and sequence_file.py add those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

SCOPE = "network_1/{}_1"  # as TensorFlow calls what it converted
_TYPES = {
    "int8": schema.TensorType.INT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
}
INT8_MAX = 127
_BIAS_MAX = 2**30  # leaves the products room in 32 bits
_VERSIONS = {"FULLY_CONNECTED": 12, "SPLIT": 4, "QUANTIZE": 2, "MUL": 4, "ADD": 4, "SUB": 4}
_OPTIONS: dict[str, tuple[int, type[Any]]] = {
    name: (getattr(schema.BuiltinOptions, options), getattr(schema, f"{options}T"))
    for name, options in {
        "FULLY_CONNECTED": "FullyConnectedOptions",
        "ADD": "AddOptions",
        "SUB": "SubOptions",
        "MUL": "MulOptions",
        "SPLIT": "SplitOptions",
        "STRIDED_SLICE": "StridedSliceOptions",
        "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
    }.items()
}


@dataclass(frozen=True)
class Place:
    """A tensor of the file: its index, and its quantization."""

    index: int
    shape: tuple[int, ...]
    scales: tuple[float, ...]
    zero_point: int
    dtype: str


class TfliteFile:
    """Operators are added in the order they run."""

    def __init__(self, description: str) -> None:
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.description = description
        self._model.subgraphs = [self._graph]
        self._model.operatorCodes = []
        self._model.buffers = [schema.BufferT()]
        self._codes: dict[tuple[int, int], int] = {}

    def add_samples(self, shape: tuple[int, ...], scale: float, zero_point: int) -> Place:
        """The input: int8."""
        return self._tensor("x", shape, "int8", (scale,), zero_point)

    def add_network(self, content: bytes, source: Place | None) -> tuple[Place, Place]:
        """A converted network, its input being `source`; its input and output."""
        other = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        (graph,) = other.subgraphs
        replaced = {} if source is None else {int(graph.inputs[0]): source.index}
        places = {-1: -1}
        for index, tensor in enumerate(graph.tensors):
            places[index] = replaced.get(index, len(self._graph.tensors))
            if index not in replaced:
                tensor.buffer = self._buffer(other.buffers[tensor.buffer].data)
                self._graph.tensors.append(tensor)
        for operator in graph.operators:
            operator.opcodeIndex = self._copied_code(other.operatorCodes[operator.opcodeIndex])
            operator.inputs = [places[int(index)] for index in operator.inputs]
            operator.outputs = [places[int(index)] for index in operator.outputs]
            self._graph.operators.append(operator)
        ends = places[int(graph.inputs[0])], places[int(graph.outputs[0])]
        first, last = (self._place(index) for index in ends)
        return first, last

    def add_head(self, content: bytes, state: Place) -> Place:
        """A converted network that takes the last state in int8; its output."""
        place, _ = TfliteFile("").add_network(content, None)
        (scale,), zero_point = place.scales, place.zero_point
        name = f"{SCOPE.format('state')}/narrow"
        narrow = self._tensor(name, state.shape, "int8", (scale,), zero_point)
        self._operator("QUANTIZE", [state], [narrow])
        return self.add_network(content, narrow)[1]

    def write(self, inputs: Mapping[str, Place], outputs: Mapping[str, Place]) -> bytes:
        """The file's bytes. inputs, outputs: by the names of the signature."""
        self._graph.inputs = [place.index for place in inputs.values()]
        self._graph.outputs = [place.index for place in outputs.values()]
        signature = schema.SignatureDefT()
        signature.signatureKey = "serving_default"
        signature.inputs = [_named(name, place) for name, place in inputs.items()]
        signature.outputs = [_named(name, place) for name, place in outputs.items()]
        self._model.signatureDefs = [signature]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _operator(
        self, name: str, inputs: Sequence[Place | None], outputs: Sequence[Place], **options: Any
    ) -> Any:
        """None: an input that is left out."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(
            getattr(schema.BuiltinOperator, name), _VERSIONS.get(name, 3)
        )
        operator.inputs = [-1 if place is None else place.index for place in inputs]
        operator.outputs = [place.index for place in outputs]
        if name in _OPTIONS:
            operator.builtinOptionsType, kind = _OPTIONS[name]
            operator.builtinOptions = kind()
            for option, value in options.items():
                setattr(operator.builtinOptions, option, value)
        self._graph.operators.append(operator)
        return operator

    def _code(self, builtin: int, version: int) -> int:
        key = (builtin, version)
        if key not in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.version = key
            code.deprecatedBuiltinCode = min(builtin, 127)
            self._codes[key] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(code)
        return self._codes[key]

    def _copied_code(self, code: Any) -> int:
        return self._code(max(code.builtinCode, code.deprecatedBuiltinCode), code.version)

    def _buffer(self, data: Any) -> int:
        """0 is that of tensors without a constant."""
        if data is None or len(data) == 0:
            return 0
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(bytes(data), np.uint8)
        self._model.buffers.append(buffer)
        return len(self._model.buffers) - 1

    def _tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: str,
        scales: Sequence[float] | NDArray[np.float64],
        zero_point: int,
        data: NDArray[Any] | None = None,
    ) -> Place:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), _TYPES[dtype]
        tensor.buffer = self._buffer(None if data is None else data.tobytes())
        quantization = schema.QuantizationParametersT()
        quantization.scale = list(scales)
        quantization.zeroPoint = [zero_point] * len(scales)
        tensor.quantization = quantization
        self._graph.tensors.append(tensor)
        return Place(
            len(self._graph.tensors) - 1, shape, tuple(map(float, scales)), zero_point, dtype
        )

    def _indices(self, name: str, values: int | Sequence[int]) -> Place:
        data = np.array(values, np.int32)
        return self._tensor(name, data.shape, "int32", (), 0, data)

    def _place(self, index: int) -> Place:
        tensor = self._graph.tensors[index]
        scales = tuple(map(float, tensor.quantization.scale))
        zero_point = int(tensor.quantization.zeroPoint[0])
        return Place(index, tuple(map(int, tensor.shape)), scales, zero_point, "int8")


def weight_scale(weights: NDArray[np.float64], bias: Any, source_scale: float) -> float:
    """Of int8 weights that share it: they fill 127 steps, or so few that the bias, in the scale of
    a sum, stays in 31 bits. 1 where all is 0."""
    widest = np.abs(bias).max() / (source_scale * _BIAS_MAX)
    return float(np.float32(max(np.abs(weights).max() / INT8_MAX, widest))) or 1.0


def _named(name: str, place: Place) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, place.index
    return entry
