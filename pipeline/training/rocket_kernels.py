"""The kernels of a rocket network: which ones are drawn, and what they make of a dataset.

The kernels are those of MiniRocket (Dempster et al., arXiv:2012.08791), with a ramp in place of its
step. Several times as many are drawn as are used, and those are kept that weigh most in a first
ridge regression, as in Detach-ROCKET (Uribarri et al., arXiv:2309.14518), in one step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from pipeline.core.artifacts import Float32, Float64, Int64, SequenceDataset
from pipeline.core.contract import Scaling
from pipeline.training.models import (
    ROCKET_FULL,
    ROCKET_TAPS,
    kernel_layer_name,
    score_layer_name,
)
from pipeline.training.training_data import scale

RAMP = 0.5  # of a scaled sample, from no response to a full one
GOLDEN = (5**0.5 - 1) / 2  # its multiples, modulo 1, lie evenly in any number
CANDIDATES = 4  # kernels drawn for each that is used
BIAS_WINDOWS = 64  # windows whose quantiles become biases
CHOOSING_WINDOWS = 100  # of each label, by which kernels are chosen
BATCH = 64  # windows whose responses are in memory at a time
SPAN = 2**14  # samples whose responses are in memory at a time
USUAL_PENALTY = 0.1  # of a ridge regression, as a share of the number of windows
SMALLEST_STD = 1e-3 * ROCKET_FULL

Random = np.random.Generator


@dataclass(frozen=True)
class KernelBank:
    """The kernels of a model, and what they make of a dataset."""

    model: Any
    dilations: tuple[int, ...]
    dataset: SequenceDataset
    scaling: Scaling

    def draw(self, random: Random) -> None:
        """Set the random kernels with the most weight in a ridge regression on training windows.

        Their biases are quantiles of what they give in training windows.
        """
        windows = self._scaled(self._examples(BIAS_WINDOWS // len(self.dataset.labels), random))
        indices = self._examples(CHOOSING_WINDOWS, random)
        labelled = self._scaled(indices)
        drawn = [self._drawn(dilation, windows, random) for dilation in self.dilations]
        features = np.concatenate([one.features(labelled) for one in drawn], axis=1)
        weights = _weights(
            features, np.eye(len(self.dataset.labels))[self.dataset.targets[indices]]
        )
        each = np.split(weights, len(drawn))
        for candidates, own in zip(drawn, each, strict=True):
            layer = self._layer(candidates.dilation)
            kept = np.sort(np.argsort(-own, kind="stable")[: layer.filters])
            layer.set_weights([candidates.kernels[..., kept], candidates.biases[kept]])

    def _drawn(self, dilation: int, windows: Float32, random: Random) -> _Candidates:
        _, channels, count = self._layer(dilation).kernel.shape
        kernels = _random_kernels(channels, CANDIDATES * count, random)
        gain = np.float32(ROCKET_FULL / RAMP)
        biases = ROCKET_FULL / 2 - gain * _quantiles(_convolved(windows, kernels, dilation), random)
        return _Candidates(dilation, gain * kernels, biases.astype(np.float32))

    def _scaled(self, indices: Int64) -> Float32:
        return scale(self.dataset.sequences(indices), self.scaling)

    def _examples(self, each: int, random: Random) -> Int64:
        """At most so many training windows of each label."""
        chosen = self.dataset.splits["train"]
        targets = self.dataset.targets[chosen]
        of_label = [chosen[targets == label] for label in np.unique(targets)]
        return np.concatenate([random.permutation(rows)[: max(1, each)] for rows in of_label])

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
        samples = scale(span, self.scaling)[np.newaxis]  # [1, N, C]
        parts = [np.ones((len(starts), 1))]
        for dilation in reversed(self.dilations):
            responses = np.asarray(self._layer(dilation)(samples))[0]  # [N', f]
            sums = np.zeros((len(responses) + 1, responses.shape[1]))
            np.cumsum(responses, axis=0, out=sums[1:], dtype=np.float64)
            columns = length - (ROCKET_TAPS - 1) * dilation
            ends = starts - begin + columns
            parts.insert(0, (sums[ends] - sums[ends - columns]) / columns)
        return np.concatenate(parts, axis=1).astype(np.float32)

    def set_scores(self, weights: Float64) -> None:
        """Set the layers of the scores: weights [f + 1, K], the last row their bias."""
        parts = np.split(weights[:-1].astype(np.float32), len(self.dilations))
        for number, (dilation, part) in enumerate(zip(self.dilations, parts, strict=True)):
            bias = [weights[-1].astype(np.float32)] if number == 0 else []
            self.model.get_layer(score_layer_name(dilation)).set_weights([part, *bias])


@dataclass(frozen=True)
class _Candidates:
    """Kernels float32 [taps, C, n] of a dilation, and their biases float32 [n]."""

    dilation: int
    kernels: Float32
    biases: Float32

    def features(self, windows: Float32) -> Float32:
        """The mean response of each kernel in each window: float32 [m, n]."""
        parts = [
            np.clip(_convolved(part, self.kernels, self.dilation) + self.biases, 0, ROCKET_FULL)
            for part in np.array_split(windows, -(-len(windows) // BATCH))
        ]
        return np.concatenate([part.mean(axis=1) for part in parts])


def _convolved(windows: Float32, kernels: Float32, dilation: int) -> Float32:
    """float32 [m, T', n] of windows [m, T, C]."""
    import tensorflow as tf

    convolved: Float32 = tf.nn.convolution(windows, kernels, dilations=[dilation]).numpy()
    return convolved


def _weights(features: Float32, targets: Float64) -> Float64:
    """How much each feature counts in a ridge regression: float64 [f].

    Its dual form, because there are more features [m, f] than windows.
    """
    import tensorflow as tf

    x = features.astype(np.float64)
    x = (x - x.mean(axis=0)) / (x.std(axis=0) + SMALLEST_STD)
    system = tf.matmul(x, x, transpose_b=True) + USUAL_PENALTY * len(x) * np.eye(len(x))
    duals = tf.linalg.cholesky_solve(tf.linalg.cholesky(system), targets - targets.mean(axis=0))
    slopes = np.asarray(tf.matmul(x, duals, transpose_a=True))  # [f, K]
    weights: Float64 = np.square(slopes).sum(axis=1)
    return weights


def _random_kernels(channels: int, count: int, random: Random) -> Float32:
    """Kernels float32 [taps, channels, count], each of some channels.

    Each is one of the 84 ways to weigh three taps by 2 and the others by -1. As int8 allows no
    63.5, three of these are -63 and three -64 where a 2 is 127: so they add up to 0, and a constant
    sample has no effect.
    """
    positive = list(combinations(range(ROCKET_TAPS), 3))
    order = [places for _ in range(-(-count // 84)) for places in random.permutation(positive)]
    kernels = np.zeros((ROCKET_TAPS, channels, count), np.float32)
    for number in range(count):
        taps = np.full(ROCKET_TAPS, 127, np.float32)
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
