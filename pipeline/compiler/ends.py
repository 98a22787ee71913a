"""Inputs and outputs of other types: QUANTIZE at the beginning, DEQUANTIZE at the end.

The compiled network is int8 or int16 inside. Where the file begins or ends otherwise, its first or
last operator only changes the type. It is taken out here, and interface.py writes C for it. Around
int16 these are floats; integers go through the network's own QUANTIZE.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.compiler.graph import Tensor
from pipeline.compiler.parsed import ParsedOperator

RANGES = {
    "INT8": (-(2**7), 2**7 - 1),
    "UINT8": (0, 2**8 - 1),
    "INT16": (-(2**15), 2**15 - 1),
    "INT32": (-(2**31), 2**31 - 1),
}
REAL = "FLOAT32"
_MAY_BEGIN = (REAL, "UINT8", "INT16")
_MAY_END = (REAL, "UINT8", "INT16", "INT32")


@dataclass(frozen=True)
class End:
    """An input or output of a network.

    Args:
        outside: as the file has it.
        inside: the tensor of the compiled network; the same where nothing is converted.
        name: what the file calls it.
    """

    outside: Tensor
    inside: Tensor
    name: str = ""

    @property
    def is_converted(self) -> bool:
        """Whether a type is changed on the way."""
        return self.outside.index != self.inside.index


@dataclass(frozen=True)
class Ends:
    """All ends of a network, in the order of the file."""

    inputs: tuple[End, ...]
    outputs: tuple[End, ...]

    def inside_by_outside(self) -> tuple[dict[int, int], dict[int, int]]:
        """The tensors inside, by those outside: of all inputs, and of all outputs."""
        inputs, outputs = (
            {end.outside.index: end.inside.index for end in side}
            for side in (self.inputs, self.outputs)
        )
        return inputs, outputs


def unconverted(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Ends:
    """Ends that are as the network has them."""
    begins, ends = (tuple(End(one, one) for one in tensors) for tensors in (inputs, outputs))
    return Ends(begins, ends)


def split_ends(
    parsed: Sequence[ParsedOperator],
    sources: Sequence[Tensor],
    results: Sequence[Tensor],
    names: Mapping[int, str],
) -> tuple[list[ParsedOperator], Ends]:
    """The operators between the tensors of the network itself, and the ends.

    Where the ends are of another kind they stay as they are, for others to refuse. names: of some
    ends, by their indices.
    """
    begins, ends, left = [], [], list(parsed)
    for source in sources:
        first = _first_of(left, source)
        inside = source if first is None else first.outputs[0]
        begins.append(End(source, inside, _name(source, names)))
        left = [item for item in left if item is not first]
    for result in results:
        last = _last_of(left, result)
        taken = None if last is None else last.inputs[0]
        ends.append(End(result, taken or result, _name(result, names)))
        left = [item for item in left if item is not last]
    return left, Ends(tuple(begins), tuple(ends))


def _name(tensor: Tensor, names: Mapping[int, str]) -> str:
    """TensorFlow adds to the name of a tensor what its signature leaves out."""
    plain = tensor.name.removeprefix("serving_default_").removesuffix(":0")
    return names.get(tensor.index, plain)


def _first_of(parsed: Sequence[ParsedOperator], source: Tensor) -> ParsedOperator | None:
    """The QUANTIZE that alone takes the input."""
    takers = [item for item in parsed if _takes(item, source)]
    if len(takers) != 1 or takers[0].name != "QUANTIZE" or source.dtype not in _MAY_BEGIN:
        return None
    return takers[0] if _is_sound(source, takers[0].outputs[0]) else None


def _last_of(parsed: Sequence[ParsedOperator], result: Tensor) -> ParsedOperator | None:
    """The operator that only changes the output's type, where nothing else takes the output."""
    makers = [item for item in parsed if any(_is(result, made) for made in item.outputs)]
    wanted = "DEQUANTIZE" if result.dtype == REAL else "QUANTIZE"
    if len(makers) != 1 or makers[0].name != wanted or result.dtype not in _MAY_END:
        return None
    inside = makers[0].inputs[0] if len(makers[0].inputs) == 1 else None
    taken = any(_takes(item, result) for item in parsed)
    return makers[0] if inside is not None and not taken and _is_sound(result, inside) else None


def _takes(item: ParsedOperator, tensor: Tensor) -> bool:
    return any(other is not None and _is(tensor, other) for other in item.inputs)


def _is(tensor: Tensor, other: Tensor) -> bool:
    return tensor.index == other.index


def _is_sound(outside: Tensor, inside: Tensor) -> bool:
    """Whether one becomes the other with what TensorFlow Lite Micro computes, without overflow."""
    same = outside.shape == inside.shape and outside.data is None and inside.data is None
    if not same or inside.dtype not in ("INT8", "INT16") or not _has_one_scale(inside):
        return False
    if outside.dtype == REAL or inside.dtype == "INT16":
        return outside.dtype == REAL
    ratio = outside.scale / inside.scale if _has_one_scale(outside) else 0.0
    return 2.0**-20 < ratio < (2.0**13 if outside.dtype == "INT16" else 2.0**20)


def _has_one_scale(tensor: Tensor) -> bool:
    lowest, highest = RANGES[tensor.dtype]
    return (
        len(tensor.scales) == len(tensor.zero_points) == 1
        and math.isfinite(tensor.scale)
        and 1e-30 < tensor.scale < 1e30
        and lowest <= tensor.zero_point <= highest
    )
