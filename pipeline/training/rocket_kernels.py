"""The kernels of a rocket network: which ones are drawn, and what they make of a dataset.

The kernels are those of MiniRocket (Dempster et al., arXiv:2012.08791), with a ramp in place of its
step; some others see which way is down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from pipeline.core.artifacts import Float32, Float64, Int64, SequenceDataset
from pipeline.core.contract import Scaling
from pipeline.training.int8_inputs import Int8Inputs
from pipeline.training.models import (
    ROCKET_FULL,
    ROCKET_TAPS,
    kernel_layer_name,
)
from pipeline.training.training_data import scale

RAMP = 0.5  # of a scaled sample, from no response to a full one
GOLDEN = (5**0.5 - 1) / 2  # its multiples, modulo 1, lie evenly in any number
BIAS_WINDOWS = 64  # windows whose quantiles become biases
SPAN = 2**14  # samples whose responses are in memory at a time
USUAL_PENALTY = 0.1  # of a ridge regression, as a share of the number of windows
SMALLEST_STD = 1e-3 * ROCKET_FULL
SMALLEST_STEP = 1e-6

Random = np.random.Generator


@dataclass(frozen=True)
class KernelBank:
    """The kernels of a model, and what they make of a dataset.

    Args:
        levels: the share of kernels that see which way is down.
    """

    model: Any
    dilations: tuple[int, ...]
    dataset: SequenceDataset
    scaling: Scaling
    inputs: Int8Inputs
    levels: float

    def draw(self, random: Random) -> None:
        """Set random kernels. Their biases are quantiles of what they give in training windows."""
        windows = self._scaled(self.dataset.sequences(self._examples(random)))
        gain = np.float32(ROCKET_FULL / RAMP)
        for dilation in self.dilations:
            layer = self._layer(dilation)
            _, channels, count = layer.kernel.shape
            kernels = _random_kernels(channels, count, int(self.levels * count), random)
            middles = _quantiles(_convolved(windows, kernels, dilation), random)
            layer.set_weights([gain * kernels, ROCKET_FULL / 2 - gain * middles])

    def _scaled(self, samples: Float32) -> Float32:
        """As the int8 network sees them: fitted on finer inputs, it errs more often."""
        return self.inputs.rounded(scale(samples, self.scaling))

    def _examples(self, random: Random) -> Int64:
        """Some training windows, as many of each label."""
        each = max(1, BIAS_WINDOWS // len(self.dataset.labels))
        chosen = self.dataset.splits["train"]
        targets = self.dataset.targets[chosen]
        of_label = [chosen[targets == label] for label in np.unique(targets)]
        return np.concatenate([random.permutation(rows)[:each] for rows in of_label])

    @property
    def width(self) -> int:
        """How many features there are, with the last 1."""
        return 1 + sum(int(self._layer(dilation).filters) for dilation in self.dilations)

    def _layer(self, dilation: int) -> Any:
        return self.model.get_layer(kernel_layer_name(dilation))

    def features(self, part: str) -> Iterator[tuple[Int64, Float32]]:
        """Features of a part: indices [m], and shares of responses with a last 1 [m, f + 1]."""
        chosen = self.dataset.splits[part]
        order = chosen[np.argsort(self.dataset.starts[chosen], kind="stable")]
        first = 0
        while first < len(order):
            starts = self.dataset.starts[order[first:]]
            count = int(np.searchsorted(starts, starts[0] + SPAN))
            yield order[first : first + count], self._features_at(starts[:count])
            first += count

    def _features_at(self, starts: Int64) -> Float32:
        """float32 [m, f + 1] of windows that lie close together."""
        begin, length = starts[0], self.dataset.length
        span = self.dataset.samples[begin : starts[-1] + length]
        samples = self._scaled(span)[np.newaxis]  # [1, N, C]
        parts = [np.ones((len(starts), 1))]
        for dilation in reversed(self.dilations):
            responses = np.asarray(self._layer(dilation)(samples))[0]  # [N', f]
            sums = np.zeros((len(responses) + 1, responses.shape[1]))
            np.cumsum(responses, axis=0, out=sums[1:], dtype=np.float64)
            columns = length - (ROCKET_TAPS - 1) * dilation
            ends = starts - begin + columns
            parts.insert(0, (sums[ends] - sums[ends - columns]) / columns)
        return np.concatenate(parts, axis=1).astype(np.float32)

    def set_parts(self, layer_name: Callable[[int], str], weights: Float64, means: Float64) -> None:
        """Set the layers that weigh the kernels, one for each dilation, so that int8 loses little.

        Weights are rounded as int8 will, and the biases make up for what that does to the mean
        result. The part of each dilation is 0 at the mean features, so that its range is small.

        Args:
            layer_name: the name of the layer of a dilation.
            weights: float64 [f + 1, n], the last row the bias.
            means: float64 [f], of the features.
        """
        count = len(self.dilations)
        parts = zip(np.split(weights[:-1], count), np.split(means, count), strict=True)
        bias = weights[-1] + means @ weights[:-1]
        for dilation, (part, mean) in zip(self.dilations, parts, strict=True):
            steps = np.maximum(np.abs(part).max(axis=0), SMALLEST_STEP) / 127  # [n]
            rounded = np.rint(part / steps) * steps
            layer = self.model.get_layer(layer_name(dilation))
            layer.set_weights([rounded.astype(np.float32), bias - mean @ rounded])
            bias = np.zeros_like(bias)


def _convolved(windows: Float32, kernels: Float32, dilation: int) -> Float32:
    """float32 [m, T', n] of windows [m, T, C]."""
    import tensorflow as tf

    convolved: Float32 = tf.nn.convolution(windows, kernels, dilations=[dilation]).numpy()
    return convolved


def _random_kernels(channels: int, count: int, levels: int, random: Random) -> Float32:
    """Kernels float32 [taps, channels, count], each of some channels.

    The first `levels` sum up their taps: they see which way is down. Each other one is one of the
    84 ways to weigh three taps by 2 and the others by -1. As int8 allows no 63.5, three of these
    are -63 and three -64 where a 2 is 127: so they add up to 0, and a constant sample has no
    effect.
    """
    positive = list(combinations(range(ROCKET_TAPS), 3))
    order = [places for _ in range(-(-count // 84)) for places in random.permutation(positive)]
    kernels = np.zeros((ROCKET_TAPS, channels, count), np.float32)
    for number in range(count):
        taps = np.full(ROCKET_TAPS, 63.5 if number < levels else 127, np.float32)
        if number >= levels:
            taps[np.setdiff1d(range(ROCKET_TAPS), order[number])] = (-63, -64) * 3
        used = int(2 ** random.uniform(0, np.log2(min(3, channels) + 1)))
        kernels[:, random.choice(channels, used, replace=False), number] = taps[:, np.newaxis]
    return kernels / np.float32(63.5)


def _quantiles(responses: Float32, random: Random) -> Float64:
    """A quantile of each kernel's responses [n, T', f] in a window drawn for it: float64 [f]."""
    count = responses.shape[2]
    levels = np.arange(1, count + 1) * GOLDEN % 1
    rows: Int64 = random.integers(len(responses), size=(count,))
    drawn = [np.quantile(responses[rows[k], :, k], levels[k]) for k in range(count)]
    return np.array(drawn)
