"""A one-step network as a .tflite file, written with TensorFlow Lite's classes for its schema.

What is before and after the cells was converted by TensorFlow; the cells are written here, so that
a state has one scale where it goes in and where it comes out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.cells import STATE_SCALE, CellOperator
from pipeline.conversion.step_cells import FloatCell, Trace

_INT16_MAX = 32767
_SCOPE = "network_1/{}_1"  # as TensorFlow calls what it converted
_TYPES = {
    "int8": schema.TensorType.INT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
}
_VERSIONS = {"FULLY_CONNECTED": 12, "SPLIT": 4, "QUANTIZE": 2, "MUL": 4, "ADD": 4, "SUB": 4}
_OPTIONS: dict[str, tuple[int, type[Any]]] = {
    "FULLY_CONNECTED": (
        schema.BuiltinOptions.FullyConnectedOptions,
        schema.FullyConnectedOptionsT,
    ),
    "ADD": (schema.BuiltinOptions.AddOptions, schema.AddOptionsT),
    "SUB": (schema.BuiltinOptions.SubOptions, schema.SubOptionsT),
    "MUL": (schema.BuiltinOptions.MulOptions, schema.MulOptionsT),
    "SPLIT": (schema.BuiltinOptions.SplitOptions, schema.SplitOptionsT),
}


@dataclass(frozen=True)
class Place:
    """A tensor of the file: its index, and its quantisation."""

    index: int
    shape: tuple[int, ...]
    scales: tuple[float, ...]
    zero_point: int
    dtype: str


class StepFile:
    """Operators are added in the order they run."""

    def __init__(self) -> None:
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.description = "One step of a recurrent network."
        self._model.subgraphs = [self._graph]
        self._model.operatorCodes = []
        self._model.buffers = [schema.BufferT()]
        self._codes: dict[tuple[int, int], int] = {}

    def add_samples(self, channels: int, scale: float, zero_point: int) -> Place:
        """One sample, int8."""
        return self._tensor("x", (1, channels), "int8", (scale,), zero_point)

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

    def add_cell(
        self, cell: FloatCell, trace: Trace, source: Place
    ) -> tuple[list[Place], list[Place]]:
        """A step of a cell; its states as they go in, and as they come out."""
        tensors: dict[str, Place] = {}
        scales = _scales(cell, trace.largest)
        tensors["x"] = self._int16(f"{_SCOPE.format(cell.name)}/x", source)
        states = [state for state, _ in cell.kind.states]
        for state in states:
            name = f"{_SCOPE.format(cell.name)}/{state}"
            tensors[state] = self._tensor(name, (1, cell.units), "int16", (scales[state],), 0)
        for operator in cell.kind.operators:
            self._add_operator(cell, operator, tensors, scales)
        new = [tensors[name] for _, name in cell.kind.states]
        return [tensors[state] for state in states], new

    def add_head(self, content: bytes, state: Place) -> Place:
        """A converted network that takes the last state in int8; its output."""
        (scale,), zero_point = _input_of(content)
        name = f"{_SCOPE.format('state')}/narrow"
        narrow = self._tensor(name, state.shape, "int8", (scale,), zero_point)
        self._operator("QUANTIZE", [state], [narrow])
        return self.add_network(content, narrow)[1]

    def write(self, inputs: Mapping[str, Place], outputs: Mapping[str, Place]) -> bytes:
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

    def _int16(self, name: str, source: Place) -> Place:
        """The same values; columns become rows of one."""
        if source.dtype == "int16":
            return source
        shape = (1, source.shape[-1])
        target = self._tensor(name, source.shape, "int16", source.scales, 0)
        self._operator("QUANTIZE", [source], [target])
        return Place(target.index, shape, source.scales, 0, "int16")

    def _add_operator(
        self,
        cell: FloatCell,
        operator: CellOperator,
        tensors: dict[str, Place],
        scales: Mapping[str, float],
    ) -> None:
        scope = _SCOPE.format(cell.name)
        inputs = [tensors[name] for name in operator.inputs if name in tensors]
        if operator.name == "FULLY_CONNECTED":
            weights, bias = (cell.constants[name] for name in operator.inputs[1:])
            inputs += self._weights(scope, operator.inputs[1:], weights, bias, inputs[0])
        shape: tuple[int, ...] = (1, cell.units)
        if operator.name == "FULLY_CONNECTED":
            shape = (1, inputs[1].shape[0])
        elif operator.name != "SPLIT":
            shape = inputs[0].shape
        else:
            inputs = [self._axis(), *inputs]
        for name in operator.outputs:
            tensors[name] = self._tensor(f"{scope}/{name}", shape, "int16", (scales[name],), 0)
        results = [tensors[name] for name in operator.outputs]
        self._operator(operator.name, inputs, results)

    def _weights(
        self,
        scope: str,
        names: Sequence[str],
        weights: NDArray[np.float64],
        bias: NDArray[np.float64],
        source: Place,
    ) -> list[Place]:
        """int8, a scale a row; the bias in the scale of a sum."""
        largest = np.abs(weights).max(axis=1)
        scales = np.where(largest > 0, largest / 127, 1.0).astype(np.float32).astype(np.float64)
        rounded = np.clip(np.rint(weights / scales[:, None]), -127, 127).astype(np.int8)
        of_sums = scales * source.scales[0]
        sums = np.rint(bias / of_sums).astype(np.int64)
        return [
            self._tensor(f"{scope}/{names[0]}", rounded.shape, "int8", scales, 0, rounded),
            self._tensor(f"{scope}/{names[1]}", sums.shape, "int64", of_sums, 0, sums),
        ]

    def _axis(self) -> Place:
        return self._tensor("axis", (), "int32", (), 0, np.array(1, np.int32))

    def _operator(self, name: str, inputs: Sequence[Place], outputs: Sequence[Place]) -> None:
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(
            getattr(schema.BuiltinOperator, name), _VERSIONS.get(name, 3)
        )
        operator.inputs = [place.index for place in inputs]
        operator.outputs = [place.index for place in outputs]
        if name in _OPTIONS:
            operator.builtinOptionsType, options = _OPTIONS[name]
            operator.builtinOptions = options()
        if name == "SPLIT":
            operator.builtinOptions.numSplits = len(outputs)
        self._graph.operators.append(operator)

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
        quantisation = schema.QuantizationParametersT()
        quantisation.scale = list(scales)
        quantisation.zeroPoint = [zero_point] * len(scales)
        tensor.quantization = quantisation
        self._graph.tensors.append(tensor)
        return Place(
            len(self._graph.tensors) - 1, shape, tuple(map(float, scales)), zero_point, dtype
        )

    def _place(self, index: int) -> Place:
        tensor = self._graph.tensors[index]
        scales = tuple(map(float, tensor.quantization.scale))
        zero_point = int(tensor.quantization.zeroPoint[0])
        return Place(index, tuple(map(int, tensor.shape)), scales, zero_point, "int8")


def _input_of(content: bytes) -> tuple[tuple[float, ...], int]:
    """Scales and zero point."""
    place, _ = StepFile().add_network(content, None)
    return place.scales, place.zero_point


def _named(name: str, place: Place) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, place.index
    return entry


def _scales(cell: FloatCell, largest: Mapping[str, float]) -> dict[str, float]:
    """Of every tensor, with room for twice what was seen; a carried state has a power of two. h,
    and what a LOGISTIC or TANH gives, fill all of int16."""
    found = {name: 2 * max(value, 1e-3) / _INT16_MAX for name, value in largest.items()}
    for operator in cell.kind.operators:
        if operator.name in ("LOGISTIC", "TANH"):
            found[operator.outputs[0]] = STATE_SCALE
        if operator.name == "SPLIT":
            found |= dict.fromkeys(operator.outputs, found[operator.inputs[0]])
    for state, new in cell.kind.states:
        scale = STATE_SCALE
        if state != "h":
            scale *= 2.0 ** (1 + max(0, math.ceil(math.log2(max(largest[new], 1e-3)))))
        found[state] = found[new] = scale
    return found
