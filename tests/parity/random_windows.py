"""Random networks of filters of every size over wider pictures."""

from __future__ import annotations

import numpy as np

from tests.parity.graphs import GraphBuilder
from tests.parity.random_operators import RandomGraph


class RandomWindows(RandomGraph):
    """Filters of 1 to 7 by 1 to 7 over pictures too wide to be lines, and of one by one."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.graph = GraphBuilder()
        height, width = (int(self.random.integers(5, 15)) for _ in range(2))
        shape = (1, height, width, int(self.random.integers(1, 10)))
        self.source = self.last = self.new(shape, self.log_uniform(1e-3, 0.3))

    def kernel(self):
        if self.random.random() < 0.2:
            return 1, 1
        return tuple(int(self.random.integers(1, min(7, size) + 1)) for size in self.shape()[1:3])

    def pad_widely(self) -> None:
        """More than some filters reach, so that windows lie outside altogether."""
        amounts = np.array([[0, 0], self.amounts(), self.amounts(), [0, 0]], np.int32)
        shape = [size + int(sum(more)) for size, more in zip(self.shape(), amounts, strict=True)]
        paddings = self.graph.constant(self.name(), amounts)
        output = self.new(shape, zero_point=self.graph.zero_point(self.last))
        self.add_operator("PAD", [paddings], output)

    def amounts(self) -> list[int]:
        return [int(self.pick(0, 1, 5)), int(self.pick(0, 2, 6))]

    def grow(self) -> None:
        for _ in range(self.pick(1, 2, 2)):
            if self.random.random() < 0.2:
                self.pad_widely()
            self.conv_2d(self.pick(None, 4, 8), activation=self.pick(0, 0, 1, 3))
            if self.random.random() < 0.3:
                height, width = self.shape()[1:3]
                self.pool(plain=True, kernel=(min(self.pick(1, 2, 3), height), min(2, width)))
        if self.random.random() < 0.3:
            self.mean((1, 2))


def random_windows(seed: int) -> bytes:
    built = RandomWindows(seed)
    built.grow()
    return built.graph.finish(built.source, built.last)
