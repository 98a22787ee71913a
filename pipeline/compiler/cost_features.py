"""What the instructions of a layer are linear in: how often each part of a kernel's loops runs.

The parts are those that kernels have in common. A coefficient that a kernel does not need is zero
(docs/engine.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from pipeline.compiler.cell_layers import CELL_KERNELS
from pipeline.compiler.graph import Tensor
from pipeline.compiler.layers import Layer, Struct, Value

NN_BLOCK = 4  # output channels computed together, as in firmware/lib/nn/nn.h
FEATURES = {
    "calls": "1",
    "rows": "rows of the output",
    "positions": "of the output, before a pool",
    "borders": "positions whose window reaches outside the input",
    "row_loops": "rows of the output, by rows of the filter, by blocks of four channels",
    "border_loops": "the same of the borders",
    "border_taps": "inputs of all windows at the borders",
    "loops": "the same of all positions",
    "sums": "begun, in whole blocks of channels",
    "work": "multiplications, in whole blocks of channels",
    "odd_work": "those that have no partner in a pair of positions, or in a group of four inputs",
    "odd_taps": "inputs of a position without a partner",
    "outputs": "values that are rescaled and stored",
    "inputs": "values that are read, or widened",
}
DENSE_KERNELS = ("nn_fully_connected", "nn_fully_connected_blocks", "nn_fully_connected_few")
Counts: TypeAlias = dict[str, int]
Fields: TypeAlias = Mapping[str, Value]


def features(layer: Layer) -> Counts:
    """By the names of FEATURES."""
    return dict.fromkeys(FEATURES, 0) | {"calls": 1} | _counted(layer, _fields(layer))


def _fields(layer: Layer) -> Fields:
    """Of the first struct."""
    structs = (item.fields for item in layer.arguments if isinstance(item, Struct))
    return next(structs, {})


def _counted(layer: Layer, fields: Fields) -> Counts:
    numbers = {name: value for name, value in fields.items() if isinstance(value, int)}
    if layer.kernel.startswith("nn_stream_conv1d"):
        return _of_columns(numbers, *(item for item in layer.arguments if isinstance(item, int)))
    if layer.kernel in CELL_KERNELS:
        return _of_cell(layer, fields)
    if layer.kernel == "nn_pad":
        return {"work": layer.output.bytes, "rows": _runs(fields)}
    for start, counted in _BY_KERNEL.items():
        if layer.kernel.startswith(start):
            return counted(layer, fields)
    if layer.kernel in DENSE_KERNELS:
        return _of_dense(numbers)
    if layer.kernel.startswith("nn_svdf"):
        return _of_svdf(layer, numbers)
    if "runs" in numbers:
        return _along_one_axis(numbers)
    plane = fields.get("plane")
    if isinstance(plane, Mapping):
        return _over_a_plane(layer, fields, plane)
    return _of_others(layer, fields)


def _along_one_axis(numbers: Mapping[str, int]) -> Counts:
    """Pairs of taps, pairs of positions, some pairs at a time, whole blocks of channels, then a
    pool."""
    channels = _whole_blocks(numbers["channels_out"])
    windows = numbers["positions"] * numbers["pool"]
    sums = windows * channels * numbers["columns"]
    taps = 2 * numbers["runs"] * numbers["run"]
    borders = 2 * -(-numbers["padding"] // max(numbers["step"], 1))
    odd = windows % 2
    chunks = -(-windows // (2 * numbers["chunk"]))
    return {
        "rows": chunks,
        "positions": windows,
        "row_loops": chunks * channels // NN_BLOCK * numbers["columns"],
        "borders": borders,
        "border_taps": borders * taps,
        "loops": sums // NN_BLOCK * numbers["runs"],
        "sums": sums,
        "work": sums * taps,
        "odd_work": odd * channels * numbers["columns"] * taps,
        "odd_taps": odd * taps,
        "outputs": numbers["positions"] * channels,
        "inputs": windows * numbers["advance"] // 2,
    }


def _over_a_plane(layer: Layer, fields: Fields, plane: Fields) -> Counts:
    """Windows over two axes."""
    height, width = (_axis(plane, name) for name in ("height", "width"))
    positions = height["result"] * width["result"]
    borders = positions - _inside(height) * _inside(width)
    area = height["kernel"] * width["kernel"]
    taps = area * _number(plane, "channels")
    if "quads" in fields:
        return _of_pairs(layer, fields, positions, borders)
    channels = _whole_blocks(layer.output.shape[-1])
    sums, blocks = positions * channels, channels // NN_BLOCK
    return {
        "rows": height["result"],
        "positions": positions,
        "borders": borders,
        "row_loops": height["result"] * height["kernel"] * blocks,
        "border_loops": borders * height["kernel"],
        "border_taps": borders * taps,
        "loops": positions * height["kernel"],
        "sums": sums,
        "work": layer.macs * channels // layer.output.shape[-1],
        "odd_work": positions * (taps % NN_BLOCK),
        "odd_taps": positions % 2 * taps,
        "outputs": layer.output.elements,
        "inputs": positions * taps,
    }


def _of_pairs(layer: Layer, fields: Fields, positions: int, borders: int) -> Counts:
    """Windows in pairs, some pairs at a time; whole groups of four inputs."""
    taps, channels = NN_BLOCK * _number(fields, "quads"), _whole_blocks(layer.output.shape[-1])
    pairs = -(-positions // 2)
    chunks = -(-pairs // _number(fields, "chunk"))
    return {
        "rows": chunks,
        "positions": 2 * pairs,
        "borders": borders,
        "row_loops": chunks * channels // NN_BLOCK,
        "border_taps": borders * taps,
        "sums": 2 * pairs * channels,
        "work": 2 * pairs * channels * taps,
        "odd_work": positions % 2 * channels * taps,
        "odd_taps": positions % 2 * taps,
        "outputs": layer.output.elements,
        "inputs": 2 * pairs * taps,
    }


def _depthwise(layer: Layer, fields: Fields) -> Counts:
    rows, columns = fields["across"], fields["along"]
    assert isinstance(rows, Mapping)
    assert isinstance(columns, Mapping)
    channels, multiplier = _number(fields, "channels"), _number(fields, "multiplier")
    if layer.kernel == "nn_depthwise_3x3":
        return _of_strips(fields, rows, columns, channels * multiplier)
    if layer.kernel == "nn_depthwise_rows":
        return _of_chunks(fields, rows, columns, channels * multiplier)
    positions = multiplier * _number(rows, "result") * _number(columns, "result")
    kernel = fields["kernel"]
    area = math.prod(_axis_lengths(kernel)) if isinstance(kernel, Mapping) else 1
    outputs = positions * _whole_blocks(channels)
    return {"positions": positions, "work": outputs * area, "outputs": outputs}


def _of_windows_int16(layer: Layer, fields: Fields) -> Counts:
    """Whole quads of inputs, whole blocks of channels; loops: pieces that windows are copied in."""
    height, width = _plane_axes(fields)
    windows = height["result"] * width["result"] * _number(fields, "groups")
    sums = windows * _whole_blocks(_number(fields, "group_channels_out"))
    taps = NN_BLOCK * _number(fields, "quads")
    is_piece = width["dilation"] == 1 and _number(fields, "groups") == 1
    return {
        "positions": windows,
        "row_loops": windows * height["kernel"],
        "loops": windows * height["kernel"] * (1 if is_piece else width["kernel"]),
        "sums": sums,
        "work": sums * taps,
        "outputs": layer.output.elements,
        "inputs": windows * taps,
    }


def _depthwise_int16(layer: Layer, fields: Fields) -> Counts:
    """The taps that lie in the picture, for whole blocks of channels."""
    height, width = _plane_axes(fields)
    multiplier = _number(fields, "multiplier")
    blocks = multiplier * _whole_blocks(layer.output.shape[-1] // multiplier) // NN_BLOCK
    rows, columns = _taps_inside(height), _taps_inside(width)
    positions = height["result"] * width["result"]
    return {
        "positions": positions,
        "row_loops": blocks * rows * width["result"],
        "outputs": NN_BLOCK * blocks * positions,
        "work": NN_BLOCK * blocks * rows * columns,
    }


def _plane_axes(fields: Fields) -> tuple[Counts, Counts]:
    plane = fields["plane"]
    assert isinstance(plane, Mapping)
    return _axis(plane, "height"), _axis(plane, "width")


def _taps_inside(axis: Counts) -> int:
    """Taps of all windows along one axis that lie in the input."""
    starts = (at * axis["stride"] - axis["padding"] for at in range(axis["result"]))
    return sum(
        0 <= start + tap * axis["dilation"] < axis["input"]
        for start in starts
        for tap in range(axis["kernel"])
    )


def _of_strips(fields: Fields, rows: Fields, columns: Fields, filters: int) -> Counts:
    """Sums in pairs; rows of them, and filters of a strip, begun; what strips take apart."""
    height = _number(rows, "result")
    strips = -(-height // _number(fields, "strip"))
    taken = height * _number(rows, "stride") + 2 * strips
    return {
        "row_loops": filters * height,
        "loops": filters * strips,
        "work": 18 * filters * height * -(-_number(columns, "result") // 2),
        "inputs": _whole_blocks(_number(fields, "channels")) * taken * _number(columns, "length"),
    }


def _of_chunks(fields: Fields, rows: Fields, columns: Fields, filters: int) -> Counts:
    """Sums in fours; chunks of a filter begun; what chunks take apart."""
    height, width = _number(rows, "result"), _number(columns, "result")
    outputs = filters * height * 4 * -(-width // 4)
    chunks = height * -(-width // _number(fields, "chunk"))
    taken = 2 * _number(fields, "rows") * _number(fields, "words")
    return {
        "loops": filters * chunks,
        "work": 2 * outputs * _number(fields, "steps"),
        "outputs": outputs,
        "inputs": _whole_blocks(_number(fields, "channels")) * chunks * taken,
    }


def _axis(plane: Fields, name: str) -> Counts:
    found = {key: value for key, value in plane.items() if isinstance(value, Mapping)}
    return {key: _number(value, name) for key, value in found.items()}


def _inside(axis: Counts) -> int:
    """Positions whose window lies in the input."""
    reach = (axis["kernel"] - 1) * axis["dilation"]
    first = -(-axis["padding"] // axis["stride"])
    last = (axis["input"] - 1 - reach + axis["padding"]) // axis["stride"]
    return max(0, min(last, axis["result"] - 1) - first + 1)


def _of_columns(numbers: Mapping[str, int], columns: int) -> Counts:
    """Of some columns of a stream, where the history moves."""
    channels = _whole_blocks(numbers["channels_out"])
    windows = columns * (numbers["last_bytes"] // max(numbers["step_bytes"], 1) + 1)
    sums = windows * channels * numbers["runs"]
    return {
        "sums": sums,
        "work": 2 * sums * numbers["run"],
        "outputs": columns * channels,
        "inputs": columns * (numbers["fresh"] * numbers["channels_in"] + numbers["history"]),
    }


def _of_cell(layer: Layer, fields: Fields) -> Counts:
    """Whole quads of inputs by whole blocks of rows; outputs: units."""
    matrices = [(_number(item, "quads"), _number(item, "blocks")) for item in _matrices(fields)]
    return {
        "sums": sum(blocks for _, blocks in matrices),
        "work": sum(quads * NN_BLOCK * blocks * NN_BLOCK for quads, blocks in matrices),
        "outputs": _whole_blocks(layer.output.elements),
        "inputs": sum(_elements(layer)),
    }


def _matrices(fields: Fields) -> Iterator[Fields]:
    for value in fields.values():
        if isinstance(value, Mapping):
            yield from [value] if "quads" in value else _matrices(value)


def _of_copy(layer: Layer, fields: Fields) -> Counts:
    """Bytes, and how many pieces they come in."""
    pieces = _number(fields, "outer") * len(layer.inputs)
    shape = fields.get("shape")
    rows = 0
    if isinstance(shape, tuple):
        lengths = [length for length in shape if isinstance(length, int)]
        rows, pieces = math.prod(lengths[:-1]), math.prod(lengths)
    return {"work": layer.output.bytes, "sums": pieces, "outputs": rows}


def _runs(fields: Fields) -> int:
    """Of a PAD, that are copied or filled."""
    sides = (fields[name] for name in ("before", "shape", "after"))
    axes = zip(*(side for side in sides if isinstance(side, tuple)), strict=True)
    lengths = [sum(part for part in axis if isinstance(part, int)) for axis in axes]
    return math.prod(lengths[:-1])


def _of_dense(numbers: Mapping[str, int]) -> Counts:
    """Whole blocks of outputs, then pairs of them; whole groups of four inputs."""
    outputs, taps = numbers["outputs"], _whole_blocks(numbers["inputs"])
    whole = outputs // NN_BLOCK * NN_BLOCK
    paired = 2 * -(-(outputs - whole) // 2)
    return {
        "sums": whole,
        "work": whole * taps,
        "odd_work": paired * taps,
        "outputs": outputs - whole,
        "rows": min(paired, 1),
    }


def _of_svdf(layer: Layer, numbers: Mapping[str, int]) -> Counts:
    """A dense layer for the newest value of each filter; then all that it remembers moves on."""
    filters = numbers["filters"]
    return {
        "sums": filters,
        "work": _whole_blocks(filters) * _whole_blocks(numbers["inputs"]),
        "outputs": layer.output.elements,
        "inputs": filters * numbers["memory"],
    }


def _of_others(layer: Layer, fields: Fields) -> Counts:
    """Dense layers, pools, functions; also a convolution of one tap, or of no border."""
    channels = layer.output.shape[-1] if layer.output.shape else 1
    rows, window = fields.get("rows", fields), fields.get("window")
    taps = _number(rows, "inputs") if isinstance(rows, Mapping) else 0
    area = math.prod(_axis_lengths(window)) if isinstance(window, Mapping) else 1
    sums = layer.macs // taps * _whole_blocks(channels) // channels if taps else 0
    return {
        "positions": layer.output.elements // channels,
        "loops": layer.output.elements // channels * area,
        "sums": sums,
        "work": max(sums * taps, layer.macs, layer.output.elements * area),
        "odd_work": sums * (taps % NN_BLOCK),
        "odd_taps": taps % NN_BLOCK,
        "outputs": layer.output.elements,
        "inputs": sum(_elements(layer)),
    }


def _axis_lengths(size: Fields) -> list[int]:
    return [value for value in size.values() if isinstance(value, int)]


def _number(fields: Fields, name: str) -> int:
    value = fields.get(name)
    return value if isinstance(value, int) else 0


def _elements(layer: Layer) -> list[int]:
    return [item.elements for item in layer.inputs if isinstance(item, Tensor)]


def _whole_blocks(channels: int) -> int:
    return -(-channels // NN_BLOCK) * NN_BLOCK


# By how a kernel's name begins, the first that fits.
_BY_KERNEL: dict[str, Callable[[Layer, Fields], Counts]] = {
    "nn_strided_copy": _of_copy,
    "nn_concatenate": _of_copy,
    "nn_conv2d_int16": _of_windows_int16,
    "nn_depthwise_int16": _depthwise_int16,
    "nn_depthwise": _depthwise,
}
