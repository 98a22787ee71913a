"""Which operators become one kernel call.

A convolution along one axis takes the max-pooling after it, because rescaling is monotone: the
largest sum gives the largest output. It also takes the mean over all positions, which then needs
no buffer for them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pipeline.compiler.filters import read_conv_2d
from pipeline.compiler.graph import Graph, Operator
from pipeline.compiler.layers import clamp_bounds
from pipeline.compiler.windows import axes_of, line_of


@dataclass(frozen=True)
class Step:
    """One kernel call: an operator and those fused into it."""

    operator: Operator
    pool: Operator | None = None
    mean: Operator | None = None

    @property
    def last(self) -> Operator:
        return self.mean or self.pool or self.operator


def fuse(graph: Graph) -> tuple[Step, ...]:
    """The steps of a graph without views, in the order they run."""
    uses = Counter(
        tensor.storage for step in graph.operators for tensor in step.inputs if tensor is not None
    )
    uses[graph.output.storage] += 1
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
        step = _fuse_convolution(operator, readers) if operator.name == "CONV_2D" else None
        step = step or Step(operator)
        fused.update(part.output.index for part in (step.pool, step.mean) if part is not None)
        steps.append(step)
    return tuple(steps)


def _fuse_convolution(convolution: Operator, readers: dict[int, Operator]) -> Step | None:
    read_conv_2d(convolution)  # checks its shapes
    line = line_of(convolution)
    if line is None:
        return None
    positions = line.result
    pool = readers.get(convolution.output.storage)
    size = _pool_size(convolution, pool)
    if pool is None or size is None:
        pool = None
    else:
        positions //= size
    mean = readers.get((pool or convolution).output.storage)
    if mean is not None and not _averages_all(mean, positions, convolution.output.shape[-1]):
        mean = None
    return Step(convolution, pool, mean)


def _pool_size(convolution: Operator, pool: Operator | None) -> int | None:
    """Neighbours that the pool merges; None where it is not a plain pool along the same axis."""
    if pool is None or pool.name != "MAX_POOL_2D":
        return None
    axes = axes_of(pool, pool.options.window)
    along = [axis for axis in axes if not axis.is_trivial]
    if len(along) != 1 or pool.operand(0).shape != convolution.output.shape:
        return None
    (axis,) = along
    before, after = clamp_bounds(convolution), clamp_bounds(pool)
    overlap = max(before[0], after[0]) <= min(before[1], after[1])
    whole = axis.result * axis.kernel <= axis.length
    return axis.kernel if axis.kernel == axis.stride and whole and overlap else None


def _averages_all(mean: Operator, positions: int, channels: int) -> bool:
    """Whether a MEAN leaves one value a channel."""
    return (
        mean.name == "MEAN"
        and mean.operand(0).shape[-1] == channels
        and mean.operand(0).elements == positions * channels
        and mean.output.elements == channels
        and mean.output.shape[-1] == channels
    )
