"""Networks with several inputs and outputs."""

from __future__ import annotations

import numpy as np

from tests.parity.graphs import GraphBuilder, options
from tests.parity.random_foreign import RandomForeign

SHAPE = (1, 4, 6)


def several_ends(left=np.float32, right=np.uint8, total=np.float32) -> bytes:
    """Two inputs, of these types, are added. The sum is an output in another type; inside it is
    split in three: the first part is an output and what a TANH takes, the second another one in
    another shape, and the last is squeezed by that TANH. `offset` is read by nothing."""
    graph = GraphBuilder()
    sources = [("left", left, 0.1, 0), ("right", right, 0.02, 3)]
    inputs = [graph.activation(name, SHAPE, scale, at, kind) for name, kind, scale, at in sources]
    unread = graph.activation("offset", (1, 3), 0.1, 0)
    inside = [_quantized(graph, source, 0.05, -4) for source in inputs]
    added = graph.activation("net/add/x", SHAPE, 0.1, 5)
    graph.operator("ADD", inside, added, options("AddOptions"))
    parts = [graph.activation(f"net/split/part{n}", (1, 4, 2), 0.1, 5) for n in range(3)]
    axis = graph.constant("axis", np.array(2, np.int32))
    graph.operator("SPLIT", [axis, added], parts, options("SplitOptions", numSplits=3))
    flat, again = (graph.activation(f"net/flat/{n}", (1, 8), 0.1, 5) for n in range(2))
    shape = graph.constant("shape", np.array([1, 8], np.int32))
    for result in (flat, again):
        graph.operator("RESHAPE", [parts[1], shape], result)
    squeezed = graph.activation("net/tanh/x", (1, 4, 2), 1 / 128, 0)
    graph.operator("TANH", [parts[0]], squeezed)
    real = graph.activation("total", SHAPE, 0.1, 5, total)
    graph.operator("DEQUANTIZE" if total is np.float32 else "QUANTIZE", [added], real)
    return graph.finish(inputs[0], real, [inputs[1], unread], [parts[0], flat, again, squeezed])


def _quantized(graph: GraphBuilder, source: int, scale: float, zero_point: int) -> int:
    """An int8 source is its own."""
    if graph.graph.tensors[source].type == 9:
        return source
    result = graph.activation(f"inside{source}", SHAPE, scale, zero_point)
    return graph.operator("QUANTIZE", [source], result)


class RandomSeveral(RandomForeign):
    """A random chain that other inputs join, and which leaves outputs on its way."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.sources, self.results = [self.source], []

    def join(self) -> None:
        scale = self.graph.scale(self.last) * self.log_uniform(0.3, 3)
        self.sources.append(self.new(self.shape(), scale))
        output = self.new(self.shape(), self.graph.scale(self.last) * self.log_uniform(0.5, 4))
        name = str(self.pick("ADD", "MUL", "SUB"))
        inputs = [self.last, self.sources[-1]]
        self.last = self.graph.operator(name, inputs, output, self.binary_options(name))

    def leave(self) -> None:
        if self.last not in (*self.sources, *self.results):
            self.results.append(self.last)

    def view_of_both(self) -> None:
        """An output, and the same in another shape as another one."""
        self.leave()
        count = int(np.prod(self.shape()))
        self.view((1, 1, 1, count))
        self.leave()

    def grow(self) -> None:
        steps = (self.join, self.leave, self.conv_2d, self.split_and_join, self.binary, self.pool)
        for _ in range(self.random.integers(3, 7)):
            self.pick(*steps, self.view_of_both, self.remember)()
        self.join()
        self.requantize()
        self.leave()


def random_several(seed: int) -> bytes:
    built = RandomSeveral(seed)
    built.grow()
    first, *more = built.results
    return built.graph.finish(built.source, first, built.sources[1:], more)
