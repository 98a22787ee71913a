"""What the compiler emits a function for: one kernel call with its constants."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from pipeline.compiler import fixedpoint
from pipeline.compiler.axes import FilterAxis
from pipeline.compiler.ends import RANGES
from pipeline.compiler.fixedpoint import QuickScale, Scale, ShortScale
from pipeline.compiler.graph import Operator, Tensor, Variable

_REAL_BOUNDS = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}
_ITEM_BYTES = {
    "int8_t": 1,
    "int16_t": 2,
    "int32_t": 4,
    "int64_t": 8,
    "nn_scale_t": 8,
    "nn_short_scale_t": 8,
    "nn_quick_scale_t": 12,
}


C_INTEGERS = {"INT8": "int8_t", "INT16": "int16_t"}  # of constants that are operands


@dataclass(frozen=True)
class Array:
    """A constant of its own: `static const <c_type> <name>_<layer>[]`."""

    name: str
    c_type: str
    values: tuple[int, ...] | tuple[Scale, ...] | tuple[QuickScale, ...] | tuple[ShortScale, ...]

    @property
    def bytes(self) -> int:
        """Of flash."""
        return len(self.values) * _ITEM_BYTES[self.c_type]


Operand: TypeAlias = "Tensor | Array"
Value: TypeAlias = "int | Scale | Array | tuple[int, ...] | tuple[Scale, ...] | Mapping[str, Value]"


@dataclass(frozen=True)
class Struct:
    """A kernel's parameters: `static const <c_type> <name> = {...}`."""

    c_type: str
    name: str
    fields: Mapping[str, Value]

    def arrays(self) -> tuple[Array, ...]:
        """All arrays that the struct points to."""
        return tuple(_arrays_in(self.fields))


def _arrays_in(fields: Mapping[str, Value]) -> Iterator[Array]:
    for value in fields.values():
        if isinstance(value, Array):
            yield value
        elif isinstance(value, Mapping):
            yield from _arrays_in(value)


@dataclass(frozen=True)
class Layer:
    """kernel(arguments..., inputs..., output); operators: what it replaces, in order.

    scratch_words: of int32, that the kernel takes as its last argument; none without.
    state: the memory that the kernel takes before it, and keeps from one run to the next; the layer
    of that name adds state_words of int32 to it. A layer that does not write leaves its output in
    its state. in_place: all input is read before any output is written. listed: the kernel takes
    its inputs as a list. slides: the kernel goes through its input in order and reads each part
    before it writes what becomes of it.
    """

    name: str
    operators: tuple[str, ...]
    kernel: str
    arguments: tuple[Struct | Array | int, ...]
    inputs: tuple[Operand, ...]
    output: Tensor
    macs: int = 0
    scratch_words: int = 0
    state: str = ""
    state_words: int = 0
    writes: bool = True
    in_place: bool = False
    slides: bool = False
    listed: bool = False
    constants: tuple[Array, ...] = field(init=False)

    def __post_init__(self) -> None:
        found: list[Array] = []
        for item in (*self.arguments, *self.inputs):
            if isinstance(item, Struct):
                found.extend(item.arrays())
            elif isinstance(item, Array):
                found.append(item)
        object.__setattr__(self, "constants", tuple(found))

    @property
    def weight_bytes(self) -> int:
        """Flash of the layer's constants."""
        return sum(array.bytes for array in self.constants)


@dataclass(frozen=True)
class Program:
    """What one call of the network runs: `before`; then `looped` for each of `units` equal parts of
    the input, or of the `columns` that `before` has made; then `layers`.

    inputs: of one call. variables: what lies in the state, and is not a layer's. resets_state: all
    states are reset before. The first units since a reset, `skipped` of them, end before the looped
    layer of number `skipped_from`.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    looped: tuple[Layer, ...] = ()
    units: int = 1
    before: tuple[Layer, ...] = ()
    columns: Tensor | None = None
    resets_state: bool = False
    skipped: int = 0
    skipped_from: int = 0
    variables: tuple[Variable, ...] = ()

    @property
    def input(self) -> Tensor:
        """The first; a program with a loop has one."""
        return self.inputs[0]

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """In the order they run."""
        return (*self.before, *self.looped, *self.layers)

    @property
    def has_state(self) -> bool:
        """Whether there is memory that outlives a run."""
        return bool(self.looped or self.variables) or any(one.state for one in self.layers)

    @property
    def streams(self) -> bool:
        """Whether it goes on from what it has seen."""
        return self.has_state and not self.resets_state


def size(height_width: tuple[int, int]) -> dict[str, int]:
    """An nn_size_t."""
    return {"height": height_width[0], "width": height_width[1]}


def output_fields(zero_point: int, bounds: tuple[int, int]) -> dict[str, int]:
    """An nn_output_t."""
    return {"zero_point": zero_point, "min": bounds[0], "max": bounds[1]}


def plane_fields(operator: Operator, height: FilterAxis, width: FilterAxis) -> dict[str, Value]:
    """An nn_plane_t."""
    return {
        "input": size((height.length, width.length)),
        "result": size((height.result, width.result)),
        "kernel": size((height.kernel, width.kernel)),
        "stride": size((height.stride, width.stride)),
        "dilation": size((height.dilation, width.dilation)),
        "padding": size((height.padding, width.padding)),
        "channels": operator.operand(0).shape[-1],
        "zero_point": operator.operand(0).zero_point,
    }


def kernel_layer(
    parts: tuple[Operator, ...],
    kernel: str,
    arguments: tuple[Struct | int, ...],
    macs: int,
    scratch_words: int = 0,
) -> Layer:
    """parts: the operators that it replaces, in order."""
    return Layer(
        name=parts[0].layer,
        operators=tuple(part.name for part in parts),
        kernel=kernel,
        arguments=arguments,
        inputs=(parts[0].operand(0),),
        output=parts[-1].output,
        macs=macs,
        scratch_words=scratch_words,
    )


def quantize_float32(real: float, scale: float) -> int:
    """round(real / scale), ties away from zero, in single precision as TensorFlow Lite Micro."""
    ratio = float(np.float32(real) / np.float32(scale))
    return math.floor(abs(ratio) + 0.5) * (1 if ratio >= 0 else -1)


def kernel_name(operator: Operator, kernel: str) -> str:
    """The kernel, or that which does the same with int16."""
    return f"{kernel}_int16" if operator.is_int16 else kernel


def clamp_bounds(operator: Operator) -> tuple[int, int]:
    """The range of the output's type that the operator's fused activation leaves."""
    activation, output = operator.options.activation, operator.output
    if activation not in _REAL_BOUNDS:
        raise operator.refuse(f"its fused activation {activation} is not supported")
    low, high = RANGES[output.dtype]
    bounds = [low, high]
    for side, real in enumerate(_REAL_BOUNDS[activation]):
        if real is not None:
            steps = quantize_float32(real, output.scale)
            if abs(steps) > fixedpoint.INT32_MAX:
                raise operator.refuse("its output scale is too small")
            bounds[side] = fixedpoint.clamp(output.zero_point + steps, low, high)
    return bounds[0], bounds[1]


def require_same_quantization(operator: Operator) -> None:
    """As TensorFlow Lite Micro demands of pools: scales within 1e-6."""
    source, output = operator.operand(0), operator.output
    if abs(source.scale - output.scale) > 1e-6 or source.zero_point != output.zero_point:
        raise operator.refuse("its input and output are quantized differently")
