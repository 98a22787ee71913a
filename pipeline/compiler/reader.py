"""From the tables of a .tflite file to a `Graph`, refusing what cannot be compiled."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from pipeline.compiler import flatbuffer
from pipeline.compiler.ends import Ends, split_ends
from pipeline.compiler.flatbuffer import SCHEMA_VERSION, FlatTable, damaged, root
from pipeline.compiler.graph import (
    SUPPORTED,
    VIEWS,
    CellStep,
    Graph,
    Operator,
    Options,
    Tensor,
)
from pipeline.compiler.naming import LayerNames, layer_names, with_unique_layers
from pipeline.compiler.recurrence import ParsedOperator, extract_cells
from pipeline.core.errors import PipelineError

MAX_ELEMENTS = 2**20  # of one tensor
MAX_RANK = 6
SCALES = (1e-30, 1e30)  # beyond, single precision ends
MAX_OPERATORS = 128


def read_graph(flatbuffer: bytes) -> Graph:
    """The int8 network of a .tflite file; see `read_network`."""
    return read_network(flatbuffer)[0]


def read_network(flatbuffer: bytes) -> tuple[Graph, Ends]:
    """The int8 network of a .tflite file, and its ends as the file has them.

    Raises PipelineError for what cannot be compiled.
    """
    model = root(flatbuffer)
    if model.number(0, "I") != SCHEMA_VERSION:
        raise damaged(f"its schema version is not {SCHEMA_VERSION}")
    _read_unused(model)
    subgraphs = model.tables(2)
    if len(subgraphs) != 1:
        raise _refuse_model(f"it has {len(subgraphs)} subgraphs instead of one")
    (subgraph,) = subgraphs
    buffers = model.tables(4)
    names = [_operator_name(code) for code in model.tables(1)]
    tensors = [
        _read_tensor(index, table, buffers) for index, table in enumerate(subgraph.tables(0))
    ]
    layers = layer_names(tensors)
    steps = subgraph.tables(3)
    if len(steps) > MAX_OPERATORS:
        raise _refuse_model(f"it has {len(steps)} operators where {MAX_OPERATORS} is the most")
    parsed = [_parsed(table, names, tensors, layers) for table in steps]
    inputs = _ends(subgraph.integers(1), tensors, "input")
    outputs = _ends(subgraph.integers(2), tensors, "output")
    parsed, ends = split_ends(parsed, inputs[0], outputs[0])
    inputs[0], outputs[0] = ends.input.inside, ends.output.inside
    cells: tuple[CellStep, ...] = ()
    if len(inputs) > 1 and len(inputs) == len(outputs) and parsed:
        cells, parsed = extract_cells(parsed, list(zip(inputs[1:], outputs[1:], strict=True)))
    elif len(inputs) > 1 or len(outputs) > 1:
        raise _refuse_model(f"it has {len(inputs)} inputs and {len(outputs)} outputs")
    operators = [_read_operator(item) for item in parsed]
    graph = Graph(inputs[0], outputs[0], with_unique_layers(operators), cells)
    _check(graph)
    return graph, ends


def _read_unused(model: FlatTable) -> None:
    """Parts that do not matter here are read all the same, so that a file cut short is noticed."""
    model.text(3)
    for buffer in model.tables(4):
        buffer.raw(0)
    for entry in model.tables(6):
        entry.text(0)
    for signature in model.tables(7):
        signature.text(2)
        for tensor in (*signature.tables(0), *signature.tables(1)):
            tensor.text(0)


def _operator_name(code: FlatTable) -> str:
    code.text(1)
    number = max(code.number(0, "b"), code.number(3, "i"))
    return flatbuffer.name_of(flatbuffer.OPERATORS, number)


def _read_tensor(index: int, table: FlatTable, buffers: tuple[FlatTable, ...]) -> Tensor:
    shape = table.integers(0)
    name = table.text(3)
    if len(shape) > MAX_RANK or any(size < 1 for size in shape):
        raise _refuse_tensor(name, f"its shape {list(shape)} is not fixed, or not sensible")
    if math.prod(shape) > MAX_ELEMENTS:
        raise _refuse_tensor(name, f"its shape {list(shape)} is too large for a microcontroller")
    dtype = flatbuffer.name_of(flatbuffer.TENSOR_TYPES, table.number(1, "b"))
    if dtype not in flatbuffer.TENSOR_TYPES:
        raise damaged(f"tensor {name!r} has the type of {dtype}")
    quantization = table.table(4)
    scales = quantization.numbers(2, "f") if quantization else ()
    zero_points = quantization.integers(3, "q") if quantization else ()
    return Tensor(
        index=index,
        name=name,
        shape=shape,
        dtype=dtype,
        scales=scales,
        zero_points=zero_points,
        axis=quantization.number(6, "i") if quantization else 0,
        data=_constant(name, shape, dtype, table, buffers),
        storage=index,
    )


def _constant(
    name: str, shape: tuple[int, ...], dtype: str, table: FlatTable, buffers: tuple[FlatTable, ...]
) -> memoryview | None:
    buffer = table.number(2, "I")
    if buffer >= len(buffers):
        raise damaged(f"tensor {name!r} lies in a buffer that is not there")
    if table.number(5, "?") or table.table(6) or buffers[buffer].number(1, "Q"):
        raise _refuse_tensor(name, "it is a variable, sparse, or stored outside the file")
    data = buffers[buffer].raw(0)
    if not data:
        return None
    if (
        dtype in flatbuffer.ITEM_BYTES
        and len(data) != math.prod(shape) * flatbuffer.ITEM_BYTES[dtype]
    ):
        raise damaged(f"tensor {name!r} has {len(data)} bytes, which its shape does not fit")
    return data


def _parsed(
    table: FlatTable, names: list[str], tensors: list[Tensor], layers: LayerNames
) -> ParsedOperator:
    code = table.number(0, "I")
    if code >= len(names):
        raise damaged("an operator has no name")
    name = names[code]
    found = _tensors(table.integers(2), tensors)
    outputs = tuple(tensor for tensor in found if tensor is not None)
    inputs = _tensors(table.integers(1), tensors)
    if not outputs or len(outputs) < len(found):
        raise damaged(f"{name} has no output")
    return ParsedOperator(name, layers.of(name, inputs, outputs[0]), inputs, outputs, table)


def _read_operator(parsed: ParsedOperator) -> Operator:
    operator = parsed.as_operator()
    if operator.name not in SUPPORTED:
        raise operator.refuse("this operator is not supported")
    fewest, most = flatbuffer.INPUTS.get(operator.name, flatbuffer.ONE_INPUT)
    if len(parsed.outputs) != 1 or not fewest <= len(operator.inputs) <= most:
        raise operator.refuse(
            f"it has {len(operator.inputs)} inputs and {len(parsed.outputs)} outputs"
        )
    return replace(operator, options=_read_options(parsed.table, operator))


def _tensors(indices: Iterable[int], tensors: list[Tensor]) -> tuple[Tensor | None, ...]:
    """The tensors of these indices; -1 stands for an optional one that is not there."""
    found: list[Tensor | None] = []
    for index in indices:
        if not -1 <= index < len(tensors):
            raise damaged("an operator uses a tensor that is not there")
        found.append(None if index == -1 else tensors[index])
    return tuple(found)


def _read_options(table: FlatTable, operator: Operator) -> Options:
    expected = flatbuffer.OPTIONS.get(operator.name)
    options = table.table(4)
    if expected is None:
        return Options()
    if options is None or table.number(3, "B") != expected:
        raise damaged(f"{operator.name} in layer {operator.layer!r} has no options")
    match expected:
        case flatbuffer.CONV_2D_OPTIONS:
            return _convolution_options(options, activation=3, dilation=4)
        case flatbuffer.DEPTHWISE_CONV_2D_OPTIONS:
            read = _convolution_options(options, activation=4, dilation=5)
            return replace(read, depth_multiplier=options.number(3, "i"))
        case flatbuffer.POOL_2D_OPTIONS:
            read = _convolution_options(options, activation=5, dilation=None)
            return replace(read, window=(options.number(4, "i"), options.number(3, "i")))
        case flatbuffer.FULLY_CONNECTED_OPTIONS:
            return Options(
                activation=_activation(options, 0), shuffled_weights=options.number(1, "b") != 0
            )
        case flatbuffer.ADD_OPTIONS:
            return Options(activation=_activation(options, 0))
        case _:
            return Options(beta=options.real(0))


def _convolution_options(options: FlatTable, activation: int, dilation: int | None) -> Options:
    dilations = (1, 1)
    if dilation is not None:
        dilations = (options.number(dilation + 1, "i", 1), options.number(dilation, "i", 1))
    return Options(
        padding=flatbuffer.name_of(flatbuffer.PADDINGS, options.number(0, "b")),
        stride=(options.number(2, "i"), options.number(1, "i")),
        dilation=dilations,
        activation=_activation(options, activation),
    )


def _activation(options: FlatTable, field: int) -> str:
    return flatbuffer.name_of(flatbuffer.ACTIVATIONS, options.number(field, "b"))


def _ends(indices: tuple[int, ...], tensors: list[Tensor], role: str) -> list[Tensor]:
    found = [tensor for tensor in _tensors(indices, tensors) if tensor is not None]
    if not found or len(found) != len(indices):
        raise _refuse_model(f"it has {len(found)} {role}s instead of one")
    return found


def _check(graph: Graph) -> None:
    _check_ends(graph)
    _check_order(graph)
    if graph.cells:
        _check_cells(graph)


def _check_ends(graph: Graph) -> None:
    for role, tensor in (("input", graph.input), ("output", graph.output)):
        if tensor.dtype != "INT8":
            raise _refuse_model(f"its {role} is {tensor.dtype} instead of INT8")
        if not tensor.shape or tensor.shape[0] != 1:
            raise _refuse_model(f"its {role} has shape {list(tensor.shape)}; the batch is not 1")
        if len(tensor.scales) != 1 or len(tensor.zero_points) != 1 or tensor.data is not None:
            raise _refuse_model(f"its {role} is not quantized as a whole")
    if graph.input.index == graph.output.index:
        raise _refuse_model("its output is its input")


def _check_order(graph: Graph) -> None:
    states = {step.h.index for step in graph.cells[-1:]}
    known, reached = {graph.input.index} | states, {graph.input.index} | states
    for operator in graph.operators:
        _check_operator(operator, known, states)
        known.add(operator.output.index)
        if any(tensor is not None and tensor.index in reached for tensor in operator.inputs):
            reached.add(operator.output.index)
    if graph.output.index not in known:
        raise damaged("nothing computes its output")
    if graph.output.index not in reached:
        raise _refuse_model("its output does not depend on its input")


def _check_cells(graph: Graph) -> None:
    """They take what comes before them, and what comes after takes the last one's state alone."""
    first, state = graph.cells[0].x, graph.cells[-1].h.index
    before = {graph.input.index} | {operator.output.index for operator in graph.front}
    if first.index not in before or not graph.head:
        raise damaged("its recurrent cells are not connected")
    seen = {state}
    for operator in graph.head:
        inputs = [item.index for item in operator.inputs if item is not None and item.data is None]
        if not seen.issuperset(inputs):
            raise operator.refuse("it goes around the recurrent cells")
        seen.add(operator.output.index)


def _check_operator(operator: Operator, known: set[int], states: set[int]) -> None:
    for tensor in operator.inputs:
        if tensor is not None and tensor.data is None and tensor.index not in known:
            raise damaged(f"{operator.name} in layer {operator.layer!r} runs before its input")
    if operator.output.index in known or operator.output.data is not None:
        raise damaged(f"{operator.name} in layer {operator.layer!r} overwrites a tensor")
    second = (operator.operand(1),) if operator.name == "ADD" else ()
    for tensor in (operator.operand(0), *second, operator.output):
        narrows = operator.name == "QUANTIZE" and tensor.index in states
        if tensor.dtype != "INT8" and not narrows:
            raise operator.refuse(f"it works on {tensor.dtype}, not INT8")
        if len(tensor.scales) != 1 or len(tensor.zero_points) != 1:
            raise operator.refuse(f"tensor {tensor.name!r} is not quantized as a whole")
        if not tensor.shape:
            raise operator.refuse(f"tensor {tensor.name!r} has no axes")
        if not SCALES[0] < tensor.scale < SCALES[1] or not -128 <= tensor.zero_point <= 127:
            raise operator.refuse(f"the quantization of tensor {tensor.name!r} makes no sense")
    if operator.name in VIEWS:
        _check_view(operator)


def _check_view(operator: Operator) -> None:
    shape = operator.optional(1)
    if shape is not None and (shape.dtype != "INT32" or shape.data is None):
        raise operator.refuse(f"its shape is {shape.dtype}, or not constant")
    if operator.operand(0).elements != operator.output.elements:
        raise damaged(f"{operator.name} in layer {operator.layer!r} changes the number of elements")


def _refuse_model(reason: str) -> PipelineError:
    return PipelineError(
        f"The compiler cannot take this model: {reason}.",
        "the compiled engine runs one int8 input to one int8 output, batch 1",
        "convert a run with `gesture convert`, which makes models of this kind",
    )


def _refuse_tensor(name: str, reason: str) -> PipelineError:
    return _refuse_model(f"tensor {name!r}: {reason}")
