"""Which kernel computes a convolution."""

from __future__ import annotations

from enum import Enum, auto

from pipeline.compiler.axes import groups_of, line_of
from pipeline.compiler.filters import Filters, pair_rows
from pipeline.compiler.graph import Operator
from pipeline.compiler.narrow import narrow_axes


class Route(Enum):
    """LINE: along one axis. NARROW: along the height, columns as channels. WINDOWS: a dense layer
    on every window. ANY: what none of them can do."""

    LINE = auto()
    NARROW = auto()
    WINDOWS = auto()
    ANY = auto()


def route_of(operator: Operator, filters: Filters) -> Route:
    """Of filters that see all channels, or those of their group."""
    if groups_of(operator) > 1:
        return Route.ANY
    if line_of(operator) is not None:
        return Route.LINE
    if narrow_axes(operator) is not None:
        return Route.NARROW
    return Route.ANY if pair_rows(filters) is None else Route.WINDOWS
