"""Batches of padded pairs have each pair once an epoch, and hardly any padding."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.pairs import before, written_weights
from pipeline.training.padded_batches import PaddedPairs, dataset_of_batches

PAIRS, LONGEST, SIZE = 1000, 30, 16


@pytest.fixture(scope="module")
def pairs() -> PaddedPairs:
    """Texts of 0 to LONGEST tokens; the first token of each source is its number."""
    random = np.random.default_rng(3)
    lengths = random.integers(0, LONGEST + 1, (2, PAIRS))
    tokens = random.integers(2, 9, (2, PAIRS, LONGEST)).astype(np.int32)
    tokens[np.arange(LONGEST) >= lengths[..., None]] = 0
    sources, targets = tokens
    sources[:, 0] = np.arange(1, PAIRS + 1)
    return PaddedPairs(sources, before(targets), targets, written_weights(targets))


def test_an_epoch_has_each_pair_once_and_whole(pairs: PaddedPairs) -> None:
    seen = []
    for (sources, before_them), targets, weights in pairs.batches(SIZE, np.random.default_rng(1)):
        rows = sources[:, 0] - 1
        seen += rows.tolist()
        for cut, whole in (
            (sources, pairs.sources),
            (before_them, pairs.before),
            (targets, pairs.targets),
            (weights > 0, pairs.weights > 0),
        ):
            width = cut.shape[1]
            np.testing.assert_array_equal(cut, whole[rows, :width])
            if cut is not before_them:
                assert not whole[rows, width:].any(), "a token is lost"
        assert weights.mean() == pytest.approx(1)
    assert sorted(seen) == list(range(PAIRS))


def test_hardly_any_padding_is_left(pairs: PaddedPairs) -> None:
    batches = list(pairs.batches(SIZE, np.random.default_rng(1)))
    written = sum(float((weights > 0).sum()) for _, _, weights in batches)
    assert written > 0.9 * sum(weights.size for _, _, weights in batches)


def test_epochs_differ_and_the_seed_repeats_them(pairs: PaddedPairs) -> None:
    def first_rows(seed: int) -> list[list[int]]:
        batches = dataset_of_batches(pairs, SIZE, seed)
        return [[int(sources[0, 0]) for (sources, _), *_ in batches] for _ in range(2)]

    one, another = first_rows(1), first_rows(1)
    assert one == another
    assert one[0] != one[1]
    assert len(one[0]) == -(-PAIRS // SIZE)
    assert first_rows(2) != one
