"""The firmware's sampler: its draws are those of softmax(logits / temperature)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.twin.library import Twin, pointer
from tests.toy_text import Sampler, logit_step

pytestmark = pytest.mark.xdist_group("toy-texts")
Draw = Callable[[list[int], float, float, int, int], list[int]]
DRAWS = 40_000
# The chi-square that chance passes once in a million times, by degrees of freedom (Wilson and
# Hilferty, PNAS 17, 1931).
NORMAL_OF_A_MILLIONTH = 4.7534


class State(ctypes.Structure):
    """sampler_t."""

    _fields_ = (("state", ctypes.c_uint64), ("halvings_a_step", ctypes.c_uint64))


@pytest.fixture(scope="module")
def draw(toy_writer: Twin) -> Draw:
    """So many draws at a scale of the logits and a temperature, from a seed on."""
    library = toy_writer.library
    library.sampler_draw.restype = ctypes.c_uint16

    def call(logits: list[int], scale: float, temperature: float, seed: int, count: int):
        state, given = State(), np.array(logits, np.int8)
        weights = np.empty(len(logits), np.uint32)
        temperature_e4 = round(temperature * 10_000)
        library.sampler_begin(
            ctypes.byref(state), logit_step(scale), temperature_e4, ctypes.c_uint32(seed)
        )
        asked = (ctypes.byref(state), pointer(given), len(logits), pointer(weights))
        return [library.sampler_draw(*asked) for _ in range(count)]

    return call


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(-128, 127), min_size=1, max_size=256),
    st.floats(1e-6, 100),
    st.integers(0, 50_000),
    st.integers(0, 2**32 - 1),
)
def test_draws_are_those_of_the_integers(draw, logits, scale, temperature_e4, seed):
    sampler = Sampler(logit_step(scale), temperature_e4, seed)
    found = draw(logits, scale, temperature_e4 / 10_000, seed, 5)
    assert found == [sampler.draw(logits) for _ in range(5)]


def softmax(logits: list[int], scale: float, temperature: float) -> np.ndarray:
    real = np.array(logits) * scale / temperature
    shares = np.exp(real - real.max())
    return shares / shares.sum()


@pytest.mark.parametrize("temperature", [0.2, 0.5, 1.0, 2.0, 5.0])
def test_how_often_each_is_drawn_follows_softmax(draw, temperature):
    noise = np.random.default_rng(7)
    for seed, count in enumerate((2, 10, 65), start=1):
        logits = noise.integers(-128, 128, count).tolist()
        expected = DRAWS * softmax(logits, 0.05, temperature)
        drawn = np.bincount(draw(logits, 0.05, temperature, seed, DRAWS), minlength=count)
        often = expected >= 5
        cells = np.append(expected[often], expected[~often].sum())
        found = np.append(drawn[often], drawn[~often].sum())
        chi_square = ((found - cells) ** 2 / np.maximum(cells, 1)).sum()
        freedom = max(len(cells) - 1, 1)
        part = 2 / (9 * freedom)
        limit = freedom * (1 - part + NORMAL_OF_A_MILLIONTH * part**0.5) ** 3
        assert chi_square < limit


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-128, 127), min_size=1, max_size=100), st.floats(0.001, 1))
def test_at_the_lowest_temperature_and_at_none_the_first_of_the_largest_is_drawn(
    draw, logits, scale
):
    largest = logits.index(max(logits))
    assert set(draw(logits, scale, 0.0, 3, 5)) == {largest}
    if scale >= 0.002:  # else a step of the logits is not yet nothing
        assert set(draw(logits, scale, 1e-4, 3, 5)) == {largest}


def test_at_the_highest_temperature_all_are_drawn_nearly_alike(draw):
    logits = np.linspace(-20, 20, 50).astype(int).tolist()
    drawn = np.bincount(draw(logits, 0.05, 5.0, 9, DRAWS), minlength=50)
    assert drawn.min() > 0.7 * DRAWS / 50
    assert drawn.max() < 1.4 * DRAWS / 50


def test_seeds_draw_differently_and_the_same_seed_alike(draw):
    runs = [tuple(draw([0] * 10, 0.05, 1.0, seed, 100)) for seed in (0, 1, 2, 2**32 - 1, 1)]
    assert len(set(runs)) == 4
    assert runs[1] == runs[4]
