"""Which layers of a network can go on from the last hop, and which need the whole window.

ConvWindows that are a hop apart share most of their columns. A convolution or pool without padding
computes only the new ones, where its windows meet the same samples again: where the hop is a
multiple of its stride, and where it leaves over nothing at the window's end. The first layer that
looks at all columns ends the stream: a mean is kept as a running sum, anything else takes the
last columns, and what comes after is computed as ever.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import count

from pipeline.compiler.axes import FilterAxis, averaged, axes_of, filter_axes, groups_of, line_of
from pipeline.compiler.conv1d import kernel_arrays
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    prove_no_overflow,
    quick_scales,
    read_conv_2d,
    read_filters,
)
from pipeline.compiler.fixedpoint import INT8_MIN
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import (
    BINARY,
    COPIES,
    FUNCTIONS,
    STATES,
    VIEWS,
    Graph,
    Operator,
    Tensor,
)
from pipeline.compiler.layers import Layer, Program, Struct, Value, kernel_layer, output_fields
from pipeline.compiler.lower import lower
from pipeline.compiler.reductions import mean_struct

_ONE_VALUE = ("QUANTIZE", *FUNCTIONS, *VIEWS)


class CannotStreamError(Exception):
    """layer: as Keras calls it; reason: what it does; change: what would help."""

    def __init__(self, layer: str, reason: str, change: str) -> None:
        super().__init__(f"layer `{layer}` {reason}: {change}")


@dataclass(frozen=True)
class Flow:
    """A tensor whose columns come one by one: `length` make a window, `stride` samples apart."""

    length: int
    stride: int


class StageKind(Enum):
    """How a step of the stream is computed."""

    CONVOLUTION = auto()  # along time, by a kernel that keeps its window
    WINDOW = auto()  # any other filter or pool, on the last columns
    COLUMN = auto()  # each column for itself
    MEAN = auto()  # a running sum; ends the stream


@dataclass(frozen=True)
class Stage:
    """A step of the stream. axis: along time, before pooling; result: None after a mean."""

    step: Step
    kind: StageKind
    axis: FilterAxis
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
    _check_types(graph)
    _check_one_end(graph)
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


def _check_types(graph: Graph) -> None:
    """Kernels that stream move columns of int8."""
    for operator in filter(lambda one: one.is_int16, graph.operators):
        change = "convert the model with TFLITE_BUILTINS_INT8, which streams"
        raise CannotStreamError(operator.layer, "works on int16", change)
    for operator in graph.operators:
        if operator.name in (*COPIES, *STATES):
            reason = "keeps a state of its own from run to run"
            raise CannotStreamError(operator.layer, reason, "feed it as it is, without a hop")
        if any(item.dtype != "INT8" for item in (*sources_of(operator), operator.output)):
            raise CannotStreamError(operator.layer, "works on more than int8", "leave it out")


def _check_one_end(graph: Graph) -> None:
    for ends, word in ((graph.inputs, "inputs"), (graph.outputs, "outputs")):
        if len(ends) > 1:
            reason = f"is one of a network with {len(ends)} {word}"
            change = "make a model of each branch, or feed it whole windows"
            raise CannotStreamError(graph.operators[0].layer, reason, change)


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
    return Stage(step, _stage_kind(operator, axis), axis, flow, result)


def _pool_of(step: Step) -> int:
    return math.prod(step.window)


def _time_of(operator: Operator, flow: Flow) -> FilterAxis | None:
    """Where its windows lie in time; None where it needs all columns, or mixes them."""
    at = time_axis(operator.operand(0), flow)
    if at is None:
        return None
    each = FilterAxis(flow.length, flow.length, 1, 1, 1, 0)
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
    if operator.name in BINARY:
        constants = [item for item in operator.inputs if item is not None and item.data is not None]
        same = all(item.elements == source.elements for item in sources_of(operator))
        return same and all(column % item.elements == 0 for item in constants)
    return operator.name in (*_ONE_VALUE, "PAD")


def _stage_kind(operator: Operator, axis: FilterAxis) -> StageKind:
    if operator.name == "FULLY_CONNECTED":
        return StageKind.CONVOLUTION
    if operator.name == "CONV_2D" and line_of(operator) == axis and groups_of(operator) == 1:
        return StageKind.CONVOLUTION
    has_window = operator.name.endswith("_2D")
    return StageKind.WINDOW if has_window else StageKind.COLUMN


def _mean_stage(step: Step, flow: Flow) -> Stage | None:
    """A mean of each channel over all columns, which is a running sum."""
    operator = step.operator
    if operator.name != "MEAN":
        return None
    column = operator.operand(0).elements // flow.length
    if averaged(operator) != (1, flow.length, column):
        return None
    return Stage(step, StageKind.MEAN, FilterAxis(flow.length, 1, flow.length, 1, 1, 0), flow, None)


def _check_axis(operator: Operator, axis: FilterAxis) -> None:
    receptive_field = (axis.kernel - 1) * axis.dilation + 1
    over = axis.length - ((axis.result - 1) * axis.stride + receptive_field)
    if over < 0 or axis.padding:
        raise _pads(operator, "give it padding='valid'")
    if over:
        raise _left_over(operator, over)
    if axis.stride > receptive_field:
        raise CannotStreamError(
            operator.layer,
            f"passes over columns: its stride {axis.stride} is more than its "
            f"receptive field {receptive_field}",
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
        "change the window's length until its stride or pool divides the length of its input",
    )


def _check_ends(
    graph: Graph, stages: list[Stage], head: list[Step], flows: dict[int, Flow]
) -> None:
    if not any(stage.kind in (StageKind.CONVOLUTION, StageKind.WINDOW) for stage in stages):
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


_WORD_BYTES = 4
_QUAD = 4  # channels that nn_stream_mean_quads takes together
_MOST_COLUMNS_IN_INT16 = 255


def stream(graph: Graph, steps: Sequence[Step], hop: int) -> Program:
    """The network for the next `hop` samples. Raises CannotStreamError where it does not stream."""
    found = find_stream(graph, steps, hop)
    builder = _Builder(found)
    builder.keep_if_needed(graph.input, found.flows[graph.input.storage])
    for stage in found.stages:
        builder.add(stage)
    samples = time_axis(graph.input, found.flows[graph.input.storage])
    return Program(
        inputs=(_sized(graph.input, samples, hop),),
        outputs=graph.outputs,
        layers=(*builder.after, *(lower(builder.on_whole(step)) for step in found.head)),
        looped=tuple(builder.looped),
        units=hop // found.unit,
    )


def stream_columns(graph: Graph, steps: Sequence[Step], hop: int) -> tuple[Layer, ...]:
    """What makes the graph's output, a column of it for every unit of samples."""
    found = find_stream(graph, steps, hop, to_columns=True)
    builder = _Builder(found)
    for stage in found.stages:
        builder.add(stage)
    return tuple(builder.looped)


class _Builder:
    """looped: of every unit; after: what means make of their sums."""

    def __init__(self, stream: Stream) -> None:
        self.looped: list[Layer] = []
        self.after: list[Layer] = []
        self._stream = stream
        self._names = {stage.step.operator.layer for stage in stream.stages}
        self._names |= {step.operator.layer for step in stream.head}
        self._new_storage = count(-1, -1)
        self._whole: dict[int, Tensor] = {}

    def add(self, stage: Stage) -> None:
        """The layers of one stage; and the window of its output, where the head needs it."""
        if stage.kind is StageKind.MEAN:
            self._add_mean(stage)
        else:
            self._add_columns(stage)
        output = stage.step.last.output
        if stage.result is not None:
            self.keep_if_needed(output, stage.result)

    def keep_if_needed(self, tensor: Tensor, flow: Flow) -> None:
        """The last columns of a tensor, a window of them, where the head looks at all."""
        if tensor.storage in self._stream.whole:
            new = _sized(tensor, time_axis(tensor, flow), self._columns(flow))
            self._whole[tensor.storage] = self._append("window", new, tensor)

    def on_whole(self, step: Step) -> Step:
        """The step of the head, with whole windows as inputs."""
        operator = step.operator
        inputs = tuple(
            item
            if item is None or item.storage not in self._whole
            else replace(item, storage=self._whole[item.storage].storage)
            for item in operator.inputs
        )
        return replace(step, operator=replace(operator, inputs=inputs))

    def _columns(self, flow: Flow) -> int:
        return self._stream.unit // flow.stride

    def _add_columns(self, stage: Stage) -> None:
        axis, source = stage.axis, stage.source
        result = stage.result or source
        fresh, made = self._columns(source), self._columns(result)
        if stage.kind is StageKind.CONVOLUTION:
            step = _of_one_call(stage.step, source, fresh, result, made)
            self.looped.append(lower_stream_conv1d(step, axis, made))
            return
        needed = (made - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1
        step = _of_one_call(stage.step, source, needed, result, made)
        if needed > fresh:
            window = self._keep(step.operator, needed, fresh)
            inputs = (window, *step.operator.inputs[1:])
            step = replace(step, operator=replace(step.operator, inputs=inputs))
        self.looped.append(lower(step))

    def _keep(self, operator: Operator, needed: int, fresh: int) -> Tensor:
        """The operator's first input, of `needed` columns, the last `fresh` of them new."""
        window = operator.operand(0)
        new = replace(window, shape=(fresh, window.elements // needed))
        return self._append(operator.layer, new, window)

    def _append(self, name: str, new: Tensor, window: Tensor) -> Tensor:
        """A layer that keeps the window's last columns in its state; the window there."""
        kept = replace(window, storage=next(self._new_storage))
        name = self._name(f"{name}_columns")
        arguments = (kept.elements - new.elements, new.elements)
        layer = Layer(
            name=name,
            operators=(),
            kernel="nn_stream_append",
            arguments=arguments,
            inputs=(new,),
            output=kept,
            state=name,
            state_words=-(-kept.elements // _WORD_BYTES),
            writes=False,
        )
        self.looped.append(layer)
        return kept

    def _add_mean(self, stage: Stage) -> None:
        """Sums, and the ring of the columns that are in them."""
        operator, columns = stage.step.operator, self._columns(stage.source)
        struct = mean_struct(operator, "layer")
        channels, length = operator.output.elements, stage.source.length
        in_quads = channels % _QUAD == 0 and length <= _MOST_COLUMNS_IN_INT16
        kernel = "nn_stream_mean_quads" if in_quads else "nn_stream_mean"
        sums = channels // 2 if in_quads else channels
        words = 1 + sums + -(-length * channels // _WORD_BYTES)
        source = operator.operand(0)
        new = _sized(source, time_axis(source, stage.source), columns)
        name = self._name(f"{operator.layer}_sums")
        adding = Layer(
            name=name,
            operators=(),
            kernel=f"{kernel}_add",
            arguments=(struct, columns),
            inputs=(new,),
            output=replace(operator.output, storage=next(self._new_storage)),
            state=name,
            state_words=words,
            writes=False,
        )
        mean = Layer(
            operator.layer, (operator.name,), kernel, (struct,), (), operator.output, state=name
        )
        self.looped.append(adding)
        self.after.append(mean)

    def _name(self, name: str) -> str:
        while name in self._names:
            name += "_"
        self._names.add(name)
        return name


def _of_one_call(step: Step, source: Flow, columns: int, result: Flow, made: int) -> Step:
    """The step with the shapes of one call: `columns` in, `made` out."""
    operator = step.operator
    inputs = tuple(
        item
        if item is None or item.data is not None
        else _sized(item, time_axis(item, source), columns)
        for item in operator.inputs
    )
    if step.pool is not None:
        pooled = _sized(step.pool.output, time_axis(step.pool.output, result), made)
        return replace(
            step,
            operator=replace(operator, inputs=inputs),
            pool=replace(step.pool, output=pooled),
        )
    output = _sized(operator.output, time_axis(operator.output, result), made)
    return replace(step, operator=replace(operator, inputs=inputs, output=output))


def _sized(tensor: Tensor, axis: int | None, columns: int) -> Tensor:
    if axis is None:
        raise ValueError(f"{tensor.name} has no columns")
    shape = (*tensor.shape[:axis], columns, *tensor.shape[axis + 1 :])
    return replace(tensor, shape=shape)


_CONV1D_QUAD = 4  # words that firmware/lib/nn/nn_columns_dsp.c moves at once


def lower_stream_conv1d(step: Step, axis: FilterAxis, columns: int) -> Layer:
    """nn_stream_conv1d or nn_stream_conv1d_relu, for `columns` of output a call.

    axis: along time, over the whole window; `step` has the shapes of one call.
    """
    operator = step.operator
    pool, bounds = math.prod(step.window), step.bounds()
    filters = _filters(operator).folded(operator.operand(0).zero_point)
    prove_no_overflow(operator, filters, LARGEST_INPUT)
    zero_point = operator.output.zero_point
    quick = quick_scales(filters, zero_point, bounds)
    is_relu = quick is not None and (zero_point, len(filters.bias) % NN_BLOCK) == (INT8_MIN, 0)
    arrays = kernel_arrays(filters, axis.kernel, quick)
    if is_relu:
        arrays["relu_scales"] = arrays.pop("quick_scales")
    channels = filters.weights.shape[1] // axis.kernel
    column_words = -(-channels // 2)
    history = ((axis.kernel - 1) * axis.dilation + 1 - axis.stride) * column_words
    fresh = axis.stride * pool
    together = axis.dilation == 1 or axis.kernel == 1
    step_bytes = axis.stride * column_words * _WORD_BYTES
    blocks = -(-len(filters.bias) // NN_BLOCK)
    fields: dict[str, Value] = {
        **arrays,
        "weights_bytes": blocks * NN_BLOCK * axis.kernel * column_words * _WORD_BYTES,
        "step_bytes": step_bytes,
        "last_bytes": (pool - 1) * step_bytes,
        "gap_bytes": 0 if together else (axis.dilation - 1) * column_words * _WORD_BYTES,
        "run": (axis.kernel if together else 1) * column_words,
        "runs": 1 if together else axis.kernel,
        "channels_in": channels,
        "channels_out": len(filters.bias),
        "fresh": fresh,
        "history": history,
        "output": output_fields(zero_point, bounds),
    }
    struct = Struct("nn_stream_conv1d_t", "layer", fields)
    kernel = "nn_stream_conv1d_relu" if is_relu else "nn_stream_conv1d"
    scratch = 0 if is_relu else blocks * NN_BLOCK
    macs = columns * pool * filters.weights.size
    layer = kernel_layer(step.parts, kernel, (struct, columns), macs, scratch)
    words = -(-history // _CONV1D_QUAD) * _CONV1D_QUAD + fresh * column_words
    return replace(layer, state=layer.name, state_words=words, in_place=columns == 1)


def _filters(operator: Operator) -> Filters:
    if operator.name == "FULLY_CONNECTED":
        return read_filters(operator, operator.operand(1).shape[0], axis=0)
    return read_conv_2d(operator)
