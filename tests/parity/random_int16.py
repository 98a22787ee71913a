"""Random chains of operators on int16 with weights of int8, as TensorFlow quantizes to 16x8."""

from __future__ import annotations

import math

import numpy as np

from tests.parity.graphs import GraphBuilder, options
from tests.parity.random_operators import ACTIVATIONS
from tests.parity.random_rare import RandomRare

STEP = 1 / 32768  # of sigmoids
WIDE = 256  # steps of int16 in one of int8


class RandomInt16(RandomRare):
    """Scales are those of the same network in int8, in finer steps. The input may be int8."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        if self.pick(True, False):
            shape, scale = self.shape(), self.graph.scale(self.source)
            self.graph = GraphBuilder()
            self.source = self.last = self.graph.activation(self.name(), shape, scale)
            self.quantize_as(np.int16, scale / WIDE)
        else:
            self.graph.graph.tensors[self.source].quantization.scale[0] /= WIDE

    def zero_point(self) -> int:
        return 0

    def new(self, shape, scale=None, zero_point=None) -> int:  # noqa: ARG002, as of int8
        scale = self.graph.scale(self.last) if scale is None else scale
        return self.graph.activation(self.name(), shape, scale, 0, np.int16)

    def values(self, shape):
        loudest = self.pick(32767, 32767, 300)
        return self.random.integers(-loudest - 1, loudest + 1, shape).astype(np.int16)

    def weights(self, shape, filters, axis, taps):
        """Sums of few or of many bits, and biases that need more than 32."""
        per_filter = self.random.random() < 0.7
        base = self.log_uniform(1e-3, 0.1)
        spread = [self.log_uniform(0.3, 3) for _ in range(filters)] if per_filter else [1.0]
        scales = [float(np.float32(base * factor)) for factor in spread]
        source_scale = self.graph.scale(self.last)
        values = self.random.integers(-128, 128, shape).astype(np.int8)
        if self.random.random() < 0.1:
            values[:] = self.pick(-128, 127)
        tensors = [self.graph.constant(self.name(), values, scales, axis)]
        if self.random.random() < 0.8:
            reach = self.pick(10, 1 << 20, 1 << 20, 1 << 35)
            bias = self.random.integers(-reach, reach, filters).astype(np.int64)
            bias_scales = [np.float32(source_scale) * np.float32(scale) for scale in scales]
            tensors.append(self.graph.constant(self.name(), bias, bias_scales))
        typical = source_scale * base * 100 * math.sqrt(taps)
        return tensors, float(np.float32(typical * self.pick(0.005, 0.1, *(0.5, 1, 1, 2) * 3, 60)))

    def function(self) -> None:
        names = ("RELU", "RELU6", "LOGISTIC", "TANH", "QUANTIZE", "LEAKY_RELU", "ABS")
        name, table = str(self.pick(*names)), None
        scale = self.graph.scale(self.last) * self.pick(1, self.log_uniform(0.3, 3))
        if name in ("LOGISTIC", "TANH"):
            inside = self.pick(2.0**-12, 2.0**-11, 2.0**-13, self.log_uniform(1e-5, 1))
            inside = max(inside, self.graph.scale(self.last) / 1000)
            self.add_operator("QUANTIZE", [], self.new(self.shape(), inside))
            scale = STEP
        elif name == "RELU6":
            scale = self.graph.scale(self.last)
        elif name == "LEAKY_RELU":
            alpha = self.pick(0.2, 0.01, 1.5, -0.3)
            table = options("LeakyReluOptions", alpha=float(np.float32(alpha)))
        self.add_operator(name, [], self.new(self.shape(), scale), table)

    def binary(self) -> None:
        """Of an activation and a constant, another one, or part of it that is stretched."""
        name = str(self.pick("SUB", "MUL", "MAXIMUM", "MINIMUM", "ADD", "ADD", "PRELU"))
        first, shape, scale = self.last, self.shape(), self.graph.scale(self.last)
        kind = self.pick("constant", "channel", "stretched", "scalar", "itself")
        other_scale = scale * (1 if name[0] == "M" and name != "MUL" else self.log_uniform(0.1, 10))
        sizes = {"constant": shape, "channel": shape[3:], "scalar": ()}
        if name == "PRELU":
            other_scale = self.log_uniform(1e-3, 1e-1)
            values = self.random.integers(-128, 128, shape[3:]).astype(np.int8)
        else:
            values = self.values(sizes.get(kind, (1, shape[1], 1, shape[3])))
        other = first
        if kind != "itself" or name == "PRELU":
            other = self.graph.constant(self.name(), values, [other_scale], zero_points=[0])
        factor = self.log_uniform(0.3, 20)
        if name in ("MUL", "PRELU"):
            steps = 100 if name == "PRELU" else 20_000
            factor *= steps * self.graph.scale(other)
        inputs = [first, other]
        if name != "PRELU" and self.pick(True, False):
            inputs = inputs[::-1]
        output = self.new(shape, scale * factor)
        self.last = self.graph.operator(name, inputs, output, self.binary_options(name))

    def split_and_join(self) -> None:
        axis = int(self.random.integers(1, 4))
        parts = self.parts_along(axis)
        order = [parts[int(i)] for i in self.random.permutation(len(parts))]
        shape = list(self.graph.shape(order[0]))
        constant = self.graph.constant(self.name(), self.values(shape), [1.0], zero_points=[0])
        order.append(constant)
        shape = list(self.shape())
        shape[axis] = sum(self.graph.shape(part)[axis] for part in order)
        table = options("ConcatenationOptions", axis=axis)
        self.last = self.graph.operator("CONCATENATION", order, self.same(shape), table)

    def narrow(self) -> None:
        """A dense layer that is summed up in 32 bits: said by its bias, or beside it."""
        inputs, outputs = math.prod(self.shape()), int(self.random.integers(1, 9))
        self.view((1, inputs))
        tensors, scale = self.weights((outputs, inputs), outputs, 0, inputs)
        fields = {"fusedActivationFunction": self.pick(*ACTIVATIONS)}
        if self.pick(True, False):
            bias = self.random.integers(-1000, 1000, outputs).astype(np.int32)
            scales = self.graph.graph.tensors[tensors[0]].quantization.scale
            scales = [np.float32(self.graph.scale(self.last)) * np.float32(one) for one in scales]
            tensors[1:] = [self.graph.constant(self.name(), bias, scales)]
        else:
            del tensors[1:]
            fields["quantizedBiasType"] = 2  # INT32
        table = options("FullyConnectedOptions", **fields)
        self.add_operator("FULLY_CONNECTED", tensors, self.new((1, outputs), scale), table)
        self.view((1, 1, 1, outputs))

    def softmax(self) -> None:
        scale = max(self.log_uniform(1e-5, 1e-2), self.graph.scale(self.last) / 1000)
        if scale > 0.5:  # more than the operator takes
            return
        self.add_operator("QUANTIZE", [], self.new(self.shape(), scale))
        output = self.new(self.shape(), STEP)
        beta = self.pick(1.0, 1.0, 0.3, 4.0)
        self.add_operator("SOFTMAX", [], output, options("SoftmaxOptions", beta=beta))

    def quantize_as(self, dtype, scale) -> None:
        output = self.graph.activation(self.name(), self.shape(), scale, 0, dtype)
        self.add_operator("QUANTIZE", [], output)

    def grow(self) -> None:
        wide = (self.conv_2d, self.conv_2d, self.depthwise, self.depthwise, self.transposed)
        others = (self.pool, self.pad, self.function, self.binary, self.mean, self.fully_connected)
        moves = (self.strided_slice, self.slice, self.transpose, self.split_and_join, self.pack)
        for _ in range(self.random.integers(2, 6)):
            self.pick(*wide, *others, *others, self.pick(*moves, self.resize, self.narrow))()
            if math.prod(self.shape()) > 4000:
                self.pool(kernel=tuple(min(4, size) for size in self.shape()[1:3]), plain=True)
        if self.random.random() < 0.3:
            self.softmax()
        if self.pick(True, False):
            self.quantize_as(np.int8, self.graph.scale(self.last) * WIDE)


def random_int16(seed: int) -> bytes:
    built = RandomInt16(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)


class LargeInt16(RandomInt16):
    """Layers as large as people's."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.graph = GraphBuilder()
        height, width = self.pick((1, 96), (1, 48), (20, 12), (16, 16), (40, 3))
        shape = (1, height, width, int(self.pick(1, 3, 6, 8, 16)))
        self.source = self.last = self.graph.activation(self.name(), shape, 1e-4, 0, np.int16)

    def grow(self) -> None:
        for _ in range(self.pick(2, 3, 4)):
            filters = int(self.pick(4, 8, 12, 16, 20, 32))
            self.pick(self.depthwise, self.depthwise, self.function, self.binary)()
            if self.shape()[3] < 40:
                self.conv_2d(filters)
            if math.prod(self.shape()) > 4000:
                self.pool()
        if self.pick(True, False):
            self.mean((1, 2))
        self.fully_connected()
        self.softmax()


def random_large_int16(seed: int) -> bytes:
    built = LargeInt16(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)
