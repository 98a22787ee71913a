"""Compiles pieces of the firmware the way a test needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.compiling import objects_of, succeed

PROJECT = Path(__file__).resolve().parents[2]
FIRMWARE = PROJECT / "firmware"
HERE = Path(__file__).parent
MODEL = PROJECT / "tests" / "fixtures" / "left_right_model"
NO_MODEL = FIRMWARE / "lib" / "no_model"

EMULATED = ("emulated_imu", "emulated_environment", "emulated_flash")

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
    *("app", "centres", "crc", "decision", "enrolment", "enrolment_store", "forecast", "history"),
    *("learning", "model", "protocol", "rate", "recognizer", "ring", "sampler", "selftest"),
    *("sketcher", "text", "translator", "transmitter", "window", "writer"),
)
APP = library_sources(*PARTS)


def compile_c(
    output: Path,
    sources: Iterable[Path],
    flags: Iterable[str],
    model: Path = MODEL,
    compiler: str = "gcc",
) -> Path:
    command, files = [compiler, *flags], [*sources, *sorted(model.glob("*.c"))]
    objects = objects_of([*command, *include_flags(model)], files, output.with_suffix(".objects"))
    succeed([*command, *objects, "-o", str(output)])
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


STUB = PROJECT / "tests" / "fixtures" / "arduino_stub"
EMULATED_PARTS = HERE / "emulated_parts"
# Of each board with the Arduino core: the chip's pins that are its sensors' data, clock and power,
# and what a touch at 1200 baud leaves for the bootloader.
ARDUINO_BOARDS = {
    "nano33ble": {"SDA_PIN": 14, "SCL_PIN": 15, "POWER_PIN": -1, "TOUCH_MAGIC": 0xB0},
    "xiao_nrf52840_sense": {"SDA_PIN": 7, "SCL_PIN": 27, "POWER_PIN": 40, "TOUCH_MAGIC": 0x4E},
}
AS_THE_CORE = ["-std=gnu++14", "-Wall", "-Wextra", "-Wconversion", "-Werror"]


# Symbols of the core's linker script: an image of 192 KB, then 4 KB that are copied to the memory.
SCRIPT = {"__etext": 0x40000, "__data_start__": 0x20000000, "__data_end__": 0x20001000}


def link_arduino(
    output: Path,
    board: str,
    model: Path = MODEL,
    main: Path = FIRMWARE / "src" / "main.cpp",
    script: Mapping[str, int] = SCRIPT,
) -> Path:
    """The port of a board with the Arduino core, for this computer, with the stub as its core."""
    ports = [FIRMWARE / "boards" / "arduino_mbed", FIRMWARE / "boards" / board]
    folders = [*ports, EMULATED_PARTS, STUB, STUB / "src"]
    includes = [*include_flags(model), *(f"-I{folder}" for folder in folders)]
    c_files = [*APP, *library_sources("environment", "i2c", "imu"), *sorted(model.glob("*.c"))]
    c_files += [*sorted(EMULATED_PARTS.glob("*.c")), *sorted(ports[1].glob("*.c"))]
    cpp_files = [path for folder in ports for path in sorted(folder.glob("*.cpp"))]
    cpp_files += [main, *sorted((STUB / "src").glob("*.cpp"))]
    facts = [f"-DSTUB_{name}={value}" for name, value in ARDUINO_BOARDS[board].items()]
    objects = output.with_suffix(".objects")
    of_c = objects_of(["gcc", "-O1", *STRICT, *includes], c_files, objects / "c")
    of_cpp = objects_of(["g++", "-O1", *AS_THE_CORE, *facts, *includes], cpp_files, objects / "cpp")
    symbols = [f"-Wl,--defsym={name}={value:#x}" for name, value in script.items()]
    # At a fixed address: symbols of the script are numbers, and would move with the program.
    succeed(["g++", "-s", "-no-pie", *symbols, *of_c, *of_cpp, "-pthread", "-o", str(output)])
    return output
