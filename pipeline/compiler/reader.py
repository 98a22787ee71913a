"""From the tables of a .tflite file to a `Graph`, refusing what cannot be compiled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.compiler import flatbuffer
from pipeline.compiler.decisions import with_numbers_of_decisions
from pipeline.compiler.dilation import with_dilations
from pipeline.compiler.ends import RANGES, Ends, split_ends
from pipeline.compiler.flatbuffer import SCHEMA_VERSION, FlatTable, damaged, root
from pipeline.compiler.graph import (
    BINARY,
    COMPARISONS,
    COPIES,
    FIRST_TYPES,
    INT16,
    ITEM_BYTES,
    JOINS,
    MADE_TYPES,
    MOVES,
    STATES,
    SUPPORTED,
    VARIABLES,
    VIEWS,
    CellStep,
    Graph,
    ModelRefusalError,
    Operator,
    Tensor,
    Variable,
)
from pipeline.compiler.naming import LayerNames, layer_names, with_unique_layers
from pipeline.compiler.operator_options import read_options
from pipeline.compiler.parsed import ParsedOperator, needed
from pipeline.compiler.recurrence import extract_cells
from pipeline.compiler.variables import has_variables, resolve_variables

MAX_ELEMENTS = 2**22  # of one tensor
MAX_RANK = 6
UNREADABLE = "unreadable"  # the type of a tensor that cannot be
SCALES = (1e-30, 1e30)  # beyond, single precision ends
MAX_OPERATORS = 512
END_TYPES = ("INT8", "UINT8", "INT16", "INT32")
_NOT_IN_INT16 = (
    *("REDUCE_MAX", "REDUCE_MIN", "HARD_SWISH", "ELU", "MIRROR_PAD", "ARG_MAX", "ARG_MIN"),
    *("DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"),
    *(name for name in COMPARISONS if name != "GREATER"),
)


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
    names_of_ends = _read_unused(model)
    buffers = model.tables(4)
    names = [_operator_name(code) for code in model.tables(1)]
    subgraphs = [_Subgraph(table, names, buffers) for table in model.tables(2)]
    if not subgraphs:
        raise ModelRefusalError("it has no subgraph")
    main, parsed = subgraphs[0], list(subgraphs[0].parsed)
    inputs = _ends(main.table.integers(1), main.tensors, "input")
    _require_sizes(inputs, main.table.tables(0))
    outputs = _ends(main.table.integers(2), main.tensors, "output")
    parsed, ends = split_ends(parsed, inputs, outputs, names_of_ends)
    inputs, outputs = ([end.inside for end in side] for side in (ends.inputs, ends.outputs))
    cells: tuple[CellStep, ...] = ()
    variables: tuple[Variable, ...] = ()
    is_step = inputs[0].dtype == "INT8" and _are_states(inputs[1:], outputs[1:])
    if is_step and parsed:
        cells, parsed = extract_cells(parsed, list(zip(inputs[1:], outputs[1:], strict=True)))
        inputs, outputs = inputs[:1], outputs[:1]
        ends = Ends(ends.inputs[:1], ends.outputs[:1])
    wanted = [tensor.index for tensor in outputs]
    parsed = needed(parsed, [*wanted, *(cell.x.index for cell in cells)])
    if has_variables(parsed):
        others = [subgraph.parsed for subgraph in subgraphs[1:]]
        parsed, variables = resolve_variables(parsed, others, len(main.tensors))
    elif len(subgraphs) != 1:
        raise ModelRefusalError(f"it has {len(subgraphs)} subgraphs instead of one")
    listed = [operator for item in parsed for operator in read_operators(item)]
    operators = with_numbers_of_decisions(with_dilations(listed, outputs), outputs)
    layers = with_unique_layers(operators)
    graph = Graph(tuple(inputs), tuple(outputs), layers, cells, variables)
    _check(graph)
    return graph, ends


def _are_states(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bool:
    """Whether they are the states of one step of a recurrent network, as they go in and out."""
    return (
        len(inputs) == len(outputs) > 0
        and all(tensor.dtype == "INT16" for tensor in (*inputs, *outputs))
        and [tensor.shape for tensor in inputs] == [tensor.shape for tensor in outputs]
    )


class _Subgraph:
    """The tensors and operators of a subgraph, as they are listed.

    refused: where the errors of tensors go; None raises them.
    """

    def __init__(
        self,
        table: FlatTable,
        names: list[str],
        buffers: tuple[FlatTable, ...],
        refused: list[ModelRefusalError] | None = None,
    ) -> None:
        self.table = table
        self.tensors = [
            _read_or_refused(index, tensor, buffers, refused)
            for index, tensor in enumerate(table.tables(0))
        ]
        layers, steps = layer_names(self.tensors), table.tables(3)
        if len(steps) > MAX_OPERATORS:
            raise ModelRefusalError(
                f"it has {len(steps)} operators where {MAX_OPERATORS} is the most"
            )
        self.parsed = [_parsed(step, names, self.tensors, layers) for step in steps]


def _read_unused(model: FlatTable) -> dict[int, str]:
    """Parts that do not matter here are read all the same, so that a file cut short is noticed.

    Returns what the first signature calls inputs and outputs.
    """
    model.text(3)
    for buffer in model.tables(4):
        buffer.raw(0)
    for entry in model.tables(6):
        entry.text(0)
    names: dict[int, str] = {}
    for signature in model.tables(7):
        signature.text(2)
        for tensor in (*signature.tables(0), *signature.tables(1)):
            names.setdefault(tensor.number(1, "I"), tensor.text(0))
    return names


def _operator_name(code: FlatTable) -> str:
    code.text(1)
    number = max(code.number(0, "b"), code.number(3, "i"))
    return flatbuffer.name_of(flatbuffer.OPERATORS, number)


def _read_or_refused(
    index: int,
    table: FlatTable,
    buffers: tuple[FlatTable, ...],
    refused: list[ModelRefusalError] | None,
) -> Tensor:
    try:
        return _read_tensor(index, table, buffers)
    except ModelRefusalError as error:
        if refused is None:
            raise
        refused.append(error)
        return Tensor(index, table.text(3), (1,), UNREADABLE, (), (), 0, None, index)


def _read_tensor(index: int, table: FlatTable, buffers: tuple[FlatTable, ...]) -> Tensor:
    shape = table.integers(0)
    name = table.text(3)
    if len(shape) > MAX_RANK or any(size < 0 for size in shape):
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
        is_state=table.number(5, "?") != 0,
    )


def _constant(
    name: str, shape: tuple[int, ...], dtype: str, table: FlatTable, buffers: tuple[FlatTable, ...]
) -> memoryview | None:
    buffer = table.number(2, "I")
    if buffer >= len(buffers):
        raise damaged(f"tensor {name!r} lies in a buffer that is not there")
    if table.table(6) or buffers[buffer].number(1, "Q"):
        raise _refuse_tensor(name, "it is sparse, or stored outside the file")
    data = buffers[buffer].raw(0)
    if not data:
        return None
    if dtype in ITEM_BYTES and len(data) != math.prod(shape) * ITEM_BYTES[dtype]:
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
    needs_output = name not in VARIABLES
    if len(outputs) < len(found) or (needs_output and not outputs):
        raise damaged(f"{name} has no output")
    layer = layers.of(name, inputs, outputs[0] if outputs else None)
    return ParsedOperator(name, layer, inputs, outputs, table)


def read_operators(parsed: ParsedOperator) -> tuple[Operator, ...]:
    """The operators that one of the file stands for, with their options. Raises PipelineError."""
    if parsed.name == "DEQUANTIZE":
        raise parsed.refuse("what comes after it is computed in float32")
    if parsed.name not in SUPPORTED:
        raise parsed.refuse("this operator is not supported")
    operators = parsed.as_operators()
    shape = parsed.inputs[1] if parsed.name in VIEWS and len(parsed.inputs) > 1 else None
    if shape is not None and shape.dtype != "INT32":
        raise parsed.refuse(f"its shape is {shape.dtype}")
    fewest, most = flatbuffer.INPUTS.get(parsed.name, flatbuffer.ONE_INPUT)
    if len(parsed.outputs) != len(operators) or not fewest <= len(parsed.inputs) <= most:
        raise parsed.refuse(f"it has {len(parsed.inputs)} inputs and {len(parsed.outputs)} outputs")
    options = read_options(parsed.table, operators[0])
    return tuple(
        replace(operator, options=replace(options, part=operator.options.part))
        for operator in operators
    )


def _tensors(indices: Iterable[int], tensors: list[Tensor]) -> tuple[Tensor | None, ...]:
    """The tensors of these indices; -1 stands for an optional one that is not there."""
    found: list[Tensor | None] = []
    for index in indices:
        if not -1 <= index < len(tensors):
            raise damaged("an operator uses a tensor that is not there")
        tensor = None if index == -1 else tensors[index]
        if tensor is not None and 0 in tensor.shape:
            raise _refuse_tensor(tensor.name, f"its shape {list(tensor.shape)} is not sensible")
        found.append(tensor)
    return tuple(found)


def _ends(indices: tuple[int, ...], tensors: list[Tensor], role: str) -> list[Tensor]:
    found = [tensor for tensor in _tensors(indices, tensors) if tensor is not None]
    if not found or len(found) != len(indices):
        raise ModelRefusalError(f"it has no {role}, or one that is missing")
    return found


def _require_sizes(inputs: Sequence[Tensor], tables: Sequence[FlatTable]) -> None:
    """A free batch is one. Where another free axis has a 1, no size of it is in the file."""
    for tensor in inputs:
        signature = tables[tensor.index].integers(7)
        if (-1, 1) in list(zip(signature, tensor.shape, strict=False))[1:]:
            raise _refuse_tensor(tensor.name, f"its size is free, {list(signature)}")


def _check(graph: Graph) -> None:
    _check_ends(graph)
    _check_order(graph)
    if graph.cells:
        _check_cells(graph)


def _check_ends(graph: Graph) -> None:
    sides = (("input", graph.inputs), ("output", graph.outputs))
    for role, tensor in ((role, tensor) for role, tensors in sides for tensor in tensors):
        if tensor.dtype not in END_TYPES:
            raise ModelRefusalError(f"its {role} is {tensor.dtype} instead of INT8")
        if not tensor.shape or tensor.shape[0] != 1:
            raise ModelRefusalError(
                f"its {role} has shape {list(tensor.shape)}; the batch is not 1"
            )
        is_plain = role == "output" and tensor.dtype == "INT32" and not tensor.scales
        if tensor.data is not None or not (is_plain or _has_one_scale(tensor)):
            raise ModelRefusalError(f"its {role} is not quantized as a whole")
    _check_distinct(graph)


def _has_one_scale(tensor: Tensor) -> bool:
    return len(tensor.scales) == len(tensor.zero_points) == 1


def _check_distinct(graph: Graph) -> None:
    """The caller has a buffer for each, and none is two of them."""
    inputs, outputs = ([tensor.index for tensor in side] for side in (graph.inputs, graph.outputs))
    if not set(inputs).isdisjoint(outputs):
        raise ModelRefusalError("its output is its input")
    for role, indices in (("input", inputs), ("output", outputs)):
        if len(set(indices)) < len(indices):
            raise ModelRefusalError(f"two of its {role}s are the same tensor")


def _check_order(graph: Graph) -> None:
    states = {step.h.index for step in graph.cells[-1:]}
    variables = {variable.tensor.index for variable in graph.variables}
    begin = {tensor.index for tensor in graph.inputs} | states
    known, reached = set(begin), set(begin)
    for operator in graph.operators:
        own = _own_states(operator)
        if own & known:
            raise operator.refuse("another operator has its state")
        _check_operator(operator, known | variables | own, variables)
        known.update(own)
        known.add(operator.output.index)
        if any(tensor is not None and tensor.index in reached for tensor in operator.inputs):
            reached.add(operator.output.index)
    for output in graph.outputs:
        if output.index not in known:
            raise damaged("nothing computes its output")
        if output.index not in reached:
            raise ModelRefusalError("its output does not depend on its input")


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


def _check_operator(operator: Operator, known: set[int], variables: set[int]) -> None:
    for tensor in operator.inputs:
        if tensor is not None and tensor.data is None and tensor.index not in known:
            raise damaged(f"{operator.name} in layer {operator.layer!r} runs before its input")
    overwrites = operator.output.index in known and operator.output.index not in variables
    if overwrites or operator.output.data is not None:
        raise damaged(f"{operator.name} in layer {operator.layer!r} overwrites a tensor")
    operands = [operator.operand(number) for number in range(_values(operator))]
    if operator.name in (*MOVES, *COPIES, *VIEWS) and operator.output.dtype in ITEM_BYTES:
        _check_moved(operator, operands)
    else:
        first, made = FIRST_TYPES.get(operator.name), MADE_TYPES.get(operator.name)
        if first is not None:
            _check_type(operator, operands.pop(0), first)
        for tensor in operands:
            _check_quantized(operator, tensor)
        if made is None:
            _check_quantized(operator, operator.output)
        else:
            _check_type(operator, operator.output, made)
    if operator.name in VIEWS:
        _check_view(operator)


def _own_states(operator: Operator) -> set[int]:
    """Tensors that it alone keeps."""
    numbers = STATES.get(operator.name, ())
    tensors = [operator.operand(number) for number in numbers]
    if not all(tensor.is_state and tensor.data is None for tensor in tensors):
        raise operator.refuse("its state is no variable")
    return {tensor.index for tensor in tensors}


def _values(operator: Operator) -> int:
    """How many of its inputs, from the first on, are values to compute with."""
    if operator.name in JOINS:
        return len(operator.inputs)
    if operator.name == "SELECT_V2":
        return 3
    return 2 if operator.name in (*BINARY, *COMPARISONS) else 1


def _check_moved(operator: Operator, operands: list[Tensor]) -> None:
    """Values that stay as they are."""
    types = {tensor.dtype for tensor in (*operands, operator.output)}
    if len(types) > 1:
        raise operator.refuse(f"it works on {' and '.join(sorted(types))}")
    if "INT16" in types:
        _require_int16(operator)
    if not all(tensor.shape for tensor in (*operands, operator.output)):
        raise operator.refuse("one of its tensors has no axes")


def _check_type(operator: Operator, tensor: Tensor, wanted: str) -> None:
    """Of values without a scale."""
    if tensor.dtype != wanted:
        raise operator.refuse(f"it works on {tensor.dtype}, not {wanted}")


def _require_int16(operator: Operator) -> None:
    if operator.name not in INT16:
        lacks = operator.name in _NOT_IN_INT16
        where = "TensorFlow Lite Micro does not have it" if lacks else "it is not compiled"
        raise operator.refuse(f"{where} in INT16")


def _check_activation(operator: Operator, tensor: Tensor) -> None:
    """Its type; that of the slopes of a PRELU is INT8 in either case."""
    is_slope = operator.name == "PRELU" and tensor is operator.optional(1)
    is_output = tensor.index == operator.output.index
    wide_share = operator.name == "SOFTMAX" and is_output and tensor.dtype == "INT16"
    if not operator.is_int16 or is_slope:
        if tensor.dtype != "INT8" and not wide_share:
            raise operator.refuse(f"it works on {tensor.dtype}, not INT8")
        return
    _require_int16(operator)
    if tensor.dtype != "INT16":
        raise operator.refuse(f"it works on INT16 and {tensor.dtype}")
    if any(tensor.zero_points):
        raise operator.refuse(f"tensor {tensor.name!r} is INT16 with a zero point, not 0")


def _check_quantized(operator: Operator, tensor: Tensor) -> None:
    if operator.name != "QUANTIZE":
        _check_activation(operator, tensor)
    if len(tensor.scales) != 1 or len(tensor.zero_points) != 1:
        raise operator.refuse(f"tensor {tensor.name!r} is not quantized as a whole")
    if not tensor.shape and tensor.data is None:
        raise operator.refuse(f"tensor {tensor.name!r} has no axes")
    low, high = RANGES.get(tensor.dtype, (0, 0))
    if not SCALES[0] < tensor.scale < SCALES[1] or not low <= tensor.zero_point <= high:
        raise operator.refuse(f"the quantization of tensor {tensor.name!r} makes no sense")


def _check_view(operator: Operator) -> None:
    if operator.operand(0).elements != operator.output.elements:
        raise operator.refuse("it changes the number of elements")


def _refuse_tensor(name: str, reason: str) -> ModelRefusalError:
    return ModelRefusalError(f"tensor {name!r}: {reason}")


def check_alone(operator: Operator) -> None:
    """What an operator works on, whatever comes before it. Raises PipelineError."""
    inputs = {tensor.index for tensor in operator.inputs if tensor is not None}
    _check_operator(operator, inputs, {operator.output.index})


def read_main_operators(
    flatbuffer: bytes, refused: list[ModelRefusalError]
) -> tuple[list[ParsedOperator], list[Tensor], list[Tensor]]:
    """The operators of the first subgraph as they are listed, the inputs and the outputs.

    A tensor that cannot be is of type UNREADABLE, and its error goes to `refused`.
    """
    model = root(flatbuffer)
    names = [_operator_name(code) for code in model.tables(1)]
    if not model.tables(2):
        raise damaged("it has no subgraph")
    main = _Subgraph(model.tables(2)[0], names, model.tables(4), refused)
    inputs, outputs = (_ends(main.table.integers(field), main.tensors, "end") for field in (1, 2))
    return list(main.parsed), inputs, outputs
