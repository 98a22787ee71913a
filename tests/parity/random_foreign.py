"""Random chains of the operators that models of others have: parts and joins, slices and other
orders of axes, variables that are kept from one run to the next."""

from __future__ import annotations

import math

import numpy as np

from tests.parity.graphs import options
from tests.parity.random_operators import ACTIVATIONS, RandomGraph


class RandomForeign(RandomGraph):
    """`variables`: how many there are; each keeps what an operator gave the run before."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.variables = 0

    def numbers(self, *values) -> int:
        return self.graph.constant(self.name(), np.array(values, np.int32).reshape(-1))

    def same(self, shape) -> int:
        """A tensor with the quantization of the last one."""
        return self.new(shape, zero_point=self.graph.zero_point(self.last))

    def strided_slice(self) -> None:
        begins, ends, strides, shape = [], [], [], []
        for length in self.shape():
            stride = int(self.pick(1, 1, 1, 2, -1, -2))
            first = int(self.random.integers(0, length))
            reach = length - first if stride > 0 else first + 1
            count = int(self.random.integers(1, -(-reach // abs(stride)) + 1))
            end = first + count * stride
            begins.append(first - length if self.pick(True, False) else first)
            ends.append(end if end >= 0 else -length - 1)
            strides.append(stride)
            shape.append(count)
        lists = [self.numbers(*values) for values in (begins, ends, strides)]
        self.add_operator("STRIDED_SLICE", lists, self.same(shape), options("StridedSliceOptions"))

    def masked_slice(self) -> None:
        """All but the last columns or rows, as streaming models have it."""
        axis = int(self.random.integers(1, 4))
        shape = list(self.shape())
        kept = int(self.random.integers(1, shape[axis] + 1))
        begins = [0, 0, 0, 0]
        begins[axis], shape[axis] = -kept, kept
        lists = [self.numbers(*values) for values in (begins, self.shape(), (1, 1, 1, 1))]
        masks = {"beginMask": 15 & ~(1 << axis), "endMask": 15}
        table = options("StridedSliceOptions", **masks)
        self.add_operator("STRIDED_SLICE", lists, self.same(shape), table)

    def slice(self) -> None:
        firsts = [int(self.random.integers(0, length)) for length in self.shape()]
        counts = [
            int(self.random.integers(1, length - first + 1))
            for length, first in zip(self.shape(), firsts, strict=True)
        ]
        sizes = [
            -1 if first + count == length else count
            for first, count, length in zip(firsts, counts, self.shape(), strict=True)
        ]
        lists = [self.numbers(*firsts), self.numbers(*sizes)]
        self.add_operator("SLICE", lists, self.same(counts), options("SliceOptions"))

    def transpose(self) -> None:
        order = self.random.permutation(4)
        order = [0, *(int(axis) for axis in order if axis != 0)]
        shape = [self.shape()[axis] for axis in order]
        order = self.numbers(*order)
        self.add_operator("TRANSPOSE", [order], self.same(shape), options("TransposeOptions"))

    def split_and_join(self) -> None:
        """Parts are joined again in another order, perhaps with a constant."""
        axis = int(self.random.integers(1, 4))
        parts = self.parts_along(axis)
        order = [parts[int(i)] for i in self.random.permutation(len(parts))]
        if self.pick(True, False):
            shape = list(self.graph.shape(order[0]))
            values = self.random.integers(-128, 128, shape).astype(np.int8)
            scale, point = self.graph.scale(self.last), self.graph.zero_point(self.last)
            order.append(self.graph.constant(self.name(), values, [scale], zero_points=[point]))
        shape = list(self.shape())
        shape[axis] = sum(self.graph.shape(part)[axis] for part in order)
        table = options("ConcatenationOptions", axis=int(self.pick(axis, axis - 4)))
        self.last = self.graph.operator("CONCATENATION", order, self.same(shape), table)

    def parts_along(self, axis) -> list[int]:
        length = self.shape()[axis]
        axis_number = self.numbers(self.pick(axis, axis - 4))
        divisors = [count for count in (1, 2, 3) if length % count == 0]
        if self.pick(True, False):
            count = int(self.pick(*divisors))
            sizes = [length // count] * count
            table = options("SplitOptions", numSplits=count)
            name, inputs = "SPLIT", [axis_number, self.last]
        else:
            first = int(self.random.integers(1, length + 1))
            sizes = [first, length - first] if first < length else [length]
            table = options("SplitVOptions", numSplits=len(sizes))
            name, inputs = "SPLIT_V", [self.last, self.numbers(*sizes), axis_number]
        outputs = []
        for size in sizes:
            shape = list(self.shape())
            shape[axis] = size
            outputs.append(self.same(shape))
        self.graph.operator(name, inputs, outputs, table)
        return outputs

    def pack(self) -> None:
        """Twice the same, one above the other; UNPACK takes them apart again."""
        flat = self.same(self.shape()[1:])
        shape = self.numbers(*self.shape()[1:])
        first = self.graph.operator("RESHAPE", [self.last, shape], flat)
        axis = int(self.random.integers(0, 4))
        packed = self.same((*self.shape()[1 : axis + 1], 2, *self.shape()[axis + 1 :]))
        table = options("PackOptions", valuesCount=2, axis=axis)
        both = self.graph.operator("PACK", [first, first], packed, table)
        parts = [self.same(self.shape()[1:]) for _ in range(2)]
        table = options("UnpackOptions", num=2, axis=axis)
        self.graph.operator("UNPACK", [both], parts, table)
        shape = self.numbers(*self.shape())
        self.last = self.graph.operator("RESHAPE", [parts[1], shape], self.same(self.shape()))

    def remember(self, after="") -> None:
        """Columns of the runs before come first; the last ones are kept for the next."""
        axis, shape = 1, list(self.shape())
        kept = int(self.random.integers(1, 4))
        kept_shape = (*shape[:axis], kept, *shape[axis + 1 :])
        first = self.pick(None, self.random.integers(-128, 128, kept_shape).astype(np.int8))
        self.variables += 1
        handle = self.graph.variable(f"net/stream_{self.variables}/states", self.last, first)
        read = self.graph.operator("READ_VARIABLE", [handle], self.same(kept_shape))
        shape[axis] += kept
        table = options("ConcatenationOptions", axis=axis)
        inputs = [read, self.last] if self.pick(True, True, False) else [self.last, read]
        self.last = self.graph.operator("CONCATENATION", inputs, self.same(shape), table)
        lists = [self.numbers(*v) for v in ((0, -kept, 0, 0), (0, 0, 0, 0), (1, 1, 1, 1))]
        table = options("StridedSliceOptions", beginMask=13, endMask=15)
        newest = self.graph.operator(
            "STRIDED_SLICE", [self.last, *lists], self.same(kept_shape), table
        )
        self.graph.operator("ASSIGN_VARIABLE", [handle, newest], [])
        after = after or self.pick("joined", "joined", "newest", "read again")
        if after == "newest":
            self.last = newest
        elif after == "read again":
            self.last = self.graph.operator("READ_VARIABLE", [handle], self.same(kept_shape))

    def binary(self) -> None:
        """Of an activation and a constant, another one, or part of it that is stretched."""
        name = str(self.pick("SUB", "MUL", "MAXIMUM", "MINIMUM", "ADD", "PRELU"))
        first, shape = self.last, self.shape()
        scale = self.graph.scale(first)
        kind = self.pick("constant", "channel", "stretched", "reduced", "itself")
        extremes = name in ("MAXIMUM", "MINIMUM")
        other_scale = scale if extremes else scale * self.log_uniform(0.1, 10)
        if kind == "itself":
            other = first
        elif kind == "reduced":
            other = self.reduced()
        else:
            sizes = {"constant": shape, "channel": shape[3:]}.get(kind, (1, shape[1], 1, shape[3]))
            values = self.random.integers(-128, 128, sizes).astype(np.int8)
            point = self.zero_point()
            other = self.graph.constant(self.name(), values, [other_scale], zero_points=[point])
        factor = self.log_uniform(0.3, 20)
        if name == "MUL" or (name == "PRELU" and self.pick(True, False)):
            factor *= 20 * self.graph.scale(other)
        output = self.new(shape, scale * factor)
        table = self.binary_options(name)
        inputs = [first, other]
        if name != "PRELU" and self.pick(True, False):
            inputs = inputs[::-1]
        self.last = self.graph.operator(name, inputs, output, table)

    def reduced(self) -> int:
        axis = int(self.random.integers(1, 4))
        shape = [1 if at == axis else size for at, size in enumerate(self.shape())]
        table = options("ReducerOptions", keepDims=True)
        name = str(self.pick("REDUCE_MAX", "REDUCE_MIN"))
        inputs = [self.last, self.numbers(axis)]
        return self.graph.operator(name, inputs, self.same(shape), table)

    def reduce(self) -> None:
        self.last = self.reduced()

    def binary_options(self, name):
        if name in ("ADD", "SUB", "MUL"):
            kind = f"{name.capitalize()}Options"
            return options(kind, fusedActivationFunction=self.pick(*ACTIVATIONS))
        return None if name == "PRELU" else options("MaximumMinimumOptions")

    def function(self) -> None:
        name = str(self.pick("LEAKY_RELU", "HARD_SWISH"))
        factor = self.pick(1, self.log_uniform(0.3, 3))
        table = options("HardSwishOptions")
        if name == "LEAKY_RELU":
            alpha = self.pick(0.2, 0.01, 1.5, -0.3)
            table = options("LeakyReluOptions", alpha=float(np.float32(alpha)))
        if name == "HARD_SWISH":
            self.add_operator("QUANTIZE", [], self.new(self.shape(), self.log_uniform(0.005, 2)))
        output = self.new(self.shape(), self.graph.scale(self.last) * factor)
        self.add_operator(name, [], output, table)

    def resize(self) -> None:
        size = [int(n) for n in self.random.integers(1, 9, 2)]
        if self.pick(True, False):
            size = [2 * length for length in self.shape()[1:3]]
        fields = self.pick({}, {"alignCorners": True}, {"halfPixelCenters": True})
        table = options("ResizeNearestNeighborOptions", **fields)
        output = self.same((1, *size, self.shape()[3]))
        self.add_operator("RESIZE_NEAREST_NEIGHBOR", [self.numbers(*size)], output, table)

    def computed_view(self) -> None:
        """As Keras writes a Flatten whose batch it does not know."""
        rank, count = len(self.shape()), math.prod(self.shape())
        shape = self.graph.activation(self.name(), (rank,), dtype=np.int32)
        self.graph.operator("SHAPE", [self.last], shape, options("ShapeOptions"))
        batch = self.graph.activation(self.name(), (), dtype=np.int32)
        lists = [self.numbers(0), self.numbers(1), self.numbers(1)]
        table = options("StridedSliceOptions", shrinkAxisMask=1)
        self.graph.operator("STRIDED_SLICE", [shape, *lists], batch, table)
        rest = self.graph.constant(self.name(), np.array(count, np.int32))
        packed = self.graph.activation(self.name(), (2,), dtype=np.int32)
        self.graph.operator("PACK", [batch, rest], packed, options("PackOptions", valuesCount=2))
        flat = self.same((1, count))
        view = self.graph.operator("RESHAPE", [self.last, packed], flat)
        again = self.numbers(*self.shape())
        self.last = self.graph.operator("RESHAPE", [view, again], self.same(self.shape()))

    def svdf(self, most_units=7, most_memory=11) -> None:
        inputs, rank = math.prod(self.shape()), int(self.pick(1, 1, 2, 3))
        units = int(self.random.integers(1, most_units + 1))
        memory = int(self.random.integers(1, most_memory + 1))
        self.view((1, inputs))
        tensors, scale = self.weights((units * rank, inputs), 1, 0, inputs)
        values = self.random.integers(-32768, 32768, (units * rank, memory)).astype(np.int16)
        scales = scale / 256 * self.log_uniform(0.3, 3), 1 / 32768
        times = self.graph.constant(self.name(), values // self.pick(1, 100), scales[1:])
        bias = self.random.integers(-(2**20), 2**20, units).astype(np.int32)
        bias = self.graph.constant(self.name(), bias, [scales[0] * scales[1]])
        state = self.graph.state(self.name(), (1, units * rank * memory), scales[0], np.int16)
        table = options("SVDFOptions", rank=rank, fusedActivationFunction=1)
        inputs = [tensors[0], times, bias, state]
        output = self.new((1, units), scale * self.log_uniform(0.3, 3))
        self.add_operator("SVDF", inputs, output, table)
        self.view((1, 1, 1, units))

    def sequence_lstm(self, units=0) -> None:
        steps = math.prod(self.shape()[1:3])
        inputs, units = self.shape()[3], units or int(self.random.integers(1, 7))
        self.view((1, steps, inputs))
        source = self.last
        hidden_scale, zero_point = self.log_uniform(0.004, 0.02), int(self.pick(0, 0, -20, 127))
        kernels = self.gates(units, inputs, self.graph.scale(source))
        recurrent = self.gates(units, units, hidden_scale)
        biases = [
            self.graph.constant(self.name(), values, [1e-3])
            for values in self.random.integers(-9000, 9000, (4, units)).astype(np.int32)
        ]
        cell_scale = 2.0 ** -int(self.pick(12, 12, 11, 10, 13, 15))
        hidden = self.graph.state(self.name(), (1, units), hidden_scale, np.int8, zero_point)
        cell = self.graph.state(self.name(), (1, units), cell_scale, np.int16)
        inputs = [source, *kernels, *recurrent, -1, -1, -1, *biases, -1, -1, hidden, cell]
        clip = float(self.pick(0.0, 0.0, 0.7, 40.0))
        fields = {"cellClip": clip, "fusedActivationFunction": 4}
        table = options("UnidirectionalSequenceLSTMOptions", **fields)
        output = self.new((1, steps, units), hidden_scale, zero_point)
        name = "UNIDIRECTIONAL_SEQUENCE_LSTM"
        self.last = self.graph.operator(name, [*inputs, -1, -1, -1, -1], output, table)
        self.view((1, 1, steps, units))

    def gates(self, units, columns, scale) -> list[int]:
        """Weights of four gates, whose sums are some units of 2^-12 large."""
        tensors = []
        for _ in range(4):
            values = self.random.integers(-127, 128, (units, columns)).astype(np.int8)
            reach = self.log_uniform(0.3, 10) / (scale * 5000 * math.sqrt(columns))
            tensors.append(self.graph.constant(self.name(), values, [float(np.float32(reach))]))
        return tensors

    def softmax_wide(self) -> None:
        shares = self.graph.activation(self.name(), self.shape(), 1 / 65536, -32768, np.int16)
        self.add_operator("SOFTMAX", [], shares, options("SoftmaxOptions", beta=1.0))
        self.add_operator("QUANTIZE", [], self.new(self.shape(), 1 / 256, -128))

    def requantize(self) -> None:
        output = self.new(self.shape(), self.graph.scale(self.last) * self.log_uniform(0.3, 3))
        self.add_operator("QUANTIZE", [], output)

    def grow(self) -> None:
        steps = (
            *(self.strided_slice, self.masked_slice, self.slice, self.transpose, self.resize),
            *(self.split_and_join, self.split_and_join, self.pack, self.computed_view),
            *(self.remember, self.remember, self.remember, self.conv_2d, self.requantize),
            *(self.binary,) * 6,
            *(self.function, self.function, self.reduce),
        )
        for _ in range(self.random.integers(2, 6)):
            self.pick(*steps)()
        if self.pick(True, False, False):
            self.sequence_lstm()
        if self.pick(True, False, False):
            self.svdf()
        if self.pick(True, False, False):
            self.softmax_wide()
        self.requantize()


def random_foreign(seed: int) -> bytes:
    built = RandomForeign(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)


def random_svdf(seed: int) -> bytes:
    """SVDFs as large as those that people use."""
    built = RandomForeign(seed)
    for _ in range(3):
        built.svdf(most_units=64, most_memory=32)
    built.requantize()
    return built.graph.finish(built.source, built.last)
