"""Compiles pieces of the firmware the way a test needs them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FIRMWARE = PROJECT / "firmware"
HERE = Path(__file__).parent
MODEL = PROJECT / "tests" / "fixtures" / "left_right_model"
NO_MODEL = FIRMWARE / "lib" / "no_model"

EMULATED = ("emulated_imu", "emulated_environment")

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
SANITIZED = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CORTEX_M4F = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-O2"]


def include_flags(model: Path) -> list[str]:
    libraries = [path for path in sorted((FIRMWARE / "lib").iterdir()) if path != NO_MODEL]
    boards = FIRMWARE / "boards"
    sensors = [boards / name for name in EMULATED]
    return [f"-I{path}" for path in (model, *libraries, boards, *sensors)]


def library_sources(*names: str) -> list[Path]:
    return [path for name in names for path in sorted((FIRMWARE / "lib" / name).glob("*.c"))]


def board_sources(*names: str) -> list[Path]:
    return [path for name in names for path in sorted((FIRMWARE / "boards" / name).glob("*.c"))]


PARTS = (
    *("app", "crc", "decision", "forecast", "history", "model", "protocol", "rate", "recognizer"),
    *("ring", "sampler", "selftest", "text", "window", "writer"),
)
APP = library_sources(*PARTS)


def compile_c(
    output: Path,
    sources: Iterable[Path],
    flags: Iterable[str],
    model: Path = MODEL,
    compiler: str = "gcc",
) -> Path:
    files = [str(path) for path in (*sources, *sorted(model.glob("*.c")))]
    command = [compiler, *flags, *include_flags(model), *files, "-o", str(output)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return output


def link_native(output: Path, model: Path = MODEL) -> Path:
    """The whole native board with sanitizers."""
    sources = [FIRMWARE / "src" / "main.c", *APP, *board_sources("native", *EMULATED)]
    return compile_c(output, sources, [*STRICT, *SANITIZED], model)


def link_virtual(output: Path, main: Path, model: Path = MODEL) -> Path:
    script = FIRMWARE / "boards" / "virtual" / "link.ld"
    libraries = ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", f"-T{script}"]
    sources = [main, *APP, *board_sources("virtual", *EMULATED)]
    flags = [*CORTEX_M4F, "-std=c11", *libraries]
    return compile_c(output, sources, flags, model, "arm-none-eabi-gcc")
