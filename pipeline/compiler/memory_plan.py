"""The static memory plan: where each activation lies in the one arena.

Buffers that are needed at the same time never overlap. The network's inputs and outputs are
the caller's and not in the arena.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.compiler.graph import Tensor, Variable
from pipeline.compiler.layers import Layer, Program

ALIGNMENT = 4  # bytes, so that kernels may load words


@dataclass(frozen=True)
class Buffer:
    """An activation: written at time `first`, last read at time `last`.

    Layer i reads at 2 * i, and writes from then on until 2 * i + 1. Where it writes in place, it
    has read all before it writes: it reads at 2 * i only, and writes at 2 * i + 1.
    """

    storage: int
    bytes: int
    first: int
    last: int
    offset: int = 0

    def lives_with(self, other: Buffer) -> bool:
        """Whether both are needed at the same time."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class MemoryPlan:
    """scratch_words: of int32, what the layer that needs most computes with; state_words: what all
    layers keep."""

    buffers: tuple[Buffer, ...]
    scratch_words: int
    state_words: int

    @property
    def arena_bytes(self) -> int:
        """All static memory."""
        return self.buffer_bytes + 4 * (self.scratch_words + self.state_words)

    @property
    def buffer_bytes(self) -> int:
        """Memory of all activations."""
        return max((buffer.offset + buffer.bytes for buffer in self.buffers), default=0)

    def offset(self, storage: int) -> int:
        """Where the buffer of this storage begins in the arena."""
        return next(buffer.offset for buffer in self.buffers if buffer.storage == storage)


def plan(program: Program, kept: Sequence[Tensor] = ()) -> MemoryPlan:
    """Largest buffers first, each at the lowest place that is free while it lives.

    kept: activations that the caller reads after the last layer.
    """
    layers = program.all_layers
    kept_always = {variable.tensor.storage for variable in program.variables}
    ends = (*program.inputs, *program.outputs)
    outside = {tensor.storage for tensor in ends} | kept_always
    buffers = _lifetimes(layers, outside, {tensor.storage for tensor in kept})
    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda buffer: (-buffer.bytes, buffer.first)):
        placed.append(_place(buffer, placed))
    in_order = tuple(sorted(placed, key=lambda buffer: (buffer.first, buffer.storage)))
    scratch_words = max((layer.scratch_words for layer in layers), default=0)
    state_words = sum(layer.state_words for layer in layers)
    state_words += sum(words_of(variable) for variable in program.variables)
    return MemoryPlan(in_order, scratch_words, state_words)


def words_of(variable: Variable) -> int:
    """Of int32, that it takes."""
    return -(-variable.tensor.bytes // 4)


def _lifetimes(layers: Sequence[Layer], outside: set[int], kept: set[int]) -> list[Buffer]:
    last = {layer.output.storage: 2 * index + 1 for index, layer in enumerate(layers)}
    for index, layer in enumerate(layers):
        read_until = 2 * index if layer.in_place else 2 * index + 1
        inputs = [item.storage for item in layer.inputs if isinstance(item, Tensor)]
        last.update(dict.fromkeys(inputs, read_until))
    last.update(dict.fromkeys(kept, 2 * len(layers)))
    return [
        Buffer(
            layer.output.storage,
            -(-layer.output.bytes // ALIGNMENT) * ALIGNMENT,
            2 * index + layer.in_place,
            last[layer.output.storage],
        )
        for index, layer in enumerate(layers)
        if layer.writes and layer.output.storage not in outside
    ]


def _place(buffer: Buffer, placed: list[Buffer]) -> Buffer:
    offset = 0
    for other in sorted(placed, key=lambda other: other.offset):
        if buffer.lives_with(other) and offset + buffer.bytes > other.offset:
            offset = max(offset, other.offset + other.bytes)
    return Buffer(buffer.storage, buffer.bytes, buffer.first, buffer.last, offset)
