"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED as kernel calls."""

from __future__ import annotations

from pipeline.compiler.conv1d import kernel_layer, lower_conv1d
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    Filters,
    interleave,
    pair_rows,
    prove_no_overflow,
    read_conv_2d,
    read_filters,
)
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    clamp_bounds,
    output_fields,
    size,
)
from pipeline.compiler.windows import Axis, axes_of, line_of


def lower_conv_2d(step: Step) -> Layer:
    operator = step.operator
    filters = read_conv_2d(operator)
    axis = line_of(operator)
    macs = operator.output.elements * filters.weights.shape[1]
    if axis is not None:
        return lower_conv1d(step, filters, axis, macs)
    return kernel_layer(step, "nn_conv2d", (_conv2d_struct(operator, filters),), macs)


def lower_depthwise_conv_2d(step: Step) -> Layer:
    operator = step.operator
    source, weights, output = operator.operand(0), operator.operand(1), operator.output
    multiplier = operator.options.depth_multiplier
    if len(weights.shape) != 4 or weights.shape[0] != 1 or len(source.shape) != 4:
        raise operator.refuse(f"its weights have shape {list(weights.shape)}")
    if not weights.shape[3] == output.shape[-1] == source.shape[-1] * multiplier:
        raise operator.refuse(f"its depth multiplier {multiplier} does not fit its shapes")
    filters = read_filters(operator, weights.shape[3], axis=3)
    fields = _two_axes(operator, filters) | {
        "channels": source.shape[-1],
        "multiplier": multiplier,
    }
    fields["weights"] = Array("weights", "int8_t", tuple(filters.weights.T.ravel().tolist()))
    struct = Struct("nn_depthwise_conv2d_t", "layer", fields)
    macs = output.elements * filters.weights.shape[1]
    return kernel_layer(step, "nn_depthwise_conv2d", (struct,), macs)


def lower_fully_connected(step: Step) -> Layer:
    operator = step.operator
    source, weights, output = operator.operand(0), operator.operand(1), operator.output
    if len(weights.shape) != 2 or operator.options.shuffled_weights:
        raise operator.refuse("its weights are not a plain matrix")
    outputs, inputs = weights.shape
    rows = source.elements // inputs
    if rows * inputs != source.elements or rows * outputs != output.elements:
        raise operator.refuse("its shapes do not fit its weights")
    filters = read_filters(operator, outputs, axis=0)
    folded = filters.folded(source.zero_point)
    prove_no_overflow(operator, folded, LARGEST_INPUT)
    arrays = pair_rows(folded)
    macs = rows * outputs * inputs
    if rows > 1 or arrays is None:
        return lower_conv1d(step, filters, Axis(rows, rows, 1, 1, 1, 0), macs)
    fields: dict[str, Value] = {
        "weights": arrays[0],
        "bias": arrays[1],
        "scales": arrays[2],
        "inputs": inputs,
        "outputs": outputs,
        "output": output_fields(output.zero_point, clamp_bounds(operator)),
    }
    struct = Struct("nn_fully_connected_t", "layer", fields)
    return kernel_layer(step, "nn_fully_connected", (struct,), macs)


def _conv2d_struct(operator: Operator, filters: Filters) -> Struct:
    channels, per_filter = operator.operand(0).shape[3], operator.operand(1).shape[3]
    groups = channels // per_filter
    per_group = len(filters.bias) // groups
    fields = _two_axes(operator, filters) | {
        "groups": groups,
        "group_channels_in": per_filter,
        "group_channels_out": per_group,
    }
    for name, group_arrays in zip(
        ("weights", "bias", "scales"),
        zip(*(interleave(part) for part in filters.split(groups)), strict=True),
        strict=True,
    ):
        first = group_arrays[0]
        values = tuple(value for array in group_arrays for value in array.values)
        fields[name] = Array(first.name, first.c_type, values)
    return Struct("nn_conv2d_t", "layer", fields)


def _two_axes(operator: Operator, filters: Filters) -> dict[str, Value]:
    """The fields that both kernels over height and width have."""
    weights, source = operator.operand(1), operator.operand(0)
    height, width = axes_of(operator, (weights.shape[1], weights.shape[2]))
    prove_no_overflow(operator, filters, LARGEST_INPUT + abs(source.zero_point))
    fields: dict[str, Value] = {
        "weights": 0,
        "bias": Array("bias", "int32_t", tuple(filters.bias.tolist())),
        "scales": Array("scales", "nn_scale_t", filters.scales),
        "input": size((height.length, width.length)),
        "result": size((height.result, width.result)),
        "kernel": size((height.kernel, width.kernel)),
        "stride": size((height.stride, width.stride)),
        "dilation": size((height.dilation, width.dilation)),
        "padding": size((height.padding, width.padding)),
        "input_zero_point": source.zero_point,
    }
    zero_point = operator.output.zero_point
    return fields | {"output": output_fields(zero_point, clamp_bounds(operator))}
