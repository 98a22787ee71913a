"""Dilated convolutions as TensorFlow writes them: SPACE_TO_BATCH_ND, a convolution without
dilation, BATCH_TO_SPACE_ND.

The first makes a picture of every d-th position, for d pictures in a batch, and the last one puts
them together again. One convolution with a dilation of d has the same sums. A converter that was
not told the batch has written 1 for the d pictures, so batches between do not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from pipeline.compiler.graph import VIEWS, Operator, Options, Tensor

_FILTERS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_MOST_ELEMENTS = 2**22  # as of a tensor in the file


@dataclass(frozen=True)
class _Group:
    first: Operator
    convolution: Operator
    last: Operator
    between: tuple[Operator, ...]

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (self.first, self.convolution, self.last, *self.between)


@dataclass(frozen=True)
class _Axis:
    """Along which every `dilation`-th position belongs to a filter; before, after: positions of
    padding."""

    length: int
    result: int
    kernel: int
    dilation: int
    before: int

    @property
    def after(self) -> int:
        return self.result + (self.kernel - 1) * self.dilation - self.length - self.before

    @property
    def is_same(self) -> bool:
        """Whether padding=SAME pads like this."""
        padding = (self.kernel - 1) * self.dilation
        return self.result == self.length and self.before == padding // 2


def with_dilations(operators: Sequence[Operator], results: Sequence[Tensor]) -> list[Operator]:
    """The operators with dilated convolutions as one. What is no dilated convolution stays.

    results: of the network.
    """
    found = {}
    for last in operators:
        group = _group(last, operators, results)
        if group is not None:
            found[id(last)] = _joined(group)
            found.update({id(one): [] for one in group.operators if one is not last})
    return [one for item in operators for one in found.get(id(item), [item])]


def _group(
    last: Operator, operators: Sequence[Operator], results: Sequence[Tensor]
) -> _Group | None:
    if last.name != "BATCH_TO_SPACE_ND":
        return None
    makers = {item.output.index: item for item in operators}
    uses = Counter(item.index for one in operators for item in one.inputs if item is not None)
    uses.update(tensor.index for tensor in results)
    after, convolution = _before(last, makers, uses)
    if convolution is None or convolution.name not in _FILTERS:
        return None
    between, first = _before(convolution, makers, uses)
    if first is None or first.name != "SPACE_TO_BATCH_ND":
        return None
    group = _Group(first, convolution, last, (*after, *between))
    return group if _is_dilated(group) else None


def _before(
    operator: Operator, makers: Mapping[int, Operator], uses: Mapping[int, int]
) -> tuple[tuple[Operator, ...], Operator | None]:
    """The views before an operator, and what comes before these; None where anything else takes
    what they make."""
    source = operator.operand(0)
    views: list[Operator] = []
    for _ in makers:
        maker = makers.get(source.index)
        if maker is None or uses[source.index] != 1:
            break
        if maker.name not in VIEWS:
            return tuple(views), maker
        views.append(maker)
        source = maker.operand(0)
    return tuple(views), None


def _is_dilated(group: _Group) -> bool:
    first, convolution, last = group.first, group.convolution, group.last
    source, batch, output = first.operand(0), convolution.operand(0), last.output
    if first.is_int16:  # which TensorFlow Lite Micro does not take apart
        return False
    options, rank = convolution.options, len(source.shape)
    pads, crops = first.numbers(2), last.numbers(2)
    plain = options.stride == options.dilation == (1, 1) and options.padding == "VALID"
    if not plain or rank not in (3, 4) or len(batch.shape) != 4 or len(output.shape) != rank:
        return False
    counts = {len(first.numbers(1)), len(last.numbers(1)), len(pads) / 2, len(crops) / 2}
    if counts != {rank - 2} or first.numbers(1) != last.numbers(1) or source.shape[0] != 1:
        return False
    filters = (convolution.operand(1), convolution.output)
    if any(len(tensor.shape) != 4 for tensor in filters) or output.shape[0] != 1:
        return False
    same = [source, first.output, batch, convolution.output, output]
    if any(
        _quantization(one) != _quantization(two) for one, two in (same[:2], same[1:3], same[3:])
    ):
        return False
    axes = _axes(group)
    padded = prod(axis.length + axis.before + axis.after for axis in axes)
    fits = all(_fits(group, number, axis) for number, axis in enumerate(axes))
    return fits and padded * source.shape[-1] <= _MOST_ELEMENTS


def _quantization(tensor: Tensor) -> object:
    return tensor.dtype, tensor.scales, tensor.zero_points


def _fits(group: _Group, number: int, axis: _Axis) -> bool:
    """Whether the convolution sees what a dilated one does, and pads with what is outside."""
    if number not in _places(group):
        return axis.length == axis.result == axis.kernel == 1
    at = _places(group).index(number)
    pads, crops = (item.numbers(2)[2 * at : 2 * at + 2] for item in (group.first, group.last))
    length, result = (
        tensor.shape[1 + number]
        for tensor in (group.convolution.operand(0), group.convolution.output)
    )
    return (
        min(*pads, *crops, axis.before, axis.after) >= 0
        and axis.dilation > 0
        and length * axis.dilation == axis.length + sum(pads)
        and result == length - axis.kernel + 1
        and axis.result == result * axis.dilation - sum(crops)
    )


def _places(group: _Group) -> tuple[int, ...]:
    """Which of height and width the blocks are along; the batch of one axis is a row or column."""
    if len(group.first.numbers(1)) == 2:
        return (0, 1)
    return (1,) if group.convolution.operand(0).shape[1] == 1 else (0,)


def _axes(group: _Group) -> tuple[_Axis, _Axis]:
    source, output = group.first.operand(0), group.last.output
    kernel, places = group.convolution.operand(1).shape[1:3], _places(group)
    axes = [_Axis(1, 1, kernel[number], 1, 0) for number in range(2)]
    blocks, pads, crops = group.first.numbers(1), group.first.numbers(2), group.last.numbers(2)
    for at, number in enumerate(places):
        sizes = source.shape[1 + at], output.shape[1 + at], kernel[number]
        axes[number] = _Axis(*sizes, blocks[at], pads[2 * at] - crops[2 * at])
    return axes[0], axes[1]


def _joined(group: _Group) -> list[Operator]:
    """One convolution, with a PAD before it where neither SAME nor VALID pads like this."""
    axes, convolution = _axes(group), group.convolution
    source, output = group.first.operand(0), group.last.output
    layer, joined = convolution.layer, []
    shape = (1, axes[0].length, axes[1].length, source.shape[-1])
    wide, result = source, replace(convolution.output, index=output.index, storage=output.index)
    if len(source.shape) == 3:
        wide = replace(group.first.output, shape=shape)
        joined.append(Operator("RESHAPE", layer, (source,), wide, Options()))
        result = convolution.output
    same = all(axis.is_same for axis in axes)
    if not same and any(axis.before or axis.after for axis in axes):
        pad = _pad(group, wide, axes)
        joined.append(pad)
        wide = pad.output
    options = replace(
        convolution.options,
        padding="SAME" if same else "VALID",
        dilation=(axes[0].dilation, axes[1].dilation),
    )
    results = (1, axes[0].result, axes[1].result, output.shape[-1])
    result = replace(result, shape=results)
    inputs = (wide, *convolution.inputs[1:])
    joined.append(replace(convolution, inputs=inputs, output=result, options=options))
    if result.index != output.index:
        joined.append(Operator("RESHAPE", layer, (result,), output, Options()))
    return joined


def _pad(group: _Group, wide: Tensor, axes: Sequence[_Axis]) -> Operator:
    amounts = [[0, 0], *([axis.before, axis.after] for axis in axes), [0, 0]]
    data = memoryview(np.array(amounts, "<i4").tobytes())
    paddings = replace(group.first.operand(2), shape=(4, 2), data=data)
    height, width = (axis.before + axis.length + axis.after for axis in axes)
    padded = replace(group.convolution.operand(0), shape=(1, height, width, wide.shape[3]))
    return Operator("PAD", group.convolution.layer, (wide, paddings), padded, Options())
