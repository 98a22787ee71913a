"""What the compiled engine costs on a Cortex-M4F: instructions, flash and RAM of model (a).

`python -m benchmarks.engine` builds it with the Arm compiler, runs it on QEMU, compares every
byte with TensorFlow Lite Micro and records the figures.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results_file import record
from pipeline.artifacts import Int8, save_text_files
from pipeline.compiler import CompiledNetwork, compile_network

ROOT = Path(__file__).resolve().parent.parent
KERNELS = ROOT / "firmware" / "lib" / "nn"
BOARD = ROOT / "firmware" / "boards" / "virtual"
HARNESS = ROOT / "benchmarks" / "harness"
COMMAND = "python -m benchmarks.engine"

TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")
COMPILE = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-ffunction-sections", "-fdata-sections")
LINK = ("-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections")

INPUTS_ADDRESS = 0x21000000
ICOUNT_SHIFT = 10  # an instruction lasts 2^10 ns
TIMER_NS = 40  # 25 MHz
VECTORS = 64
LIMIT_S = 120


@dataclass(frozen=True)
class Image:
    """Bytes as the linker reports them."""

    elf: Path
    flash: int
    ram: int


@dataclass(frozen=True)
class Run:
    """outputs: int8 [vectors, outputs]; instructions: the most that one of them took."""

    outputs: Int8
    instructions: int
    stack: int


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        rows = measure(Path(name))
    for row in rows:
        print(f"{row['name']}: {row['value']:,} {row['unit']} (bound {row['bound'] or 'none'})")
    record("chain", rows)


def measure(folder: Path) -> list[dict[str, Any]]:
    """Raises RuntimeError where a byte differs from TensorFlow Lite Micro's."""
    flatbuffer = model_a(folder)
    network = compile_network(flatbuffer)
    save_text_files(folder, network.sources)
    sources = [folder / "model_network.c", *sorted(KERNELS.glob("*.c"))]
    empty = build(folder, "empty", [HARNESS / "empty.c"], "-O2")
    fast = build(folder, "fast", sources, "-O2")
    small = build(folder, "small", sources, "-Os")
    inputs = test_vectors(network)
    expected = oracle(flatbuffer, inputs)
    runs = [run(folder, image, inputs) for image in (fast, small)]
    if not all(np.array_equal(result.outputs, expected) for result in runs):
        raise RuntimeError("the engine's output differs from TensorFlow Lite Micro's")
    return _rows(network, empty, fast, runs, small.flash - empty.flash)


def _rows(
    network: CompiledNetwork, empty: Image, fast: Image, runs: list[Run], small_flash: int
) -> list[dict[str, Any]]:
    checked = f"model (a), {VECTORS} vectors byte-equal to TensorFlow Lite Micro; "
    macs = sum(layer.macs for layer in network.layers)
    caller = int(np.prod(network.input_shape)) + int(np.prod(network.output_shape))
    small = f"with -Os {runs[1].instructions:,}; {macs:,} multiplications"
    ram = fast.ram - empty.ram + caller
    return [
        _row("instructions O2", runs[0].instructions, "instructions", "<= 260000", checked + small),
        _row(
            "flash",
            fast.flash - empty.flash,
            "bytes",
            "<= 8192",
            f"net of an image without a network, -O2; with -Os {small_flash:,}",
        ),
        _row("ram", ram, "bytes", "", f"arena, input and output; {runs[0].stack} of stack beside"),
    ]


def _row(name: str, value: int, unit: str, bound: str, note: str) -> dict[str, Any]:
    return {
        "name": f"conv1d portable {name}",
        "value": value,
        "unit": unit,
        "bound": bound,
        "command": COMMAND,
        "note": note,
    }


def model_a(folder: Path) -> bytes:
    path = folder / "model.tflite"
    command = [sys.executable, "-m", "benchmarks.model_a", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return path.read_bytes()


def build(folder: Path, name: str, sources: list[Path], optimise: str) -> Image:
    """The harness with `sources`, which define model_network_invoke."""
    elf = folder / f"{name}.elf"
    includes = [f"-I{path}" for path in (folder, KERNELS, BOARD)]
    files = [str(path) for path in (HARNESS / "harness.c", *sources)]
    script = ["-T", str(BOARD / "link.ld")]
    command = ["arm-none-eabi-gcc", *TARGET, *COMPILE, optimise, *includes, *LINK, *script]
    subprocess.run([*command, *files, "-o", str(elf)], check=True)
    report = subprocess.run(
        ["arm-none-eabi-size", str(elf)], check=True, capture_output=True, text=True
    )
    text, data, bss = (int(number) for number in report.stdout.splitlines()[1].split()[:3])
    return Image(elf, text + data, data + bss)


def run(folder: Path, image: Image, inputs: Int8) -> Run:
    """The image on QEMU, counting instructions; inputs int8 [vectors, ...]."""
    vectors = folder / "inputs.bin"
    vectors.write_bytes(struct.pack("<I", len(inputs)) + inputs.tobytes())
    command = [
        *("qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-monitor", "none"),
        *("-serial", "none", "-semihosting-config", "enable=on,target=native"),
        *("-icount", f"shift={ICOUNT_SHIFT}", "-kernel", str(image.elf)),
        *("-device", f"loader,file={vectors},addr={INPUTS_ADDRESS:#x},force-raw=on"),
    ]
    result = subprocess.run(
        command,
        check=True,
        timeout=LIMIT_S,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    *lines, stack = [line.split() for line in result.stdout.splitlines()]
    ticks = [int(line[0], 16) for line in lines]
    outputs = [np.frombuffer(bytes.fromhex(line[1]), np.int8) for line in lines]
    instructions = max(ticks) * TIMER_NS / (1 << ICOUNT_SHIFT)
    return Run(np.stack(outputs), round(instructions), int(stack[1], 16))


def test_vectors(network: CompiledNetwork) -> Int8:
    """Noise of every loudness, and the two constant extremes."""
    noise = np.random.default_rng(1)
    loudness = noise.uniform(1, 128, (VECTORS, *(1,) * (len(network.input_shape) - 1)))
    values = noise.normal(0, loudness, (VECTORS, *network.input_shape[1:]))
    vectors = np.clip(np.rint(values), -128, 127).astype(np.int8)
    vectors[0], vectors[1] = -128, 127
    return vectors


def oracle(flatbuffer: bytes, inputs: Int8) -> Int8:
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(flatbuffer)
    outputs = []
    for vector in inputs:
        interpreter.set_input(vector[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0).ravel().copy())
    return np.stack(outputs)


if __name__ == "__main__":
    main()
