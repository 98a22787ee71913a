"""Dense layers on paired rows, alone or on every window along one axis."""

from __future__ import annotations

from pipeline.compiler.axes import FilterAxis, filter_axes
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    doubled,
    first_block,
    last_in_pairs,
    pair_dense,
    pair_rows,
    prove_no_overflow,
    quick_scales,
    scale_fields,
)
from pipeline.compiler.fuse import Step
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    kernel_layer,
    output_fields,
    plane_fields,
)
from pipeline.compiler.reductions import mean_struct

_QUAD = 4  # inputs that are taken together, as in firmware/lib/nn/nn_quads.h


def lower_dense(step: Step, filters: Filters, macs: int) -> Layer | None:
    """A FULLY_CONNECTED of one row; None where its weights cannot be paired."""
    filters = filters.folded(step.operator.operand(0).zero_point)
    paired = pair_dense(filters)
    if paired is None:
        return None
    prove_no_overflow(step.operator, filters, LARGEST_INPUT)
    arrays, part = paired
    fields = _rows_of(step, filters, arrays)
    outputs, inputs = filters.weights.shape
    if "quick_scales" in fields and part * _QUAD >= inputs:
        fields |= {"weights": last_in_pairs(arrays[0], outputs)}
        struct = Struct("nn_rows_t", "layer", fields)
        return kernel_layer(step.parts, _kernel(inputs, outputs), (struct,), macs)
    if inputs < _QUAD:
        return None
    struct = Struct("nn_rows_t", "layer", fields)
    return kernel_layer(step.parts, "nn_fully_connected_parts", (struct, part), macs)


def _kernel(inputs: int, outputs: int) -> str:
    if inputs < _QUAD:
        return "nn_fully_connected_few"
    return "nn_fully_connected" if outputs % NN_BLOCK else "nn_fully_connected_blocks"


def lower_copied(step: Step, filters: Filters, macs: int) -> Layer | None:
    """A convolution over two axes whose windows are copied one by one; None where
    nn_conv2d is better."""
    height, width = filter_axes(step.operator)
    count, taps = filters.weights.shape
    is_alone = step.pool is None and step.mean is None and width.dilation == 1
    has_few_channels = step.operator.operand(0).shape[-1] % _QUAD != 0
    is_whole = count % NN_BLOCK == 0 and taps // height.kernel % _QUAD == 0
    is_fit = is_alone and has_few_channels and is_whole
    if not is_fit or not _is_worth_copying(taps, count // NN_BLOCK):
        return None
    rows = _rows(step, filters)
    if rows is None or "quick_scales" not in rows:
        return None
    fields: dict[str, Value] = {"rows": rows, "plane": plane_fields(step.operator, height, width)}
    struct = Struct("nn_conv2d_copied_t", "layer", fields)
    return kernel_layer(step.parts, "nn_conv2d_copied", (struct,), macs, -(-taps // 4))


def _is_worth_copying(taps: int, blocks: int) -> bool:
    """Whether it takes at most a tenth more instructions than widening windows of few channels in
    pairs, which takes more memory; for a position, about."""
    quads = taps // _QUAD
    copied = blocks * (17 * quads + 40) + 9 * quads + 60
    return 10 * copied <= 11 * (blocks * (12 * quads + 35) + 20 * quads + 10)


def lower_compact_conv1d(step: Step, filters: Filters, axis: FilterAxis, macs: int) -> Layer | None:
    """None where a window is not in one piece inside the input, or cannot be paired."""
    in_one_piece = axis.is_inside and (axis.dilation == 1 or axis.kernel == 1)
    rows = _rows(step, filters)
    if rows is None or not in_one_piece:
        return None
    pool = max(step.window)
    fields: dict[str, Value] = {
        "rows": rows,
        "step": axis.stride * filters.weights.shape[1] // axis.kernel,
        "positions": axis.result // pool,
        "pool": pool,
    }
    struct = Struct("nn_conv1d_compact_t", "layer", fields)
    if step.mean is None:
        return kernel_layer(step.parts, "nn_conv1d_compact", (struct,), macs)
    mean = mean_struct(step.mean, "mean")
    return kernel_layer(step.parts, "nn_conv1d_compact_mean", (struct, mean), macs)


def _rows(step: Step, filters: Filters) -> dict[str, Value] | None:
    operator = step.operator
    filters = filters.folded(operator.operand(0).zero_point)
    arrays = pair_rows(filters)
    if arrays is None:
        return None
    prove_no_overflow(operator, filters, LARGEST_INPUT)
    return _rows_of(step, filters, arrays)


def _rows_of(step: Step, filters: Filters, arrays: tuple[Array, Array, Array]) -> dict[str, Value]:
    zero_point, bounds = step.operator.output.zero_point, step.bounds()
    weights, bias, scales = arrays
    quick = quick_scales(filters, zero_point, bounds)
    is_one = len(set(filters.scales)) == 1
    if is_one:
        scales, quick = first_block(scales), quick and first_block(quick)
    return {
        "weights": weights,
        "bias": bias if quick is None else doubled(bias),
        **scale_fields(scales, quick),
        "scale_step": 0 if is_one else NN_BLOCK,
        "inputs": filters.weights.shape[1],
        "outputs": len(filters.bias),
        "output": output_fields(zero_point, bounds),
    }
