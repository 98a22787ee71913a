"""A random chain of operators over shapes, strides, dilations, paddings and quantizations."""

from __future__ import annotations

import math

import numpy as np

from tests.parity.graphs import GraphBuilder, options, padded_length

ACTIVATIONS = (0, 0, 0, 0, 0, 1, 1, 1, 2, 3)  # NONE, RELU, RELU_N1_TO_1, RELU6
ZERO_POINTS = (-128, -128, -128, 0, 127)


class RandomGraph:
    """`last` is the tensor that the next operator reads."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.graph = GraphBuilder()
        self.names = 0
        line = self.random.random() < 0.65
        height = 1 if line else int(self.random.integers(1, 12))
        width = int(self.random.integers(1, 40 if line else 12))
        shape = (1, height, width, int(self.random.integers(1, 10)))
        if self.random.random() < 0.15:
            shape = (1, shape[2], shape[1], shape[3])
        self.source = self.last = self.new(shape, self.log_uniform(1e-3, 0.3))

    def log_uniform(self, low: float, high: float) -> float:
        return float(np.float32(math.exp(self.random.uniform(math.log(low), math.log(high)))))

    def pick(self, *choices):
        return choices[self.random.integers(len(choices))]

    def name(self) -> str:
        self.names += 1
        return f"layer{self.names}"

    def zero_point(self) -> int:
        if self.random.random() < 0.3:
            return int(self.pick(*ZERO_POINTS))
        return int(np.clip(self.random.normal(-20, 50), -128, 127))

    def new(self, shape, scale=None, zero_point=None) -> int:
        scale = self.graph.scale(self.last) if scale is None else scale
        zero_point = self.zero_point() if zero_point is None else zero_point
        return self.graph.activation(self.name(), shape, scale, zero_point)

    def shape(self):
        return self.graph.shape(self.last)

    def add_operator(self, name, extra, output, table=None) -> None:
        self.last = self.graph.operator(name, [self.last, *extra], output, table)

    def weights(self, shape, filters, axis, taps):
        """Weights, bias and an output scale at which the sums fill the output's range."""
        per_filter = self.random.random() < 0.6
        base = self.log_uniform(1e-3, 0.1)
        spread = [self.log_uniform(0.3, 3) for _ in range(filters)] if per_filter else [1.0]
        scales = [float(np.float32(base * factor)) for factor in spread]
        source_scale = self.graph.scale(self.last)
        low = -127 if self.random.random() < 0.9 else -128
        values = self.random.integers(low, 128, shape).astype(np.int8)
        if self.random.random() < 0.1:
            values[:] = self.pick(-127, 127)
        tensors = [self.graph.constant(self.name(), values, scales, axis)]
        if self.random.random() < 0.8:
            reach = self.pick(10, 10_000, 10_000, 1 << 27)
            bias = self.random.integers(-reach, reach, filters).astype(np.int32)
            bias_scales = [np.float32(source_scale) * np.float32(scale) for scale in scales]
            tensors.append(self.graph.constant(self.name(), bias, bias_scales))
        typical = source_scale * base * 130 * math.sqrt(taps)
        return tensors, float(np.float32(typical * self.pick(0.02, *(0.5, 1, 1, 1, 2) * 3, 60)))

    def window_fields(self, kernel, longest_stride=3):
        """Strides, dilations and padding with which the filter fits; and the result's size."""
        height, width = self.shape()[1:3]
        for _ in range(20):
            strides = self.random.integers(1, longest_stride + 1, 2)
            dilations = self.random.integers(1, 4, 2) if self.random.random() < 0.4 else (1, 1)
            same = bool(self.random.random() < 0.5)
            result = [
                padded_length(length, size, int(stride), int(dilation), same)
                for length, size, stride, dilation in zip(
                    (height, width), kernel, strides, dilations, strict=True
                )
            ]
            if min(result) >= 1:
                return [int(x) for x in strides], [int(x) for x in dilations], same, result
        return [1, 1], [1, 1], True, [height, width]

    def kernel(self):
        height, width = self.shape()[1:3]
        return (
            int(self.random.integers(1, min(4, height) + 1)),
            int(self.random.integers(1, min(6, width) + 1)),
        )

    def conv_2d(self, filters=None, zero_point=None, activation=None) -> None:
        channels = self.shape()[3]
        kernel = self.kernel()
        groups = self.pick(1, 1, 1, math.gcd(channels, 4))
        filters = filters or groups * int(self.random.integers(1, 8))
        groups = groups if filters % groups == 0 else 1
        strides, dilations, same, result = self.window_fields(kernel)
        shape = (filters, *kernel, channels // groups)
        tensors, scale = self.weights(shape, filters, 0, math.prod(shape[1:]))
        table = options(
            "Conv2DOptions",
            padding=0 if same else 1,
            strideH=strides[0],
            strideW=strides[1],
            dilationHFactor=dilations[0],
            dilationWFactor=dilations[1],
            fusedActivationFunction=self.pick(*ACTIVATIONS) if activation is None else activation,
        )
        output = self.new((1, *result, filters), scale, zero_point)
        self.add_operator("CONV_2D", tensors, output, table)

    def gesture(self) -> None:
        """What is fused: a convolution along one axis, its pool, and the mean of all."""
        for _ in range(self.pick(1, 2)):
            self.conv_2d()
            self.pool(plain=True)
        if self.pick(True, False):
            self.mean((1, 2))

    def depthwise(self) -> None:
        multiplier = self.pick(1, 1, 2, 3)
        filters = self.shape()[3] * multiplier
        kernel = self.kernel()
        strides, dilations, same, result = self.window_fields(kernel)
        tensors, scale = self.weights((1, *kernel, filters), filters, 3, math.prod(kernel))
        table = options(
            "DepthwiseConv2DOptions",
            padding=0 if same else 1,
            strideH=strides[0],
            strideW=strides[1],
            dilationHFactor=dilations[0],
            dilationWFactor=dilations[1],
            depthMultiplier=multiplier,
            fusedActivationFunction=self.pick(*ACTIVATIONS),
        )
        output = self.new((1, *result, filters), scale)
        self.add_operator("DEPTHWISE_CONV_2D", tensors, output, table)

    def pool(self, plain=False, kernel=None) -> None:
        kernel = kernel or self.kernel()
        height, width = self.shape()[1:3]
        same = not plain and self.pick(True, False)
        strides = kernel if plain or self.pick(True, False) else self.random.integers(1, 4, 2)
        result = [
            padded_length(length, size, int(stride), 1, same)
            for length, size, stride in zip((height, width), kernel, strides, strict=True)
        ]
        table = options(
            "Pool2DOptions",
            padding=0 if same else 1,
            strideH=int(strides[0]),
            strideW=int(strides[1]),
            filterHeight=kernel[0],
            filterWidth=kernel[1],
            fusedActivationFunction=self.pick(*ACTIVATIONS),
        )
        name = self.pick("MAX_POOL_2D", "MAX_POOL_2D" if plain else "AVERAGE_POOL_2D")
        zero_point = self.graph.zero_point(self.last)
        output = self.new((1, *result, self.shape()[3]), zero_point=zero_point)
        self.add_operator(name, [], output, table)

    def pad(self) -> None:
        amounts = self.random.integers(0, 3, (4, 2)).astype(np.int32)
        amounts[0] = 0
        shape = [
            size + int(before + after)
            for size, (before, after) in zip(self.shape(), amounts, strict=True)
        ]
        paddings = self.graph.constant(self.name(), amounts)
        self.add_operator("PAD", [paddings], self.new(shape))

    def function(self) -> None:
        name = self.pick("RELU", "RELU6", "LOGISTIC", "TANH", "QUANTIZE")
        if name == "LOGISTIC":
            output = self.new(self.shape(), 1 / 256, -128)
        elif name == "TANH":
            output = self.new(self.shape(), 1 / 128, 0)
        elif name == "RELU6":
            output = self.new(self.shape(), zero_point=self.graph.zero_point(self.last))
        else:
            factor = self.pick(1, 1, self.log_uniform(0.01, 100))
            output = self.new(self.shape(), self.graph.scale(self.last) * factor)
        self.add_operator(name, [], output)

    def add(self) -> None:
        first = self.last
        scale = self.graph.scale(first)
        other_scale = scale * self.log_uniform(0.1, 10)
        kind = self.pick("constant", "channel", "scalar", "itself", "branch")
        if kind == "itself":
            other = first
        elif kind == "branch":
            self.add_operator("QUANTIZE", [], self.new(self.shape(), other_scale))
            other = self.last
        else:
            shape = {"constant": self.shape(), "channel": self.shape()[3:], "scalar": (1,)}[kind]
            values = self.random.integers(-128, 128, shape).astype(np.int8)
            other = self.graph.constant(
                self.name(), values, [other_scale], zero_points=[self.zero_point()]
            )
        output = self.new(self.shape(), scale * self.log_uniform(0.3, 20))
        table = options("AddOptions", fusedActivationFunction=self.pick(*ACTIVATIONS))
        inputs = [first, other] if kind != "branch" or self.pick(True, False) else [other, first]
        self.last = self.graph.operator("ADD", inputs, output, table)

    def mean(self, axes=None) -> None:
        axes = axes or self.pick((1, 2), (2,), (1,), (-1,), (2, 3), (2, 1))
        shape = list(self.shape())
        for axis in axes:
            shape[axis] = 1
        indices = self.graph.constant(self.name(), np.array(axes, np.int32))
        output = self.new(shape, self.graph.scale(self.last) * self.log_uniform(0.2, 3))
        self.add_operator("MEAN", [indices], output, options("ReducerOptions", keepDims=True))

    def view(self, shape) -> None:
        target = self.graph.constant(self.name(), np.array(shape, np.int32))
        output = self.new(shape, zero_point=self.graph.zero_point(self.last))
        self.add_operator("RESHAPE", [target], output)

    def fully_connected(self) -> None:
        rows = self.pick(1, 1, math.prod(self.shape()[1:3]))
        inputs = math.prod(self.shape()) // rows
        self.view((rows, inputs))
        outputs = int(self.random.integers(1, 11))
        tensors, scale = self.weights((outputs, inputs), outputs, 0, inputs)
        table = options("FullyConnectedOptions", fusedActivationFunction=self.pick(*ACTIVATIONS))
        self.add_operator("FULLY_CONNECTED", tensors, self.new((rows, outputs), scale), table)
        self.view((1, 1, rows, outputs))

    def softmax(self) -> None:
        output = self.new(self.shape(), 1 / 256, -128)
        beta = self.pick(1.0, 1.0, 0.3, 4.0)
        self.add_operator("SOFTMAX", [], output, options("SoftmaxOptions", beta=beta))

    def grow(self) -> None:
        steps = (
            *(self.gesture, self.gesture, self.conv_2d, self.depthwise, self.depthwise, self.pool),
            *(self.pad, self.function, self.add, self.mean, self.fully_connected),
        )
        for _ in range(self.random.integers(1, 5)):
            self.pick(*steps)()
        if self.random.random() < 0.2:
            self.softmax()
