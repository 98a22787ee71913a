"""Which operators become one kernel call.

A convolution takes the max-pooling after it, because rescaling is monotone: the largest sum gives
the largest output. It also takes the mean over all positions, which then needs no buffer for
them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from pipeline.compiler.axes import averaged, axes_of, line_of
from pipeline.compiler.filters import read_conv_2d
from pipeline.compiler.graph import Graph, Operator
from pipeline.compiler.layers import clamp_bounds, require_same_quantization
from pipeline.compiler.narrow import can_pool_columns
from pipeline.compiler.routes import Route, route_of


@dataclass(frozen=True)
class Step:
    """One kernel call: an operator and those fused into it; compact: for little memory."""

    operator: Operator
    pool: Operator | None = None
    mean: Operator | None = None
    compact: bool = False

    @property
    def parts(self) -> tuple[Operator, ...]:
        """The operators of the step, in order."""
        every = (self.operator, self.pool, self.mean)
        return tuple(part for part in every if part is not None)

    @property
    def last(self) -> Operator:
        """The operator whose output is that of the step."""
        return self.parts[-1]

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the pool."""
        return (1, 1) if self.pool is None else self.pool.options.window

    def bounds(self) -> tuple[int, int]:
        """The int8 range that the activations leave before the mean."""
        bounds = clamp_bounds(self.operator)
        if self.pool is None:
            return bounds
        require_same_quantization(self.pool)
        after = clamp_bounds(self.pool)
        return max(bounds[0], after[0]), min(bounds[1], after[1])


def fuse(graph: Graph, compact: bool) -> tuple[Step, ...]:
    """The steps of a graph without views, in the order they run."""
    uses = Counter(
        tensor.storage for step in graph.operators for tensor in step.inputs if tensor is not None
    )
    uses.update(tensor.storage for tensor in graph.outputs)
    uses.update(2 * [variable.tensor.storage for variable in graph.variables])
    readers = {
        tensor.storage: operator
        for operator in graph.operators
        for tensor in operator.inputs
        if tensor is not None and uses[tensor.storage] == 1
    }
    steps: list[Step] = []
    fused: set[int] = set()
    for operator in graph.operators:
        if operator.output.index in fused:
            continue
        step = Step(operator, compact=compact)
        if operator.name == "CONV_2D" and not operator.is_int16:
            step = _fuse_convolution(step, readers)
        fused.update(part.output.index for part in step.parts[1:])
        steps.append(step)
    return tuple(steps)


def _fuse_convolution(step: Step, readers: dict[int, Operator]) -> Step:
    convolution = step.operator
    route = route_of(convolution, read_conv_2d(convolution), step.compact)
    if route == Route.ANY:
        return step
    pool = readers.get(convolution.output.storage)
    if pool is not None and _is_plain(pool, convolution) and _can_pool(pool, convolution, route):
        step = replace(step, pool=pool)
    mean = readers.get(step.last.output.storage)
    can_average = route != Route.NARROW or step.last.output.shape[2] == 1
    if mean is not None and can_average and _averages_all(mean, convolution.output.shape[-1]):
        step = replace(step, mean=mean)
    return step


def _can_pool(pool: Operator, convolution: Operator, route: Route) -> bool:
    height, width = axes_of(pool, pool.options.window)
    if line_of(convolution) is not None:
        return height.is_trivial or width.is_trivial
    if route == Route.NARROW:
        return can_pool_columns(pool.output.shape[-1], width.kernel, width.result)
    return True


def _is_plain(pool: Operator, convolution: Operator) -> bool:
    """Whether the convolution can take it: each value it reads belongs to one of its windows."""
    if pool.name != "MAX_POOL_2D" or pool.operand(0).shape != convolution.output.shape:
        return False
    axes = axes_of(pool, pool.options.window)
    before, after = clamp_bounds(convolution), clamp_bounds(pool)
    overlap = max(before[0], after[0]) <= min(before[1], after[1])
    plain = all(
        axis.is_trivial or (axis.kernel == axis.stride and axis.result * axis.kernel <= axis.length)
        for axis in axes
    )
    return overlap and plain and pool.output.shape[3] == convolution.output.shape[3]


def _averages_all(mean: Operator, channels: int) -> bool:
    if mean.name != "MEAN":
        return False
    outer, count, inner = averaged(mean)
    return outer * inner == channels and 1 in (outer, count)
