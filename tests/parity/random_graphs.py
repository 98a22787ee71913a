"""Random networks: any chain of operators, those of gestures, those of pictures, depthwise ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from tests.parity.graphs import GraphBuilder, padded_length
from tests.parity.random_operators import RandomGraph

Seeds: TypeAlias = Mapping[Callable[[int], bytes], Sequence[int]]  # of each kind of network


class RandomSequence(RandomGraph):
    """What gesture networks are made of, so that every path of their kernels is reached: lines,
    convolutions with ReLU and a pool of two, a mean, dense layers."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.graph = GraphBuilder()
        shape = (1, 1, int(self.random.integers(9, 60)), int(self.random.integers(1, 10)))
        self.source = self.last = self.new(shape, self.log_uniform(1e-3, 0.3))

    def kernel(self):
        return 1, int(self.random.integers(1, min(6, self.shape()[2]) + 1))

    def rectified(self) -> None:
        """As the converter makes it: the output's zero point is -128."""
        self.conv_2d(4 * int(self.random.integers(1, 4)), -128, 1)
        if self.pick(True, True, False) and self.shape()[2] > 1:
            self.pool(plain=True, kernel=(1, 2))

    def grow(self) -> None:
        for _ in range(self.pick(1, 2, 2, 3)):
            self.pick(self.rectified, self.rectified, self.gesture)()
        if self.pick(True, False):
            self.mean((1, 2))
        for _ in range(self.pick(0, 1, 2)):
            self.fully_connected()


class RandomPicture(RandomGraph):
    """Filters over two axes with ReLU and pools over both, on narrow pictures and on wider ones,
    and depthwise convolutions of many channels."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.graph = GraphBuilder()
        height, width = int(self.random.integers(4, 18)), int(self.random.integers(2, 7))
        shape = (1, height, width, int(self.random.integers(1, 9)))
        self.source = self.last = self.new(shape, self.log_uniform(1e-3, 0.3))

    def kernel(self):
        height, width = self.shape()[1:3]
        widest = self.pick(width, width, int(self.random.integers(1, width + 1)))
        return int(self.random.integers(1, min(4, height) + 1)), widest

    def rectified(self) -> None:
        self.conv_2d(self.pick(4, 8, 3), -128, 1)
        height, width = self.shape()[1:3]
        if self.pick(True, True, False):
            columns = self.pick(1, width, max(width // 2, 1))
            self.pool(plain=True, kernel=(min(self.pick(1, 2, 3), height), columns))

    def grow(self) -> None:
        for _ in range(self.pick(1, 2)):
            self.pick(self.rectified, self.rectified, self.depthwise, self.gesture)()
        if self.pick(True, False):
            self.mean((1, 2))


class RandomDepthwise(RandomGraph):
    """Depthwise convolutions, most of usual filters, on pictures of every size."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.graph = GraphBuilder()
        height, width = (int(self.pick(1, 2, 3, self.random.integers(4, 40))) for _ in range(2))
        channels = int(self.pick(4, 8, self.random.integers(1, 14)))
        shape = (1, height, width, channels)
        self.source = self.last = self.new(shape, self.log_uniform(1e-3, 0.3))

    def kernel(self):
        line = int(self.random.integers(1, 10))
        square = int(self.random.integers(1, 6))
        return self.pick((3, 3), (3, 3), (3, 3), (square, square), (1, line), (line, 1))

    def window_fields(self, kernel, longest_stride=3):
        """Dilations are rare; filters may be larger than the picture."""
        strides, dilations, same, result = super().window_fields(kernel, longest_stride)
        return (strides, dilations, same, result) if self.pick(0, 1) else self.near(kernel)

    def near(self, kernel):
        """Strides of one or two, without dilation."""
        strides, height_width = [int(self.pick(1, 1, 2)) for _ in range(2)], self.shape()[1:3]
        same = any(size > length for size, length in zip(kernel, height_width, strict=True))
        same = same or self.pick(True, True, False)
        result = [
            padded_length(length, size, stride, 1, same)
            for length, size, stride in zip(height_width, kernel, strides, strict=True)
        ]
        return strides, [1, 1], same, result

    def grow(self) -> None:
        for _ in range(self.pick(1, 2)):
            self.depthwise()


def random_depthwise(seed: int) -> bytes:
    built = RandomDepthwise(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)


class RandomPadded(RandomGraph):
    """PAD before filters and pools, which can do most of it by themselves."""

    def pad(self) -> None:
        amounts = self.random.integers(0, 4, (4, 2)).astype(np.int32)
        amounts[0] = 0
        amounts[3] *= self.pick(0, 0, 0, 1)
        pairs = zip(self.shape(), amounts.sum(axis=1), strict=True)
        zero_point = self.pick(-128, self.zero_point())
        output = self.new([size + int(more) for size, more in pairs], zero_point=zero_point)
        self.add_operator("PAD", [self.graph.constant(self.name(), amounts)], output)

    def as_line(self) -> None:
        """The same PAD on three axes, seen as four, as Keras writes it."""
        height, width, channels = self.shape()[1:]
        self.view((1, height * width, channels))
        amounts = np.zeros((3, 2), np.int32)
        amounts[1] = self.random.integers(0, 5, 2)
        output = self.new((1, height * width + int(amounts.sum()), channels))
        self.add_operator("PAD", [self.graph.constant(self.name(), amounts)], output)
        self.view((1, 1, *self.shape()[1:]))

    def grow(self) -> None:
        for _ in range(self.pick(1, 2)):
            self.pick(self.pad, self.pad, self.as_line)()
            self.pick(self.conv_2d, self.depthwise, self.pool)()


def random_padded(seed: int) -> bytes:
    built = RandomPadded(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)


def random_sequence(seed: int) -> bytes:
    built = RandomSequence(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)


def random_picture(seed: int) -> bytes:
    built = RandomPicture(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)


def random_network(seed: int) -> bytes:
    built = RandomGraph(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)


def drawn(usual: Seeds, compact: Seeds) -> list[tuple[bytes, bool]]:
    """Flatbuffers, and whether they are to be compact."""
    return [
        (build(seed), is_compact)
        for kinds, is_compact in ((usual, False), (compact, True))
        for build, seeds in kinds.items()
        for seed in seeds
    ]
