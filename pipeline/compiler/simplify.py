"""A graph as it is lowered: without views, needless copies and PADs, and with
operands that fit."""

from __future__ import annotations

from pipeline.compiler.broadcast import with_stretched_operands
from pipeline.compiler.graph import Graph, without_views
from pipeline.compiler.padding import with_padded_filters
from pipeline.compiler.variables import without_copies


def simplified(graph: Graph) -> Graph:
    """The graph as it is lowered."""
    return with_padded_filters(with_stretched_operands(without_copies(without_views(graph))))
