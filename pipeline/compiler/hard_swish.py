"""HARD_SWISH of a byte: x * relu6(x + 3) / 6 in int16, as TensorFlow Lite Micro rounds it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.compiler.fixedpoint import clamp, quantize_scale, shift_right
from pipeline.compiler.graph import Operator

_FINER_BITS = 7  # what an input is shifted by, so that it fills int16
_THREE = np.float32(3.0) / np.float32(2**15)  # the scale at which 2^15 stands for 3
_INT16_MIN, _INT16_MAX = -(2**15), 2**15 - 1


def hard_swish(operator: Operator) -> Callable[[int], int]:
    """The function of an input. Raises PipelineError for scales that int16 does not hold."""
    source, output = operator.operand(0), operator.output
    finer = np.float32(source.scale) / np.float32(2**_FINER_BITS)
    factor, right = _factor(float(finer / np.float32(output.scale)))
    opening, opening_right = _factor(float(finer / _THREE))
    if not 0 <= right <= 15 or not -15 <= opening_right <= 15:
        raise operator.refuse("its scales are too small or too large")

    def value(quantized: int) -> int:
        fine = (quantized - source.zero_point) << _FINER_BITS
        gate = (_scaled(fine, opening, opening_right) + 2**15) >> 1
        product = gate * _multiply(fine, factor)
        share = abs(product) // 2**15 * (1 if product >= 0 else -1)  # towards zero
        return clamp(shift_right(share, right) + output.zero_point)

    return value


def _factor(real: float) -> tuple[int, int]:
    """An int16 in steps of 2^-15, and how far to shift to the right what it gives."""
    scale = quantize_scale(real)
    return min((scale.multiplier + 2**15) >> 16, _INT16_MAX), -scale.shift


def _scaled(value: int, factor: int, right: int) -> int:
    """All but the last bit of a shift to the left comes before the factor, as far as int16 goes."""
    if right >= 0:
        return shift_right(_multiply(value, factor), right)
    before = _saturate(value << (-right - 1))
    return _saturate(_multiply(before, factor) << 1)


def _multiply(value: int, factor: int) -> int:
    """value * factor / 2^15, to the nearest, ties upwards."""
    return (value * factor + 2**14) >> 15


def _saturate(value: int) -> int:
    return clamp(value, _INT16_MIN, _INT16_MAX)
