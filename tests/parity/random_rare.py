"""Random chains of operators that few models have, but whole kinds of them: dilated convolutions as
TensorFlow writes them, what makes pictures larger, comparisons."""

from __future__ import annotations

import math

import numpy as np

from pipeline.compiler.graph import COMPARISONS
from tests.parity.graphs import options
from tests.parity.random_foreign import RandomForeign
from tests.parity.random_operators import ACTIVATIONS


class RandomRare(RandomForeign):
    """true_batches: whether a batch of several pictures is written as it is, or as 1."""

    def __init__(self, seed: int, true_batches: bool = True) -> None:
        super().__init__(seed)
        self.true_batches = true_batches

    def dilated(self) -> None:
        """Between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, along one axis or both."""
        line = self.pick(True, False)
        if line:
            self.view((1, math.prod(self.shape()[1:3]), self.shape()[3]))
        axes = range(1, 2 if line else 3)
        kernel = [int(self.random.integers(1, 4)) for _ in axes]
        blocks = [int(self.random.integers(1, 4)) for _ in axes]
        sizes = [self.shape()[axis] for axis in axes]
        pads, crops, lengths = [], [], []
        for size, taps, block in zip(sizes, kernel, blocks, strict=True):
            reach = (taps - 1) * block
            before = int(self.pick(reach // 2, 0, reach))
            least = max(reach + 1 - size - before, 0)
            after = least + int(self.pick(0, reach - reach // 2))
            crop = -(size + before + after) % block
            pads.append((before, after + crop))
            crops.append((0, crop))
            lengths.append((size + before + after + crop) // block)
        channels, batch = self.shape()[-1], math.prod(blocks) if self.true_batches else 1
        lists = [self.numbers(*blocks), self.matrix(pads)]
        self.add_operator("SPACE_TO_BATCH_ND", lists, self.same((batch, *lengths, channels)), None)
        if line:
            self.view((batch, 1, lengths[0], channels))
        filters = self.filtered(kernel, lengths, batch)
        results = [length - taps + 1 for length, taps in zip(lengths, kernel, strict=True)]
        if line:
            self.view((batch, results[0], filters))
        whole = [
            result * block - sum(crop)
            for result, block, crop in zip(results, blocks, crops, strict=True)
        ]
        lists = [self.numbers(*blocks), self.matrix(crops)]
        self.add_operator("BATCH_TO_SPACE_ND", lists, self.same((1, *whole, filters)), None)
        if line:
            self.view((1, 1, whole[0], filters))

    def matrix(self, rows) -> int:
        return self.graph.constant(self.name(), np.array(rows, np.int32))

    def filtered(self, kernel, lengths, batch) -> int:
        """A convolution without padding; how many filters it has."""
        channels = self.shape()[3]
        kernel = (1, *kernel) if len(kernel) == 1 else tuple(kernel)
        lengths = (1, *lengths) if len(lengths) == 1 else tuple(lengths)
        depthwise = self.pick(True, False)
        filters = channels if depthwise else int(self.random.integers(1, 7))
        shape = (1, *kernel, filters) if depthwise else (filters, *kernel, channels)
        taps = math.prod(kernel) * (1 if depthwise else channels)
        tensors, scale = self.weights(shape, filters, 3 if depthwise else 0, taps)
        name = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        fields = {"depthMultiplier": 1} if depthwise else {}
        activation = self.pick(*ACTIVATIONS)
        table = options(
            name, padding=1, strideH=1, strideW=1, fusedActivationFunction=activation, **fields
        )
        results = [length - taps + 1 for length, taps in zip(lengths, kernel, strict=True)]
        output = self.new((batch, *results, filters), scale)
        operator = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        self.add_operator(operator, tensors, output, table)
        return filters

    def transposed(self) -> None:
        kernel = tuple(int(n) for n in self.random.integers(1, 5, 2))
        strides = tuple(int(n) for n in self.random.integers(1, 4, 2))
        same, filters = self.pick(True, False), int(self.random.integers(1, 7))
        channels = self.shape()[3]
        result = [
            length * stride if same else (length - 1) * stride + taps + self.rest(stride)
            for length, stride, taps in zip(self.shape()[1:3], strides, kernel, strict=True)
        ]
        shape = (filters, *kernel, channels)
        tensors, scale = self.weights(shape, filters, 0, math.prod(kernel) * channels)
        table = options(
            "TransposeConvOptions",
            padding=0 if same else 1,
            strideH=strides[0],
            strideW=strides[1],
            fusedActivationFunction=self.pick(0, 0, 1),
        )
        sizes = self.numbers(1, *result, filters)
        output = self.new((1, *result, filters), scale)
        inputs = [sizes, tensors[0], self.last, *tensors[1:]]
        self.last = self.graph.operator("TRANSPOSE_CONV", inputs, output, table)

    def rest(self, stride) -> int:
        """Positions after the last that a filter reaches."""
        return int(self.random.integers(0, stride))

    def blocks(self) -> None:
        """DEPTH_TO_SPACE of as many channels as that needs, and SPACE_TO_DEPTH."""
        height, width, channels = self.shape()[1:]
        block = int(self.random.integers(1, 4))
        if channels % block**2:
            self.conv_2d(filters=block**2)
            height, width, channels = self.shape()[1:]
        table = options("DepthToSpaceOptions", blockSize=block)
        output = self.same((1, block * height, block * width, channels // block**2))
        self.add_operator("DEPTH_TO_SPACE", [], output, table)
        divisor = math.gcd(*self.shape()[1:3])
        table = options("SpaceToDepthOptions", blockSize=divisor)
        shape = [size // divisor for size in self.shape()[1:3]]
        output = self.same((1, *shape, self.shape()[3] * divisor**2))
        self.add_operator("SPACE_TO_DEPTH", [], output, table)

    def compare(self) -> None:
        """What is larger, as numbers; with it, one of two values is chosen."""
        first, shape = self.last, self.shape()
        name = str(self.pick(*COMPARISONS))
        scale = self.graph.scale(first) * self.log_uniform(0.5, 2)
        sizes = self.pick(shape, shape[3:], (), (1, shape[1], 1, shape[3]))
        values = self.random.integers(-128, 128, sizes).astype(np.int8)
        other = self.graph.constant(self.name(), values, [scale], zero_points=[self.zero_point()])
        found = self.graph.activation(self.name(), shape, dtype=np.bool_)
        self.graph.operator(name, [first, self.pick(first, other, other)], found)
        if self.pick(True, False):
            real = self.graph.activation(self.name(), shape, dtype=np.float32)
            self.graph.operator("CAST", [found], real, options("CastOptions"))
            self.last = self.graph.operator("QUANTIZE", [real], self.new(shape, 1 / 200))
        else:
            scale, point = self.graph.scale(first), self.graph.zero_point(first)
            values = self.random.integers(-128, 128, self.pick(shape, shape[3:])).astype(np.int8)
            other = self.graph.constant(self.name(), values, [scale], zero_points=[point])
            inputs = [found, *self.pick((first, other), (other, first))]
            self.last = self.graph.operator("SELECT_V2", inputs, self.same(shape))

    def pad_otherwise(self) -> None:
        """With a value of its own, or by mirroring."""
        mirrors, mode = self.pick(True, False), int(self.pick(0, 1))
        most = [0, *(size - 1 + mode for size in self.shape()[1:3]), 0] if mirrors else [0, 2, 2, 2]
        pads = [[int(self.random.integers(0, min(n, 3) + 1)) for _ in range(2)] for n in most]
        shape = [size + sum(pad) for size, pad in zip(self.shape(), pads, strict=True)]
        if mirrors:
            table = options("MirrorPadOptions", mode=mode)
            self.add_operator("MIRROR_PAD", [self.matrix(pads)], self.same(shape), table)
        else:
            value = self.graph.constant(
                self.name(),
                self.random.integers(-128, 128, ()).astype(np.int8),
                [self.graph.scale(self.last)],
                zero_points=[self.graph.zero_point(self.last)],
            )
            self.add_operator("PADV2", [self.matrix(pads), value], self.same(shape))

    def rare_function(self) -> None:
        name = str(self.pick("ABS", "ABS", "ELU"))
        factor = self.pick(1, self.log_uniform(0.3, 3))
        output = self.new(self.shape(), self.graph.scale(self.last) * factor)
        self.add_operator(name, [], output)

    def grow(self) -> None:
        wide = (self.dilated, self.dilated, self.transposed, self.blocks)
        others = (self.compare, self.compare, self.pad_otherwise, self.rare_function)
        for _ in range(self.random.integers(1, 5)):
            self.pick(*wide, *others)()
            if math.prod(self.shape()) > 4000:
                self.pool(kernel=tuple(min(4, size) for size in self.shape()[1:3]), plain=True)
        self.requantize()
        if self.pick(True, False, False):
            self.place()

    def place(self) -> None:
        """Of the largest or smallest: int32, which may become int8."""
        axis = int(self.random.integers(1, 4))
        shape = [size for at, size in enumerate(self.shape()) if at != axis]
        output = self.graph.activation(self.name(), shape, 0.1, 0, np.int32)
        name = str(self.pick("ARG_MAX", "ARG_MIN"))
        axis = self.numbers(self.pick(axis, axis - 4))
        self.add_operator(name, [axis], output, options(f"{name.title().replace('_', '')}Options"))
        if self.pick(True, False):
            self.add_operator("QUANTIZE", [], self.new(shape, 0.4, 0))


def random_rare(seed: int, true_batches: bool = True) -> bytes:
    built = RandomRare(seed, true_batches)
    built.grow()
    return built.graph.finish(built.source, built.last)
