"""TRANSPOSE_CONV as a kernel call."""

from __future__ import annotations

from pipeline.compiler.axes import MAX_STEP, FilterAxis
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    Filters,
    interleave,
    prove_no_overflow,
    read_filters,
)
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import (
    Layer,
    Struct,
    Value,
    clamp_bounds,
    kernel_layer,
    output_fields,
    plane_fields,
)


def lower_transpose_conv(step: Step) -> Layer:
    """The kernel call of a TRANSPOSE_CONV."""
    filters, axes, macs = read_transpose_conv(step.operator)
    prove_no_overflow(step.operator, filters, 2 * LARGEST_INPUT)
    struct = _struct(step.operator, filters, axes)
    return kernel_layer(step.parts, "nn_transpose_conv2d", (struct,), macs)


def read_transpose_conv(
    operator: Operator,
) -> tuple[Filters, tuple[FilterAxis, FilterAxis], int]:
    """Its filters and its height and width, checked; and how many multiplications it is."""
    source, weights = operator.operand(0), operator.operand(1)
    if len(weights.shape) != 4 or weights.shape[3] != source.shape[-1]:
        raise operator.refuse(f"its weights have shape {list(weights.shape)}")
    if weights.shape[0] != operator.output.shape[-1]:
        raise operator.refuse(f"its weights have shape {list(weights.shape)}")
    axes = _axes(operator)
    filters = read_filters(operator, weights.shape[0], axis=0)
    macs = source.elements * filters.weights.shape[0] * weights.shape[1] * weights.shape[2]
    return filters, axes, macs


def _axes(operator: Operator) -> tuple[FilterAxis, FilterAxis]:
    """Padding is that of the convolution which would make the input of the output."""
    source, weights, output = operator.operand(0), operator.operand(1), operator.output
    if len(source.shape) != 4 or len(output.shape) != 4 or source.shape[0] != 1:
        raise operator.refuse(f"its input has shape {list(source.shape)}, not [1, h, w, c]")
    axes = []
    for axis in range(2):
        length, result = source.shape[1 + axis], output.shape[1 + axis]
        kernel, stride = weights.shape[1 + axis], operator.options.stride[axis]
        if not 1 <= stride <= MAX_STEP or not 1 <= kernel <= MAX_STEP:
            raise operator.refuse(f"window or stride {(kernel, stride)} is out of range")
        same = operator.options.padding == "SAME"
        forward = (result + stride - (1 if same else kernel)) // stride
        padding = max((forward - 1) * stride + kernel - result, 0) // 2
        if forward != length or output.shape[0] != 1:
            raise operator.refuse(f"its output shape {list(output.shape)} does not follow from it")
        axes.append(FilterAxis(length, result, kernel, stride, 1, padding))
    return axes[0], axes[1]


def _struct(operator: Operator, filters: Filters, axes: tuple[FilterAxis, FilterAxis]) -> Struct:
    weights, bias, scales = interleave(filters)
    output = operator.output
    fields: dict[str, Value] = {
        "weights": weights,
        "bias": bias,
        "scales": scales,
        "plane": plane_fields(operator, *axes),
        "filters": len(filters.bias),
        "output": output_fields(output.zero_point, clamp_bounds(operator)),
    }
    return Struct("nn_transpose_conv2d_t", "layer", fields)
