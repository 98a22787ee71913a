"""A convolution along one axis, and what is fused into it: nn_conv1d or nn_conv1d_relu.

All sums of a layer are computed from input that was widened to int16, a chunk at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pipeline.compiler.axes import FilterAxis
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    first_columns,
    pair,
    prove_no_overflow,
    quick_scales,
    scale_fields,
)
from pipeline.compiler.fixedpoint import INT8_MIN
from pipeline.compiler.fuse import Step
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    kernel_layer,
    output_fields,
)
from pipeline.compiler.reductions import mean_struct

CHUNK_WORDS = 400  # for widened input and sums, where one pool of windows does not need more
_PAIR_SUMS = 2 * NN_BLOCK  # words, as in firmware/lib/nn/nn_pairs.h


@dataclass(frozen=True)
class ConvWindows:
    """Where the windows of a Conv1D lie in its flat input; the fields are those of nn_conv1d_t."""

    step: int
    runs: int
    run: int
    run_step: int
    chunk: int

    @property
    def advance(self) -> int:
        """ConvWindows in one piece overlap."""
        return min(self.words, 2 * self.step) if self.runs == 1 else self.words

    @property
    def words(self) -> int:
        """Of a widened pair of windows."""
        return 2 * self.runs * self.run

    @property
    def chunk_words(self) -> int:
        """Of all windows of a chunk."""
        return self.words + (self.chunk - 1) * self.advance


def windows_of(axis: FilterAxis, channels: int, pool: int, sums: int, room: int) -> ConvWindows:
    """sums: words that are kept of a pair of positions; room: words for all, if that suffices."""
    step, whole = axis.stride * channels, pool // math.gcd(pool, 2)
    if axis.dilation == 1 or axis.kernel == 1:
        windows = ConvWindows(step, 1, -(-axis.kernel * channels // 2), 0, whole)
    else:
        windows = ConvWindows(step, axis.kernel, -(-channels // 2), axis.dilation * channels, whole)
    pairs = -(-axis.result // 2)
    fitting = max(room - windows.words, 0) // (windows.advance + sums) + 1
    chunks = -(-pairs // fitting)
    return replace(windows, chunk=-(-pairs // (chunks * whole)) * whole)


def lower_conv1d(
    step: Step, filters: Filters, axis: FilterAxis, macs: int, outputs: int, columns: int = 1
) -> Layer:
    """outputs: channels of a position; columns: filters of which the largest counts, in blocks one
    after the other."""
    pool, bounds = math.prod(step.window) // columns, step.bounds()
    source, zero_point = step.operator.operand(0), step.operator.output.zero_point
    filters = filters.folded(source.zero_point)
    prove_no_overflow(step.operator, filters, LARGEST_INPUT)
    quick = quick_scales(filters, zero_point, bounds)
    is_relu = (pool, columns, outputs % NN_BLOCK, zero_point) == (2, 1, 0, INT8_MIN)
    is_relu = is_relu and quick is not None
    sums = 0 if is_relu else _PAIR_SUMS * columns
    room = 0 if step.compact else CHUNK_WORDS
    windows = windows_of(axis, filters.weights.shape[1] // axis.kernel, pool, sums, room)
    fields: dict[str, Value] = {
        **kernel_arrays(filters, windows.runs, quick, columns),
        "inputs": source.elements,
        "padding": axis.padding * source.elements // axis.length,
        "step": windows.step,
        "run": windows.run,
        "run_step": windows.run_step,
        "advance": windows.advance,
        "chunk": windows.chunk,
        "positions": axis.result // pool,
        "channels_out": outputs,
        "runs": windows.runs,
        "pool": pool,
        "columns": columns,
        "input_zero_point": source.zero_point,
        "output": output_fields(zero_point, bounds),
    }
    struct = Struct("nn_conv1d_t", "layer", fields)
    scratch = windows.chunk_words + sums * windows.chunk
    kernel = "nn_conv1d_relu" if is_relu else "nn_conv1d"
    if step.mean is None:
        return kernel_layer(step.parts, kernel, (struct,), macs, scratch)
    scratch += outputs + (windows.chunk if is_relu else 0)
    mean = mean_struct(step.mean, "mean")
    return kernel_layer(step.parts, f"{kernel}_mean", (struct, mean), macs, scratch)


def kernel_arrays(
    filters: Filters, runs: int, quick: Array | None, columns: int = 1
) -> dict[str, Value]:
    """Weights in `runs`, bias and scales; all sums are doubled for quick scales."""
    doubled = filters if quick is None else filters.doubled()
    weights, bias, scales = pair(doubled, runs)
    if quick is not None:
        quick = first_columns(quick, columns)
    scale = scale_fields(first_columns(scales, columns), quick)
    return {"weights": weights, "bias": bias, **scale}
