"""Near copies are found among many takes as if all pairs were compared."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.artifacts import Float32
from pipeline.datasets import near_copies as near_copies_module
from pipeline.datasets.near_copies import COPY, _Correlations, near_copies
from pipeline.datasets.simulate import GESTURES, make_person, make_take

RATE_HZ = 119.0
HOW = ("as it was", "first fifth cut", "last fifth cut", "scaled", "noisy", "between samples")


def copied(take: Float32, how: str, random: np.random.Generator) -> Float32:
    fifth = len(take) // 5
    noise = random.normal(size=take.shape) * 0.03 * take.std(axis=0)
    ways = {
        "as it was": take,
        "first fifth cut": take[fifth:],
        "last fifth cut": take[:-fifth],
        "scaled": take * 1.03,
        "noisy": take + noise,
        "between samples": (take[1:] + take[:-1]) / 2,
    }
    return np.asarray(ways[how], np.float32)


@pytest.fixture(scope="module")
def takes() -> list[Float32]:
    """400 takes of ten people, and copies of 120 of them."""
    random = np.random.default_rng(5)
    own = [
        make_take(make_person(person, 1), label, 1, RATE_HZ, random, 1).samples
        for person in range(1, 11)
        for label in GESTURES
        for _ in range(40 // len(GESTURES))
    ]
    return own + [copied(own[3 * at], HOW[at % len(HOW)], random) for at in range(120)]


def of_all_pairs(takes: list[Float32]) -> set[tuple[int, int]]:
    moved = [take - take.mean(axis=0) for take in takes]
    size = np.sqrt(np.mean([(shape**2).mean(axis=0) for shape in moved], axis=0))
    correlations = _Correlations([shape / size for shape in moved])
    return {
        (later, int(earlier))
        for later in range(1, len(takes))
        for earlier in np.flatnonzero(correlations.of(later, np.arange(later)) >= COPY)
    }


def found(takes: list[Float32]) -> list[tuple[int, int]]:
    return [copy[:2] for copy in near_copies(takes, lambda _: None)]


def test_hardly_a_copy_is_missed(takes: list[Float32]) -> None:
    expected, pairs = of_all_pairs(takes), found(takes)
    assert len(expected) > 80
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) <= expected
    assert len(expected - set(pairs)) <= 0.02 * len(expected)


def test_copies_that_were_cut_are_found(takes: list[Float32]) -> None:
    pairs = set(found(takes))
    cut = [(400 + at, 3 * at) for at in range(120) if "cut" in HOW[at % len(HOW)]]
    assert len(pairs.intersection(cut)) >= 0.95 * len(cut)


def test_short_and_still_takes_are_compared_too() -> None:
    random = np.random.default_rng(1)
    short, other = (random.normal(size=(rows, 6)).astype(np.float32) for rows in (5, 90))
    assert found([np.zeros((300, 6), np.float32), short, short, other]) == [(2, 1)]


def test_stillness_is_no_moment_that_takes_share() -> None:
    still = np.zeros((300, 6), np.float32)
    takes, spectra = near_copies_module._moments([still, still + 1, still])
    assert len(takes) == len(spectra) == 0
    assert found([still] * 20) == []
