"""Operands that have to be stretched along other axes than the outermost ones.

Kernels of two values repeat an operand as a whole. What needs more than that is stretched before:
a constant here, anything else by an operator of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from pipeline.compiler.graph import BINARY, COMPARISONS, Graph, Operator, Options, Tensor
from pipeline.compiler.layers import C_INTEGERS

STRETCH = "BROADCAST_TO"


def with_stretched_operands(graph: Graph) -> Graph:
    """The graph, in which every operand of two is as large as the output, or repeats as a whole."""
    tensors = [tensor.index for operator in graph.operators for tensor in _all(operator)]
    tensors += [variable.tensor.index for variable in graph.variables]
    indices = count(max(tensors, default=0) + 1)
    operators: list[Operator] = []
    for operator in graph.operators:
        operators.extend(stretched(operator, indices))
    return replace(graph, operators=tuple(operators))


def _all(operator: Operator) -> Iterator[Tensor]:
    yield operator.output
    yield from (tensor for tensor in operator.inputs if tensor is not None)


def _is_uneven(operator: Operator) -> bool:
    """Whether shapes fit each other, but are not repeated as a whole."""
    if operator.name not in (*BINARY, *COMPARISONS) or len(operator.inputs) != 2:
        return False
    shapes = [operator.operand(number).shape for number in range(2)]
    try:
        fits = np.broadcast_shapes(*shapes) == operator.output.shape
    except ValueError:
        return False
    return fits and not (
        all(_repeats(shape, operator.output.shape) for shape in shapes)
        and any(np.prod(shape) == operator.output.elements for shape in shapes)
    )


def _repeats(shape: Sequence[int], output: Sequence[int]) -> bool:
    inner = list(shape)
    while inner and inner[0] == 1:
        inner.pop(0)
    return inner == list(output[len(output) - len(inner) :])


def stretched(operator: Operator, indices: Iterator[int]) -> Iterator[Operator]:
    """Operators that stretch operands where that is needed, then the operator itself.

    indices: for tensors, that no other has.
    """
    if not _is_uneven(operator):
        yield operator
        return
    shape, inputs = operator.output.shape, []
    for number in range(2):
        tensor = operator.operand(number)
        index = next(indices)
        larger = replace(tensor, index=index, storage=index, shape=shape)
        if tensor.shape == shape:
            inputs.append(tensor)
        elif tensor.data is not None and tensor.dtype in C_INTEGERS:
            values = np.frombuffer(tensor.data, tensor.dtype.lower()).reshape(tensor.shape)
            stretched = np.ascontiguousarray(np.broadcast_to(values, shape))
            inputs.append(replace(larger, data=memoryview(stretched.tobytes())))
        else:
            layer = f"{operator.layer}_input_{number}"
            yield Operator(STRETCH, layer, (tensor,), larger, Options())
            inputs.append(larger)
    yield replace(operator, inputs=tuple(inputs))
