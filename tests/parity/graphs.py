"""Flatbuffers built by hand: any operator, shape and quantization, without TensorFlow."""

from __future__ import annotations

import math

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.compiler import compile_network
from pipeline.core.errors import ExitCode, PipelineError

TYPES = {
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.bool_): schema.TensorType.BOOL,
}


class GraphBuilder:
    """Tensors and operators by index; `finish` gives the bytes."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = "made by hand"
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]
        self.model.operatorCodes, self.model.buffers = [], [schema.BufferT()]

    def activation(self, name, shape, scale=0.05, zero_point=0, dtype=np.int8) -> int:
        return self._tensor(name, shape, np.dtype(dtype), [scale], [zero_point], 0)

    def state(self, name, shape, scale, dtype, zero_point=0) -> int:
        """A tensor that an operator keeps from one run to the next."""
        index = self.activation(name, shape, scale, zero_point, dtype)
        self.graph.tensors[index].isVariable = True
        return index

    def constant(self, name, values, scales=(), axis=0, zero_points=None) -> int:
        """`scales`: one, or one for each index along `axis`; none for int32 shapes and axes."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        zeros = [0] * len(scales) if zero_points is None else zero_points
        index = self._tensor(name, values.shape, values.dtype, scales, zeros, axis)
        self.graph.tensors[index].buffer = len(self.model.buffers) - 1
        return index

    def _tensor(self, name, shape, dtype, scales, zero_points, axis) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, [int(size) for size in shape], TYPES[dtype]
        if len(scales):
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = [float(scale) for scale in scales]
            tensor.quantization.zeroPoint = [int(zero) for zero in zero_points]
            tensor.quantization.quantizedDimension = axis
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, name, inputs, output, options=None) -> int:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes)
        operator.inputs = inputs
        operator.outputs = output if isinstance(output, list) else [output]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self.model.operatorCodes.append(code)
        self.graph.operators.append(operator)
        return output

    def variable(self, name, value, first=None) -> int:
        """The handle of a variable like `value`; first: what a second subgraph assigns to it."""
        handle = self._handle(name)
        if first is not None:
            initial = self._initial()
            other = initial._handle(name)
            point = self.zero_point(value)
            constant = initial.constant(f"{name}_first", first, [self.scale(value)], 0, [point])
            initial.operator("ASSIGN_VARIABLE", [other, constant], [])
        return handle

    def _handle(self, name) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = f"{name}_handle", [], schema.TensorType.RESOURCE
        self.graph.tensors.append(tensor)
        handle = len(self.graph.tensors) - 1
        self.operator("VAR_HANDLE", [], handle, options("VarHandleOptions", sharedName=name))
        return handle

    def _initial(self) -> GraphBuilder:
        """The subgraph that is called once, over the same model."""
        if len(self.model.subgraphs) == 1:
            self.operator("CALL_ONCE", [], [], options("CallOnceOptions", initSubgraphIndex=1))
            self.graph.operators.insert(0, self.graph.operators.pop())
            second = schema.SubGraphT()
            second.tensors, second.operators, second.inputs, second.outputs = [], [], [], []
            self.model.subgraphs.append(second)
        builder = GraphBuilder()
        builder.model, builder.graph = self.model, self.model.subgraphs[1]
        return builder

    def shape(self, index) -> tuple[int, ...]:
        return tuple(self.graph.tensors[index].shape)

    def scale(self, index) -> float:
        return self.graph.tensors[index].quantization.scale[0]

    def zero_point(self, index) -> int:
        return self.graph.tensors[index].quantization.zeroPoint[0]

    def finish(self, source, output, more_inputs=(), more_outputs=()) -> bytes:
        self.graph.inputs = [source, *more_inputs]
        self.graph.outputs = [output, *more_outputs]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def options(kind, **fields):
    """A table of options: options("Conv2DOptions", strideH=2)."""
    table = getattr(schema, f"{kind}T")()
    for name, value in fields.items():
        assert hasattr(table, name), name
        setattr(table, name, value)
    return table


def padded_length(length, kernel, stride, dilation, same) -> int:
    """Output positions; below one where the filter does not fit."""
    if same:
        return math.ceil(length / stride)
    return (length - (kernel - 1) * dilation - 1 + stride) // stride


def small_network() -> bytes:
    """Constants that a reader can follow: the golden text is made of it."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1, 9, 2), 0.5, 3)
    steps = np.arange(-8, 8, dtype=np.int8).reshape(4, 1, 2, 2)
    weights = graph.constant("net/conv/weights", steps, [0.25, 0.5, 0.125, 0.25])
    bias = graph.constant("net/conv/bias", np.array([1, -2, 3, -4], np.int32), [0.125] * 4)
    convolved = graph.activation("net/conv/Relu", (1, 1, 8, 4), 0.5, -128)
    graph.operator(
        "CONV_2D",
        [source, weights, bias],
        convolved,
        options("Conv2DOptions", padding=1, strideH=1, strideW=1, fusedActivationFunction=1),
    )
    pooled = graph.activation("net/pool/MaxPool", (1, 1, 4, 4), 0.5, -128)
    graph.operator(
        "MAX_POOL_2D",
        [convolved],
        pooled,
        options("Pool2DOptions", padding=1, strideH=1, strideW=2, filterHeight=1, filterWidth=2),
    )
    flat = graph.activation("net/flatten/Reshape", (1, 16), 0.5, -128)
    shape = graph.constant("net/flatten/shape", np.array([1, 16], np.int32))
    graph.operator("RESHAPE", [pooled, shape], flat)
    ramp = (np.arange(48) % 7 - 3).astype(np.int8).reshape(3, 16)
    matrix = graph.constant("net/dense/weights", ramp, [0.015625])
    dense = graph.activation("net/dense/MatMul", (1, 3), 0.25, 1)
    graph.operator("FULLY_CONNECTED", [flat, matrix, -1], dense, options("FullyConnectedOptions"))
    softmax = graph.activation("net/softmax/Softmax", (1, 3), 1 / 256, -128)
    graph.operator("SOFTMAX", [dense], softmax, options("SoftmaxOptions", beta=1.0))
    return graph.finish(source, softmax)


def with_ends(first, last) -> bytes:
    """TANH between a QUANTIZE and what makes its output's type, int8 without."""
    graph = GraphBuilder()
    inside = graph.activation("inside", (1, 8), 0.05, 3)
    result = graph.activation("net/tanh/x", (1, 8), 1 / 128, 0)
    source, output = inside, result
    if first is not np.int8:
        source = graph.activation("source", (1, 8), 0.1, 0, first)
        graph.operator("QUANTIZE", [source], inside)
    graph.operator("TANH", [inside], result)
    if last is not np.int8:
        output = graph.activation("output", (1, 8), 1 / 100, 0, last)
        graph.operator("DEQUANTIZE" if last is np.float32 else "QUANTIZE", [result], output)
    return graph.finish(source, output)


def refusal(flatbuffer: bytes) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        compile_network(flatbuffer)
    assert caught.value.exit_code == ExitCode.FAILED
    return caught.value
