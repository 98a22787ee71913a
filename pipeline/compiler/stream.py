"""Which layers of a network can go on from the last hop, and which need the whole window.

Windows that are a hop apart share most of their columns. A convolution or pool without padding
computes only the new ones, where its windows meet the same samples again: where the hop is a
multiple of its stride, and where it leaves over nothing at the window's end. The first layer that
looks at all columns ends the stream: a mean is kept as a running sum, anything else is given the
last columns, and what comes after is computed as ever.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import VIEWS, Graph, Operator, Tensor
from pipeline.compiler.windows import Axis, averaged, axes_of, filter_axes, groups_of, line_of

_ONE_VALUE = ("QUANTIZE", "RELU", "RELU6", "LOGISTIC", "TANH", *VIEWS)


class CannotStreamError(Exception):
    """layer: as Keras calls it; reason: what it does; change: what would help."""

    def __init__(self, layer: str, reason: str, change: str) -> None:
        super().__init__(f"layer `{layer}` {reason}: {change}")


@dataclass(frozen=True)
class Flow:
    """A tensor whose columns come one by one: `length` make a window, `stride` samples apart."""

    length: int
    stride: int


class Kind(Enum):
    """How a step of the stream is computed."""

    CONVOLUTION = auto()  # along time, by a kernel that keeps its window
    WINDOW = auto()  # any other filter or pool, on the last columns
    COLUMN = auto()  # each column for itself
    MEAN = auto()  # a running sum; ends the stream


@dataclass(frozen=True)
class Stage:
    """A step of the stream. axis: along time, before pooling; result: None after a mean."""

    step: Step
    kind: Kind
    axis: Axis
    source: Flow
    result: Flow | None


@dataclass(frozen=True)
class Stream:
    """stages: computed for every `unit` samples; head: once a hop; whole: the tensors, by
    storage, of whose columns the head needs all."""

    unit: int
    flows: dict[int, Flow]
    stages: tuple[Stage, ...]
    head: tuple[Step, ...]
    whole: frozenset[int]


def find_stream(graph: Graph, steps: Sequence[Step], hop: int, to_columns: bool = False) -> Stream:
    """to_columns: whether the graph's output is a column at every position.

    Raises CannotStreamError, naming the layer, where the hop or the graph does not allow it."""
    flows = {graph.input.storage: Flow(samples_of(graph), 1)}
    stages: list[Stage] = []
    head: list[Step] = []
    for step in (part for whole in steps for part in _parts(whole)):
        stage = _stage(step, flows, hop)
        if stage is None:
            head.append(step)
            continue
        stages.append(stage)
        if stage.result is not None:
            flows[step.last.output.storage] = stage.result
    if not to_columns:
        _check_ends(graph, stages, head, flows)
    elif head:
        raise CannotStreamError(
            head[0].operator.layer, "leaves one column of a window", "make the window longer"
        )
    unit = math.lcm(*(flow.stride for flow in flows.values()))
    whole = _needed_whole(head, flows, unit)
    return Stream(unit, flows, tuple(stages), tuple(head), whole)


def samples_of(graph: Graph) -> int:
    """Of a window: its outermost axis."""
    return next((size for size in graph.input.shape if size > 1), 1)


def sources_of(operator: Operator) -> tuple[Tensor, ...]:
    """Its inputs that are no constants."""
    return tuple(item for item in operator.inputs if item is not None and item.data is None)


def time_axis(tensor: Tensor, flow: Flow) -> int | None:
    """The outermost axis, where that is time."""
    first = next((i for i, size in enumerate(tensor.shape) if size > 1), None)
    return first if first is not None and tensor.shape[first] == flow.length else None


def _parts(step: Step) -> tuple[Step, ...]:
    """A convolution without what a stream computes otherwise: means, and pools over two axes."""
    if step.operator.name != "CONV_2D":
        return (step,)
    along_time = line_of(step.operator) is not None
    first = replace(step, pool=step.pool if along_time else None, mean=None)
    rest = (step.mean,) if along_time else (step.pool, step.mean)
    return (first, *(replace(step, operator=part, pool=None, mean=None) for part in rest if part))


def _stage(step: Step, flows: dict[int, Flow], hop: int) -> Stage | None:
    """None where the step belongs to the head."""
    operator = step.operator
    found = [flows.get(source.storage) for source in sources_of(operator)]
    flow = found[0] if found else None
    if flow is None or any(other != flow for other in found):
        return None
    axis = _time_of(operator, flow)
    if axis is None or axis.result // _pool_of(step) <= 1:
        return _mean_stage(step, flow)
    _check_axis(operator, axis)
    stride = flow.stride * axis.stride * _pool_of(step)
    if hop % stride:
        raise CannotStreamError(
            step.last.layer,
            f"leaves a column every {stride} samples, and a hop is {hop}",
            f"make the hop a multiple of {stride}",
        )
    if axis.result % _pool_of(step):
        raise _left_over(step.last, axis.result % _pool_of(step))
    result = Flow(axis.result // _pool_of(step), stride)
    return Stage(step, _kind_of(operator, axis), axis, flow, result)


def _pool_of(step: Step) -> int:
    return math.prod(step.window)


def _time_of(operator: Operator, flow: Flow) -> Axis | None:
    """Where its windows lie in time; None where it needs all columns, or mixes them."""
    at = time_axis(operator.operand(0), flow)
    if at is None:
        return None
    each = Axis(flow.length, flow.length, 1, 1, 1, 0)
    if operator.name.endswith("_2D"):
        is_pool = operator.name.endswith("POOL_2D")
        axes = axes_of(operator, operator.options.window) if is_pool else filter_axes(operator)
        return axes[at - 1] if at in (1, 2) else None
    if operator.name == "PAD" and time_axis(operator.output, flow) != at:
        raise _pads(operator, "leave it out")
    return each if _keeps_columns(operator, flow, at) else None


def _keeps_columns(operator: Operator, flow: Flow, at: int) -> bool:
    """Whether each column of the output comes from that column of the input alone."""
    source = operator.operand(0)
    column = source.elements // flow.length
    if operator.name == "FULLY_CONNECTED":
        return operator.operand(1).shape[-1:] == (column,)
    if operator.name == "SOFTMAX":
        return at < len(source.shape) - 1
    if operator.name == "ADD":
        constants = [item for item in operator.inputs if item is not None and item.data is not None]
        same = all(item.elements == source.elements for item in sources_of(operator))
        return same and all(column % item.elements == 0 for item in constants)
    return operator.name in (*_ONE_VALUE, "PAD")


def _kind_of(operator: Operator, axis: Axis) -> Kind:
    if operator.name == "FULLY_CONNECTED":
        return Kind.CONVOLUTION
    if operator.name == "CONV_2D" and line_of(operator) == axis and groups_of(operator) == 1:
        return Kind.CONVOLUTION
    has_window = operator.name.endswith("_2D")
    return Kind.WINDOW if has_window else Kind.COLUMN


def _mean_stage(step: Step, flow: Flow) -> Stage | None:
    """A mean of each channel over all columns, which is a running sum."""
    operator = step.operator
    if operator.name != "MEAN":
        return None
    column = operator.operand(0).elements // flow.length
    if averaged(operator) != (1, flow.length, column):
        return None
    return Stage(step, Kind.MEAN, Axis(flow.length, 1, flow.length, 1, 1, 0), flow, None)


def _check_axis(operator: Operator, axis: Axis) -> None:
    reach = (axis.kernel - 1) * axis.dilation + 1
    over = axis.length - ((axis.result - 1) * axis.stride + reach)
    if over < 0 or axis.padding:
        raise _pads(operator, "give it padding='valid'")
    if over:
        raise _left_over(operator, over)
    if axis.stride > reach:
        raise CannotStreamError(
            operator.layer,
            f"passes over columns: its stride {axis.stride} is more than its window {reach}",
            "make its stride smaller",
        )


def _needed_whole(head: list[Step], flows: dict[int, Flow], unit: int) -> frozenset[int]:
    whole: set[int] = set()
    for operator in (step.operator for step in head):
        for flow in (flows.get(source.storage) for source in sources_of(operator)):
            if flow is not None and flow.length * flow.stride < unit:
                reason = f"looks at fewer samples than the {unit} that come together"
                raise CannotStreamError(operator.layer, reason, "make the strides smaller")
        whole.update(source.storage for source in sources_of(operator))
    return frozenset(whole & flows.keys())


def _pads(operator: Operator, change: str) -> CannotStreamError:
    reason = "pads the window's ends, so that its first and last columns hold for one window only"
    return CannotStreamError(operator.layer, reason, change)


def _left_over(operator: Operator, over: int) -> CannotStreamError:
    columns = "column" if over == 1 else f"{over} columns"
    return CannotStreamError(
        operator.layer,
        f"leaves over the last {columns} of a window",
        "change the window's length until its stride or pool divides what it is given",
    )


def _check_ends(
    graph: Graph, stages: list[Stage], head: list[Step], flows: dict[int, Flow]
) -> None:
    if not any(stage.kind in (Kind.CONVOLUTION, Kind.WINDOW) for stage in stages):
        first = (head[0].operator if head else stages[0].step.operator).layer
        raise CannotStreamError(
            first,
            "looks at the whole window at once",
            "put convolutions along time before it, with padding='valid'",
        )
    if graph.output.storage in flows:
        raise CannotStreamError(
            stages[-1].step.last.layer,
            "answers for every position in time",
            "let the network end with a mean over time, or with a Dense layer over all of it",
        )
