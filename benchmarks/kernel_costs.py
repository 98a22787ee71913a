"""What each kernel costs, for the compiler's estimates: pipeline/compiler/kernel_costs.json.

`python -m benchmarks.kernel_costs` counts every layer of many networks on QEMU, built with -O2,
fits five coefficients a kernel (least squares of the relative error, none below zero) and links
each kernel alone for its bytes. To be run again after a kernel has changed; then it says how far
the estimates are off for the networks of benchmarks.engine, which it was not fitted to.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.models import MODELS, model
from benchmarks.results_file import record, row
from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.compiler.cost import FEATURES, TABLE, features, kernel_costs, variant
from pipeline.compiler.fuse import fuse
from pipeline.compiler.layers import Layer
from pipeline.compiler.lower import lower
from pipeline.compiler.reader import read_network
from pipeline.compiler.recurrent import window_program
from pipeline.compiler.simplify import simplified
from pipeline.compiler.stream import CannotStreamError, stream
from pipeline.core.artifacts import Int8
from pipeline.core.files import save_json, save_text_files
from pipeline.core.project import PROJECT
from pipeline.deployment.firmware_image import Symbol, network_symbols
from tests.parity.random_foreign import random_foreign
from tests.parity.target_engine import (
    COMPILE,
    KERNELS,
    PROFILE,
    TARGET,
    build,
    kernel_names,
    network_sources,
    probe_vectors,
    run,
)

COMMAND = "python -m benchmarks.kernel_costs"
FAMILIES = ("growth", "kernels", "recurrent")
FOREIGN = range(40)  # seeds of random networks, of the operators that models of others have
STEPS = 8  # of a recurrent network
HOPS = (8, 32)  # where a network streams
VECTORS = 4
STACK_ROUND = 8  # bytes, as the stack is aligned


@dataclass(frozen=True)
class Measured:
    """One layer of one network. kernel: the variant of it."""

    kernel: str
    features: dict[str, int]
    instructions: int
    stack_bytes: int


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = [layer for content in zoo(folder) for layer in measure_variants(folder, content)]
        save_json(TABLE, table(measured, symbols(folder)))
        kernel_costs.cache_clear()
        rows = errors(folder)
    record("engine", rows)
    for item in rows:
        print(f"{item['name']}: {item['value']} ({item['note']})")


def zoo(folder: Path) -> list[bytes]:
    """Flatbuffers of all families."""
    for family in FAMILIES:
        command = [sys.executable, "-m", "benchmarks.model_zoo", family, str(folder)]
        subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    of_others = [random_foreign(seed) for seed in FOREIGN]
    return [path.read_bytes() for path in sorted(folder.glob("*.tflite"))] + of_others


def measure_variants(folder: Path, flatbuffer: bytes) -> list[Measured]:
    """Measure a network in all variants."""
    graph = simplified(read_network(flatbuffer)[0])
    if graph.cells:
        return [layer for compact in (False, True) for layer in steps(folder, flatbuffer, compact)]
    found = [layer for compact in (False, True) for layer in measure(folder, flatbuffer, compact)]
    for hop in HOPS:
        try:
            program = stream(graph, fuse(graph, compact=False), hop)
        except CannotStreamError:
            continue
        network = compile_network(flatbuffer, hop=hop)
        found += _measured(folder, network, program.all_layers, hop_inputs(network))
    return found


def measure(folder: Path, flatbuffer: bytes, compact: bool = False) -> list[Measured]:
    """Measure each layer of a network over windows."""
    layers = [lower(step) for step in fuse(simplified(read_network(flatbuffer)[0]), compact)]
    network = compile_network(flatbuffer, compact)
    return _measured(folder, network, layers, probe_vectors(network)[:VECTORS])


def steps(folder: Path, flatbuffer: bytes, compact: bool) -> list[Measured]:
    """Of a recurrent network."""
    network = compile_network(flatbuffer, compact, window=STEPS)
    layers = window_program(simplified(read_network(flatbuffer)[0]), STEPS, compact).all_layers
    return _measured(folder, network, layers, probe_vectors(network)[:VECTORS])


def hop_inputs(network: CompiledNetwork) -> Int8:
    """A few windows as int8 [hops, hop * channels]."""
    windows = probe_vectors(network)[:VECTORS]
    samples = windows.reshape(-1, network.input_shape[-1])
    whole = len(samples) // network.feed * network.feed
    return samples[:whole].reshape(-1, network.feed * network.input_shape[-1])


def _measured(
    folder: Path, network: CompiledNetwork, layers: Sequence[Layer], inputs: Int8
) -> list[Measured]:
    sources = network_sources(network, folder)
    ran = run(folder, build(folder, "zoo", sources, ("-O2", *PROFILE)), inputs)
    return [
        Measured(variant(layer), features(layer), *counted)
        for layer, counted in zip(layers, ran.layers, strict=True)
    ]


def table(measured: list[Measured], brought_in: dict[str, dict[str, int]]) -> dict[str, Any]:
    """The content of kernel_costs.json."""
    by_kernel: dict[str, list[Measured]] = defaultdict(list)
    for layer in measured:
        by_kernel[layer.kernel].append(layer)
    kernels = {
        name: {
            "coefficients": fit(layers),
            "stack_bytes": _rounded_up(max(layer.stack_bytes for layer in layers)),
            "symbols": sorted(brought_in[name.split()[0]]),
        }
        for name, layers in by_kernel.items()
    }
    sizes = {symbol: size for sizes in brought_in.values() for symbol, size in sizes.items()}
    return {"kernels": kernels, "symbols": sizes}


def fit(layers: list[Measured]) -> dict[str, float]:
    """Coefficients >= 0 of the features, by dropping the most negative until none is left."""
    counted = np.array([layer.instructions for layer in layers], np.float64)
    numbers = np.array([[layer.features[name] for name in FEATURES] for layer in layers])
    relative = numbers / counted[:, np.newaxis]
    kept = list(range(len(FEATURES)))
    while True:
        solved: NDArray[Any] = np.linalg.lstsq(relative[:, kept], np.ones(len(layers)))[0]
        if solved.min() >= 0 or len(kept) == 1:
            break
        del kept[int(solved.argmin())]
    found = {FEATURES[at]: float(f"{value:.4g}") for at, value in zip(kept, solved, strict=True)}
    return dict.fromkeys(FEATURES, 0.0) | found


def symbols(folder: Path) -> dict[str, dict[str, int]]:
    """For each kernel, what it brings into an image, and the bytes of each."""
    objects = []
    for source in sorted(KERNELS.glob("*.c")):
        objects.append(folder / f"{source.stem}.o")
        command = ["arm-none-eabi-gcc", *TARGET, *COMPILE, "-O2", "-c", str(source)]
        subprocess.run([*command, "-o", str(objects[-1])], check=True)
    return {kernel: _alone(folder, kernel, objects) for kernel in kernel_names()}


def _alone(folder: Path, kernel: str, objects: list[Path]) -> dict[str, int]:
    text = f"""\
#include "model_network.h"
void {kernel}(void);
void model_network_invoke(const int8_t *input, int8_t *output) {{
  {kernel}();
  output[0] = input[0];
}}
"""
    save_text_files(folder, {"alone.c": text})
    image = build(folder, "alone", [folder / "alone.c", *objects], ("-O2",))
    found = network_symbols(image.elf)
    return {_full_name(item): item.bytes for item in found if item.name != "model_network_invoke"}


def _full_name(symbol: Symbol) -> str:
    """Local names are told apart by their file."""
    return f"{symbol.file}:{symbol.name}" if symbol.file else symbol.name


def errors(folder: Path) -> list[dict[str, Any]]:
    """How far the estimates are off, of networks the table was not fitted to."""
    off = {}
    for name in MODELS:
        flatbuffer = model(folder, name)
        counted = sum(layer.instructions for layer in measure(folder, flatbuffer))
        off[name] = compile_network(flatbuffer).cost.instructions / counted - 1
    worst = max(off.values(), key=abs)
    said = ", ".join(f"{name} {value:+.1%}" for name, value in off.items())
    note = f"share by which an estimate of convert is off, networks not fitted to: {said}"
    return [row("cost model worst error", round(abs(worst), 4), "", COMMAND, note, "<= 0.15")]


def _rounded_up(size: int) -> int:
    return -(-size // STACK_ROUND) * STACK_ROUND


if __name__ == "__main__":
    main()
