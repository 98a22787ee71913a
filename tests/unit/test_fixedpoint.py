"""The compiler's integers against real arithmetic, and against TensorFlow Lite Micro's results."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.compiler import fixedpoint
from pipeline.compiler.fixedpoint import INT32_MAX, INT32_MIN, Scale, quantize_scale
from pipeline.compiler.graph import ModelRefusalError

int32 = st.integers(INT32_MIN, INT32_MAX)
multipliers = st.integers(1 << 30, INT32_MAX)
ONE = 2**31  # of Q0.31


@given(int32, int32)
def test_a_high_product_is_the_nearest_and_ties_go_up(a: int, b: int) -> None:
    assert fixedpoint.multiply_high(a, b) == math.floor(Fraction(a * b, ONE) + Fraction(1, 2))


@given(int32, st.integers(0, 31))
def test_a_shift_is_the_nearest_and_ties_go_away_from_zero(value: int, bits: int) -> None:
    size = math.floor(Fraction(abs(value), 2**bits) + Fraction(1, 2))
    assert fixedpoint.shift_right(value, bits) == math.copysign(size, value)


@given(st.floats(2.0**-32, 1e6))
def test_a_scale_is_the_nearest_of_31_bits(real: float) -> None:
    scale = quantize_scale(real)
    assert 1 << 30 <= scale.multiplier <= INT32_MAX
    assert abs(scale.multiplier * Fraction(2) ** (scale.shift - 31) / Fraction(real) - 1) <= 2**-31


def test_scales_at_the_edges() -> None:
    assert quantize_scale(0.0) == Scale(0, 0)
    assert quantize_scale(2.0**-32) == Scale(1 << 30, -31)
    assert quantize_scale(2.0**-33) == Scale(0, 0)
    assert quantize_scale(1.0) == Scale(1 << 30, 1)
    assert quantize_scale(1 - 2.0**-33) == Scale(1 << 30, 1)  # rounds up to the next power of two
    assert quantize_scale(0.75) == Scale(3 << 29, 0)
    assert isinstance(quantize_scale(1 - 2.0**-33).multiplier, int)


@given(st.integers(-(2**20), 2**20), multipliers, st.integers(-20, 10))
def test_a_value_is_rescaled_within_a_step_of_the_real_product(
    value: int, multiplier: int, shift: int
) -> None:
    exact = Fraction(value) * multiplier * Fraction(2) ** (shift - 31)
    assert abs(fixedpoint.rescale(value, Scale(multiplier, shift)) - exact) < 1


def test_values_are_rescaled_as_tensorflow_lite_micro_does() -> None:
    """First the product is rounded, then what is shifted."""
    assert fixedpoint.rescale(3, Scale(1 << 30, 0)) == 2
    assert fixedpoint.rescale(-3, Scale(1 << 30, 0)) == -1
    assert fixedpoint.rescale(-3, Scale(1 << 30, -1)) == -1
    assert fixedpoint.rescale(5, Scale(1 << 30, 3)) == 20


sums = st.integers(0, 2**24).flatmap(
    lambda most: st.tuples(st.just(most), st.integers(-most, most))
)


@given(sums, multipliers, st.integers(-20, 0), st.integers(-128, 127))
def test_a_quick_scale_gives_what_rescaling_gives(
    most_and_sum: tuple[int, int], multiplier: int, shift: int, zero_point: int
) -> None:
    most, total = most_and_sum
    scale = Scale(multiplier, shift)
    quick = fixedpoint.quick_scale(scale, zero_point, most)
    if quick is None:
        assert shift == 0 or fixedpoint.rescale(most, scale) > 2**30 - 2**20
        return
    product = (2 * total * quick.multiplier + ONE) >> 32
    product -= product < 0  # so that ties go away from zero
    assert -ONE < product + quick.offset < ONE
    expected = fixedpoint.clamp(fixedpoint.rescale(total, scale) + zero_point)
    assert fixedpoint.clamp((product + quick.offset) >> quick.shift) == expected


def test_a_quick_scale_is_refused_where_it_would_be_wrong() -> None:
    half = 1 << 30
    assert fixedpoint.quick_scale(Scale(half, 1), 0, 10) is None  # a factor of one and more
    assert fixedpoint.quick_scale(Scale(half, 0), 0, 10) is None  # ties of negative sums
    assert fixedpoint.quick_scale(Scale(half, 0), -128, 10) is not None  # which become -128
    assert fixedpoint.quick_scale(Scale(half, -1), 0, half - 1) is not None
    assert fixedpoint.quick_scale(Scale(half, -1), 0, half) is None  # twice the sum leaves int32
    assert fixedpoint.quick_scale(Scale(half, -24), 127, half - 1) is None  # so does the offset
    assert fixedpoint.quick_scale(Scale(half, -24), -128, half - 1) is None


@given(sums, multipliers, st.integers(-20, 0), st.integers(-128, 127))
def test_a_short_scale_is_the_quick_one_in_two_words(
    most_and_sum: tuple[int, int], multiplier: int, shift: int, zero_point: int
) -> None:
    quick = fixedpoint.quick_scale(Scale(multiplier, shift), zero_point, most_and_sum[0])
    if quick is None:
        return
    short = fixedpoint.short_scale(quick)
    if short is None:
        assert shift == 0
        return
    assert (2 * zero_point + 1) << short.shift == quick.offset
    assert (short.multiplier, short.shift + 1) == (quick.multiplier, quick.shift)


def test_a_value_is_clamped_to_int8_or_to_what_is_asked() -> None:
    assert [fixedpoint.clamp(value) for value in (-129, -128, 5, 127, 128)] == [
        *(-128, -128, 5, 127, 127)
    ]
    assert [fixedpoint.clamp(value, 2, 4) for value in (1, 3, 5)] == [2, 3, 4]


def test_inputs_within_the_radius_stay_within_their_bits() -> None:
    for integer_bits, left_shift in ((4, 20), (4, 26), (5, 24)):
        radius = fixedpoint.input_radius(integer_bits, left_shift)
        limit = ((1 << integer_bits) - 1) << (31 - integer_bits)
        assert radius << left_shift <= limit < (radius + 1) << left_shift


@given(int32, st.sampled_from((3, 4)))
def test_functions_are_near_the_real_ones(value: int, integer_bits: int) -> None:
    """To 500 of 2^31 steps, the size of what their series leave out."""
    real = value / 2 ** (31 - integer_bits)
    near: Callable[[float], object] = lambda exact: pytest.approx(exact * ONE, abs=500)  # noqa: E731
    assert fixedpoint.logistic_q31(value, integer_bits) == near(1 / (1 + math.exp(-real)))
    assert fixedpoint.tanh_q31(value, integer_bits) == near(math.tanh(real))
    assert fixedpoint.exp_of_negative(-abs(value), integer_bits) == near(math.exp(-abs(real)))


def test_functions_at_their_ends() -> None:
    assert fixedpoint.exp_of_negative(0, 5) == INT32_MAX
    assert fixedpoint.logistic_q31(0, 4) == 1 << 30
    assert fixedpoint.tanh_q31(0, 4) == 0
    assert fixedpoint.logistic_q31(INT32_MAX, 4) == INT32_MAX - fixedpoint.logistic_q31(
        -INT32_MAX, 4
    )


def test_functions_give_the_integers_of_tensorflow_lite_micro() -> None:
    """Recorded from this module, whose tables the parity tests prove equal to its kernels'."""
    values = (1, 1 << 20, 1 << 25, 123_456_789, 987_654_321, 2_000_000_000)
    assert [fixedpoint.exp_of_negative(-value, 5) for value in values] == [
        *(2_147_483_124, 2_114_189_749, 1_302_515_042, 341_177_383, 872, 0),
    ]
    assert [fixedpoint.logistic_q31(value, 4) for value in values] == [
        *(1_073_741_948, 1_077_936_196, 1_207_264_694, 1_535_464_548, 2_146_116_376, 2_147_482_924),
    ]
    assert [fixedpoint.tanh_q31(-value, 4) for value in values] == [
        *(-260, -16_776_996, -525_958_532, -1_558_674_772, -2_147_481_900, -2_147_483_647),
    ]


@pytest.mark.parametrize("factor", [float("inf"), float("nan")])
def test_a_factor_that_is_not_finite_is_refused(factor: float) -> None:
    with pytest.raises(ModelRefusalError, match="too far apart"):
        quantize_scale(factor)
