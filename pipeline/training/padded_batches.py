"""Batches of padded sequences: those of like length together, and cut to the longest of them.

So a network does not compute padding. Half of what Multi30k's sentences are padded to is padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Int32, Int64
from pipeline.core.tokens import PADDING
from pipeline.training.training_data import FitData

SORTED_TOGETHER = 32  # batches; from so many, like lengths are put together


class PaddedPairs(NamedTuple):
    """Pairs as a network is fitted on them.

    Args:
        sources: int32 [n, S], tokens with PADDING after them.
        before: int32 [n, T], the token before each target.
        targets: int32 [n, T].
        weights: float32 [n, T], 0 after the end.
    """

    sources: Int32
    before: Int32
    targets: Int32
    weights: Float32

    @classmethod
    def of(cls, data: FitData) -> PaddedPairs:
        """Of training data whose inputs are (sources, before)."""
        columns: Any = (*data.inputs, data.targets, data.weights)
        return cls(*columns)

    def batches(self, size: int, random: np.random.Generator) -> Iterator[Any]:
        """One epoch of them: ((sources, before), targets, weights), each in another order."""
        order = random.permutation(len(self.sources))
        together = size * SORTED_TOGETHER
        groups = [order[at : at + together] for at in range(0, len(order), together)]
        rows = [batch for group in groups for batch in self._of_like_length(group, size)]
        for index in random.permutation(len(rows)):
            yield self._cut(rows[index])

    def _of_like_length(self, rows: Int64, size: int) -> list[Int64]:
        read = (self.sources[rows] != PADDING).sum(axis=1)
        written = (self.weights[rows] > 0).sum(axis=1)
        in_order = rows[np.lexsort((read, written))]
        return [in_order[at : at + size] for at in range(0, len(rows), size)]

    def _cut(self, rows: Int64) -> Any:
        """Columns of padding alone are left out; the loss is the mean over what is written."""
        read = _used(self.sources[rows] != PADDING)
        written = _used(self.weights[rows] > 0)
        weights = self.weights[rows, :written]
        return (
            (self.sources[rows, :read], self.before[rows, :written]),
            self.targets[rows, :written],
            weights / weights.mean(),
        )


def _used(is_used: NDArray[np.bool_]) -> int:
    """How many columns of bool [n, T] there are up to the last one that is used; 1 at least."""
    columns = np.flatnonzero(is_used.any(axis=0))
    return int(columns[-1]) + 1 if len(columns) else 1


def dataset_of_batches(pairs: PaddedPairs, size: int, seed: int) -> Any:
    """A tf.data.Dataset of one epoch; each time that it is gone through has another order."""
    import tensorflow as tf

    random = np.random.default_rng(seed)
    of_tokens = tf.TensorSpec((None, None), tf.int32)
    batches = tf.data.Dataset.from_generator(
        lambda: pairs.batches(size, random),
        output_signature=(
            (of_tokens, of_tokens),
            of_tokens,
            tf.TensorSpec((None, None), tf.float32),
        ),
    )
    count = -(-len(pairs.sources) // size)
    return batches.apply(tf.data.experimental.assert_cardinality(count))
