"""A stream as kernel calls: what is computed for every unit of samples, and the head after it.

Layers of the stream are lowered as any others, for the few columns that a unit brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Graph, Operator, Tensor
from pipeline.compiler.layers import Layer, Program, Struct
from pipeline.compiler.lower import lower
from pipeline.compiler.reductions import mean_struct
from pipeline.compiler.stream import Flow, Kind, Stage, Stream, find_stream, time_axis
from pipeline.compiler.stream_conv1d import lower_stream_conv1d

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
        input=_sized(graph.input, samples, hop),
        output=graph.output,
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
        if stage.kind is Kind.MEAN:
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
        """The step of the head, given whole windows."""
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
        if stage.kind is Kind.CONVOLUTION:
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
        in_quads = channels % _QUAD == 0 and length <= _MOST_COLUMNS_IN_INT16 and _is_small(struct)
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


def _is_small(mean: Struct) -> bool:
    """Whether the mean's scale shifts to the right."""
    scale = mean.fields["scale"]
    return getattr(scale, "shift", 0) < 0


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
