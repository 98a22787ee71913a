"""Random networks of the shapes that models for microcontrollers have, to fit costs to.

Each is a chain of a family: pictures (depthwise and pointwise layers, or residual blocks), sounds,
tall inputs of one column, gestures with pools, dense layers, an LSTM, one position at a time, as
streaming models have it, and filters whose weights fill their range.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.parity.graphs import options, padded_length
from tests.parity.random_foreign import RandomForeign

RELU, RELU6, NONE = 1, 3, 0
WIDTHS = (8, 10, 16, 24, 32, 40, 64, 96, 128, 192, 256)
MOST_MACS = 4_000_000  # of a layer
MOST_BYTES = 60_000  # of its output
MOST_WEIGHTS = 150_000  # of a dense layer


class RandomShapes(RandomForeign):
    """The operators of a random graph, in shapes that are asked for."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.window: tuple[int, int] = (1, 1)
        self.stride: tuple[int, int] = (1, 1)
        self.is_same = True
        self.least_weight = -127

    def start(self, *shape: int) -> None:
        """A new graph whose input has this shape."""
        self.source = self.last = self.new((1, *shape), 0.02, -128)

    def number(self, low: int, high: int) -> int:
        """One of low to high, each size as likely as its half."""
        return round(self.log_uniform(low - 0.49, high + 0.49))

    def zero_point(self) -> int:
        return int(self.pick(-128, -128, -128, int(self.random.integers(-90, 60))))

    def kernel(self) -> tuple[int, int]:
        return self.window

    def window_fields(self, kernel, _longest_stride=3):
        result = [
            padded_length(length, size, stride, 1, self.is_same)
            for length, size, stride in zip(self.shape()[1:3], kernel, self.stride, strict=True)
        ]
        return list(self.stride), [1, 1], self.is_same, result

    def weights(self, shape, filters, axis, taps):
        """Per filter or per tensor, filling the output's range."""
        scales = [0.004 * self.log_uniform(0.5, 2) for _ in range(filters)]
        scales = [float(np.float32(scale)) for scale in scales] if self.pick(1, 1, 0) else [0.004]
        values = self.random.integers(self.least_weight, 128, shape).astype(np.int8)
        bias = self.random.integers(-4000, 4000, filters).astype(np.int32)
        source = self.graph.scale(self.last)
        tensors = [
            self.graph.constant(self.name(), values, scales, axis),
            self.graph.constant(self.name(), bias, [source * scale for scale in scales]),
        ]
        return tensors, float(np.float32(source * 0.004 * 130 * math.sqrt(taps)))

    def convolve(self, filters, window=(1, 1), stride=(1, 1), same=True) -> None:
        """With fewer filters where it would take too long."""
        self.window, self.stride, self.is_same = window, stride, same
        positions = math.prod(self.window_fields(window)[3])
        most = MOST_MACS // (positions * math.prod(window) * self.shape()[3])
        filters = max(4, min(filters, most, MOST_BYTES // positions))
        self.conv_2d(filters, *self.activation())

    def activation(self) -> tuple[int, int]:
        """Zero point of the output, and what is fused."""
        kind = self.pick(RELU, RELU, RELU6, NONE)
        return (self.zero_point() if kind == NONE else -128), kind

    def depthwise_of(self, window, stride=(1, 1), same=True, multiplier=1) -> None:
        """One filter, or some, a channel."""
        self.window, self.stride, self.is_same = window, stride, same
        filters = self.shape()[3] * multiplier
        strides, _, _, result = self.window_fields(window)
        zero_point, activation = self.activation()
        tensors, scale = self.weights((1, *window, filters), filters, 3, math.prod(window))
        table = options(
            "DepthwiseConv2DOptions",
            padding=0 if same else 1,
            strideH=strides[0],
            strideW=strides[1],
            dilationHFactor=1,
            dilationWFactor=1,
            depthMultiplier=multiplier,
            fusedActivationFunction=activation,
        )
        output = self.new((1, *result, filters), scale, zero_point)
        self.add_operator("DEPTHWISE_CONV_2D", tensors, output, table)

    def connect(self, outputs: int) -> None:
        """A dense layer over all there is."""
        inputs = math.prod(self.shape())
        outputs = min(outputs, max(1, MOST_WEIGHTS // inputs))
        self.view((1, inputs))
        tensors, scale = self.weights((outputs, inputs), outputs, 0, inputs)
        zero_point, activation = self.activation()
        table = options("FullyConnectedOptions", fusedActivationFunction=activation)
        output = self.new((1, outputs), scale, zero_point)
        self.add_operator("FULLY_CONNECTED", tensors, output, table)
        self.view((1, 1, 1, outputs))

    def end(self, classes: int) -> None:
        """A head for a classifier."""
        self.connect(classes)
        self.softmax()

    def pool_all(self) -> None:
        """The average, as an operator of its own or as MEAN."""
        if self.pick(True, True, False):
            self.average(self.shape()[1:3])
        else:
            self.mean((1, 2))

    def largest(self, window) -> None:
        """MAX_POOL_2D."""
        self.pool_of("MAX_POOL_2D", window)

    def average(self, window) -> None:
        """AVERAGE_POOL_2D."""
        self.pool_of("AVERAGE_POOL_2D", window)

    def pool_of(self, name, window) -> None:
        """Of windows that do not overlap."""
        height, width = (n // k for n, k in zip(self.shape()[1:3], window, strict=True))
        table = options(
            "Pool2DOptions",
            padding=1,
            strideH=window[0],
            strideW=window[1],
            filterHeight=window[0],
            filterWidth=window[1],
        )
        same = self.graph.zero_point(self.last)
        output = self.new((1, height, width, self.shape()[3]), zero_point=same)
        self.add_operator(name, [], output, table)

    def add_branch(self, first: int) -> None:
        """ADD with an activation of before, of the same shape."""
        output = self.new(self.shape(), self.graph.scale(self.last) * self.log_uniform(0.7, 2))
        table = options("AddOptions", fusedActivationFunction=self.activation()[1])
        self.last = self.graph.operator("ADD", [first, self.last], output, table)

    def pad_one(self) -> None:
        """As Keras pads before a stride of two."""
        amounts = self.graph.constant(
            self.name(), np.array([[0, 0], [0, 1], [0, 1], [0, 0]], np.int32)
        )
        height, width, channels = self.shape()[1:]
        same = self.graph.zero_point(self.last)
        output = self.new((1, height + 1, width + 1, channels), zero_point=same)
        self.add_operator("PAD", [amounts], output)

    def mobile(self) -> None:
        """First layer, then depthwise and pointwise ones."""
        side = self.number(16, 64)
        self.start(side, self.pick(side, side, self.number(8, 48)), int(self.pick(1, 3, 3)))
        stride = int(self.pick(1, 2, 2))
        self.convolve(int(self.pick(8, 16, 24)), (3, 3), (stride, stride), bool(self.pick(1, 1, 0)))
        for _ in range(4):
            stride = int(self.pick(1, 1, 2)) if min(self.shape()[1:3]) > 3 else 1
            if stride == 2 and self.pick(True, False):
                self.pad_one()
                self.depthwise_of((3, 3), (2, 2), same=False)
            else:
                self.depthwise_of(self.pick((3, 3), (3, 3), (3, 3), (5, 5)), (stride, stride))
            self.convolve(int(self.pick(*WIDTHS)))
        self.pool_all()
        self.end(self.number(2, 20))

    def residual(self) -> None:
        """Convolutions over all channels, with additions."""
        side = self.number(6, 32)
        self.start(side, side, int(self.pick(1, 3, 3, 8)))
        self.convolve(int(self.pick(8, 16, 32)), (3, 3))
        for _ in range(2):
            first = self.last
            channels = self.shape()[3]
            self.convolve(channels, (3, 3))
            self.convolve(channels, (3, 3))
            if self.shape() == self.graph.shape(first):
                self.add_branch(first)
            self.convolve(2 * channels, self.pick((3, 3), (1, 1)), (2, 2))
        if min(self.shape()[1:3]) > 3 and self.pick(True, False):
            self.largest((2, 2))
        self.pool_all()
        self.end(self.number(2, 20))

    def sound(self) -> None:
        """Large filters over a spectrogram of one channel."""
        self.start(self.number(20, 64), self.number(8, 40), 1)
        window = (self.number(3, 10), self.number(3, 8))
        stride = (int(self.pick(1, 2)), int(self.pick(1, 2, 2)))
        if self.pick(True, False):
            self.depthwise_of(window, stride, multiplier=int(self.pick(4, 8, 16)))
        else:
            self.convolve(int(self.pick(*WIDTHS[:7])), window, stride)
        if self.pick(True, False):
            for _ in range(2):
                self.depthwise_of((3, 3))
                self.convolve(int(self.pick(*WIDTHS[:8])))
            self.pool_all()
        self.end(self.number(2, 20))

    def tall(self) -> None:
        """One column, or one row."""
        steps, channels = self.number(12, 128), int(self.pick(3, 6, 12, 40, 64))
        is_row = self.pick(True, False, False)
        self.start(*((1, steps) if is_row else (steps, 1)), channels)
        for _ in range(4):
            length = max(self.shape()[1:3])
            taps = min(self.number(3, 20), length)
            window = (1, taps) if is_row else (taps, 1)
            same = bool(self.pick(True, False))
            if self.pick(True, True, False):
                self.depthwise_of(window, same=same)
                self.convolve(int(self.pick(*WIDTHS[:9])))
            else:
                self.convolve(int(self.pick(*WIDTHS[:7])), window, same=same)
        if self.pick(True, False):
            self.pool_all()
        self.end(self.number(2, 20))

    def gesture(self) -> None:
        """Filters along time with pools; of one row, or of few columns."""
        is_row = self.pick(True, True, False)
        self.start(*((1, self.number(24, 256)) if is_row else (self.number(24, 160), 3)), 1)
        if is_row:
            self.start(*self.shape()[1:3], int(self.pick(3, 6, 12)))
        for number in range(int(self.pick(1, 2, 3))):
            height, width = self.shape()[1:3]
            taps = min(self.number(2, 9), max(height, width) // 2)
            self.convolve(
                int(self.pick(*WIDTHS[:7])),
                (1, taps) if is_row else (taps, width if number == 0 else 1),
                same=bool(self.pick(True, False)) and not is_row,
            )
            height, width = self.shape()[1:3]
            if max(height, width) > 6 and self.pick(True, True, False):
                pool = int(self.pick(2, 2, 3))
                self.largest((1, pool) if is_row else (pool, self.pick(1, width)))
        if self.pick(True, False):
            self.mean((1, 2))
        self.end(self.number(2, 10))

    def memory(self) -> None:
        """An LSTM over all steps."""
        self.start(1, self.number(4, 40), self.number(3, 64))
        self.sequence_lstm(self.number(4, 48))
        self.end(self.number(2, 10))

    def dense(self) -> None:
        """Up to 4000 inputs, or one."""
        self.start(1, 1, self.pick(1, self.number(2, 4000), self.number(2, 4000)))
        for _ in range(4):
            self.connect(self.number(4, 256))
        self.end(self.number(1, 40))

    def moment(self) -> None:
        """All is one position, the last of some."""
        self.start(self.number(3, 24), 1, int(self.pick(24, 32, 40, 48, 64)))
        self.depthwise_of((self.shape()[1], 1), same=False)
        for _ in range(4):
            self.convolve(int(self.pick(*WIDTHS)))
        self.end(self.number(1, 8))

    def full(self) -> None:
        """Filters with weights of -128, which not every quantizer avoids."""
        self.least_weight = -128
        side = self.number(6, 16)
        self.start(side, side, int(self.pick(1, 3, 16, 64)))
        for _ in range(3):
            self.convolve(int(self.pick(*WIDTHS[:8])), self.pick((3, 3), (1, 1), (2, 3)))
            if min(self.shape()[1:3]) > 3 and self.pick(True, False, False):
                self.largest((2, 2))
        if self.pick(True, True, False):
            self.mean((1, 2))
        self.end(self.number(2, 20))

    def few_filters(self) -> None:
        """Large ones over few channels, whose rows are whole words."""
        self.start(self.number(12, 50), self.number(10, 40), int(self.pick(1, 1, 2, 3)))
        window = (self.number(4, 10), int(self.pick(4, 8, 8)))
        stride = (int(self.pick(1, 2)), int(self.pick(1, 2, 2)))
        self.convolve(int(self.pick(4, 8)), window, stride, bool(self.pick(1, 1, 0)))
        self.end(self.number(2, 20))


FAMILIES: tuple[Callable[[RandomShapes], None], ...] = (
    RandomShapes.mobile,
    RandomShapes.residual,
    RandomShapes.sound,
    RandomShapes.tall,
    RandomShapes.gesture,
    RandomShapes.dense,
    RandomShapes.moment,
    RandomShapes.memory,
    RandomShapes.full,
)


def random_shapes(seed: int) -> bytes:
    """A .tflite file of a family; the families take turns."""
    network = RandomShapes(seed)
    FAMILIES[seed % len(FAMILIES)](network)
    return network.graph.finish(network.source, network.last)


def random_few_filters(seed: int) -> bytes:
    """A .tflite file of the kind that nn_conv2d_copied is for."""
    network = RandomShapes(seed)
    network.few_filters()
    return network.graph.finish(network.source, network.last)
