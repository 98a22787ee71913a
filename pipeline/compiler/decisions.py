"""Comparisons, choices between two values, and the place of the largest, as kernel calls."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from pipeline.compiler.binary import operand_of, period_of
from pipeline.compiler.elementwise import lookup_layer
from pipeline.compiler.fixedpoint import clamp, quantize_scale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator, Tensor
from pipeline.compiler.layers import Layer, Struct, Value, quantize_float32

_LESS, _EQUAL, _GREATER = 1, 2, 4  # as in firmware/lib/nn/nn.h
_WANTED = {
    "LESS": _LESS,
    "LESS_EQUAL": _LESS | _EQUAL,
    "EQUAL": _EQUAL,
    "NOT_EQUAL": _LESS | _GREATER,
    "GREATER_EQUAL": _GREATER | _EQUAL,
    "GREATER": _GREATER,
}


def lower_comparison(step: Step) -> Layer:
    """The kernel call of GREATER and the like."""
    operator = step.operator
    a, b = operator.operand(0), operator.operand(1)
    if not max(a.scale, b.scale) < 1:
        raise operator.refuse("the scale of an input is 1 or larger")
    fields: dict[str, Value] = {
        "zero_point_a": a.zero_point,
        "zero_point_b": b.zero_point,
        "scale_a": quantize_scale(a.scale),
        "scale_b": quantize_scale(b.scale),
        "wanted": _WANTED[operator.name],
    }
    return _layer(operator, "nn_compare", "ab", fields)


def lower_select(step: Step) -> Layer:
    """The kernel call of a SELECT_V2, which takes bytes as they are."""
    operator = step.operator
    wanted = (operator.output.scale, operator.output.zero_point)
    if any((one.scale, one.zero_point) != wanted for one in map(operator.operand, (1, 2))):
        raise operator.refuse("its inputs and its output are quantized differently")
    if operator.operand(0).data is not None:
        raise operator.refuse("its condition is a constant")
    return _layer(operator, "nn_select", ("condition", "a", "b"), {})


def _layer(
    operator: Operator, kernel: str, names: Sequence[str], fields: dict[str, Value]
) -> Layer:
    tensors = [operator.operand(number) for number in range(len(names))]
    periods = [period_of(operator, tensor) for tensor in tensors]
    if operator.output.elements != max(periods):
        raise operator.refuse(f"its output {list(operator.output.shape)} is larger than its inputs")
    counts: dict[str, Value] = {
        "count": operator.output.elements,
        **{f"count_{name}": period for name, period in zip(names, periods, strict=True)},
    }
    inputs = tuple(map(operand_of, names, tensors))
    struct = Struct(f"{kernel}_t", "layer", {**counts, **fields})
    return Layer(operator.layer, (operator.name,), kernel, (struct,), inputs, operator.output)


def lower_arg(step: Step) -> Layer:
    """The kernel call of an ARG_MAX or ARG_MIN."""
    operator = step.operator
    source, output = operator.operand(0), operator.output
    axes = operator.numbers(1)
    rank = len(source.shape)
    if len(axes) != 1 or not -rank <= axes[0] < rank:
        raise operator.refuse(f"its axis is {axes}")
    axis = axes[0] % rank
    if output.shape != source.shape[:axis] + source.shape[axis + 1 :]:
        raise operator.refuse(f"its output {list(output.shape)} does not follow from its input")
    fields: dict[str, Value] = {
        "outer": math.prod(source.shape[:axis]),
        "count": source.shape[axis],
        "inner": math.prod(source.shape[axis + 1 :]),
    }
    kernel = {"ARG_MAX": "nn_arg_max", "ARG_MIN": "nn_arg_min"}[operator.name]
    struct = Struct("nn_reduce_t", "layer", fields)
    return Layer(operator.layer, (operator.name,), kernel, (struct,), (source,), output)


def with_numbers_of_decisions(
    operators: Sequence[Operator], results: Sequence[Tensor]
) -> list[Operator]:
    """Operators in which a CAST of decisions to floats, and the QUANTIZE that alone takes them, are
    one CAST to int8. results: of the network."""
    uses = Counter(item.index for one in operators for item in one.inputs if item is not None)
    uses.update(tensor.index for tensor in results)
    casts = {
        item.output.index: item
        for item in operators
        if item.name == "CAST"
        and (item.operand(0).dtype, item.output.dtype) == ("BOOL", "FLOAT32")
        and uses[item.output.index] == 1
    }
    joined: list[Operator] = []
    for item in operators:
        cast = casts.get(item.operand(0).index) if item.name == "QUANTIZE" else None
        if cast is not None:
            joined.remove(cast)
            cast = Operator("CAST", cast.layer, cast.inputs, item.output, cast.options)
        joined.append(cast or item)
    return joined


def lower_cast(step: Step) -> Layer:
    """A table: what no and yes are in int8."""
    operator = step.operator
    output = operator.output
    no, yes = (
        clamp(quantize_float32(real, output.scale) + output.zero_point) for real in (0.0, 1.0)
    )
    return lookup_layer(operator, [no] * 129 + [yes] * 127)
