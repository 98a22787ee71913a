"""Operators that leave values as they are and put them elsewhere, as kernel calls.

All that take one input are one kernel: a walk over the output, with a step of the input for each
axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.compiler.binary import operand_of
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import ITEM_BYTES, Operator, Tensor
from pipeline.compiler.layers import Array, Layer, Operand, Struct, Value
from pipeline.compiler.padding import paddings_of

_AXES = 5  # as NN_AXES in firmware/lib/nn/nn.h


@dataclass(frozen=True)
class Walk:
    """Over an output of this shape: start is the element of the input that comes first, steps lead
    from one to the next along each axis."""

    shape: tuple[int, ...]
    steps: tuple[int, ...]
    start: int = 0


def lower_strided_slice(step: Step) -> Layer:
    """The kernel call of a STRIDED_SLICE."""
    operator = step.operator
    shape, masks = operator.operand(0).shape, operator.options.masks
    if masks.others:
        raise operator.refuse("it has a mask for new axes, an ellipsis or an offset")
    begins, ends, strides = (operator.numbers(number) for number in (1, 2, 3))
    if not len(shape) == len(begins) == len(ends) == len(strides):
        raise operator.refuse("it does not name each axis")
    firsts, counts = [], []
    for axis, (length, stride) in enumerate(zip(shape, strides, strict=True)):
        if stride == 0:
            raise operator.refuse("its stride is 0")
        begin = None if masks.begin >> axis & 1 else begins[axis]
        end = None if masks.end >> axis & 1 else ends[axis]
        first, stop, _ = slice(begin, end, stride).indices(length)
        is_one = masks.shrink >> axis & 1
        counts.append(1 if is_one else len(range(first, stop, stride)))
        firsts.append(first)
    return _walked(operator, _sliced(operator, shape, firsts, counts, strides))


def lower_slice(step: Step) -> Layer:
    """The kernel call of a SLICE; a size of -1 reaches to the end."""
    operator = step.operator
    shape = operator.operand(0).shape
    firsts, sizes = operator.numbers(1), operator.numbers(2)
    if not len(shape) == len(firsts) == len(sizes):
        raise operator.refuse("it does not name each axis")
    counts = [
        length - first if size == -1 else size
        for length, first, size in zip(shape, firsts, sizes, strict=True)
    ]
    return _walked(operator, _sliced(operator, shape, firsts, counts, [1] * len(shape)))


def lower_part(step: Step) -> Layer:
    """The kernel call for one output of a SPLIT, SPLIT_V or UNPACK."""
    operator = step.operator
    source, part = operator.operand(0), operator.options.part
    if operator.name == "UNPACK":
        axis = _axis(operator, operator.options.axis, len(source.shape))
        first, count = part, 1
    else:
        axis = _axis(operator, operator.numbers(len(operator.inputs) - 1)[0], len(source.shape))
        first, count = _part(operator, axis)
    firsts, counts = [0] * len(source.shape), list(source.shape)
    firsts[axis], counts[axis] = first, count
    return _walked(operator, _sliced(operator, source.shape, firsts, counts, [1] * len(counts)))


def _part(operator: Operator, axis: int) -> tuple[int, int]:
    """Where a part begins along its axis, and how long it is."""
    part = operator.options.part
    if operator.name == "SPLIT":
        count = operator.output.shape[axis] if axis < len(operator.output.shape) else 0
        return part * count, count
    sizes, length = operator.numbers(1), operator.operand(0).shape[axis]
    if part >= len(sizes) or sizes.count(-1) > 1:
        raise operator.refuse(f"its sizes are {sizes}")
    rest = length - sum(size for size in sizes if size != -1)
    sizes = [rest if size == -1 else size for size in sizes]
    return sum(sizes[:part]), sizes[part]


def lower_apart(step: Step) -> Layer:
    """Refuses what dilation.py has left."""
    raise step.operator.refuse("it is not part of one dilated convolution with strides of 1")


def lower_depth_to_space(step: Step) -> Layer:
    """The kernel call of a DEPTH_TO_SPACE: channels become a block of rows and columns."""
    operator = step.operator
    height, width, channels = _plane(operator, operator.operand(0))
    block, depth = operator.options.block, operator.output.shape[-1]
    if block < 1 or channels != block * block * depth:
        raise operator.refuse(f"its block of {block} does not fit {channels} channels")
    row, column = width * channels, channels
    shape = (height, block, width, block, depth)
    return _walked(operator, Walk(shape, (row, block * depth, column, depth, 1)))


def lower_space_to_depth(step: Step) -> Layer:
    """The kernel call of a SPACE_TO_DEPTH: a block of rows and columns becomes channels."""
    operator = step.operator
    height, width, channels = _plane(operator, operator.operand(0))
    block = operator.options.block
    if block < 1 or height % block or width % block:
        raise operator.refuse(f"its block of {block} does not divide {height} x {width}")
    row, column = width * channels, channels
    shape = (height // block, width // block, block, block, channels)
    return _walked(operator, Walk(shape, (block * row, block * column, row, column, 1)))


def _plane(operator: Operator, source: Tensor) -> tuple[int, int, int]:
    if len(source.shape) != 4 or source.shape[0] != 1:
        raise operator.refuse(f"its input has shape {list(source.shape)}, not [1, h, w, c]")
    return source.shape[1], source.shape[2], source.shape[3]


def lower_transpose(step: Step) -> Layer:
    """The kernel call of a TRANSPOSE."""
    operator = step.operator
    shape, order = operator.operand(0).shape, operator.numbers(1)
    order = [axis % len(shape) if -len(shape) <= axis < len(shape) else -1 for axis in order]
    if sorted(order) != list(range(len(shape))):
        raise operator.refuse(f"its order of axes is {order}")
    steps = _steps(shape)
    walk = Walk(tuple(shape[axis] for axis in order), tuple(steps[axis] for axis in order))
    return _walked(operator, walk)


def lower_join(step: Step) -> Layer:
    """The kernel call of a CONCATENATION or PACK."""
    operator = step.operator
    inputs = [operator.operand(number) for number in range(len(operator.inputs))]
    output, packs = operator.output, operator.name == "PACK"
    axis = _axis(operator, operator.options.axis, len(output.shape))
    _check_join(operator, inputs, axis)
    item = ITEM_BYTES[output.dtype]
    outer = math.prod(output.shape[:axis])
    sizes = tuple(tensor.elements // outer * item for tensor in inputs)
    fields: dict[str, Value] = {
        "bytes": Array("bytes", "int32_t", sizes),
        "count": len(inputs),
        "outer": outer,
    }
    if not packs and output.dtype == "INT8":
        _check_same_quantization(operator, inputs)
    if output.dtype == "INT16" and any(any(one.zero_points) for one in (*inputs, output)):
        raise operator.refuse("a zero point is not 0")
    return Layer(
        name=operator.layer,
        operators=(operator.name,),
        kernel="nn_concatenate",
        arguments=(Struct("nn_concatenate_t", "layer", fields),),
        inputs=tuple(_operand(number, tensor) for number, tensor in enumerate(inputs)),
        output=output,
        listed=True,
    )


def _check_join(operator: Operator, inputs: Sequence[Tensor], axis: int) -> None:
    output, packs = operator.output.shape, operator.name == "PACK"
    if operator.options.activation != "NONE":
        raise operator.refuse(f"its fused activation is {operator.options.activation}")
    shapes = [
        (*tensor.shape[:axis], 1, *tensor.shape[axis:]) if packs else tensor.shape
        for tensor in inputs
    ]
    along = sum(shape[axis] for shape in shapes if len(shape) == len(output))
    fits = all(
        len(shape) == len(output)
        and shape[:axis] == output[:axis]
        and shape[axis + 1 :] == output[axis + 1 :]
        for shape in shapes
    )
    if not fits or along != output[axis]:
        raise operator.refuse(f"its inputs do not make {list(output)}")


def _check_same_quantization(operator: Operator, inputs: Sequence[Tensor]) -> None:
    """As TensorFlow Lite Micro demands: exactly."""
    wanted = (operator.output.scales, operator.output.zero_points)
    if any((tensor.scales, tensor.zero_points) != wanted for tensor in inputs):
        raise operator.refuse("its inputs and its output are quantized differently")


def _operand(number: int, tensor: Tensor) -> Operand:
    return operand_of(f"input_{number}", tensor)


def _axis(operator: Operator, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise operator.refuse(f"its axis is {axis}")
    return axis % rank


def _steps(shape: Sequence[int]) -> tuple[int, ...]:
    """From one element to the next along each axis."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _sliced(
    operator: Operator,
    shape: Sequence[int],
    firsts: Sequence[int],
    counts: Sequence[int],
    strides: Sequence[int],
) -> Walk:
    """counts and strides: of each axis of the input. Raises PipelineError outside of it."""
    for length, first, count, stride in zip(shape, firsts, counts, strides, strict=True):
        last = first + (count - 1) * stride
        if count < 1 or not 0 <= first < length or not 0 <= last < length:
            raise operator.refuse(f"it reaches beyond its input {list(shape)}")
    steps = _steps(shape)
    start = sum(first * step for first, step in zip(firsts, steps, strict=True))
    strided = tuple(stride * step for stride, step in zip(strides, steps, strict=True))
    return Walk(tuple(counts), strided, start)


def _walked(operator: Operator, walk: Walk) -> Layer:
    """Elements that lie together, and are read together, are copied together."""
    if math.prod(walk.shape) != operator.output.elements:
        raise operator.refuse(f"its output is not {list(operator.output.shape)}")
    item = ITEM_BYTES[operator.output.dtype]
    axes = _merged(walk)
    run = item
    if axes and axes[-1][1] == 1:
        run *= axes.pop()[0]
    if len(axes) > _AXES:
        raise operator.refuse(f"it has more than {_AXES} axes")
    axes = [(1, 0)] * (_AXES - len(axes)) + axes
    fields: dict[str, Value] = {
        "shape": tuple(length for length, _ in axes),
        "steps": tuple(step * item for _, step in axes),
        "start": walk.start * item,
        "run": run,
    }
    return _one_input(operator, "nn_strided_copy", Struct("nn_strided_copy_t", "layer", fields))


def _merged(walk: Walk) -> list[tuple[int, int]]:
    """Length and step of each axis, without those of one element; an axis that goes on where the
    next one ends is one with it."""
    axes: list[tuple[int, int]] = []
    for length, step in zip(walk.shape, walk.steps, strict=True):
        if length == 1:
            continue
        if axes and axes[-1][1] == length * step:
            axes[-1] = (axes[-1][0] * length, step)
        else:
            axes.append((length, step))
    return axes


def lower_stretch(step: Step) -> Layer:
    """The kernel call of what broadcast.py puts in: axes of one element are repeated."""
    operator = step.operator
    shape, result = operator.operand(0).shape, operator.output.shape
    shape = (*(1,) * (len(result) - len(shape)), *shape)
    steps = tuple(
        0 if length == 1 else step for length, step in zip(shape, _steps(shape), strict=True)
    )
    return _walked(operator, Walk(result, steps))


def lower_resize(step: Step) -> Layer:
    """The kernel call of a RESIZE_NEAREST_NEIGHBOR: which row and column each one comes from."""
    operator = step.operator
    source, output = operator.operand(0), operator.output
    sizes = tuple(operator.numbers(1))
    wanted = (source.shape[0], *sizes, source.shape[-1])
    if len(source.shape) != 4 or len(sizes) != 2 or output.shape != wanted:
        raise operator.refuse(f"it makes {list(output.shape)} of {list(source.shape)}")
    rows, columns = (
        tuple(_nearest(operator, source.shape[axis], output.shape[axis])) for axis in (1, 2)
    )
    return _by_rows(operator, rows, columns)


def _by_rows(operator: Operator, rows: Sequence[int], columns: Sequence[int]) -> Layer:
    """What makes a picture of rows and columns of another one."""
    source = operator.operand(0)
    width, channels = (1, *source.shape)[-2:]
    item = ITEM_BYTES[source.dtype]
    if max(*rows, *columns) >= 2**15:
        raise operator.refuse(f"its input {list(source.shape)} is too long")
    fields: dict[str, Value] = {
        "rows": Array("rows", "int16_t", tuple(rows)),
        "columns": Array("columns", "int16_t", tuple(columns)),
        "row_count": len(rows),
        "column_count": len(columns),
        "row_bytes": width * channels * item,
        "bytes": channels * item,
    }
    return _one_input(operator, "nn_resize_nearest", Struct("nn_resize_nearest_t", "layer", fields))


def lower_mirror_pad(step: Step) -> Layer:
    """The kernel call of a MIRROR_PAD: which row and column each one comes from."""
    operator = step.operator
    before, after = ([side[end] for side in paddings_of(operator)] for end in (0, 1))
    shape = operator.operand(0).shape
    while len(shape) < 3:
        shape, before, after = (1, *shape), [0, *before], [0, *after]
    if any((*before[:-3], *after[:-3], before[-1], after[-1])) or math.prod(shape[:-3]) != 1:
        raise operator.refuse("it mirrors other axes than rows and columns")
    rows, columns = (
        tuple(_mirrored(operator, shape[axis], before[axis], after[axis])) for axis in (-3, -2)
    )
    return _by_rows(operator, rows, columns)


def _mirrored(operator: Operator, length: int, before: int, after: int) -> Iterator[int]:
    """Which position each of the result comes from."""
    skipped = 0 if operator.options.repeats_edge else 1
    if max(before, after) > length - skipped:
        raise operator.refuse(f"it mirrors more than the {length} positions of an axis")
    yield from (before + skipped - 1 - at for at in range(before))
    yield from range(length)
    yield from (length - 1 - skipped - at for at in range(after))


def _nearest(operator: Operator, length: int, result: int) -> Iterator[int]:
    """Which position each of the result comes from, in single precision as TensorFlow Lite Micro
    has it."""
    aligned, centred = operator.options.align_corners, operator.options.half_pixel_centers
    parts = (length - 1, result - 1) if aligned and result > 1 else (length, result)
    scale = np.float32(parts[0]) / np.float32(parts[1])
    for position in range(result):
        exact = float((np.float32(position) + np.float32(0.5 if centred else 0.0)) * scale)
        yield min(math.floor(exact + 0.5) if aligned else math.floor(exact), length - 1)


def _one_input(operator: Operator, kernel: str, struct: Struct) -> Layer:
    return Layer(
        name=operator.layer,
        operators=(operator.name,),
        kernel=kernel,
        arguments=(struct,),
        inputs=(operator.operand(0),),
        output=operator.output,
    )
