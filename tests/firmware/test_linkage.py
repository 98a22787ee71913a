"""C and C++ meet in a real board's image: names that one of them calls must not be mangled.

A compiler alone cannot see it, a linker can: against the real Arduino core, which declares `setup`
and `loop` as C (ArduinoCore-API 1.5.2, api/Common.h), and against our libraries, which are C.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pipeline.conversion.c_source import c_array
from pipeline.core.files import save_text_files
from tests.firmware.building import FIRMWARE, MODEL, PROJECT, include_flags

pytestmark = pytest.mark.usefixtures("qemu")
FIXTURES = PROJECT / "tests" / "fixtures"
TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=softfp")
PROVIDED = {
    "src/main.cpp": {"setup", "loop"},
    "boards/arduino_mbed/board.cpp": {"board"},
    "boards/arduino_mbed/hang_guard.cpp": {"mbed_die"},
    "engines/tflm/network.cpp": {"model_network_reset", "model_network_invoke"},
}
SOURCES = sorted(str(path.relative_to(FIRMWARE)) for path in FIRMWARE.rglob("*.cpp"))


def compiled(source: str, folder: Path) -> Path:
    save_text_files(folder, c_array(b"a model"))
    stubs = [f"-I{FIXTURES / stub}" for stub in ("arduino_stub", "tflm_stub", "tiny_model")]
    command = ["arm-none-eabi-g++", *TARGET, "-std=gnu++14", "-c", str(FIRMWARE / source)]
    command += [
        f"-I{FIRMWARE / 'boards' / 'arduino_mbed'}",
        f"-I{folder}",
        *stubs,
        *include_flags(MODEL),
        "-o",
        str(folder / "object"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return folder / "object"


def symbols(built: Path, *options: str) -> list[str]:
    """As nm prints them: of C a bare name, of C++ with its arguments."""
    command = ["arm-none-eabi-nm", "--demangle", "--format=posix", *options, str(built)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return [re.split(r" [A-Za-z]( |$)", line)[0] for line in listing.stdout.splitlines()]


def c_functions() -> set[str]:
    headers = [*FIRMWARE.glob("lib/*/*.h"), *FIRMWARE.glob("boards/*.h")]
    text = "".join(header.read_text("utf-8") for header in headers)
    return set(re.findall(r"^\w[\w *]* \*?(\w+)\(", text, re.MULTILINE))


@pytest.mark.parametrize("source", sorted(PROVIDED))
def test_what_a_cpp_file_provides_has_its_c_name(source: str, tmp_path: Path) -> None:
    built = compiled(source, tmp_path)
    assert set(symbols(built, "--defined-only", "--extern-only")) >= PROVIDED[source]


@pytest.mark.parametrize("source", SOURCES)
def test_what_a_cpp_file_calls_of_our_c_has_its_c_name(source: str, tmp_path: Path) -> None:
    functions = c_functions()
    assert {"app_begin", "app_poll", "imu_begin", "environment_read"} <= functions
    called = symbols(compiled(source, tmp_path), "--undefined-only")
    mangled = {name.partition("(")[0] for name in called if "(" in name}
    assert not mangled & functions
