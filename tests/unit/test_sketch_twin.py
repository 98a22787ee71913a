"""What the firmware draws, against its definition in tests/toy_sketch.py and that of the paper."""

from __future__ import annotations

import ctypes
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.mixture import LEAST_DEVIATION, MOST_CORRELATION
from pipeline.core.sketches import mixture_values
from pipeline.twin.library import Twin
from pipeline.twin.sketch_twin import SketchTwin
from tests.toy_sketch import (
    CONTRACT,
    COUNT,
    MOVES,
    SCALE,
    drawn,
    first_outputs,
    half_power,
    normal_at,
    write_sources,
)

pytestmark = pytest.mark.usefixtures("host_compiler", "toy_code")

few = settings(max_examples=300, deadline=None)
places = st.integers(0, 2**32 - 1) | st.integers(0, 31).map(lambda bit: 2**bit)
DRAWINGS = 40_000


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> SketchTwin:
    folder = tmp_path_factory.mktemp("sketch")
    return SketchTwin(Twin(write_sources(folder / "model"), folder))


@few
@given(st.integers(0, 50_000), st.integers(0, 2**32 - 1))
def test_a_drawing_is_what_the_integers_say(twin, temperature_e4, seed):
    found = twin.draw(temperature_e4 / 10_000, seed)
    assert (found.moves.tolist(), found.has_ended) == drawn(temperature_e4, seed)


def test_a_drawing_ends_by_itself_or_at_its_longest(twin):
    drawings = [twin.draw(1, seed) for seed in range(200)]
    assert {len(one.moves) for one in drawings if one.has_ended} >= {0, 1, 2}
    assert {len(one.moves) for one in drawings if not one.has_ended} == {MOVES}


def test_at_the_end_of_a_drawing_the_pen_is_up(twin):
    drawing = next(one for one in (twin.draw(1, seed) for seed in range(50)) if len(one.moves) > 2)
    np.testing.assert_allclose(drawing.drawing[:, :2], drawing.moves[:, :2] / 1000, rtol=1e-6)
    assert drawing.drawing[-1, 2] == 1


def test_without_a_temperature_each_move_is_the_likeliest_mean(twin):
    values = mixture_values(first_outputs(), CONTRACT)
    chosen = values[:COUNT].argmax()
    assert values[6 * COUNT :].argmax() < 2, "the toy does not end at once"
    first = {tuple(twin.draw(0, seed).moves[0, :2].tolist()) for seed in range(20)}
    expected = 1000 * SCALE * values[[COUNT + chosen, 2 * COUNT + chosen]]
    assert len(first) == 1
    np.testing.assert_allclose(first.pop(), expected, atol=1)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 2.0])
def test_moves_are_of_the_mixture_at_a_temperature(twin, temperature):
    """The first moves of many drawings have the moments of the mixture (Ha and Eck 2017)."""
    values = mixture_values(first_outputs(), CONTRACT).astype(np.float64)
    weights, mean_x, mean_y, log_x, log_y, bent = values[: 6 * COUNT].reshape(6, COUNT)
    shares = np.exp(weights / temperature)
    shares /= shares.sum()
    variance_x, variance_y = (
        temperature * (LEAST_DEVIATION + np.exp(log)) ** 2 for log in (log_x, log_y)
    )
    covariance = MOST_CORRELATION * np.tanh(bent) * np.sqrt(variance_x * variance_y)
    x, y = (shares * mean_x).sum(), (shares * mean_y).sum()
    expected = (
        (shares * (variance_x + mean_x**2)).sum() - x**2,
        (shares * (variance_y + mean_y**2)).sum() - y**2,
        (shares * (covariance + mean_x * mean_y)).sum() - x * y,
    )
    found = [twin.draw(temperature, seed).moves[:1] for seed in range(DRAWINGS)]
    moves = np.concatenate(found)[:, :2] / (1000 * SCALE)
    error = 5 / math.sqrt(len(moves))  # of standard deviations
    deviations = np.sqrt(expected[:2])
    np.testing.assert_allclose(moves.mean(axis=0), (x, y), atol=error * deviations.max())
    (of_x, of_both), (_, of_y) = np.cov(moves.T)
    scale = deviations.max() ** 2
    np.testing.assert_allclose((of_x, of_y, of_both), expected, atol=3 * error * scale)


def test_how_often_a_drawing_ends_or_lifts_the_pen_follows_softmax(twin):
    logits = mixture_values(first_outputs(), CONTRACT)[6 * COUNT :].astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum()
    drawings = [twin.draw(1, seed) for seed in range(DRAWINGS)]
    pens = [2 if len(one.moves) == 0 else one.moves[0, 2] for one in drawings]
    found = np.bincount(pens, minlength=3) / DRAWINGS
    np.testing.assert_allclose(found, shares, atol=5 / math.sqrt(DRAWINGS))


def test_the_same_seed_draws_the_same_and_others_do_not(twin):
    again = [[twin.draw(1, seed).moves.tolist() for seed in range(50)] for _ in range(2)]
    assert again[0] == again[1]
    assert len({str(moves) for moves in again[0]}) > 25


@few
@given(places)
def test_normal_numbers_are_those_of_the_inverse_distribution(twin, place):
    found = twin.library.normal_at(ctypes.c_uint32(place))
    assert found == normal_at(place)
    assert found == -twin.library.normal_at(ctypes.c_uint32(~place & 0xFFFFFFFF))
    true = NormalDist().inv_cdf((place + 0.5) / 2**32)
    assert found / 2**13 == pytest.approx(true, abs=1e-3)


def test_normal_numbers_have_the_moments_of_the_distribution(twin):
    all_over = [normal_at(place) / 2**13 for place in range(2**15, 2**32, 2**16)]
    assert np.mean(all_over) == pytest.approx(0, abs=1e-4)
    assert np.var(all_over) == pytest.approx(1, abs=1e-3)
    assert np.mean(np.power(all_over, 4)) == pytest.approx(3, abs=0.01)


@few
@given(st.integers(0, 2**64 - 1) | st.integers(0, 2**32 - 1).map(lambda root: root**2))
def test_a_root_is_exact(twin, square):
    twin.library.power_root.restype = ctypes.c_uint32
    assert twin.library.power_root(ctypes.c_uint64(square)) == math.isqrt(square)


@few
@given(st.integers(0, 2**24))
def test_a_power_is_that_of_two(twin, fraction):
    twin.library.power_of_half.restype = ctypes.c_uint32
    found = twin.library.power_of_half(ctypes.c_uint32(fraction))
    assert found == half_power(fraction)
    assert found / 2**30 == pytest.approx(2.0 ** (-fraction / 2**24), abs=2**-26)
