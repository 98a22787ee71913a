"""Where filters, pools and means lie on their input."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from pipeline.compiler.graph import Operator

MAX_STEP = 4096  # of strides, dilations and window sizes


@dataclass(frozen=True)
class FilterAxis:
    """One axis of a filter. padding: positions before the input's first."""

    length: int
    result: int
    kernel: int
    stride: int
    dilation: int
    padding: int

    @property
    def is_trivial(self) -> bool:
        """Whether nothing happens along it."""
        return self.length == self.result == self.kernel == 1

    @property
    def is_inside(self) -> bool:
        """Whether no window reaches beyond the input."""
        end = (self.result - 1) * self.stride + (self.kernel - 1) * self.dilation - self.padding
        return self.padding == 0 and end < self.length


def axes_of(operator: Operator, kernel: tuple[int, int]) -> tuple[FilterAxis, FilterAxis]:
    """Height and width. Raises PipelineError where shapes and options do not fit each other."""
    source, output, options = operator.operand(0), operator.output, operator.options
    if len(source.shape) != 4 or len(output.shape) != 4 or source.shape[0] != 1:
        raise operator.refuse(f"its input has shape {list(source.shape)}, not [1, h, w, c]")
    axes = []
    for axis in range(2):
        numbers = (kernel[axis], options.stride[axis], options.dilation[axis])
        if not all(1 <= number <= MAX_STEP for number in numbers):
            raise operator.refuse(f"window, stride or dilation {numbers} is out of range")
        before, after = options.outside[axis]
        padded = _axis(operator, source.shape[1 + axis] + before + after, *numbers)
        length, padding = source.shape[1 + axis], padded.padding + before
        axes.append(replace(padded, length=length, padding=padding))
    if output.shape[:3] != (1, axes[0].result, axes[1].result):
        raise operator.refuse(f"its output shape {list(output.shape)} does not follow from it")
    return axes[0], axes[1]


def _axis(operator: Operator, length: int, kernel: int, stride: int, dilation: int) -> FilterAxis:
    receptive_field = (kernel - 1) * dilation + 1
    if operator.options.padding == "SAME":
        result = (length + stride - 1) // stride
        padding = max((result - 1) * stride + receptive_field - length, 0) // 2
    elif operator.options.padding == "VALID":
        result, padding = (length + stride - receptive_field) // stride, 0
    else:
        raise operator.refuse(f"its padding is {operator.options.padding}")
    return FilterAxis(length, result, kernel, stride, dilation, padding)


def line_of(operator: Operator) -> FilterAxis | None:
    """The one axis that a convolution really works along, None where it needs both."""
    height, width = filter_axes(operator)
    if height.is_trivial:
        return width
    if width.is_trivial:
        return height
    if all(axis.kernel == axis.stride == 1 and axis.is_inside for axis in (height, width)):
        pixels = height.length * width.length
        return FilterAxis(pixels, pixels, 1, 1, 1, 0)
    return None


def filter_axes(operator: Operator) -> tuple[FilterAxis, FilterAxis]:
    """Height and width of a CONV_2D or DEPTHWISE_CONV_2D."""
    weights = operator.operand(1)
    return axes_of(operator, (weights.shape[1], weights.shape[2]))


def groups_of(operator: Operator) -> int:
    """Of a CONV_2D: parts of its channels that do not see each other."""
    return operator.operand(0).shape[3] // operator.operand(1).shape[3]


def averaged(operator: Operator) -> tuple[int, int, int]:
    """Elements outside, along and inside the axes of a MEAN."""
    source, axes = operator.operand(0), operator.operand(1)
    if axes.dtype != "INT32" or axes.data is None:
        raise operator.refuse("its axes are not constant")
    rank = len(source.shape)
    if axes.elements > rank:
        raise operator.refuse(f"it lists {axes.elements} axes of {rank}")
    numbers = np.frombuffer(axes.data, "<i4").tolist()
    if not all(-rank <= number < rank for number in numbers):
        raise operator.refuse(f"its axes {numbers} are out of range")
    chosen = sorted({number % rank for number in numbers if source.shape[number] > 1})
    first, end = (chosen[0], chosen[-1] + 1) if chosen else (rank, rank)
    if any(source.shape[axis] > 1 and axis not in chosen for axis in range(first, end)):
        raise operator.refuse(f"its axes {numbers} do not lie together")
    outer, count, inner = (
        math.prod(part)
        for part in (source.shape[:first], source.shape[first:end], source.shape[end:])
    )
    if operator.output.elements != outer * inner:
        raise operator.refuse(f"its output shape {list(operator.output.shape)} does not follow")
    return outer, count, inner
