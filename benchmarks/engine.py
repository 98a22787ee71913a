"""What inference costs on a Cortex-M4F: instructions, flash and RAM, of our engine and others.

`python -m benchmarks.engine` builds four networks with each engine, with -O2 and with -Os for a
Cortex-M4 with hard floating point, runs them on QEMU, compares every byte with TensorFlow Lite
Micro and records the figures. It fails where one of ours is worse by more than 2 % than the one
recorded; `--accept` records it all the same.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.engine_cmsis import FLAGS, cmsis_includes, cmsis_sources
from benchmarks.engine_peers import bakenn_row, quoted_rows
from benchmarks.models import MODELS, model
from benchmarks.results_file import Row, record, record_unless_worse, row, show
from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.core.artifacts import Int8
from tests.parity.oracle import oracle
from tests.parity.target_engine import (
    HARNESS,
    KERNELS,
    PORTABLE,
    VECTORS,
    build,
    our_sources,
    probe_vectors,
    run,
)

COMMAND = "python -m benchmarks.engine"
CMSIS_ROWS = " CMSIS-NN "  # not ours to fail on
OF_THE_CHAIN = "conv1d portable"  # whose rows are in area `chain`
OS_OVER_O2 = "<= 1.15"
BOUNDS = {
    "conv1d window instructions O2": "<= 66000",
    "conv1d window flash": "<= 6451",
    "conv1d window ram": "<= 3379",
    "conv1d compact instructions O2": "<= 130000",
    "conv1d compact ram": "<= 1300",
    "conv1d portable instructions O2": "<= 260000",
    "conv1d portable flash": "<= 8192",
    "magic_wand instructions O2": "<= 100000",
    "dense instructions O2": "<= 43000",
    "ds_conv1d times CMSIS-NN": ">= 2.5",
}


@dataclass(frozen=True)
class Engine:
    """sources: writes what is built for a flatbuffer to a folder, and names all C files."""

    sources: Callable[[bytes, Path], list[Path]]
    flags: tuple[str, ...] = ()
    includes: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Probe:
    """A network, and what TensorFlow Lite Micro makes of some inputs: int8 [vectors, outputs]."""

    flatbuffer: bytes
    network: CompiledNetwork
    inputs: Int8
    expected: Int8


@dataclass(frozen=True)
class Figures:
    """instructions: of the dearest inference; bytes without the harness, RAM with input and
    output."""

    instructions: int
    flash: int
    ram: int
    stack: int


@dataclass(frozen=True)
class Cost:
    """Of one network with one engine: with -O2, and with -Os."""

    macs: int
    fast: Figures
    small: Figures


def with_our_kernels(flatbuffer: bytes, folder: Path) -> list[Path]:
    """Calls of CMSIS-NN, built together with our kernels."""
    return [*cmsis_sources(flatbuffer, folder), *sorted(KERNELS.glob("*.c"))]


OURS = Engine(our_sources)
COMPACT = Engine(partial(our_sources, compact=True))
PORTABLE_C = Engine(our_sources, PORTABLE)
CMSIS_NN = Engine(with_our_kernels, FLAGS, cmsis_includes())


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        flatbuffers = {prefix: model(Path(name), prefix) for prefix in MODELS}
        rows = [row for item in flatbuffers.items() for row in measure(Path(name), *item)]
    others = [bakenn_row(flatbuffers), *quoted_rows()]
    show([*rows, *others])
    others += [row for row in rows if CMSIS_ROWS in row["name"]]
    rows = [row for row in rows if row not in others]
    record("engine", others)
    accept = "--accept" in sys.argv
    chain = [row for row in rows if row["name"].startswith(OF_THE_CHAIN)]
    worse = record_unless_worse("chain", chain, accept=accept)
    rest = [row for row in rows if row not in chain]
    worse += record_unless_worse("engine", rest, accept=accept)
    sys.exit("\n".join(f"worse by more than 2 %: {item['name']}" for item in worse) or None)


def measure(folder: Path, prefix: str, flatbuffer: bytes) -> list[Row]:
    """Rows of one network. Raises RuntimeError where a byte differs from TFLite Micro's."""
    name = prefix.removesuffix(" window")
    probe = probe_of(flatbuffer)
    ours, compact, portable, cmsis = (
        measure_engine(folder, probe, engine) for engine in (OURS, COMPACT, PORTABLE_C, CMSIS_NN)
    )
    times = round(cmsis.fast.instructions / ours.fast.instructions, 3)
    return [
        *rows_of(prefix, ours),
        os_row(prefix, ours),
        *rows_of(f"{name} compact", compact),
        *rows_of(f"{name} portable", portable),
        *rows_of(f"{name} CMSIS-NN", cmsis),
        _row(f"{name} times CMSIS-NN", times, "times", "its instructions with -O2 by ours"),
    ]


def probe_of(flatbuffer: bytes, vectors: int = VECTORS) -> Probe:
    """Ask TensorFlow Lite Micro."""
    network = compile_network(flatbuffer)
    inputs = probe_vectors(network)[:vectors]
    return Probe(flatbuffer, network, inputs, oracle(flatbuffer, inputs))


def measure_engine(folder: Path, probe: Probe, engine: Engine) -> Cost:
    """Build and run a network with an engine; check its outputs."""
    fast, small = (figures_of(folder, probe, engine, flag) for flag in ("-O2", "-Os"))
    return Cost(probe.network.cost.macs, fast, small)


def figures_of(folder: Path, probe: Probe, engine: Engine, flag: str = "-O2") -> Figures:
    """Of a network, built with one flag. Raises RuntimeError where a byte differs."""
    sources = engine.sources(probe.flatbuffer, folder)
    empty = build(folder, "empty", [HARNESS / "empty.c"], ("-O2",))
    image = build(folder, "network", sources, (flag, *engine.flags), engine.includes)
    ran = run(folder, image, probe.inputs)
    if not np.array_equal(ran.outputs, probe.expected):
        raise RuntimeError("the engine's output differs from TensorFlow Lite Micro's")
    caller = probe.inputs[0].nbytes + probe.expected[0].nbytes
    flash, ram = image.flash - empty.flash, image.ram - empty.ram + caller
    return Figures(ran.instructions, flash, ram, ran.stack)


def rows_of(name: str, cost: Cost) -> list[Row]:
    """Rows of the cost of a network."""
    equal = f"{VECTORS} vectors byte-equal to TensorFlow Lite Micro"
    macs = f"{cost.macs:,} multiplications"
    flash = f"net of an image without a network, -O2; with -Os {cost.small.flash:,}"
    ram = f"all static memory with input and output; {cost.fast.stack} of stack beside"
    return [
        _row(f"{name} instructions O2", cost.fast.instructions, "instructions", f"{equal}; {macs}"),
        _row(f"{name} instructions Os", cost.small.instructions, "instructions", equal),
        _row(f"{name} flash", cost.fast.flash, "bytes", flash),
        _row(f"{name} ram", cost.fast.ram, "bytes", ram),
    ]


def os_row(name: str, cost: Cost) -> Row:
    """The row of -Os against -O2."""
    ratio = round(cost.small.instructions / cost.fast.instructions, 4)
    note = "instructions with -Os, as Arduino compiles, by those with -O2"
    return row(f"{name} Os over O2", ratio, "", COMMAND, note, OS_OVER_O2)


def _row(name: str, value: float, unit: str, note: str) -> Row:
    return row(name, value, unit, COMMAND, note, BOUNDS.get(name, ""))


if __name__ == "__main__":
    main()
