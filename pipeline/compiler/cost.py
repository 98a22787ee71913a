"""What a network will cost on a Cortex-M4F, known before anything is built.

Bytes are exact but for what the C compiler makes of the code. Instructions are an estimate, linear
for each kernel in the numbers that cost_features.py takes from a layer. The coefficients are in
kernel_costs.json, fitted by `python -m benchmarks.kernel_costs` to what QEMU counts; docs/engine.md
says how far they are off.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.compiler.cost_features import features
from pipeline.compiler.layers import Layer, Program, Struct, Value
from pipeline.compiler.memory_plan import MemoryPlan
from pipeline.core.costs import LayerCost, NetworkCost

TABLE = Path(__file__).with_name("kernel_costs.json")
KEEPS = "(keeps what is new)"  # no operator, but for the stream
GLUE_BYTES = 40  # code of a layer's function and of its call
INVOKE_STACK_BYTES = 96  # of the functions above the kernels, and for shapes not measured
QUICK_SCALES = ("nn_quick_scale_t", "nn_short_scale_t")


@dataclass(frozen=True)
class KernelCost:
    """symbols: the functions and tables that a kernel brings in, and the bytes of each."""

    coefficients: dict[str, float]  # instructions for one of a feature; none for the others
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
    unknown = KernelCost({"calls": 200.0, "work": 20.0}, 512, {name: 2048})
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
    kernel_bytes = sum(kernel_symbols(program).values())
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


def kernel_symbols(program: Program) -> dict[str, int]:
    """The functions and tables that its kernels bring in, and the bytes of each."""
    symbols: dict[str, int] = {}
    for layer in program.all_layers:
        symbols |= kernel_cost(variant(layer)).symbols
    return symbols


def _layer_cost(layer: Layer, plan: MemoryPlan, index: int, calls: int) -> LayerCost:
    begins, ends = 2 * index, 2 * index + 1  # as in plan.py
    live = [
        buffer.bytes for buffer in plan.buffers if buffer.first <= ends and buffer.last >= begins
    ]
    kernel = kernel_cost(variant(layer))
    numbers = features(layer)
    structs = [item.fields for item in layer.arguments if isinstance(item, Struct)]
    instructions = sum(times * numbers[name] for name, times in kernel.coefficients.items())
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
    quick = any(array.c_type in QUICK_SCALES for array in layer.constants)
    structs = [item.fields for item in layer.arguments if isinstance(item, Struct)]
    if layer.kernel == "nn_strided_copy" and structs[0]["run"] == 1:
        return f"{layer.kernel} single"
    return f"{layer.kernel} quick" if quick else layer.kernel
