"""Exact integer arithmetic: what the kernels' constants and tables are computed with.

Follows gemmlowp's fixed point as TensorFlow Lite Micro uses it (quantization scheme:
https://arxiv.org/abs/1712.05877). A value Qm.n is an integer of 2^-n steps, 32 bits in all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.compiler.graph import ModelRefusalError

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)
INT8_RANGE = INT8_MIN, INT8_MAX = -128, 127

_NEWTON_STEPS = 3
_ONE_Q2_29 = 1 << 29
_Q2_29_48_OVER_17 = 1515870810
_Q2_29_32_OVER_17 = 1010580540

# exp(-2^k) in Q0.31 for k = -2 .. 4
_EXP_OF_MINUS_POWER = {
    -2: 1672461947,
    -1: 1302514674,
    0: 790015084,
    1: 290630308,
    2: 39332535,
    3: 720401,
    4: 242,
}
_EXP_OF_MINUS_EIGHTH = 1895147668  # Q0.31
_ONE_THIRD = 715827883  # Q0.31


@dataclass(frozen=True)
class Scale:
    """The real factor multiplier * 2^(shift - 31)."""

    multiplier: int
    shift: int


@dataclass(frozen=True)
class QuickScale:
    """(twice the sum * multiplier / 2^32 + offset) >> shift: a `Scale` of factor <= 1 and the
    zero point, as in firmware/lib/nn/nn.h."""

    multiplier: int
    offset: int
    shift: int


@dataclass(frozen=True)
class ShortScale:
    """The same where the zero point is known: the offset is (2 * zero point + 1) << shift, and what
    is shifted right once more are halves of a step, as in firmware/lib/nn/nn.h."""

    multiplier: int
    shift: int


def quantize_scale(real: float) -> Scale:
    """The nearest `Scale` to a factor >= 0; factors below 2^-32 become zero.

    Raises:
        ModelRefusalError: single precision cannot hold the factor, so it is not finite.
    """
    if not math.isfinite(real):
        raise ModelRefusalError("the scales of two of its tensors are too far apart")
    if real == 0.0:
        return Scale(0, 0)
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = multiplier // 2, shift + 1
    return Scale(0, 0) if shift < -31 else Scale(multiplier, shift)


def multiply_high(a: int, b: int) -> int:
    """a * b / 2^31, to the nearest, ties upwards."""
    return (a * b + (1 << 30)) >> 31


def shift_right(value: int, bits: int) -> int:
    """value / 2^bits, to the nearest, ties away from zero."""
    if bits == 0:
        return value
    return (value + (1 << (bits - 1)) - (value < 0)) >> bits


def rescale(value: int, scale: Scale) -> int:
    """value * scale, rounded twice, as TensorFlow Lite Micro does."""
    left, right = max(scale.shift, 0), max(-scale.shift, 0)
    return shift_right(multiply_high(value << left, scale.multiplier), right)


def quick_scale(scale: Scale, zero_point: int, largest_sum: int) -> QuickScale | None:
    """The same factor, None where it, or a sum of that size, is too large for 32 bits.

    Without a shift there are no ties, so negative products must not matter: they become -128.
    """
    right = -scale.shift
    if right < 0 or (right == 0 and zero_point != INT8_MIN) or 2 * largest_sum > INT32_MAX:
        return None
    offset = (1 << right >> 1) + (zero_point << right)
    if multiply_high(largest_sum, scale.multiplier) + abs(offset) + 1 > INT32_MAX:
        return None
    return QuickScale(scale.multiplier, offset, right)


def short_scale(quick: QuickScale) -> ShortScale | None:
    """The same in two words, None where nothing is shifted out: a factor of one half or more."""
    return ShortScale(quick.multiplier, quick.shift - 1) if quick.shift > 0 else None


def clamp(value: int, low: int = INT8_MIN, high: int = INT8_MAX) -> int:
    """The nearest value from low to high, which are those of int8 unless given."""
    return min(max(value, low), high)


def _saturate(value: int) -> int:
    return clamp(value, INT32_MIN, INT32_MAX)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """Inputs from this size on are beyond what Q(integer_bits) can hold after rescaling."""
    return ((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) // (1 << left_shift)


def exp_of_negative(value: int, integer_bits: int) -> int:
    """exp(value) in Q0.31 for value <= 0 in Q(integer_bits): a quarter's power series, times a
    stored power for each further bit."""
    if value == 0:
        return INT32_MAX
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    within = (value & (quarter - 1)) - quarter
    result = _exp_of_quarter(_saturate(within << integer_bits))
    remainder = within - value
    for power, factor in _EXP_OF_MINUS_POWER.items():
        if power < integer_bits and remainder & (1 << (fraction_bits + power)):
            result = multiply_high(result, factor)
    return result


def _exp_of_quarter(value: int) -> int:
    """exp(value) in Q0.31 for value in -1/4 .. 0: Taylor to the fourth power around -1/8."""
    x = value + (1 << 28)
    x2 = multiply_high(x, x)
    x3 = multiply_high(x2, x)
    x4_over_4 = shift_right(multiply_high(x2, x2), 2)
    higher = shift_right(multiply_high(x4_over_4 + x3, _ONE_THIRD) + x2, 1)
    return _EXP_OF_MINUS_EIGHTH + multiply_high(_EXP_OF_MINUS_EIGHTH, x + higher)


def _newton_reciprocal(x: int) -> int:
    """2 / (1 + x) in Q2.29 for x in 0 .. 1, Q0.31, by Newton-Raphson division."""
    half_denominator = (x + INT32_MAX + 1) // 2
    estimate = _Q2_29_48_OVER_17 + multiply_high(half_denominator, -_Q2_29_32_OVER_17)
    for _ in range(_NEWTON_STEPS):
        error = _ONE_Q2_29 - multiply_high(half_denominator, estimate)
        estimate += _saturate(multiply_high(estimate, error) << 2)
    return estimate


def logistic_q31(value: int, integer_bits: int) -> int:
    """1 / (1 + exp(-value)) in Q0.31."""
    if value == 0:
        return 1 << 30
    exponential = exp_of_negative(-abs(value), integer_bits)
    of_positive = _saturate(_newton_reciprocal(exponential) << 1)
    return of_positive if value > 0 else INT32_MAX - of_positive


def tanh_q31(value: int, integer_bits: int) -> int:
    """tanh_q31(value) in Q0.31, as (1 - exp(-2|value|)) / (1 + exp(-2|value|))."""
    if value == 0:
        return 0
    exponential = exp_of_negative(-abs(value), integer_bits + 1)
    size = _saturate((_newton_reciprocal(exponential) - _ONE_Q2_29) << 2)
    return size if value > 0 else -size
