"""Which kernel computes a convolution."""

from __future__ import annotations

from enum import Enum, auto

from pipeline.compiler.axes import groups_of, line_of
from pipeline.compiler.filters import Filters, can_pair, settled, short_scales
from pipeline.compiler.fixedpoint import INT8_RANGE
from pipeline.compiler.graph import Operator
from pipeline.compiler.narrow import narrow_axes


class Route(Enum):
    """LINE: along one axis. NARROW: along the height, columns as channels. WINDOWS: pairs of
    windows, each widened for itself. ANY: what none of them can do."""

    LINE = auto()
    NARROW = auto()
    WINDOWS = auto()
    ANY = auto()


def route_of(operator: Operator, filters: Filters, compact: bool) -> Route:
    """Of filters that see all channels, or those of their group."""
    if groups_of(operator) > 1:
        return Route.ANY
    is_window = _can_be_windows(operator, filters, compact)
    line = line_of(operator)
    if line is not None:
        return Route.WINDOWS if is_window and line.kernel == 1 else Route.LINE
    if narrow_axes(operator) is not None:
        return Route.NARROW
    return Route.WINDOWS if is_window else Route.ANY


def _can_be_windows(operator: Operator, filters: Filters, compact: bool) -> bool:
    """Whether sums can be rescaled in few steps; compact: and weights take one byte each."""
    folded = settled(filters.folded(operator.operand(0).zero_point))
    short = short_scales(folded, operator.output.zero_point, INT8_RANGE)
    return short is not None and (not compact or can_pair(filters))
