"""Drawing the next character of a text from what a float network says of it.

A board draws in integers (firmware/lib/sampler); this is for runs that are not converted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config_models import ModelConfig
from pipeline.tokens import FIRST
from pipeline.training.streams import forget, keeping_state

Floats = NDArray[np.floating[Any]]


def log_softmax(logits: Floats) -> NDArray[np.float64]:
    """Over the last axis; finite for all finite logits, for nothing is put to exp above 0."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    found: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found


def draw(logits: Floats, temperature: float, random: np.random.Generator) -> int:
    """A place in logits [n], with the probabilities softmax(logits / temperature); the largest
    where the temperature is 0.

    By the Gumbel trick (Gumbel, 1954): no probability is computed, so none can overflow or be 0.
    """
    noise = random.gumbel(size=len(logits))
    return int(np.argmax(logits.astype(np.float64) + temperature * noise))


class Writer:
    """Writes on with a trained float network: one step a character, with its state kept."""

    def __init__(self, model: Any, config: ModelConfig) -> None:
        import tensorflow as tf

        self._network = keeping_state(model, config, 1, 1, 1)
        self._step = tf.function(self._network)

    def write(self, prompt: Sequence[int], length: int, temperature: float, seed: int) -> list[int]:
        """What comes after the prompt, which has a character or more, and nothing before it."""
        random = np.random.default_rng(seed)
        logits = self.read(prompt)[-1]
        written = []
        for _ in range(length):
            written.append(FIRST + draw(logits[FIRST:], temperature, random))
            logits = self._after(written[-1])
        return written

    def read(self, numbers: Sequence[int]) -> Floats:
        """From the beginning of a text: logits of what comes next, float32 [n, vocabulary]."""
        forget(self._network, np.array([True]))
        return np.stack([self._after(number) for number in numbers])

    def _after(self, number: int) -> Floats:
        found: Floats = np.asarray(self._step(np.array([[number]], np.int32)))[0, 0]
        return found
