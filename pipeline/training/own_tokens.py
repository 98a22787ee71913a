"""Training on tokens that the network wrote itself, as it will have to when it writes.

Scheduled sampling (Bengio et al. 2015, arXiv:1506.03099) with a constant share. All steps are
computed at once, twice: the second time some tokens before are the likeliest ones of the first time
(Duckworth et al. 2019, arXiv:1906.04331).
"""

from __future__ import annotations

from typing import Any


def with_own_tokens(network: Any, share: float) -> Any:
    """A model that Keras fits in place of an encoder and a decoder.

    Args:
        network: of encoder_decoder.build; the model has its weights, and gives the same for a test.
        share: of the tokens before that are the network's own, from 0 to 1.
    """
    from keras import Model

    sources, before = network.inputs
    mixed = _mixing(share)(before, network([sources, before]))
    return Model([sources, before], network([sources, mixed]))


def _mixing(share: float) -> Any:
    """A layer: some tokens before, int32 [n, T], become those of logits [n, T, V]."""
    from keras import layers, ops, random

    class Mixing(layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="own_tokens")
            self.seeds = random.SeedGenerator()

        def call(self, before: Any, logits: Any, training: bool = False) -> Any:
            if not training:
                return before
            written = ops.cast(ops.argmax(logits, axis=2), "int32")
            own = ops.concatenate([before[:, :1], written[:, :-1]], axis=1)
            drawn = random.uniform(ops.shape(before), seed=self.seeds)
            return ops.where(drawn < share, own, before)

    return Mixing()
