"""Images of the real board from a folder of the Arduino core's sources, with no registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.deployment.platformio import VARIABLE, build_firmware
from tests.firmware.building import MODEL, PROJECT, STUB
from tests.fixtures.arduino_sources import (
    BUILDER,
    IMAGE,
    Complaints,
    complaints,
    put_compiler,
    write_library,
    write_sources,
)

TIMEOUT_S = 900.0
CORE = os.environ.get(VARIABLE)
# A library that puts C++ into an image of 960 KB and 256 KB leaves most of it free.
MOST_FLASH_BYTES = 200_000
MOST_RAM_BYTES = 110_000


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "sources"))
    compiler = put_compiler(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{compiler.parent}:{os.environ['PATH']}")
    return write_sources(tmp_path / "sources")


def fault_of(folder: Path, environment: str = "nano33ble") -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        build_firmware(environment, MODEL, PROJECT, folder / "log", TIMEOUT_S)
    assert caught.value.exit_code == ExitCode.NO_TOOL
    return caught.value


def test_platformio_builds_of_the_folder_and_asks_no_registry(sources, tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody is there
    before = sorted(sources.rglob("*"))
    built = build_firmware("nano33ble", MODEL, PROJECT, tmp_path / "log", TIMEOUT_S)
    assert built.path.read_bytes() == IMAGE
    assert (built.flash_bytes, built.ram_bytes) == (2, 1)
    assert sorted(sources.rglob("*")) == before


def test_a_change_in_the_folder_is_seen_by_the_next_build(sources, tmp_path):
    build_firmware("nano33ble", MODEL, PROJECT, tmp_path / "log", TIMEOUT_S)
    (sources / "ArduinoCore-mbed/cores/arduino/Arduino.h").write_text("another")
    assert build_firmware(
        "nano33ble", MODEL, PROJECT, tmp_path / "log", TIMEOUT_S
    ).path.read_text() == ("another")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("", "There is no folder"),
        ("platform-nordicnrf52", "platform nordicnrf52"),
        (f"platform-nordicnrf52/{BUILDER}", "arduino-core-mbed.py"),
        ("ArduinoCore-mbed", "the Arduino core"),
        ("ArduinoCore-mbed/cores/arduino/api", "api/ArduinoAPI.h"),
        ("ArduinoCore-mbed/variants/ARDUINO_NANO33BLE/libs/libmbed.a", "libs/libmbed.a"),
        ("Arduino_BMI270_BMM150", "the library Arduino_BMI270_BMM150"),
    ],
)
def test_what_the_folder_lacks_is_named(sources, tmp_path, missing, said):
    path = sources / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    fault = fault_of(tmp_path)
    assert said in fault.what
    assert str(sources) in fault.what
    assert "docs/hil.md" in fault.next_step


def test_each_environment_wants_its_own_libraries(sources, tmp_path):
    assert "Chirale_TensorFLowLite" in fault_of(tmp_path, "nano33ble_tflm").what


def test_another_version_than_platformio_ini_names_is_refused(sources, tmp_path):
    write_library(sources / "Arduino_BMI270_BMM150", "1.1.0")
    assert "is version 1.1.0" in fault_of(tmp_path).what
    (sources / "Arduino_BMI270_BMM150" / "library.properties").write_text(
        "name=arduino_bmi270_bmm150"
    )
    assert "is version 0.0.0" in fault_of(tmp_path).what


@pytest.mark.parametrize("missing", ["arm-none-eabi-g++", "libstdc++_nano.a"])
def test_a_compiler_that_is_not_whole_comes_with_the_command(
    sources, tmp_path, monkeypatch, missing
):
    program = tmp_path / "bin" / "arm-none-eabi-g++"
    if missing == program.name:
        program.unlink()
        monkeypatch.setenv("PATH", str(program.parent))
    else:  # as GCC answers for a file that it does not find
        program.write_text("#!/bin/sh\necho libstdc++_nano.a\n")
    fault = fault_of(tmp_path)
    assert missing in fault.what
    assert "apt-get install" in fault.next_step
    assert "libstdc++-arm-none-eabi-newlib" in fault.next_step


@pytest.mark.skipif(CORE is None, reason=f"{VARIABLE} names no folder of the core's sources")
def test_the_real_core_takes_the_firmware(tmp_path):
    built = build_firmware("nano33ble", MODEL, PROJECT, tmp_path / "log", TIMEOUT_S)
    assert complaints((tmp_path / "log").read_text("utf-8")) == Complaints(0, 0, 0)
    assert 100_000 < built.flash_bytes < MOST_FLASH_BYTES
    assert 60_000 < built.ram_bytes < MOST_RAM_BYTES
    listing = subprocess.run(
        ["arm-none-eabi-nm", built.path.with_suffix(".elf")],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    linked = {line.split()[-1] for line in listing.stdout.splitlines()}
    assert {"setup", "loop", "app_poll"} <= linked


SOURCE = re.compile(r"/\* ([\w/.]+\.h) \*/")
# What only the stub has: how its registers are made, and its own guards.
OWN = re.compile(r"namespace stub \{.*?\n\}  // namespace stub|^ private:.*?^\};", re.M | re.S)
NAMES = re.compile(r"\b[A-Za-z_]\w+\b")
TYPES = {"extern", "const", "struct", "class", "enum", "typedef", "void", "bool", "int", "unsigned"}
TYPES |= {"long", "size_t", "uint8_t", "uint32_t", "uintptr_t", "arduino", "mbed", "noreturn"}
TYPES |= {"define", "stub", "Register"}


class Declared(NamedTuple):
    name: str
    header: str


def declarations() -> Iterator[tuple[Path, str]]:
    """Lines of the stub's headers that declare or define something."""
    for path in sorted(STUB.rglob("*.h")):
        if path.parent.name == "src" or path.name == "Arduino_LSM9DS1.h":
            continue
        text = OWN.sub("", path.read_text("utf-8"))
        text = re.sub(r"/\*(?! [\w/.]+\.h \*/).*?\*/", "", text, flags=re.S)
        text = re.sub(r",\n +", ", ", text)  # a declaration that takes two lines
        for line in text.splitlines():
            code = line.split("/*")[0].strip()
            is_guard = re.match(r"#(ifndef|endif|include|define \w+_H$)", code)
            if code and not is_guard and NAMES.search(code) and not is_frame(code):
                yield path, line


def is_frame(code: str) -> bool:
    """Of a namespace, of C linkage, of what a class is open to, or of a struct without a name."""
    return bool(re.match(r'(namespace|extern "C"|public:|struct \{|\} ?\w*;?$|\}  //)', code))


def declared() -> list[Declared]:
    found = []
    for path, line in declarations():
        source = SOURCE.search(line)
        assert source, f"{path.name} does not say where the core declares `{line.strip()}`"
        names = set(NAMES.findall(re.sub(r"\(.*\)", "", line.split("/*")[0]))) - TYPES
        found += [Declared(name, source[1]) for name in names]
    return found


def test_every_declaration_says_where_the_core_has_it() -> None:
    names = {name for name, _ in declared()}
    assert {"_SerialUSB", "send_nb", "Wire1", "NRF_TIMER0", "setup", "delay"} <= names


@pytest.mark.skipif(not CORE, reason="GESTURE_ARDUINO_CORE names no folder with the real core")
def test_the_core_has_every_declaration_where_the_stub_says() -> None:
    walk = os.walk(str(CORE), followlinks=True)
    headers = [Path(folder) / name for folder, _, names in walk for name in names]
    texts: dict[str, str] = {}
    missing = []
    for name, header in declared():
        if header not in texts:
            found = [path for path in headers if str(path).endswith(f"/{header}")]
            texts[header] = "".join(path.read_text("utf-8", "replace") for path in found)
            assert found, f"the core has no {header}"
        pattern = name.removesuffix("_Type") if header == "nrf52840.h" else name
        if not re.search(rf"\b{pattern}(_Type)?\b", texts[header]):
            missing.append((name, header))
    assert missing == []


WARNED = "static int unused;\n"
BROKEN = "int broken = nothing;\n"
UNLINKED = "int setup(void);\nint main(void) { return setup(); }\n"


def output_of(folder: Path, place: str, text: str) -> str:
    source = folder / place
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text)
    command = ["gcc", "-Wall", "-Wextra", place, "-o", "program"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert result.stderr
    return result.stderr


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        ("firmware/a.c", WARNED + "int main(void) { return 0; }\n", Complaints(0, 0, 1)),
        ("arduino-core/a.c", WARNED + "int main(void) { return 0; }\n", Complaints(0, 0, 0)),
        ("firmware/a.c", BROKEN, Complaints(1, 0, 0)),
        ("x/arduino-core/a.c", BROKEN, Complaints(1, 0, 0)),
        ("firmware/a.c", '#include "nowhere.h"\n', Complaints(1, 0, 0)),
        ("firmware/a.c", UNLINKED, Complaints(0, 1, 0)),
    ],
)
def test_each_kind_is_counted(tmp_path: Path, place: str, text: str, expected: Complaints) -> None:
    assert complaints(output_of(tmp_path, place, text)) == expected
