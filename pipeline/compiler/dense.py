"""Dense layers on paired rows, alone or on every window along one axis."""

from __future__ import annotations

from pipeline.compiler.axes import FilterAxis
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    Filters,
    doubled,
    pair_rows,
    prove_no_overflow,
    quick_scales,
    scale_fields,
)
from pipeline.compiler.fuse import Step
from pipeline.compiler.layers import (
    Layer,
    Struct,
    Value,
    clamp_bounds,
    kernel_layer,
    output_fields,
)
from pipeline.compiler.reductions import mean_struct


def lower_dense(step: Step, filters: Filters, macs: int) -> Layer | None:
    """A FULLY_CONNECTED of one row; None where its weights cannot be paired."""
    operator = step.operator
    folded = filters.folded(operator.operand(0).zero_point)
    arrays = pair_rows(folded)
    if arrays is None:
        return None
    prove_no_overflow(operator, folded, LARGEST_INPUT)
    fields: dict[str, Value] = {
        "weights": arrays[0],
        "bias": arrays[1],
        "scales": arrays[2],
        "inputs": filters.weights.shape[1],
        "outputs": len(filters.bias),
        "output": output_fields(operator.output.zero_point, clamp_bounds(operator)),
    }
    struct = Struct("nn_fully_connected_t", "layer", fields)
    return kernel_layer(step.parts, "nn_fully_connected", (struct,), macs)


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
    zero_point, bounds = operator.output.zero_point, step.bounds()
    quick = quick_scales(filters, zero_point, bounds)
    return {
        "weights": arrays[0],
        "bias": arrays[1] if quick is None else doubled(arrays[1]),
        **scale_fields(arrays[2], quick),
        "inputs": filters.weights.shape[1],
        "outputs": len(filters.bias),
        "output": output_fields(zero_point, bounds),
    }
