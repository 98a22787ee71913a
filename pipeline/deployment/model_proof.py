"""The proof of a compiled model: its golden vectors on this computer and on a virtual board."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.costs import NetworkCost
from pipeline.core.errors import MismatchError, NoToolError, PipelineError
from pipeline.core.locks import dying_with_us

TIMEOUT_S = 1200.0
COMPILERS = ("gcc", "cc", "clang")
STANDARD = ("-std=c11", "-ffp-contract=off", "-Isrc", "-Iproof")
HOST = ("-O2", "-g1", "-Wall", "-Wextra", "-Wconversion", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
ARM, QEMU = "arm-none-eabi-gcc", "qemu-system-arm"
TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-O2")
SECTIONS = ("-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror")
LINK = ("-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections")
ICOUNT_SHIFT, TICK_NS = 10, 40  # an instruction lasts 2^10 ns, and the timer runs at 25 MHz
BOARD_BYTES = 4 * 2**20 - 2**16  # without the proof's own
_COUNTED = re.compile(r"(\d+) compared, (\d+) unequal(?:, (\d+) ticks, (\d+) bytes of stack)?")


@dataclass(frozen=True)
class Proof:
    """What a proof came to.

    Args:
        place: where it ran, in words.
        compared: outputs, all of them equal.
        instructions: of the dearest call; None where they were not counted.
        stack_bytes: of the deepest, with `invoke` itself; None where it was not measured.
    """

    place: str
    compared: int
    instructions: int | None = None
    stack_bytes: int | None = None


def prove_here(folder: Path) -> Proof:
    """On this computer, under the sanitizers where the compiler has them.

    Raises:
        PipelineError: NO_TOOL without a compiler; MISMATCH where an output differs.
    """
    compiler = next(filter(shutil.which, COMPILERS), None)
    if compiler is None:
        raise NoToolError(
            "There is no C compiler.",
            f"the C is compiled and proven before it is written, and none of "
            f"{', '.join(COMPILERS)} is installed",
            "install gcc: `apt-get install gcc`",
        )
    sanitizers = SANITIZERS if _has_sanitizers(compiler, folder) else ()
    program = folder.with_name("proof")
    _build((compiler, *STANDARD, *HOST, *sanitizers), folder, "host.c", (), program)
    sanitized = " under the sanitizers" if sanitizers else ""
    return _run((str(program), "proof/golden.bin"), folder, f"this computer{sanitized}")


def missing_for_board(cost: NetworkCost | None = None) -> str:
    """Why nothing can be proven on the virtual board, in words; empty where it can.

    cost: of the network, where that is known.
    """
    missing = [tool for tool in (ARM, QEMU) if shutil.which(tool) is None]
    if missing:
        return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed"
    if cost is not None and max(cost.flash_bytes, cost.ram_bytes) > BOARD_BYTES:
        return "the virtual board has 4 MB of flash and 4 MB of RAM, and this takes more"
    return ""


def prove_on_board(folder: Path) -> Proof:
    """On an emulated Cortex-M4F, which counts instructions."""
    program = folder.with_name("proof.elf")
    link = (*LINK, "-T", "proof/board.ld")
    _build((ARM, *STANDARD, *TARGET, *SECTIONS), folder, "board.c", link, program)
    command = (
        *(QEMU, "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none"),
        *("-icount", f"shift={ICOUNT_SHIFT}"),
        *("-semihosting-config", "enable=on,target=native", "-kernel", str(program)),
        *("-device", "loader,file=proof/golden.bin,addr=0x21000000,force-raw=on"),
    )
    return _run(command, folder, "a virtual Cortex-M4F")


def _has_sanitizers(compiler: str, folder: Path) -> bool:
    program = folder.with_name("sanitized")
    command = (compiler, *SANITIZERS, "-x", "c", "-", "-o", str(program))
    try:
        built = subprocess.run(
            command, input=b"int main(void) { return 0; }", capture_output=True, check=False
        )
        return built.returncode == 0 and subprocess.run([program], check=False).returncode == 0
    finally:
        program.unlink(missing_ok=True)


def _build(
    command: Sequence[str], folder: Path, main: str, link: Sequence[str], program: Path
) -> None:
    sources = sorted(str(path.relative_to(folder)) for path in (folder / "src").rglob("*.c"))
    files = (f"proof/{main}", "proof/proof.c", *sources)
    built = _execute((*command, *files, *link, "-o", str(program)), folder)
    if built.returncode:
        raise PipelineError(
            f"{command[0]} does not compile the generated C: {_first(built.stderr)}.",
            "the compiler is very old or of another kind, or this is a fault of `gesture compile`",
            "try a recent gcc; if it stays, please report it with the model",
        )


def _run(command: Sequence[str], folder: Path, place: str) -> Proof:
    ran = _execute(command, folder)
    found = _COUNTED.search(ran.stdout + ran.stderr)  # QEMU prints to the second
    if found is None:
        raise PipelineError(
            f"The proof on {place} stopped: {_first(ran.stderr) or f'exit {ran.returncode}'}.",
            "the generated C does what it must not, or the emulator is of another version",
            "please report it with the model",
        )
    compared, unequal, ticks, stack = (int(number or 0) for number in found.groups())
    if unequal or ran.returncode:
        raise MismatchError(
            f"On {place}, {unequal} of {compared} outputs differ from TensorFlow Lite Micro's.",
            "a kernel or the compiler is wrong, or a C compiler is",
            "nothing was written; please report it with the model",
        )
    if not ticks:
        return Proof(place, compared)
    return Proof(place, compared, round(ticks * TICK_NS / (1 << ICOUNT_SHIFT)), stack)


def _first(text: str) -> str:
    said = ("error", "undefined reference", "overflowed")
    lines = [line.strip() for line in text.splitlines() if any(word in line for word in said)]
    return (lines or text.strip().splitlines() or [""])[0][:300].rstrip(".")


def _execute(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [*dying_with_us(), *command],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PipelineError(
            f"{Path(command[0]).name} was stopped after {TIMEOUT_S:g} s.",
            "the model is very large, or this computer is busy",
            "try again, or with a smaller model",
        ) from None
