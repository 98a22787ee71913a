"""MiniRocket: for many convolutions of a window, the share of outputs above a bias.

Dempster, Schmidt, Webb, "MiniRocket: A Very Fast (Almost) Deterministic Transform for Time Series
Classification", KDD 2021 (arXiv 2012.08791). Where there are several channels, a kernel sees a
random choice of them, as in the multivariate version by the same authors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32

TAPS = 9
KERNELS = np.array(  # float32 [84, 9]: every way to have the weight 2 three times among -1
    [np.isin(range(TAPS), twos) * 3.0 - 1.0 for twos in itertools.combinations(range(TAPS), 3)],
    np.float32,
)
FEATURES = 10_000  # the paper's; rounded down to whole kernels
MOST_DILATIONS = 32
GOLDEN = (5**0.5 + 1) / 2  # quantiles at its multiples are spread evenly
AT_ONCE = 64  # windows whose convolutions fit into a cache


@dataclass(frozen=True)
class Layer:
    """All kernels with one dilation.

    Args:
        dilation: samples between two taps.
        weights: float32 [84, 9 * channels]; zero for a channel that the kernel does not see.
        biases: float32 [84, m].
        padded: bool [84], whether outputs count where a kernel looks beyond the window.
    """

    dilation: int
    weights: Float32
    biases: Float32
    padded: NDArray[np.bool_]

    def shares(self, windows: Float32) -> Float32:
        """The share of outputs above each bias: float32 [n, 84 * m]."""
        outputs = _convolved(windows, self.dilation, self.weights)
        shares = np.empty((len(windows), *self.biases.shape), np.float32)
        for padded in (True, False):
            kernels = self.padded == padded
            counted = outputs[:, kernels, _counted(outputs.shape[2], self.dilation, padded)]
            for place, biases in enumerate(self.biases[kernels].T):
                shares[:, kernels, place] = (counted > biases[:, None]).mean(axis=2)
        return shares.reshape(len(windows), -1)


@dataclass(frozen=True)
class MiniRocket:
    """The transform, fitted to windows of one length."""

    layers: tuple[Layer, ...]

    def transform(self, windows: Float32) -> Float32:
        """[n, T, channels] to float32 [n, features]."""
        parts = np.split(windows, range(AT_ONCE, len(windows), AT_ONCE))
        return np.concatenate(
            [np.concatenate([layer.shares(part) for layer in self.layers], 1) for part in parts]
        )


def fit_minirocket(windows: Float32, features: int, seed: int) -> MiniRocket:
    """Choose dilations by the length of windows, and biases by their convolutions.

    Args:
        windows: float32 [n, T, channels]; T is at least 9.
        features: about as many as there will be.
        seed: of the channels of each kernel, and of the windows that biases are from.
    """
    random = np.random.default_rng(seed)
    return MiniRocket(tuple(_layers(windows, features // len(KERNELS), random)))


def _layers(windows: Float32, each: int, random: Generator) -> Iterator[Layer]:
    """each: features of a kernel, over all dilations."""
    dilations, counts = _dilations(windows.shape[1], each)
    quantiles = np.arange(1, each + 1) * GOLDEN % 1
    ends = np.cumsum(counts)
    for number, (dilation, end, count) in enumerate(zip(dilations, ends, counts, strict=True)):
        weights = _weights(windows.shape[2], random)
        padded = (np.arange(len(KERNELS)) + number) % 2 == 0
        one_each = windows[random.integers(len(windows), size=len(KERNELS))]
        outputs = np.einsum("kkt->kt", _convolved(one_each, dilation, weights))
        biases = np.empty((len(KERNELS), count), np.float32)
        for pad in (True, False):
            counted = outputs[padded == pad, _counted(outputs.shape[1], dilation, pad)]
            biases[padded == pad] = np.quantile(counted, quantiles[end - count : end], axis=1).T
        yield Layer(dilation, weights, biases, padded)


def _dilations(length: int, each: int) -> tuple[list[int], list[int]]:
    """Dilations, exponential up to the whole window, and the features of a kernel for each."""
    most = min(each, MOST_DILATIONS)
    exponents = np.linspace(0, np.log2((length - 1) / (TAPS - 1)), most)
    dilations, times = np.unique((2**exponents).astype(int), return_counts=True)
    counts = times * each // most
    counts[: each - counts.sum()] += 1  # the first ones have what is left over
    return dilations.tolist(), counts.tolist()


def _weights(channels: int, random: Generator) -> Float32:
    """Each kernel sees some channels; few more often than many."""
    weights = np.zeros((len(KERNELS), TAPS, channels), np.float32)
    counts = (2 ** random.uniform(0, np.log2(channels + 1), len(KERNELS))).astype(int)
    for kernel, count in enumerate(counts):
        seen = random.choice(channels, count, replace=False)
        weights[kernel, :, seen] = KERNELS[kernel]
    return weights.reshape(len(KERNELS), -1)


def _convolved(windows: Float32, dilation: int, weights: Float32) -> Float32:
    """[n, T, channels] to [n, 84, T]; beyond a window all is zero."""
    length, beyond = windows.shape[1], dilation * (TAPS // 2)
    wide = np.pad(windows, ((0, 0), (beyond, beyond), (0, 0)))
    taps = [wide[:, tap * dilation : tap * dilation + length] for tap in range(TAPS)]
    seen = np.concatenate(taps, axis=2)  # [n, T, 9 * channels]
    outputs: Float32 = weights @ seen.transpose(0, 2, 1)
    return outputs


def _counted(length: int, dilation: int, padded: bool) -> slice:
    beyond = dilation * (TAPS // 2)
    return slice(None) if padded else slice(beyond, length - beyond)
