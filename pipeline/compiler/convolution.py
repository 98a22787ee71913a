"""Convolutions in two dimensions, and dense layers."""

from __future__ import annotations

from pipeline.compiler.axes import FilterAxis, filter_axes, groups_of, line_of
from pipeline.compiler.conv1d import lower_conv1d
from pipeline.compiler.dense import lower_compact_conv1d, lower_copied, lower_dense
from pipeline.compiler.depthwise import check_depthwise, lower_depthwise
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    interleave,
    prove_no_overflow,
    read_conv_2d,
    read_filters,
    read_fully_connected,
)
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    clamp_bounds,
    kernel_layer,
    output_fields,
    plane_fields,
)
from pipeline.compiler.narrow import spread
from pipeline.compiler.routes import Route, route_of
from pipeline.compiler.windows import lower_windows


def lower_conv_2d(step: Step) -> Layer:
    """The kernel call of a CONV_2D, with what is fused into it."""
    filters = read_conv_2d(step.operator)
    macs = step.operator.output.elements * filters.weights.shape[1]
    layer = lower_dense(step, filters, macs) if _is_dense(step) else None
    return layer or _lower_filters(step, filters, macs)


def _is_dense(step: Step) -> bool:
    """Whether each filter sees the whole input, once."""
    axes = filter_axes(step.operator)
    sees_all = all(axis.is_inside and axis.kernel == axis.length for axis in axes)
    return sees_all and groups_of(step.operator) == 1 and step.pool is None and step.mean is None


def lower_depthwise_conv_2d(step: Step) -> Layer:
    """The kernel call of a DEPTHWISE_CONV_2D."""
    operator = step.operator
    check_depthwise(operator)
    channels = operator.operand(0).shape[-1]
    filters = read_filters(operator, operator.output.shape[-1], axis=3)
    macs = operator.output.elements * filters.weights.shape[1]
    if channels < NN_BLOCK:
        return _lower_filters(step, filters.seeing_all(channels), macs)
    return lower_depthwise(step, filters, macs)


def lower_fully_connected(step: Step) -> Layer:
    """The kernel call of a FULLY_CONNECTED."""
    filters, rows = read_fully_connected(step.operator)
    macs = rows * filters.weights.size
    layer = lower_dense(step, filters, macs) if rows == 1 else None
    return layer or _lower_line(step, filters, FilterAxis(rows, rows, 1, 1, 1, 0), macs)


def _lower_filters(step: Step, filters: Filters, macs: int) -> Layer:
    """Filters that see all channels, or those of their group."""
    operator = step.operator
    route, axis = route_of(operator, filters, step.compact), line_of(operator)
    is_line = route == Route.LINE or (route == Route.WINDOWS and _stays_a_line(step))
    if axis is not None and is_line:
        return _lower_line(step, filters, axis, macs)
    if route == Route.NARROW:
        return _lower_narrow(step, filters, macs)
    if route == Route.WINDOWS:
        return lower_copied(step, filters, macs) or lower_windows(step, filters, macs)
    return kernel_layer(step.parts, "nn_conv2d_any", (_any_struct(operator, filters),), macs)


def _stays_a_line(step: Step) -> bool:
    """Whether a filter of one by one is best computed as a line: nn_conv1d pools and averages in
    registers, and nn_conv1d_compact needs no scratch memory for a sequence."""
    if step.compact:
        return any(axis.is_trivial for axis in filter_axes(step.operator))
    return step.pool is not None or step.mean is not None


def _lower_line(step: Step, filters: Filters, axis: FilterAxis, macs: int) -> Layer:
    compact = lower_compact_conv1d(step, filters, axis, macs) if step.compact else None
    return compact or lower_conv1d(step, filters, axis, macs, len(filters.bias))


def _lower_narrow(step: Step, filters: Filters, macs: int) -> Layer:
    height, width = filter_axes(step.operator)
    columns = step.window[1]
    outputs = width.result // columns * len(filters.bias)
    return lower_conv1d(
        step, spread(filters, height, width, columns), height, macs, outputs, columns
    )


def _any_struct(operator: Operator, filters: Filters) -> Struct:
    source, zero_point = operator.operand(0), operator.output.zero_point
    prove_no_overflow(operator, filters, LARGEST_INPUT + abs(source.zero_point))
    height, width = filter_axes(operator)
    channels = filters.weights.shape[1] // (height.kernel * width.kernel)
    groups = source.shape[3] // channels
    fields: dict[str, Value] = {
        **_interleaved(filters, groups),
        "plane": plane_fields(operator, height, width),
        "groups": groups,
        "group_channels_in": channels,
        "group_channels_out": len(filters.bias) // groups,
        "output": output_fields(zero_point, clamp_bounds(operator)),
    }
    return Struct("nn_conv2d_any_t", "layer", fields)


def _interleaved(filters: Filters, groups: int) -> dict[str, Value]:
    """Weights, bias and scales, one group after the other."""
    fields: dict[str, Value] = {}
    parts = zip(*(interleave(part) for part in filters.split(groups)), strict=True)
    for name, arrays in zip(("weights", "bias", "scales"), parts, strict=True):
        values = tuple(value for array in arrays for value in array.values)
        fields[name] = Array(arrays[0].name, arrays[0].c_type, values)
    return fields
