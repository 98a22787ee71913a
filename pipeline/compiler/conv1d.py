"""A convolution along one axis, and what is fused into it: nn_conv1d or nn_conv1d_relu.

All sums of a layer are computed from input that was widened to int16, a chunk at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pipeline.compiler import fixedpoint
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    largest_sums,
    pair,
    prove_no_overflow,
)
from pipeline.compiler.fixedpoint import ReluScale
from pipeline.compiler.fuse import Step
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    clamp_bounds,
    output_fields,
    require_same_quantisation,
)
from pipeline.compiler.reductions import mean_struct
from pipeline.compiler.windows import Axis

CHUNK_WORDS = 400  # that widened input may take, where one pool of windows does not need more
_PAIR_SUMS = 2 * NN_BLOCK  # words, as in firmware/lib/nn/nn_pairs.h


@dataclass(frozen=True)
class Windows:
    """Where the windows of a Conv1D lie in its flat input; the fields are those of nn_conv1d_t."""

    step: int
    runs: int
    run: int
    run_step: int
    chunk: int

    @property
    def advance(self) -> int:
        """Windows in one piece overlap."""
        return min(self.words, 2 * self.step) if self.runs == 1 else self.words

    @property
    def words(self) -> int:
        """Of a widened pair of windows."""
        return 2 * self.runs * self.run

    @property
    def chunk_words(self) -> int:
        return self.words + (self.chunk - 1) * self.advance


def windows_of(axis: Axis, channels: int, pool: int) -> Windows:
    step, whole = axis.stride * channels, pool // math.gcd(pool, 2)
    if axis.dilation == 1 or axis.kernel == 1:
        windows = Windows(step, 1, -(-axis.kernel * channels // 2), 0, whole)
    else:
        windows = Windows(step, axis.kernel, -(-channels // 2), axis.dilation * channels, whole)
    pairs = -(-axis.result // 2)
    fitting = max(CHUNK_WORDS - windows.words, 0) // windows.advance + 1
    chunks = -(-pairs // fitting)
    return replace(windows, chunk=-(-pairs // (chunks * whole)) * whole)


def lower_conv1d(step: Step, filters: Filters, axis: Axis, macs: int) -> Layer:
    pool, bounds = 1, clamp_bounds(step.operator)
    if step.pool is not None:
        require_same_quantisation(step.pool)
        pool, after = max(step.pool.options.window), clamp_bounds(step.pool)
        bounds = max(bounds[0], after[0]), min(bounds[1], after[1])
    source, zero_point = step.operator.operand(0), step.operator.output.zero_point
    filters = filters.folded(source.zero_point)
    prove_no_overflow(step.operator, filters, LARGEST_INPUT)
    windows = windows_of(axis, filters.weights.shape[1] // axis.kernel, pool)
    is_relu = pool == 2 and (zero_point, *bounds) == (-128, -128, 127)
    relu_scales = _relu_scales(filters) if is_relu else None
    fields: dict[str, Value] = {
        **_arrays(filters, windows, relu_scales),
        "inputs": source.elements,
        "padding": axis.padding * source.elements // axis.length,
        "step": windows.step,
        "runs": windows.runs,
        "run": windows.run,
        "run_step": windows.run_step,
        "advance": windows.advance,
        "chunk": windows.chunk,
        "positions": axis.result // pool,
        "channels_out": len(filters.bias),
        "pool": pool,
        "input_zero_point": source.zero_point,
        "output": output_fields(zero_point, bounds),
    }
    struct = Struct("nn_conv1d_t", "layer", fields)
    scratch = windows.chunk_words + (0 if relu_scales else _PAIR_SUMS * windows.chunk)
    kernel = "nn_conv1d_relu" if relu_scales else "nn_conv1d"
    if step.mean is None:
        return kernel_layer(step, kernel, (struct,), macs, scratch)
    scratch += len(filters.bias) + (windows.chunk if relu_scales else 0)
    mean = mean_struct(step.mean, "mean")
    return kernel_layer(step, f"{kernel}_mean", (struct, mean), macs, scratch)


def _arrays(
    filters: Filters, windows: Windows, relu_scales: tuple[ReluScale, ...] | None
) -> dict[str, Value]:
    """Weights, bias and scales; all sums are doubled for ReLU scales."""
    if relu_scales is None:
        weights, bias, scales = pair(filters, windows.runs)
        return {"weights": weights, "bias": bias, "scales": scales}
    weights, bias, _ = pair(filters.doubled(), windows.runs)
    scales = Array("scales", "nn_relu_scale_t", relu_scales)
    return {"weights": weights, "bias": bias, "relu_scales": scales}


def _relu_scales(filters: Filters) -> tuple[ReluScale, ...] | None:
    """None where blocks are not whole, or a scale cannot be written so."""
    if len(filters.bias) % NN_BLOCK:
        return None
    sums = largest_sums(filters, LARGEST_INPUT)
    pairs = zip(filters.scales, sums, strict=True)
    scales = [fixedpoint.relu_scale(scale, largest) for scale, largest in pairs]
    whole = tuple(scale for scale in scales if scale is not None)
    return whole if len(whole) == len(scales) else None


def kernel_layer(
    step: Step, kernel: str, arguments: tuple[Struct, ...], macs: int, scratch_words: int = 0
) -> Layer:
    parts = (step.operator, step.pool, step.mean)
    return Layer(
        name=step.operator.layer,
        operators=tuple(part.name for part in parts if part is not None),
        kernel=kernel,
        arguments=arguments,
        inputs=(step.operator.operand(0),),
        output=step.last.output,
        macs=macs,
        scratch_words=scratch_words,
    )
