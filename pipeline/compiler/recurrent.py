"""A one-step network as a program: over a whole window, or on and on.

A window begins with states of zero, and its cells take its columns one after the other. A stream
keeps the states; its cells begin once the first whole column has been seen, so that a stream's
first window gives what it would give alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.cells.operators import Recurrence
from pipeline.compiler.cell_layers import lower_cell
from pipeline.compiler.fuse import fuse
from pipeline.compiler.graph import FUNCTIONS, Graph, Operator, Tensor
from pipeline.compiler.layers import Layer, Program
from pipeline.compiler.lower import lower
from pipeline.compiler.stream import CannotStreamError, samples_of, stream_columns
from pipeline.core.errors import PipelineError, UsageError

_OF_EACH_VALUE = ("ADD", "QUANTIZE", *FUNCTIONS)
_FILTERS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")


@dataclass(frozen=True)
class Columns:
    """graph: the layers before the cells, for a whole window; stride: samples from one column to
    the next; count: of a window."""

    graph: Graph
    stride: int
    count: int


def window_program(graph: Graph, samples: int, compact: bool) -> Program:
    """All columns of a window, from states of zero."""
    columns = _columns(graph, samples)
    return Program(
        inputs=columns.graph.inputs,
        outputs=graph.outputs,
        before=tuple(lower(step) for step in fuse(columns.graph, compact)),
        columns=columns.graph.output,
        looped=_cells(graph, compact),
        units=columns.count,
        layers=_head(graph, compact),
        resets_state=True,
    )


def stream_program(graph: Graph, samples: int, hop: int, compact: bool) -> Program:
    """A hop of samples; `samples` of them are a window.

    Raises PipelineError where a hop or a window is not made of whole columns, or where the layers
    before the cells cannot stream.
    """
    columns = _columns(graph, samples)
    if hop % columns.stride or samples % hop:
        raise _refuse_hop(hop, samples, columns.stride)
    front: tuple[Layer, ...] = ()
    if columns.graph.operators:
        try:
            front = stream_columns(columns.graph, fuse(columns.graph, compact), hop)
        except CannotStreamError as error:
            raise _refuse_stream(str(error)) from None
    return Program(
        inputs=(_sized(graph.input, samples_of(graph), hop),),
        outputs=graph.outputs,
        looped=(*front, *_cells(graph, compact)),
        units=hop // columns.stride,
        layers=_head(graph, compact),
        skipped=samples // columns.stride - columns.count,
        skipped_from=len(front),
    )


def receptive_field_of(graph: Graph) -> int:
    """Samples that one column is made of."""
    return samples_of(graph) if graph.front else 1


def recurrence_of(graph: Graph) -> Recurrence:
    """The cells of a graph, with the receptive field and the stride of their columns."""
    receptive_field = receptive_field_of(graph)
    cells = tuple(step.cell for step in graph.cells)
    return Recurrence(cells, receptive_field, _columns(graph, receptive_field).stride)


def _cells(graph: Graph, compact: bool) -> tuple[Layer, ...]:
    return tuple(lower_cell(step, compact) for step in graph.cells)


def _head(graph: Graph, compact: bool) -> tuple[Layer, ...]:
    alone = Graph((graph.cells[-1].h,), graph.outputs, graph.head)
    return tuple(lower(step) for step in fuse(alone, compact))


def _columns(graph: Graph, samples: int) -> Columns:
    """Raises PipelineError where a window has no whole number of columns."""
    receptive_field = old = receptive_field_of(graph)
    new, stride, operators = samples, 1, []
    for operator in graph.front:
        window, step = _along_time(operator, old)
        results = [(length - window) // step + 1 for length in (old, new)]
        operators.append(_lengthened(operator, (old, new), (results[0], results[1])))
        old, new, stride = *results, stride * step
    if old != 1 or samples < receptive_field or (samples - receptive_field) % stride:
        raise UsageError(
            f"A window of {samples} samples does not fit the network.",
            f"the layers before its cells see {receptive_field} samples, and move on by {stride}",
            f"make it {receptive_field} samples, or more by a multiple of {stride}",
        )
    source = _sized(graph.input, receptive_field, samples)
    output = operators[-1].output if operators else source
    return Columns(Graph((source,), (output,), tuple(operators)), stride, new)


def _along_time(operator: Operator, length: int) -> tuple[int, int]:
    """Columns that its window reaches over, and its step; `length`: of its input."""
    if operator.name in _OF_EACH_VALUE:
        return 1, 1
    if operator.name not in (*_FILTERS, *_POOLS):
        raise operator.refuse("it cannot come before a recurrent layer")
    axis = _time_axis(operator.operand(0), length) - 1
    options = operator.options
    kernel = options.window
    if operator.name in _FILTERS:
        kernel = (operator.operand(1).shape[1], operator.operand(1).shape[2])
    if any(options.outside[axis]) or (options.padding != "VALID" and kernel[axis] > 1):
        raise operator.refuse("it pads, before a recurrent layer: give it padding='valid'")
    return (kernel[axis] - 1) * options.dilation[axis] + 1, options.stride[axis]


def _time_axis(tensor: Tensor, length: int) -> int:
    """The last axis but that of the channels, or one before it."""
    axes = [axis for axis in range(1, len(tensor.shape) - 1) if tensor.shape[axis] == length]
    return axes[-1] if axes else max(len(tensor.shape) - 2, 0)


def _lengthened(operator: Operator, lengths: tuple[int, int], results: tuple[int, int]) -> Operator:
    """lengths, results: of its input and output, before and after."""
    axis = _time_axis(operator.operand(0), lengths[0])
    inputs = tuple(
        item if item is None or item.data is not None else _along(item, axis, lengths[1])
        for item in operator.inputs
    )
    return replace(operator, inputs=inputs, output=_along(operator.output, axis, results[1]))


def _sized(tensor: Tensor, old: int, new: int) -> Tensor:
    """[1, old, channels], or [1, channels] of a single sample, for `new` samples."""
    if len(tensor.shape) == 2:
        return replace(tensor, shape=(1, new, tensor.shape[1]))
    return _along(tensor, _time_axis(tensor, old), new)


def _along(tensor: Tensor, axis: int, length: int) -> Tensor:
    return replace(tensor, shape=(*tensor.shape[:axis], length, *tensor.shape[axis + 1 :]))


def _refuse_hop(hop: int, samples: int, stride: int) -> PipelineError:
    return UsageError(
        f"A hop of {hop} samples does not fit a network that runs on and on.",
        f"its cells take a step every {stride} samples, and its first answer comes after "
        f"{samples} of them",
        f"set window.hop to a multiple of {stride} that divides {samples}",
    )


def _refuse_stream(obstacle: str) -> PipelineError:
    return PipelineError(
        f"The network cannot run on and on: {obstacle}.",
        "what comes before its recurrent layers needs whole windows",
        "change that layer, or run the network over windows",
    )
