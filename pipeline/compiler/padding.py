"""PAD that the filter after it can do by itself: it then lies on a larger picture.

A filter reads what lies outside its input as the zero point, which is what a PAD writes. A pool
leaves out what lies outside; the largest of a window is the same where the PAD writes the lowest
byte and no window lies outside as a whole.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from pipeline.compiler.axes import axes_of, filter_axes
from pipeline.compiler.fixedpoint import INT8_MIN
from pipeline.compiler.graph import Graph, Operator

Sides = tuple[tuple[int, int], ...]  # before and after each axis


def paddings_of(operator: Operator) -> Sides:
    """Of a PAD, checked."""
    source, paddings, output = operator.operand(0), operator.operand(1), operator.output
    rank = len(source.shape)
    if paddings.dtype != "INT32" or paddings.data is None or paddings.elements != 2 * rank:
        raise operator.refuse("its paddings are not constant")
    sides = [(int(a), int(b)) for a, b in np.frombuffer(paddings.data, "<i4").reshape(rank, 2)]
    padded = tuple(a + size + b for (a, b), size in zip(sides, source.shape, strict=True))
    if min(min(side) for side in sides) < 0 or padded != output.shape:
        raise operator.refuse(f"its paddings do not make {list(output.shape)}")
    return tuple(sides)


def with_padded_filters(graph: Graph) -> Graph:
    """The graph without each PAD whose only reader can do it."""
    uses = Counter(
        tensor.storage for step in graph.operators for tensor in step.inputs if tensor is not None
    )
    uses.update(tensor.storage for tensor in graph.outputs)
    uses.update(step.x.storage for step in graph.cells)
    pads = {
        operator.output.storage: operator
        for operator in graph.operators
        if operator.name == "PAD" and uses[operator.output.storage] == 1
    }
    folded: set[int] = set()
    operators = []
    for operator in graph.operators:
        first = operator.optional(0)
        pad = None if first is None else pads.get(first.storage)
        padded = None if pad is None else _padded(operator, pad)
        if pad is not None and padded is not None:
            folded.add(pad.output.index)
        operators.append(padded or operator)
    kept = tuple(item for item in operators if item.output.index not in folded)
    return replace(graph, operators=kept)


def _padded(operator: Operator, pad: Operator) -> Operator | None:
    """The operator on what the PAD reads; None where it would not give the same."""
    source, seen = pad.operand(0), operator.operand(0)
    axes = _axes_as_seen(pad, seen.shape)
    if operator.name not in _CAN_PAD or len(axes) != 4:
        return None
    shape = tuple(size for size, _ in axes)
    batch, height, width, channels = (sides for _, sides in axes)
    if any((*batch, *channels)):
        return None
    smaller = replace(seen, index=source.index, storage=source.storage, shape=shape)
    options = replace(operator.options, outside=(height, width))
    inputs = (smaller, *operator.inputs[1:])
    # A layer that pads has given its name to the first of its operators.
    layer = pad.layer if operator.layer.startswith(f"{pad.layer}_") else operator.layer
    padded = replace(operator, layer=layer, inputs=inputs, options=options)
    return padded if _CAN_PAD[operator.name](padded) else None


def _axes_as_seen(pad: Operator, seen: tuple[int, ...]) -> list[tuple[int, tuple[int, int]]]:
    """Of the axes of a view of its output, the size before the PAD, and its sides; empty where the
    view has other axes than those of one position."""
    of_pad = zip(pad.output.shape, pad.operand(0).shape, paddings_of(pad), strict=True)
    longer = [(size, (before, sides)) for size, before, sides in of_pad if size > 1]
    if [size for size, _ in longer] != [size for size in seen if size > 1]:
        return []
    left = iter(axis for _, axis in longer)
    return [next(left) if size > 1 else (1, (0, 0)) for size in seen]


def _reads_zero_point(operator: Operator) -> bool:
    """Its shapes are checked."""
    return len(operator.operand(1).shape) == 4 and bool(filter_axes(operator))


def _keeps_largest(operator: Operator) -> bool:
    axes = axes_of(operator, operator.options.window)
    return operator.operand(0).zero_point == INT8_MIN and all(
        axis.padding < axis.kernel and (axis.result - 1) * axis.stride - axis.padding < axis.length
        for axis in axes
    )


_CAN_PAD = {
    "CONV_2D": _reads_zero_point,
    "DEPTHWISE_CONV_2D": _reads_zero_point,
    "MAX_POOL_2D": _keeps_largest,
}
