"""Drawing by a temperature: sound for all that may be asked, and truly by the probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.training.text_task import log_softmax, sample_token

LOGITS = np.array([1.0, -2.0, 3.0, 2.5, -80.0], np.float32)
DRAWS = 20_000


def test_the_logarithm_of_a_probability_is_never_infinite() -> None:
    found = log_softmax(np.array([[0.0, 1000.0, -1000.0], [3e38, 0.0, -3e38]], np.float32))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1)
    np.testing.assert_allclose(found[0], [-1000, 0, -2000])


@pytest.mark.parametrize("temperature", [0.3, 1.0, 5.0])
def test_draws_are_as_frequent_as_they_are_probable(temperature: float) -> None:
    random = np.random.default_rng(1)
    drawn = [sample_token(LOGITS, temperature, random) for _ in range(DRAWS)]
    shares = np.bincount(drawn, minlength=len(LOGITS)) / DRAWS
    probable = np.exp(log_softmax(LOGITS / temperature))
    spread = np.sqrt(probable * (1 - probable) / DRAWS)
    assert (np.abs(shares - probable) <= 4.5 * spread + 1e-9).all()


@pytest.mark.parametrize("temperature", [0.0, 1e-4])
def test_cold_takes_the_likeliest(temperature: float) -> None:
    random = np.random.default_rng(1)
    assert {sample_token(LOGITS, temperature, random) for _ in range(100)} == {2}


def test_extreme_logits_are_drawn_from_without_a_warning() -> None:
    random = np.random.default_rng(1)
    with np.errstate(all="raise"):
        for temperature in (0.0, 1e-4, 1.0, 5.0):
            assert sample_token(np.array([3e38, -3e38, 0.0], np.float32), temperature, random) == 0


def test_the_same_seed_draws_the_same() -> None:
    first, again = (
        [sample_token(LOGITS, 1.0, random) for _ in range(50)]
        for random in (np.random.default_rng(7), np.random.default_rng(7))
    )
    assert first == again
