"""What the tables of options in a .tflite file say, by operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.compiler import flatbuffer
from pipeline.compiler.flatbuffer import FlatTable, damaged
from pipeline.compiler.graph import Operator, Options, SliceMasks


def read_options(table: FlatTable, operator: Operator) -> Options:
    """Of an operator's table. Raises PipelineError where they are missing or of another kind."""
    if operator.name not in _READERS:
        return Options()
    kind, read = _READERS[operator.name]
    options = table.table(4)
    if options is None or table.number(3, "B") != kind:
        raise damaged(f"{operator.name} in layer {operator.layer!r} has no options")
    return read(options)


def _convolution(options: FlatTable) -> Options:
    read = replace(_filter(options, 3), dilation=_dilation(options, 4))
    return replace(read, bias_type=_type(options, 6))


def _depthwise(options: FlatTable) -> Options:
    read = replace(_filter(options, 4), dilation=_dilation(options, 5))
    return replace(read, depth_multiplier=options.number(3, "i"))


def _pool(options: FlatTable) -> Options:
    return replace(_filter(options, 5), window=(options.number(4, "i"), options.number(3, "i")))


def _dense(options: FlatTable) -> Options:
    read = replace(_activated(options), shuffled_weights=options.number(1, "b") != 0)
    return replace(read, bias_type=_type(options, 4))


def _softmax(options: FlatTable) -> Options:
    return Options(beta=options.real(0))


def _activated(options: FlatTable) -> Options:
    return Options(activation=_activation(options, 0))


def _concatenation(options: FlatTable) -> Options:
    return Options(axis=options.number(0, "i"), activation=_activation(options, 1))


def _pack(options: FlatTable) -> Options:
    return Options(axis=options.number(1, "i"))


def _svdf(options: FlatTable) -> Options:
    return Options(rank=options.number(0, "i"))


def _sequence_lstm(options: FlatTable) -> Options:
    """axis: that of the batch."""
    is_time_first = options.number(3, "?") != 0
    activation = _activation(options, 0)
    return Options(activation=activation, clip=options.real(1), axis=int(is_time_first))


def _leaky_relu(options: FlatTable) -> Options:
    return Options(alpha=options.real(0))


def _resize(options: FlatTable) -> Options:
    aligned, centred = (options.number(field, "?") != 0 for field in range(2))
    return Options(align_corners=aligned, half_pixel_centers=centred)


def _strided_slice(options: FlatTable) -> Options:
    begin, end, ellipsis, new_axis, shrink = (options.number(field, "i") for field in range(5))
    others = ellipsis | new_axis | options.number(5, "?")
    return Options(masks=SliceMasks(begin, end, shrink, others))


def _transposed(options: FlatTable) -> Options:
    return _filter(options, 3)


def _mirror(options: FlatTable) -> Options:
    return Options(repeats_edge=options.number(0, "b") != 0)


def _block(options: FlatTable) -> Options:
    return Options(block=options.number(0, "i"))


def _filter(options: FlatTable, activation: int) -> Options:
    return Options(
        padding=flatbuffer.name_of(flatbuffer.PADDINGS, options.number(0, "b")),
        stride=(options.number(2, "i"), options.number(1, "i")),
        activation=_activation(options, activation),
    )


def _dilation(options: FlatTable, field: int) -> tuple[int, int]:
    return options.number(field + 1, "i", 1), options.number(field, "i", 1)


def _type(options: FlatTable, field: int) -> str:
    return flatbuffer.name_of(flatbuffer.TENSOR_TYPES, options.number(field, "b"))


def _activation(options: FlatTable, field: int) -> str:
    return flatbuffer.name_of(flatbuffer.ACTIVATIONS, options.number(field, "b"))


# The number of the union's type that an operator must carry, and how its table is read.
_READERS: dict[str, tuple[int, Callable[[FlatTable], Options]]] = {
    "CONV_2D": (1, _convolution),
    "DEPTHWISE_CONV_2D": (2, _depthwise),
    "TRANSPOSE_CONV": (49, _transposed),
    "DEPTH_TO_SPACE": (94, _block),
    "MIRROR_PAD": (77, _mirror),
    "SPACE_TO_DEPTH": (19, _block),
    "MAX_POOL_2D": (5, _pool),
    "AVERAGE_POOL_2D": (5, _pool),
    "SVDF": (6, _svdf),
    "FULLY_CONNECTED": (8, _dense),
    "SOFTMAX": (9, _softmax),
    "CONCATENATION": (10, _concatenation),
    "ADD": (11, _activated),
    "MUL": (21, _activated),
    "SUB": (28, _activated),
    "RESIZE_NEAREST_NEIGHBOR": (74, _resize),
    "LEAKY_RELU": (75, _leaky_relu),
    "STRIDED_SLICE": (32, _strided_slice),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (71, _sequence_lstm),
    "PACK": (59, _pack),
    "UNPACK": (64, _pack),
}
