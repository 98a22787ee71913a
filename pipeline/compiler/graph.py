"""A network as the compiler sees it: tensors, and operators in the order they run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.cells.operators import Cell
from pipeline.core.errors import PipelineError

VIEWS = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")  # the same bytes under another shape
PARTS = ("SPLIT", "SPLIT_V", "UNPACK")  # one operator here for each of their outputs
JOINS = ("CONCATENATION", "PACK")
BINARY = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU")
COMPARISONS = ("LESS", "LESS_EQUAL", "EQUAL", "NOT_EQUAL", "GREATER_EQUAL", "GREATER")
# Of one value.
FUNCTIONS = ("RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH", "ABS", "ELU")
# Values as they are, elsewhere.
MOVES = (
    *("STRIDED_SLICE", "SLICE", "TRANSPOSE", "RESIZE_NEAREST_NEIGHBOR", "DEPTH_TO_SPACE"),
    *("SPACE_TO_DEPTH", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", *PARTS, *JOINS),
)
VARIABLES = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")
COPIES = ("READ_VARIABLE", "ASSIGN_VARIABLE")  # what is left of them in a graph
SUPPORTED = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"),
    *("MAX_POOL_2D", "AVERAGE_POOL_2D"),
    *("MEAN", "REDUCE_MAX", "REDUCE_MIN", "SOFTMAX", "QUANTIZE"),
    *("PAD", "PADV2", "MIRROR_PAD", "CAST", "SELECT_V2", "ARG_MAX", "ARG_MIN"),
    *COMPARISONS,
    *BINARY,
    *FUNCTIONS,
    *("SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    *VIEWS,
    *MOVES,
    *VARIABLES,
)
# What is compiled in int16 too, with weights of int8.
INT16 = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "MAX_POOL_2D"),
    *("AVERAGE_POOL_2D", "MEAN", "SOFTMAX", "QUANTIZE", "PAD", *BINARY, "RELU", "RELU6"),
    *("LEAKY_RELU", "ABS", "LOGISTIC", "TANH", "STRIDED_SLICE", "SLICE", "TRANSPOSE"),
    *("RESIZE_NEAREST_NEIGHBOR", *PARTS, *JOINS, *VIEWS, *VARIABLES),
)
# Which of its inputs an operator keeps from one run to the next.
STATES = {"SVDF": (4,), "UNIDIRECTIONAL_SEQUENCE_LSTM": (18, 19)}
# What an operator takes first, or makes, where that is no int8.
FIRST_TYPES = dict.fromkeys(("CAST", "SELECT_V2"), "BOOL")
MADE_TYPES = {"ARG_MAX": "INT32", "ARG_MIN": "INT32", **dict.fromkeys(COMPARISONS, "BOOL")}
ITEM_BYTES = {"INT8": 1, "UINT8": 1, "BOOL": 1, "INT16": 2, "INT32": 4, "INT64": 8}


@dataclass(frozen=True)
class Tensor:
    """real = scale * (int8 - zero_point); one scale, or one for each index of `axis`.

    storage: the tensor whose bytes these are (its own index, unless it is a view).
    data: the bytes of a constant, None for an activation.
    is_state: an operator keeps it from one run to the next.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    data: memoryview | None
    storage: int
    is_state: bool = False

    @property
    def elements(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Of memory."""
        return self.elements * ITEM_BYTES[self.dtype]

    @property
    def scale(self) -> float:
        """Of a tensor that is quantized as a whole."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """Of a tensor that is quantized as a whole."""
        return self.zero_points[0]


@dataclass(frozen=True)
class SliceMasks:
    """Bit i of each stands for axis i of a STRIDED_SLICE; others: of the rarer masks."""

    begin: int = 0
    end: int = 0
    shrink: int = 0
    others: int = 0


@dataclass(frozen=True)
class Options:
    """What an operator's table of options says; the defaults where it has no such field.

    part: which of the outputs of SPLIT, SPLIT_V or UNPACK the operator makes."""

    padding: str = "VALID"
    stride: tuple[int, int] = (1, 1)  # height, width; also those below
    dilation: tuple[int, int] = (1, 1)
    window: tuple[int, int] = (1, 1)
    # Rows that a PAD would have put before and after those of the input; then columns.
    outside: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    activation: str = "NONE"
    depth_multiplier: int = 1
    shuffled_weights: bool = False
    beta: float = 1.0
    axis: int = 0
    part: int = 0
    rank: int = 1
    alpha: float = 0.0
    block: int = 1  # of DEPTH_TO_SPACE and SPACE_TO_DEPTH
    repeats_edge: bool = False  # of MIRROR_PAD
    align_corners: bool = False
    half_pixel_centers: bool = False
    clip: float = 0.0  # of cells; 0 for none
    bias_type: str = "FLOAT32"  # of a bias that is left out; FLOAT32 for none said
    masks: SliceMasks = SliceMasks()


@dataclass(frozen=True)
class Operator:
    """An operator of the graph; layer: the Keras layer it comes from, as a C identifier."""

    name: str
    layer: str  # the Keras layer it comes from, as a C identifier
    inputs: tuple[Tensor | None, ...]
    output: Tensor
    options: Options

    def operand(self, number: int) -> Tensor:
        """Input `number`, which the operator cannot do without."""
        tensor = self.optional(number)
        if tensor is None:
            raise self.refuse(f"its input {number} is missing")
        return tensor

    @property
    def is_int16(self) -> bool:
        """Whether its activations are int16."""
        return self.operand(0).dtype == "INT16"

    def optional(self, number: int) -> Tensor | None:
        """Input `number`; None where it is missing."""
        return self.inputs[number] if number < len(self.inputs) else None

    def numbers(self, number: int) -> list[int]:
        """A constant input of integers."""
        tensor = self.operand(number)
        if tensor.dtype != "INT32" or tensor.data is None or not tensor.elements:
            raise self.refuse(f"its input {number} is not constant, or no INT32")
        return [
            int.from_bytes(tensor.data[i : i + 4], "little", signed=True)
            for i in range(0, len(tensor.data), 4)
        ]

    def refuse(self, reason: str) -> OperatorRefusalError:
        """The error for an operator that the compiled engine cannot compute."""
        return OperatorRefusalError(self.name, self.layer, reason, any_int16(self.inputs))


def any_int16(tensors: Sequence[Tensor | None]) -> bool:
    """Whether some are int16."""
    return any(tensor is not None and tensor.dtype == "INT16" for tensor in tensors)


def _covered(in_int16: bool) -> str:
    """By the compiled engine, in words."""
    names = (name for name in SUPPORTED if name in INT16 or not in_int16)
    types = "int16 with weights of int8" if in_int16 else "int8"
    return f"the compiled engine covers, in {types} and for batch 1, {', '.join(names)}"


class OperatorRefusalError(PipelineError):
    """The compiled engine cannot compute an operator."""

    def __init__(self, operator: str, layer: str, reason: str, in_int16: bool = False) -> None:
        super().__init__(
            f"The compiler cannot take {operator} in layer `{layer}`: {reason}.",
            _covered(in_int16 or "INT16" in reason),
            "change that layer of the model, then train and convert again",
        )
        self.operator, self.layer, self.reason = operator, layer, reason


class ModelRefusalError(PipelineError):
    """The compiled engine cannot take a model as a whole, or one of its tensors."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The compiler cannot take this model: {reason}.",
            "the compiled engine runs models that are int8 inside, or int16 with weights of int8, "
            "with a batch of 1",
            "docs/compile.md says what it takes; convert the model again with fixed shapes in int8",
        )
        self.reason = reason


@dataclass(frozen=True)
class CellStep:
    """One step of a recurrent cell. x: its input, int8 or the state of the cell before; h: its new
    state, int16."""

    cell: Cell
    x: Tensor
    h: Tensor


@dataclass(frozen=True)
class Variable:
    """What a network keeps from one run to the next; initial: its bytes after a reset."""

    tensor: Tensor
    initial: bytes


@dataclass(frozen=True)
class Graph:
    """cells: run after the operators of `front`, and before those of `head`."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    cells: tuple[CellStep, ...] = ()
    variables: tuple[Variable, ...] = ()

    @property
    def input(self) -> Tensor:
        """The first; a network that streams, or has cells, has one."""
        return self.inputs[0]

    @property
    def output(self) -> Tensor:
        """The first; a network that streams, or has cells, has one."""
        return self.outputs[0]

    @property
    def front(self) -> tuple[Operator, ...]:
        """What makes the columns that the cells take."""
        return self.operators[: len(self.operators) - len(self.head)]

    @property
    def head(self) -> tuple[Operator, ...]:
        """From the one that takes the last cell's state; all, where there is no cell."""
        if not self.cells:
            return self.operators
        state = self.cells[-1].h.index
        starts = [i for i, item in enumerate(self.operators) if item.operand(0).index == state]
        return self.operators[starts[0] :] if starts else ()


_MAY_BEGIN_CONSTANT = (*BINARY, *COMPARISONS, "ASSIGN_VARIABLE", *JOINS)


def without_views(graph: Graph) -> Graph:
    """The graph without operators that only change a shape: their outputs share storage.

    One stays where an output of the network would otherwise be one of its inputs, or another
    output.
    """
    seen: dict[int, Tensor] = {}
    results = {tensor.index for tensor in graph.outputs}
    taken = results | {tensor.storage for tensor in graph.inputs}

    def resolve(tensor: Tensor) -> Tensor:
        return seen.get(tensor.index, tensor)

    kept = []
    for operator in graph.operators:
        inputs = tuple(None if tensor is None else resolve(tensor) for tensor in operator.inputs)
        resolved = replace(operator, inputs=inputs)
        viewed, output = resolved.operand(0), operator.output
        needed = output.index in results and viewed.storage in taken
        if operator.name in VIEWS and not needed:
            seen[output.index] = replace(output, storage=viewed.storage, data=viewed.data)
            taken |= {viewed.storage} if output.index in results else set()
        elif viewed.data is not None and operator.name not in _MAY_BEGIN_CONSTANT:
            raise operator.refuse("its input is a constant")
        else:
            kept.append(resolved)
    cells = tuple(replace(item, x=resolve(item.x)) for item in graph.cells)
    outputs = tuple(map(resolve, graph.outputs))
    return Graph(graph.inputs, outputs, tuple(kept), cells, graph.variables)
