"""Networks on an emulated Cortex-M4F: built with the Arm compiler, run on QEMU, counted.

What every engine's figures are measured with, ours and others'.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.core.artifacts import Int8
from pipeline.core.files import save_text_files
from pipeline.core.project import PROJECT
from tests.compiling import objects_of, succeed

KERNELS = PROJECT / "firmware" / "lib" / "nn"
BOARD = PROJECT / "firmware" / "boards" / "virtual"
HARNESS = Path(__file__).with_name("harness")

TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")
COMPILE = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-ffunction-sections", "-fdata-sections")
LINK = ("-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections")

INPUTS_ADDRESS = 0x21000000
PORTABLE = ("-DNN_PORTABLE",)  # without the DSP instructions
# As images are built, and all that may differ from it; sanitizers see what -O0 and -O1 come to.
AS_BUILT, OTHERWISE = ("-O2",), ("-Os", *PORTABLE)
PROFILE = ("-DNN_PROFILE",)  # each layer on its own

ICOUNT_SHIFT = 8  # an instruction lasts 2^8 ns: 671 million until the timer is round
TIMER_NS = 40  # 25 MHz
VECTORS = 64
LIMIT_S = 300.0


@dataclass(frozen=True)
class Image:
    """Bytes as the linker reports them."""

    elf: Path
    flash: int
    ram: int


@dataclass(frozen=True)
class Run:
    """outputs: int8 [vectors, outputs]; instructions: the most that one of them took; layers:
    the same of each layer, and its bytes of stack, in an image built with PROFILE."""

    outputs: Int8
    instructions: int
    stack: int
    layers: tuple[tuple[int, int], ...]


def our_sources(flatbuffer: bytes, folder: Path, compact: bool = False) -> list[Path]:
    """The C files of a compiled network, written to `folder`, and of our kernels."""
    return network_sources(compile_network(flatbuffer, compact), folder)


def network_sources(network: CompiledNetwork, folder: Path) -> list[Path]:
    """The same of a network that is compiled already."""
    save_text_files(folder, network.sources)
    return [folder / "model_network.c", *sorted(KERNELS.glob("*.c"))]


def build(
    folder: Path,
    name: str,
    sources: Sequence[Path],
    flags: Sequence[str],
    includes: Sequence[Path] = (),
) -> Image:
    """The harness with `sources`, which define model_network_invoke; its header is in `folder`."""
    elf = folder / f"{name}.elf"
    folders = [f"-I{path}" for path in (folder, KERNELS, BOARD, *includes)]
    command = ["arm-none-eabi-gcc", *TARGET, *COMPILE, *flags, *folders]
    objects = objects_of(command, (HARNESS / "harness.c", *sources), elf.with_suffix(".objects"))
    succeed([*command, *LINK, "-T", str(BOARD / "link.ld"), *objects, "-o", str(elf)])
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
    lines = [line.split() for line in result.stdout.splitlines()]
    said = {kind: [line[1:] for line in lines if line[0] == kind] for kind in "ls"}
    answers = [line for line in lines if line[0] not in said]
    outputs = [np.frombuffer(bytes.fromhex(line[1]), np.int8) for line in answers]
    instructions = _instructions(max(int(line[0], 16) for line in answers))
    layers = tuple((_instructions(int(ticks, 16)), int(used, 16)) for ticks, used in said["l"])
    return Run(np.stack(outputs), instructions, int(said["s"][0][0], 16), layers)


def _instructions(ticks: int) -> int:
    return round(ticks * TIMER_NS / (1 << ICOUNT_SHIFT))


def probe_vectors(network: CompiledNetwork) -> Int8:
    """Noise of every loudness, and the two constant extremes; int16 where the network takes it."""
    noise = np.random.default_rng(1)
    loudness = noise.uniform(1, 128, (VECTORS, *(1,) * (len(network.input_shape) - 1)))
    values = noise.normal(0, loudness, (VECTORS, *network.input_shape[1:]))
    limits = np.iinfo(network.types[0].lower())
    vectors = np.clip(np.rint(values * (limits.max // 127)), limits.min, limits.max)
    vectors[0], vectors[1] = limits.min, limits.max
    return vectors.astype(limits.dtype)


def kernel_names() -> list[str]:
    """All kernels that the headers declare."""
    names = ("nn.h", "nn_int16.h", "nn_stream.h", "nn_recurrent.h")
    headers = (KERNELS / name for name in names)
    lines = [line for header in headers for line in header.read_text("utf-8").splitlines()]
    declared = [line.split("(")[0].removeprefix("void ") for line in lines if "void nn_" in line]
    return [name for name in declared if name != "nn_layer_done"]
