"""An operator as a .tflite file lists it, not yet known to be supported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.compiler.flatbuffer import FlatTable
from pipeline.compiler.graph import (
    PARTS,
    VARIABLES,
    VIEWS,
    Operator,
    OperatorRefusalError,
    Options,
    Tensor,
    any_int16,
)


@dataclass(frozen=True)
class ParsedOperator:
    """Its inputs, of which some may be left out, its outputs, and the table that lists it."""

    name: str
    layer: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    table: FlatTable

    def refuse(self, reason: str) -> OperatorRefusalError:
        """As `Operator.refuse`."""
        return OperatorRefusalError(self.name, self.layer, reason, any_int16(self.inputs))

    def option(self, field: int) -> int:
        """An int32 of its options, 0 where it has none."""
        options = self.table.table(4)
        return options.number(field, "i") if options else 0

    def option_text(self, field: int) -> str:
        """A string of its options, empty where it has none."""
        options = self.table.table(4)
        return options.text(field) if options else ""

    @property
    def values(self) -> tuple[Tensor | None, ...]:
        """Its inputs, what it computes with first; without a shape that follows from its output."""
        if self.name in VIEWS:
            return self.inputs[:1]
        if self.name == "TRANSPOSE_CONV":
            return (*self.inputs[2:3], *self.inputs[1:2], *self.inputs[3:])
        return self.inputs[::-1] if self.name == "SPLIT" else self.inputs

    def as_operator(self) -> Operator:
        """The operator, with the first of its outputs and default options."""
        return Operator(self.name, self.layer, self.values, self.outputs[0], Options())

    def as_operators(self) -> tuple[Operator, ...]:
        """One for each output, which only SPLIT and the like have several of."""
        first = self.as_operator()
        if self.name not in PARTS:
            return (first,)
        return tuple(
            replace(first, output=output, options=Options(part=part))
            for part, output in enumerate(self.outputs)
        )


def needed(parsed: Sequence[ParsedOperator], wanted: Iterable[int]) -> list[ParsedOperator]:
    """Without the operators that nothing reads, such as those that compute a RESHAPE's shape: it
    follows from its output. wanted: indices of tensors that are read after all."""
    read = set(wanted)
    kept = []
    for item in reversed(parsed):
        made = {tensor.index for tensor in item.outputs}
        if not made & read and item.name not in VARIABLES:
            continue
        kept.append(item)
        read.update(tensor.index for tensor in item.values if tensor is not None)
    return kept[::-1]
