"""A graph without what gives no byte of its output, and without copies that nobody would notice."""

from __future__ import annotations

from dataclasses import replace

from pipeline.compiler.graph import Graph, without_views
from pipeline.compiler.variables import without_copies


def simplified(graph: Graph) -> Graph:
    """The graph as it is lowered."""
    return without_copies(without_views(without_unused(graph)))


def without_unused(graph: Graph) -> Graph:
    """The graph without operators whose output nothing reads, like those that compute a shape."""
    wanted = {graph.output.index, *(variable.tensor.index for variable in graph.variables)}
    wanted.update(index for cell in graph.cells for index in (cell.x.index, cell.h.index))
    kept = []
    for operator in reversed(graph.operators):
        if operator.output.index in wanted:
            kept.append(operator)
            wanted.update(tensor.index for tensor in operator.inputs if tensor is not None)
    return replace(graph, operators=tuple(kept[::-1]))
