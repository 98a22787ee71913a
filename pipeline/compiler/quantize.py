"""QUANTIZE as kernel calls: a table where a byte goes in and out, arithmetic otherwise."""

from __future__ import annotations

from pipeline.compiler.elementwise import lookup_layer, require_small
from pipeline.compiler.ends import RANGES
from pipeline.compiler.fixedpoint import INT32_MAX, Scale, clamp, quantize_scale, rescale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import ITEM_BYTES, Operator, Tensor
from pipeline.compiler.layers import Layer, Struct, Value, kernel_layer, output_fields

# From and to, as TensorFlow Lite Micro has them.
_PAIRS = {
    *(("INT8", result) for result in RANGES),
    ("UINT8", "INT8"),
    *(("INT16", result) for result in ("INT8", "INT16", "INT32")),
    *(("INT32", result) for result in ("INT8", "INT16")),
}


def lower_quantize(step: Step) -> Layer:
    """The kernel call of a QUANTIZE between integers."""
    operator = step.operator
    types = (operator.operand(0).dtype, operator.output.dtype)
    if types not in _PAIRS:
        raise operator.refuse(f"it goes from {types[0]} to {types[1]}")
    if all(ITEM_BYTES[dtype] == 1 for dtype in types):
        require_small(operator, quantize_scale(operator.operand(0).scale / operator.output.scale))
        return lookup_layer(operator, byte_table(operator.operand(0), operator.output))
    return _computed(operator)


def byte_table(source: Tensor, output: Tensor) -> list[int]:
    """For every byte, as a signed one, the byte that becomes of it, as a signed one too."""
    scale = quantize_scale(source.scale / output.scale)
    low, high = RANGES[output.dtype]
    table = []
    for byte in range(-128, 128):
        value = byte & 255 if source.dtype == "UINT8" else byte
        result = rescale(value - source.zero_point, scale) + output.zero_point
        table.append((clamp(result, low, high) + 128) % 256 - 128)
    return table


def _may_overflow(source: Tensor, output: Tensor, scale: Scale) -> bool:
    """Whether a value less its zero point, rescaled, or with the new zero point leaves int32."""
    if source.dtype == "INT32":
        return source.zero_point != 0 or scale.shift > (0 if output.zero_point == 0 else -1)
    largest = max(abs(value - source.zero_point) for value in RANGES[source.dtype])
    return (largest << max(scale.shift, 0)) + abs(output.zero_point) > INT32_MAX


def _computed(operator: Operator) -> Layer:
    source, output = operator.operand(0), operator.output
    if source.elements != output.elements:
        raise operator.refuse("it changes the number of elements")
    scale = quantize_scale(source.scale / output.scale)
    if _may_overflow(source, output, scale):
        raise operator.refuse("its output scale is too small for its input scale")
    fields: dict[str, Value] = {
        "count": source.elements,
        "input_bytes": ITEM_BYTES[source.dtype],
        "output_bytes": ITEM_BYTES[output.dtype],
        "input_zero_point": source.zero_point,
        "scale": scale,
        "output": output_fields(output.zero_point, RANGES[output.dtype]),
    }
    return kernel_layer((operator,), "nn_quantize", (Struct("nn_quantize_t", "layer", fields),), 0)
