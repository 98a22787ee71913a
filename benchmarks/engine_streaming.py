"""What a hop costs where the engine streams: instructions and RAM of the Conv1D of models.py.

`python -m benchmarks.engine_streaming` plays one long stream on an emulated Cortex-M4F, a hop a
call, and compares the scores of every hop with those that TensorFlow Lite Micro gives for the whole
window.
"""

from __future__ import annotations

import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.models import model
from benchmarks.results_file import Row, record_unless_worse, row, show
from pipeline.compiler import compile_network
from pipeline.core.artifacts import Int8
from tests.parity.oracle import oracle
from tests.parity.target_engine import HARNESS, build, network_sources, run

COMMAND = "python -m benchmarks.engine_streaming"
HOPS = (8, 32)
WINDOWS = 200
BOUNDS = {"conv1d hop8 instructions O2": "<= 6000", "conv1d hop8 ram": "<= 750"}


@dataclass(frozen=True)
class HopCost:
    """instructions of the dearest hop; RAM with the hop's input and the output."""

    macs: int
    instructions: int
    ram: int
    stack: int


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        flatbuffer = model(Path(name), "conv1d window")
        rows = [row for hop in HOPS for row in rows_of(Path(name), flatbuffer, hop)]
    show(rows)
    worse = record_unless_worse("engine", rows, accept="--accept" in sys.argv)
    sys.exit("\n".join(f"worse by more than 2 %: {item['name']}" for item in worse) or None)


def rows_of(folder: Path, flatbuffer: bytes, hop: int) -> list[Row]:
    """Rows of the cost of a streaming network."""
    fast, small = (measure(folder, flatbuffer, hop, flag) for flag in ("-O2", "-Os"))
    name = f"conv1d hop{hop}"
    equal = f"the scores of {WINDOWS} hops byte-equal to TensorFlow Lite Micro's of whole windows"
    ram = f"all static memory with the hop's input and the output; {fast.stack} of stack beside"
    return [
        _row(f"{name} instructions O2", fast.instructions, "instructions", equal, fast.macs),
        _row(f"{name} instructions Os", small.instructions, "instructions", equal, small.macs),
        _row(f"{name} ram", fast.ram, "bytes", ram, 0),
    ]


def measure(folder: Path, flatbuffer: bytes, hop: int, flag: str) -> HopCost:
    """Raises RuntimeError where a hop's scores differ from those of the whole window."""
    network = compile_network(flatbuffer, hop=hop)
    if network.obstacle is not None:
        raise RuntimeError(network.obstacle)
    window, *shape = network.input_shape[1:]
    channels = math.prod(shape)
    samples = stream_of(window + hop * (WINDOWS - 1), channels)
    inputs = samples[len(samples) % hop :].reshape(-1, hop * channels)
    sources = network_sources(network, folder)  # with the header that both images need
    empty = build(folder, "empty", [HARNESS / "empty.c"], (flag,))
    image = build(folder, "stream", sources, (flag,))
    ran = run(folder, image, inputs)
    starts = range(0, len(samples) - window + 1, hop)
    windows = np.stack([samples[at : at + window] for at in starts])
    expected = oracle(flatbuffer, windows.reshape(-1, window, *shape))
    if not np.array_equal(ran.outputs[-WINDOWS:], expected):
        raise RuntimeError(f"at hop {hop} scores differ from TensorFlow Lite Micro's")
    ram = image.ram - empty.ram + inputs.shape[1] + int(np.prod(network.output_shape))
    macs = sum(layer.macs for layer in network.layers)
    return HopCost(macs, ran.instructions, ram, ran.stack)


def stream_of(samples: int, channels: int) -> Int8:
    """Noise that grows louder and quieter, with stretches at both extremes."""
    noise = np.random.default_rng(1)
    loudness = 64 + 63 * np.sin(np.arange(samples) / 100)[:, np.newaxis]
    values = np.clip(np.rint(noise.normal(0, loudness, (samples, channels))), -128, 127)
    values[300:450], values[450:600] = 127, -128
    return values.astype(np.int8)


def _row(name: str, value: float, unit: str, note: str, macs: int) -> Row:
    note = f"{note}; {macs:,} multiplications" if macs else note
    return row(name, value, unit, COMMAND, note, BOUNDS.get(name, ""))


if __name__ == "__main__":
    main()
