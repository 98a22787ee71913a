"""What each kernel costs, for the compiler's estimates: pipeline/compiler/kernel_costs.json.

`python -m benchmarks.kernel_costs` counts every layer of some hundred made networks on QEMU, built
with -O2, fits the coefficients of each kernel (least squares of the relative error, none below
zero) and links each kernel alone for its bytes. It takes about six minutes. To be run again after a
kernel has changed; then it says how far the estimates are off for networks that it was not fitted
to: those of benchmarks.engine, and the models of other people in ../shared/data/models.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine_foreign import foreign_models, with_network_only
from benchmarks.models import MODELS, model
from benchmarks.results_file import Row, record, row, show
from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.compiler.cost import TABLE, kernel_costs, variant
from pipeline.compiler.cost_features import FEATURES, features
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
from tests.parity.graphs import small_network
from tests.parity.random_foreign import random_foreign, random_svdf
from tests.parity.random_int16 import random_int16, random_large_int16
from tests.parity.random_rare import random_rare
from tests.parity.random_shapes import random_few_filters, random_shapes
from tests.parity.target_engine import (
    COMPILE,
    KERNELS,
    PROFILE,
    TARGET,
    build,
    kernel_names,
    probe_vectors,
    run,
)

COMMAND = "python -m benchmarks.kernel_costs"
FAMILIES = ("growth", "kernels", "recurrent")
FOREIGN = range(16)  # seeds of random networks, of the operators that models of others have
SVDFS = range(24)  # those are small; these are as large as people's
RARE = range(40)  # of operators that few have
INT16, LARGE_INT16 = range(60), range(40)  # of activations of int16
SHAPES = range(90)  # seeds of networks in the shapes that such models have
FEW_FILTERS = range(12)
STEPS = 8  # of a recurrent network
HOPS = (8, 32)  # where a network streams
VECTORS = 3  # noise, and the two constant extremes
STACK_ROUND = 8  # bytes, as the stack is aligned


@dataclass(frozen=True)
class Measured:
    """One layer of one network. kernel: the variant of it."""

    kernel: str
    features: dict[str, int]
    instructions: int
    stack_bytes: int


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as workers:
        folder = Path(name)
        objects = kernel_objects(folder)
        made = workers.map(partial(measure_variants, objects), zoo(folder))
        measured = [layer for layers in made for layer in layers]
        save_json(TABLE, table(measured, symbols(folder, objects)))
        kernel_costs.cache_clear()
        others = not_fitted_to(folder)
        off = workers.map(partial(error_of, objects), others.values())
        rows = [error_row(dict(zip(others, off, strict=True)))]
    show(rows)
    record("engine", rows)


def zoo(folder: Path) -> list[bytes]:
    """Flatbuffers of made networks."""
    for family in FAMILIES:
        command = [sys.executable, "-m", "benchmarks.model_zoo", family, str(folder)]
        subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    of_keras = [path.read_bytes() for path in sorted(folder.glob("*.tflite"))]
    of_others = [*map(random_foreign, FOREIGN), *map(random_rare, RARE)]
    in_int8 = [data for data in of_others if compile_network(data).types == ("INT8", "INT8")]
    shaped = [*map(random_shapes, SHAPES), *map(random_few_filters, FEW_FILTERS)]
    shaped += map(random_svdf, SVDFS)
    shaped += [*map(random_int16, INT16), *map(random_large_int16, LARGE_INT16)]
    return [*of_keras, *in_int8, *shaped]


def measure_variants(objects: Sequence[Path], flatbuffer: bytes) -> list[Measured]:
    """Measure a network in all variants."""
    graph = simplified(read_network(flatbuffer)[0])
    if graph.cells:
        return [layer for compact in (False, True) for layer in steps(objects, flatbuffer, compact)]
    found = [layer for compact in (False, True) for layer in measure(objects, flatbuffer, compact)]
    for hop in HOPS:
        try:
            program = stream(graph, fuse(graph, compact=False), hop)
        except CannotStreamError:
            continue
        network = compile_network(flatbuffer, hop=hop)
        found += _measured(objects, network, program.all_layers, hop_inputs(network))
    return found


def measure(objects: Sequence[Path], flatbuffer: bytes, compact: bool = False) -> list[Measured]:
    """Measure each layer of a network over windows."""
    layers = [lower(step) for step in fuse(simplified(read_network(flatbuffer)[0]), compact)]
    network = compile_network(flatbuffer, compact)
    return _measured(objects, network, layers, probe_vectors(network)[:VECTORS])


def steps(objects: Sequence[Path], flatbuffer: bytes, compact: bool) -> list[Measured]:
    """Of a recurrent network."""
    network = compile_network(flatbuffer, compact, window=STEPS)
    layers = window_program(simplified(read_network(flatbuffer)[0]), STEPS, compact).all_layers
    return _measured(objects, network, layers, probe_vectors(network)[:VECTORS])


def hop_inputs(network: CompiledNetwork) -> Int8:
    """A few windows as int8 [hops, hop * channels]."""
    windows = probe_vectors(network)[:VECTORS]
    samples = windows.reshape(-1, network.input_shape[-1])
    whole = len(samples) // network.feed * network.feed
    return samples[:whole].reshape(-1, network.feed * network.input_shape[-1])


def _measured(
    objects: Sequence[Path], network: CompiledNetwork, layers: Sequence[Layer], inputs: Int8
) -> list[Measured]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_text_files(folder, network.sources)
        sources = [folder / "model_network.c", *objects]
        ran = run(folder, build(folder, "network", sources, ("-O2", *PROFILE)), inputs)
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
    """Coefficients above zero of the features."""
    from sklearn.linear_model import LinearRegression

    counted = np.array([layer.instructions for layer in layers], np.float64)
    numbers = np.array([[layer.features[name] for name in FEATURES] for layer in layers])
    relative = numbers / counted[:, np.newaxis]
    sizes = relative.max(axis=0)
    sizes[sizes == 0] = 1  # a feature that no layer has
    model = LinearRegression(positive=True, fit_intercept=False)
    solved = model.fit(relative / sizes, np.ones(len(layers))).coef_ / sizes
    return {
        name: float(f"{value:.4g}") for name, value in zip(FEATURES, solved, strict=True) if value
    }


def kernel_objects(folder: Path) -> list[Path]:
    """All kernels, built once."""
    objects = []
    for source in sorted(KERNELS.glob("*.c")):
        objects.append(folder / f"{source.stem}.o")
        command = ["arm-none-eabi-gcc", *TARGET, *COMPILE, "-O2", "-c", str(source)]
        subprocess.run([*command, "-o", str(objects[-1])], check=True)
    return objects


def symbols(folder: Path, objects: Sequence[Path]) -> dict[str, dict[str, int]]:
    """For each kernel, what it brings into an image, and the bytes of each."""
    save_text_files(folder, compile_network(small_network()).sources)  # with the harness's header
    return {kernel: _alone(folder, kernel, objects) for kernel in kernel_names()}


def _alone(folder: Path, kernel: str, objects: Sequence[Path]) -> dict[str, int]:
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


def not_fitted_to(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """By name, networks whose layers the table has not seen, fast and where it differs compact."""
    own = {name: model(folder, name) for name in MODELS}
    own |= {f"{name} 16x8": model(folder, name, "16x8") for name in MODELS}
    foreign = {
        name: with_network_only(path.read_bytes()) for name, path in foreign_models().items()
    }
    return {
        f"{name}{' compact' if compact else ''}": (flatbuffer, compact)
        for name, flatbuffer in (own | foreign).items()
        for compact in _variants(flatbuffer)
    }


def _variants(flatbuffer: bytes) -> Iterator[bool]:
    fast, compact = (compile_network(flatbuffer, compact).sources for compact in (False, True))
    yield False
    if fast != compact:
        yield True


def error_of(objects: Sequence[Path], network: tuple[bytes, bool]) -> float:
    """The share by which the estimate of a network is off."""
    counted = sum(layer.instructions for layer in measure(objects, *network))
    return compile_network(*network).cost.instructions / counted - 1


def error_row(off: dict[str, float]) -> Row:
    """off: by network."""
    worst = max(off.values(), key=abs)
    said = ", ".join(f"{name} {value:+.1%}" for name, value in off.items())
    note = f"share by which an estimate is off, networks not fitted to: {said}"
    return row("cost model worst error", round(abs(worst), 4), "", COMMAND, note, "<= 0.15")


def _rounded_up(size: int) -> int:
    return -(-size // STACK_ROUND) * STACK_ROUND


if __name__ == "__main__":
    main()
