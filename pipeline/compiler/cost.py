"""What a network will cost on a Cortex-M4F, known before anything is built.

Bytes are exact but for what the C compiler makes of the code. Instructions are an estimate, linear
for each kernel in five numbers of a layer: 1 call, the work (multiplications with the filling-up
that the kernel needs), sums begun, outputs rescaled, and inputs widened. The coefficients are in
kernel_costs.json, fitted by `python -m benchmarks.kernel_costs` to what QEMU counts; docs/engine.md
says how far they are off.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.compiler.cell_layers import CELL_KERNELS
from pipeline.compiler.graph import Tensor
from pipeline.compiler.layers import Layer, Program, Struct, Value
from pipeline.compiler.memory_plan import MemoryPlan
from pipeline.core.costs import LayerCost, NetworkCost

TABLE = Path(__file__).with_name("kernel_costs.json")
NN_BLOCK = 4  # output channels computed together, as in firmware/lib/nn/nn.h
_QUAD = 4  # inputs that are computed together, as in firmware/lib/nn/nn_windows.h
KEEPS = "(keeps what is new)"  # no operator, but for the stream
GLUE_BYTES = 40  # code of a layer's function and of its call
INVOKE_STACK_BYTES = 64  # of the function that calls the layers, and of a layer's
QUICK_SCALE = "nn_quick_scale_t"
FEATURES = ("calls", "work", "sums", "outputs", "inputs")


@dataclass(frozen=True)
class KernelCost:
    """symbols: the functions and tables that a kernel brings in, and the bytes of each."""

    coefficients: dict[str, float]  # instructions for one of each of FEATURES
    stack_bytes: int
    symbols: dict[str, int]


@cache
def kernel_costs() -> dict[str, KernelCost]:
    """The table of kernel_costs.json, by kernel and variant."""
    content = json.loads(TABLE.read_text("utf-8"))
    return {
        name: KernelCost(
            coefficients=entry["coefficients"],
            stack_bytes=entry["stack_bytes"],
            symbols={symbol: content["symbols"][symbol] for symbol in entry["symbols"]},
        )
        for name, entry in content["kernels"].items()
    }


def kernel_cost(name: str) -> KernelCost:
    """Of a variant that was never measured: that of another of the kernel, or more than it will
    take."""
    kernel = name.split()[0]
    unknown = KernelCost(dict.fromkeys(FEATURES, 20.0), 512, {name: 2048})
    known = kernel_costs()
    others = (found for key, found in known.items() if key.split()[0] == kernel)
    return known.get(name) or known.get(kernel) or next(others, unknown)


def network_cost(program: Program, plan: MemoryPlan) -> NetworkCost:
    """Of one call: a window, or a hop where the network streams."""
    layers = program.all_layers
    once, looped = len(program.before), len(program.looped)
    calls = [1] * once + [program.units] * looped + [1] * len(program.layers)
    costs = tuple(
        _layer_cost(layer, plan, index, calls[index]) for index, layer in enumerate(layers)
    )
    symbols: dict[str, int] = {}
    for layer in layers:
        symbols |= kernel_cost(variant(layer)).symbols
    kernel_bytes = sum(symbols.values())
    return NetworkCost(
        layers=costs,
        instructions=sum(cost.instructions for cost in costs),
        kernel_bytes=kernel_bytes,
        flash_bytes=kernel_bytes + sum(cost.flash_bytes for cost in costs),
        arena_bytes=plan.arena_bytes,
        ram_bytes=plan.arena_bytes
        + sum(tensor.bytes for tensor in (*program.inputs, *program.outputs)),
        stack_bytes=INVOKE_STACK_BYTES + max(cost.stack_bytes for cost in costs),
    )


def _layer_cost(layer: Layer, plan: MemoryPlan, index: int, calls: int) -> LayerCost:
    begins, ends = 2 * index, 2 * index + 1  # as in plan.py
    live = [
        buffer.bytes for buffer in plan.buffers if buffer.first <= ends and buffer.last >= begins
    ]
    kernel = kernel_cost(variant(layer))
    numbers = features(layer)
    structs = [item.fields for item in layer.arguments if isinstance(item, Struct)]
    instructions = sum(kernel.coefficients[name] * numbers[name] for name in numbers)
    return LayerCost(
        name=layer.name,
        operator=" + ".join(layer.operators) or KEEPS,
        output_shape=layer.output.shape,
        macs=calls * layer.macs,
        instructions=round(calls * instructions),
        flash_bytes=layer.weight_bytes + GLUE_BYTES + sum(map(_bytes, structs)),
        ram_bytes=sum(live) + 4 * (layer.scratch_words + layer.state_words),
        stack_bytes=kernel.stack_bytes,
    )


def _bytes(value: Value) -> int:
    """A field is a word, or several."""
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    return 4 * len(value) if isinstance(value, tuple) else 4


def variant(layer: Layer) -> str:
    """The kernel, and how it rescales: what a row of the table is for."""
    quick = any(array.c_type == QUICK_SCALE for array in layer.constants)
    structs = [item.fields for item in layer.arguments if isinstance(item, Struct)]
    if layer.kernel == "nn_strided_copy" and structs[0]["run"] == 1:
        return f"{layer.kernel} single"
    return f"{layer.kernel} quick" if quick else layer.kernel


def features(layer: Layer) -> dict[str, int]:
    """What an instruction count is linear in, by the names of FEATURES."""
    fields = next((item.fields for item in layer.arguments if isinstance(item, Struct)), {})
    numbers = {name: value for name, value in fields.items() if isinstance(value, int)}
    if layer.kernel.startswith("nn_stream_conv1d"):
        counted = _of_columns(numbers, *(item for item in layer.arguments if isinstance(item, int)))
    elif layer.kernel in CELL_KERNELS:
        counted = _of_cell(layer, fields)
    elif "quads" in numbers:
        counted = _of_windows(layer, fields)
    else:
        counted = _along_one_axis(numbers) if "runs" in numbers else _of_others(layer, fields)
    return dict(zip(FEATURES, (1, *counted), strict=True))


def _along_one_axis(numbers: dict[str, int]) -> tuple[int, int, int, int]:
    """Pairs of taps, whole blocks of channels, then a pool."""
    channels = _whole_blocks(numbers["channels_out"])
    windows = numbers["positions"] * numbers["pool"]
    sums = windows * channels * numbers["columns"] * numbers["runs"]
    outputs = numbers["positions"] * channels
    return 2 * sums * numbers["run"], sums, outputs, windows * numbers["advance"]


def _of_columns(numbers: dict[str, int], columns: int) -> tuple[int, int, int, int]:
    """The same for some columns, and the history moves."""
    channels = _whole_blocks(numbers["channels_out"])
    windows = columns * (numbers["last_bytes"] // max(numbers["step_bytes"], 1) + 1)
    sums, outputs = windows * channels * numbers["runs"], columns * channels
    moved = columns * (numbers["fresh"] * numbers["channels_in"] + numbers["history"])
    return 2 * sums * numbers["run"], sums, outputs, moved


def _of_windows(layer: Layer, fields: Mapping[str, Value]) -> tuple[int, int, int, int]:
    """Whole quads of taps, whole blocks of channels, before a pool."""
    taps = _QUAD * _number(fields, "quads")
    positions = math.prod(_number(result, side) for result in _results(fields) for side in result)
    sums = _whole_blocks(_number(fields, "channels_out")) * positions
    return sums * taps, sums, layer.output.elements, positions * taps


def _results(fields: Mapping[str, Value]) -> Iterator[Mapping[str, Value]]:
    plane = fields["plane"]
    result = plane["result"] if isinstance(plane, Mapping) else None
    if isinstance(result, Mapping):
        yield result


def _of_cell(layer: Layer, fields: Mapping[str, Value]) -> tuple[int, int, int, int]:
    """Whole quads of inputs by whole blocks of rows; outputs: units."""
    matrices = [(_number(item, "quads"), _number(item, "blocks")) for item in _matrices(fields)]
    work = sum(quads * NN_BLOCK * blocks * NN_BLOCK for quads, blocks in matrices)
    blocks = sum(blocks for _, blocks in matrices)
    return work, blocks, _whole_blocks(layer.output.elements), sum(_elements(layer))


def _matrices(fields: Mapping[str, Value]) -> Iterator[Mapping[str, Value]]:
    for value in fields.values():
        if isinstance(value, Mapping):
            yield from [value] if "quads" in value else _matrices(value)


def _number(fields: Mapping[str, Value], name: str) -> int:
    value = fields[name]
    return value if isinstance(value, int) else 0


def _of_others(layer: Layer, fields: Mapping[str, Value]) -> tuple[int, int, int, int]:
    if layer.kernel == "nn_depthwise_conv2d":
        return _depthwise(layer)
    if layer.kernel == "nn_depthwise_3x3":
        return _by_channel(fields)
    if layer.kernel in ("nn_strided_copy", "nn_concatenate"):
        return _of_copy(layer, fields)
    rows, window = fields.get("rows"), fields.get("window")  # an nn_rows_t; an nn_size_t of a pool
    taps = rows["inputs"] if isinstance(rows, dict) else 0
    sides = window.values() if isinstance(window, dict) else ()
    area = math.prod(side for side in sides if isinstance(side, int))
    outputs = layer.output.elements
    inputs = sum(_elements(layer))
    sums = layer.macs // taps if isinstance(taps, int) and taps else 0
    return max(layer.macs, outputs * area), sums, outputs, inputs


def _of_copy(layer: Layer, fields: Mapping[str, Value]) -> tuple[int, int, int, int]:
    """Bytes, and how many pieces they come in."""
    pieces = _number(fields, "outer") * len(layer.inputs) if "outer" in fields else 0
    shape = fields.get("shape")
    rows = 0
    if isinstance(shape, tuple):
        lengths = [length for length in shape if isinstance(length, int)]
        rows, pieces = math.prod(lengths[:-1]), math.prod(lengths)
    return layer.output.bytes, pieces, rows, 0


def _by_channel(fields: Mapping[str, Value]) -> tuple[int, int, int, int]:
    """Sums in pairs; rows of them, and filters of a strip, begun; what strips take apart."""
    across, along = fields["across"], fields["along"]
    assert isinstance(across, dict)
    assert isinstance(along, dict)
    channels, strip = _number(fields, "channels"), _number(fields, "strip")
    filters, rows = channels * _number(fields, "multiplier"), _number(across, "result")
    strips = -(-rows // strip)
    taken = rows * _number(across, "stride") + 2 * strips
    sums = filters * rows * 2 * -(-_number(along, "result") // 2)
    apart = _whole_blocks(channels) * taken * _number(along, "length")
    return 9 * sums, filters * rows, filters * strips, apart


def _depthwise(layer: Layer) -> tuple[int, int, int, int]:
    """In whole blocks of channels."""
    channels, inputs = layer.output.shape[-1], sum(_elements(layer))
    outputs = layer.output.elements * _whole_blocks(channels) // channels
    return layer.macs * _whole_blocks(channels) // channels, 0, outputs, inputs


def _elements(layer: Layer) -> list[int]:
    return [item.elements for item in layer.inputs if isinstance(item, Tensor)]


def _whole_blocks(channels: int) -> int:
    return -(-channels // NN_BLOCK) * NN_BLOCK
