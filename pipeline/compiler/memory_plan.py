"""The static memory plan: where each activation lies in the one arena, and where the scratch memory
of each layer does.

Buffers that are needed at the same time never overlap. The network's inputs and outputs are
the caller's and not in the arena.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.compiler.graph import Tensor, Variable
from pipeline.compiler.layers import Layer, Program

ALIGNMENT = 4  # bytes, so that kernels may load words


@dataclass(frozen=True)
class Buffer:
    """An activation, or the scratch memory of the layer whose number `storage` is: written at time
    `first`, last read at time `last`. follows: the storage that is read as this one is written, a
    part of each at a time, so that it may begin `lead` bytes after this one.

    Layer i reads at 2 * i, and writes from then on until 2 * i + 1. Where it writes in place, it
    has read all before it writes: it reads at 2 * i only, and writes at 2 * i + 1.
    """

    storage: int
    bytes: int
    first: int
    last: int
    offset: int = 0
    is_scratch: bool = False
    follows: int = -1
    lead: int = 0

    def needs_before(self, other: Buffer) -> int:
        """Bytes from where it begins to where the other one may begin after it."""
        follows = self.follows == other.storage and not other.is_scratch
        return self.lead if follows else self.bytes

    def lives_with(self, other: Buffer) -> bool:
        """Whether both are needed at the same time."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class MemoryPlan:
    """buffers: of activations; scratch: what layers compute with; state_words: of int32, what all
    layers keep."""

    buffers: tuple[Buffer, ...]
    scratch: tuple[Buffer, ...]
    state_words: int

    @property
    def arena_bytes(self) -> int:
        """All static memory."""
        return self.buffer_bytes + 4 * self.state_words

    @property
    def buffer_bytes(self) -> int:
        """Memory of all activations and scratch memories."""
        return _end((*self.buffers, *self.scratch))

    def offset(self, storage: int) -> int:
        """Where the buffer of this storage begins in the arena."""
        return _offset(self.buffers, storage)

    def scratch_offset(self, number: int) -> int:
        """Where the scratch memory of this layer begins in the arena."""
        return _offset(self.scratch, number)


def _end(buffers: Iterable[Buffer]) -> int:
    return max((buffer.offset + buffer.bytes for buffer in buffers), default=0)


def _offset(buffers: Iterable[Buffer], storage: int) -> int:
    return next(buffer.offset for buffer in buffers if buffer.storage == storage)


def plan(program: Program, kept: Sequence[Tensor] = ()) -> MemoryPlan:
    """Largest buffers first, each at the lowest place that is free while it lives. Scratch memories
    come after all activations, or among them, whichever takes less.

    kept: activations that the caller reads after the last layer.
    """
    layers = program.all_layers
    kept_always = {variable.tensor.storage for variable in program.variables}
    ends = (*program.inputs, *program.outputs)
    outside = {tensor.storage for tensor in ends} | kept_always
    last = _last_times(program, {tensor.storage for tensor in kept})
    buffers, scratch = _activations(layers, outside, last), _scratch(layers)
    orders = [*_by_size(buffers), *_by_size(scratch)], _by_size([*buffers, *scratch])
    placed = min(map(_placed, orders), key=_end)
    state_words = sum(layer.state_words for layer in layers)
    state_words += sum(words_of(variable) for variable in program.variables)
    in_order = sorted(placed, key=lambda buffer: (buffer.first, buffer.storage))
    return MemoryPlan(
        buffers=tuple(buffer for buffer in in_order if not buffer.is_scratch),
        scratch=tuple(buffer for buffer in in_order if buffer.is_scratch),
        state_words=state_words,
    )


def words_of(variable: Variable) -> int:
    """Of int32, that it takes."""
    return -(-variable.tensor.bytes // 4)


def _last_times(program: Program, kept: set[int]) -> dict[int, int]:
    """When each storage is read for the last time, or written where nobody reads it."""
    layers, once = program.all_layers, len(program.before)
    last = {layer.output.storage: 2 * index + 1 for index, layer in enumerate(layers)}
    for index, layer in enumerate(layers):
        read_until = 2 * index if layer.in_place else 2 * index + 1
        inputs = [item.storage for item in layer.inputs if isinstance(item, Tensor)]
        last.update(dict.fromkeys(inputs, read_until))
    if program.columns is not None:  # which the next round of the loop reads too
        last[program.columns.storage] = 2 * (once + len(program.looped)) - 1
    return last | dict.fromkeys(kept, 2 * len(layers))


def _activations(
    layers: Sequence[Layer], outside: set[int], last: Mapping[int, int]
) -> list[Buffer]:
    buffers = [
        Buffer(
            layer.output.storage,
            _whole_words(layer.output),
            2 * index + layer.in_place,
            last[layer.output.storage],
        )
        for index, layer in enumerate(layers)
        if layer.writes and layer.output.storage not in outside
    ]
    followed = _followed(layers, last)
    return [
        replace(buffer, follows=source.storage, lead=max(0, buffer.bytes - _whole_words(source)))
        if (source := followed.get(buffer.storage)) is not None
        else buffer
        for buffer in buffers
    ]


def _whole_words(tensor: Tensor) -> int:
    """Bytes."""
    return -(-tensor.bytes // ALIGNMENT) * ALIGNMENT


def _followed(layers: Sequence[Layer], last: Mapping[int, int]) -> dict[int, Tensor]:
    """By the storage of an output, the input that nobody reads after its layer, which slides."""
    return {
        layer.output.storage: source
        for index, layer in enumerate(layers)
        for source in layer.inputs
        if layer.slides and isinstance(source, Tensor) and last[source.storage] == 2 * index + 1
    }


def _scratch(layers: Sequence[Layer]) -> list[Buffer]:
    return [
        Buffer(index, 4 * layer.scratch_words, 2 * index, 2 * index + 1, is_scratch=True)
        for index, layer in enumerate(layers)
        if layer.scratch_words
    ]


def _by_size(buffers: Sequence[Buffer]) -> list[Buffer]:
    return sorted(buffers, key=lambda buffer: (-buffer.bytes, buffer.first))


def _placed(buffers: Sequence[Buffer]) -> list[Buffer]:
    placed: list[Buffer] = []
    for buffer in buffers:
        placed.append(_place(buffer, placed))
    return placed


def _place(buffer: Buffer, placed: Sequence[Buffer]) -> Buffer:
    offset = 0
    for other in sorted(placed, key=lambda other: other.offset):
        if buffer.lives_with(other) and offset + buffer.needs_before(other) > other.offset:
            offset = max(offset, other.offset + other.needs_before(buffer))
    return replace(buffer, offset=offset)
