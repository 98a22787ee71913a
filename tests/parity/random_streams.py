"""Random networks that stream: kernels, strides, dilations, pools, channels, heads and hops.

The layers are drawn first; the window is the one of which none of them leaves anything over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.parity.graphs import GraphBuilder, options
from tests.parity.random_operators import ACTIVATIONS, RandomGraph

LONGEST_STRIDE = 12  # of all layers together
LARGEST_FUNCTION_SCALE = 8  # of the input of LOGISTIC and TANH; from 16 on they are refused


@dataclass(frozen=True)
class StreamNetwork:
    flatbuffer: bytes
    window: int
    hop: int


@dataclass(frozen=True)
class Filter:
    """One that moves over time: which layer it is, and its window."""

    kind: str
    kernel: int
    stride: int = 1
    dilation: int = 1

    @property
    def reach(self) -> int:
        return (self.kernel - 1) * self.dilation + 1


class RandomStream(RandomGraph):
    """`width`: positions beside each other at each time, 1 for most; then time is the width of
    the converter's images, else their height."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.graph = GraphBuilder()
        self.filters = self._draw()
        self.width = self.pick(1, 1, 1, 3)
        self.upright = self.width > 1 or self.pick(False, False, True)
        stride = math.prod(item.stride for item in self.filters)
        length = int(self.random.integers(2, 20))
        for item in reversed(self.filters):
            length = (length - 1) * item.stride + item.reach
        self.window = length
        self.hop = stride * int(self.random.integers(1, max(2, min(5, length // stride))))
        self.source = self.last = self.new(
            self.shape_of(length, int(self.random.integers(1, 10))), self.log_uniform(1e-3, 0.3)
        )

    def _draw(self) -> list[Filter]:
        filters = [self._filter("conv")]
        for _ in range(self.random.integers(0, 4)):
            drawn = self._filter(self.pick("conv", "conv", "pool", "pool", "depthwise"))
            if drawn.stride * math.prod(item.stride for item in filters) <= LONGEST_STRIDE:
                filters.append(drawn)
        return filters

    def _filter(self, kind: str) -> Filter:
        kernel = int(self.random.integers(1, 8 if kind == "conv" else 5))
        if kind == "pool":
            return Filter(kind, kernel, self.pick(kernel, int(self.random.integers(1, kernel + 1))))
        if self.pick(True, False, False):
            return Filter(kind, kernel, 1, int(self.random.integers(1, 5)))
        return Filter(kind, kernel, int(self.random.integers(1, min(3, kernel) + 1)))

    def shape_of(self, length: int, channels: int):
        if self.upright:
            return (1, length, self.width, channels)
        return (1, 1, length, channels)

    @property
    def length(self) -> int:
        return self.shape()[1 if self.upright else 2]

    def along(self, time: int, beside: int = 1):
        """Height and width."""
        return (time, beside) if self.upright else (beside, time)

    def _moved(self, item: Filter, channels: int, beside: int = 1):
        self.width -= beside - 1
        return self.shape_of((self.length - item.reach) // item.stride + 1, channels)

    def conv(self, item: Filter) -> None:
        beside = self.pick(1, min(2, self.width))
        kernel = self.along(item.kernel, beside)
        filters = int(self.pick(4, 8, 12, self.random.integers(1, 10)))
        shape = (filters, *kernel, self.shape()[3])
        tensors, scale = self.weights(shape, filters, 0, math.prod(shape[1:]))
        rectified = self.pick(True, False)
        output = self.new(self._moved(item, filters, beside), scale, -128 if rectified else None)
        activation = 1 if rectified else self.pick(*ACTIVATIONS)
        self.add_operator(
            "CONV_2D", tensors, output, self._table("Conv2DOptions", item, activation)
        )

    def depthwise(self, item: Filter) -> None:
        filters = self.shape()[3] * self.pick(1, 2)
        kernel = self.along(item.kernel)
        tensors, scale = self.weights((1, *kernel, filters), filters, 3, math.prod(kernel))
        table = self._table("DepthwiseConv2DOptions", item, self.pick(*ACTIVATIONS))
        table.depthMultiplier = filters // self.shape()[3]
        output = self.new(self._moved(item, filters), scale)
        self.add_operator("DEPTHWISE_CONV_2D", tensors, output, table)

    def pool(self, item: Filter) -> None:
        height, width = self.along(item.kernel)
        steps = self.along(item.stride)
        size = {"filterHeight": height, "filterWidth": width}
        strides = {"strideH": steps[0], "strideW": steps[1]}
        table = options("Pool2DOptions", padding=1, **size, **strides)
        zero_point = self.graph.zero_point(self.last)
        output = self.new(self._moved(item, self.shape()[3]), zero_point=zero_point)
        self.add_operator(self.pick("MAX_POOL_2D", "AVERAGE_POOL_2D"), [], output, table)

    def _table(self, kind: str, item: Filter, activation: int):
        strides, dilations = self.along(item.stride), self.along(item.dilation)
        return options(
            kind,
            padding=1,
            strideH=strides[0],
            strideW=strides[1],
            dilationHFactor=dilations[0],
            dilationWFactor=dilations[1],
            fusedActivationFunction=activation,
        )

    def function(self) -> None:
        if self.graph.scale(self.last) < LARGEST_FUNCTION_SCALE:
            super().function()

    def per_column(self) -> None:
        """A dense layer for each position in time."""
        shape = self.shape()
        inputs = self.width * shape[3]
        self.view((1, self.length, inputs) if self.pick(True, False) else (self.length, inputs))
        outputs = int(self.random.integers(1, 9))
        tensors, scale = self.weights((outputs, inputs), outputs, 0, inputs)
        output = self.new((*self.shape()[:-1], outputs), scale)
        table = options("FullyConnectedOptions", fusedActivationFunction=self.pick(*ACTIVATIONS))
        self.add_operator("FULLY_CONNECTED", tensors, output, table)
        length = shape[1 if self.upright else 2]
        self.width = 1
        self.view(self.shape_of(length, outputs))

    def head(self) -> None:
        kind = self.pick("mean", "mean", "mean", "flat", "flat", "mean of all")
        if kind == "mean":
            self.mean((1,) if self.upright else (2,))
        elif kind == "mean of all":
            self.mean((1, 2))
        self.dense_over_all()
        if self.pick(True, False):
            self.softmax()

    def dense_over_all(self) -> None:
        inputs = math.prod(self.shape())
        self.view((1, inputs))
        outputs = int(self.random.integers(1, 7))
        tensors, scale = self.weights((outputs, inputs), outputs, 0, inputs)
        self.add_operator(
            "FULLY_CONNECTED",
            tensors,
            self.new((1, outputs), scale),
            options("FullyConnectedOptions"),
        )

    def grow(self) -> None:
        for item in self.filters:
            {"conv": self.conv, "depthwise": self.depthwise, "pool": self.pool}[item.kind](item)
            self.pick(*(lambda: None,) * 6, self.function, self.add, self.per_column)()
        self.head()


def random_stream(seed: int) -> StreamNetwork:
    built = RandomStream(seed)
    built.grow()
    return StreamNetwork(built.graph.finish(built.source, built.last), built.window, built.hop)


def stream_for(network: StreamNetwork, channels: int, windows: int, seed: int = 1) -> np.ndarray:
    """int8 [samples, channels]: louder and quieter noise, and stretches at the extremes. The last
    `windows` windows, a hop apart, end with a hop; what is before the first is no whole hop."""
    samples = network.window + network.hop * (windows - 1)
    samples += -samples % network.hop
    random = np.random.default_rng(seed)
    loudness = random.uniform(0.5, 128, (samples // 16 + 1, 1)).repeat(16, axis=0)[:samples]
    values = np.clip(np.rint(random.normal(0, loudness, (samples, channels))), -128, 127)
    middle = samples // 2
    values[middle : middle + network.window] = random.choice(
        [-128, 127], (network.window, channels)
    )[: samples - middle]
    values[-network.window // 2 :] = random.choice([-128, 127])
    return values.astype(np.int8)
