"""What the compiled engine costs on a Cortex-M4F: instructions, flash and RAM.

`python -m benchmarks.engine` builds networks with the Arm compiler, runs them on QEMU, compares
every byte with TensorFlow Lite Micro and records the figures: those of the engine with its DSP
instructions in area `engine`, those of its portable C in area `chain`.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

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
PORTABLE = ("-DNN_PORTABLE",)  # without the DSP instructions

ICOUNT_SHIFT = 10  # an instruction lasts 2^10 ns
TIMER_NS = 40  # 25 MHz
VECTORS = 64
LIMIT_S = 120


# Of each figure, as benchmarks/results keeps it; figures without an entry are not recorded.
Bounds: TypeAlias = dict[str, str]
ENGINE_BOUNDS: Bounds = {"instructions O2": "<= 66000", "flash": "<= 6451", "ram": "<= 3379"}
DENSE_BOUNDS: Bounds = {"instructions O2": "<= 43000"}
PORTABLE_BOUNDS: Bounds = {"instructions O2": "<= 260000", "flash": "<= 8192", "ram": ""}


@dataclass(frozen=True)
class Image:
    """Bytes as the linker reports them."""

    elf: Path
    flash: int
    ram: int


@dataclass(frozen=True)
class Cost:
    """Of one network: instructions an inference, bytes; small: with -Os, else with -O2."""

    macs: int
    instructions: int
    small_instructions: int
    flash: int
    small_flash: int
    ram: int
    stack: int


@dataclass(frozen=True)
class Run:
    """outputs: int8 [vectors, outputs]; instructions: the most that one of them took."""

    outputs: Int8
    instructions: int
    stack: int


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        areas = measure(Path(name))
    for area, rows in areas.items():
        for row in rows:
            print(f"{row['name']}: {row['value']:,} {row['unit']} (bound {row['bound'] or 'none'})")
        record(area, rows)


def measure(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Rows by area. Raises RuntimeError where a byte differs from TensorFlow Lite Micro's."""
    conv1d, dense = model(folder, "model_a"), model(folder, "model_c")
    return {
        "engine": [
            *rows_of(measure_network(folder, conv1d), "conv1d window", ENGINE_BOUNDS),
            *rows_of(measure_network(folder, dense), "dense", DENSE_BOUNDS),
        ],
        "chain": rows_of(
            measure_network(folder, conv1d, PORTABLE), "conv1d portable", PORTABLE_BOUNDS
        ),
    }


def measure_network(folder: Path, flatbuffer: bytes, flags: tuple[str, ...] = ()) -> Cost:
    network = compile_network(flatbuffer)
    save_text_files(folder, network.sources)
    sources = [folder / "model_network.c", *sorted(KERNELS.glob("*.c"))]
    inputs = test_vectors(network)
    expected = oracle(flatbuffer, inputs)
    empty = build(folder, "empty", [HARNESS / "empty.c"], ("-O2",))
    images = [
        build(folder, "fast", sources, ("-O2", *flags)),
        build(folder, "small", sources, ("-Os", *flags)),
    ]
    runs = [run(folder, image, inputs) for image in images]
    if not all(np.array_equal(result.outputs, expected) for result in runs):
        raise RuntimeError("the engine's output differs from TensorFlow Lite Micro's")
    caller = int(np.prod(network.input_shape)) + int(np.prod(network.output_shape))
    return Cost(
        macs=sum(layer.macs for layer in network.layers),
        instructions=runs[0].instructions,
        small_instructions=runs[1].instructions,
        flash=images[0].flash - empty.flash,
        small_flash=images[1].flash - empty.flash,
        ram=images[0].ram - empty.ram + caller,
        stack=runs[0].stack,
    )


def rows_of(cost: Cost, name: str, bounds: Bounds) -> list[dict[str, Any]]:
    checked = (
        f"{VECTORS} vectors byte-equal to TensorFlow Lite Micro; with -Os "
        f"{cost.small_instructions:,}; {cost.macs:,} multiplications"
    )
    flash = f"net of an image without a network, -O2; with -Os {cost.small_flash:,}"
    ram = f"all static memory with input and output; {cost.stack} of stack beside"
    values = {
        "instructions O2": (cost.instructions, "instructions", checked),
        "flash": (cost.flash, "bytes", flash),
        "ram": (cost.ram, "bytes", ram),
    }
    return [
        {
            "name": f"{name} {figure}",
            "value": value,
            "unit": unit,
            "bound": bounds[figure],
            "command": COMMAND,
            "note": note,
        }
        for figure, (value, unit, note) in values.items()
        if figure in bounds
    ]


def model(folder: Path, module: str) -> bytes:
    """What the module of that name in this package makes."""
    path = folder / f"{module}.tflite"
    command = [sys.executable, "-m", f"benchmarks.{module}", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return path.read_bytes()


def build(folder: Path, name: str, sources: list[Path], flags: tuple[str, ...]) -> Image:
    """The harness with `sources`, which define model_network_invoke."""
    elf = folder / f"{name}.elf"
    includes = [f"-I{path}" for path in (folder, KERNELS, BOARD)]
    files = [str(path) for path in (HARNESS / "harness.c", *sources)]
    script = ["-T", str(BOARD / "link.ld")]
    command = ["arm-none-eabi-gcc", *TARGET, *COMPILE, *flags, *includes, *LINK, *script]
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
