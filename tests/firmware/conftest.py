"""Images and drivers, compiled once a session."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.deployment.platformio import BuiltImage
from tests.firmware.building import (
    HERE,
    MODEL,
    SANITIZED,
    STRICT,
    board_sources,
    compile_c,
    library_sources,
    link_native,
    link_virtual,
)
from tests.firmware.talking import imu_file
from tests.once import Once, built_with

Driver = Callable[..., str]


@pytest.fixture(scope="session")
def driver(once: Once, request: pytest.FixtureRequest) -> Driver:
    """Calls unit_driver.c, compiled with the address and undefined-behaviour sanitizers."""
    request.getfixturevalue("host_compiler")
    sources = [HERE / "unit_driver.c", *library_sources("crc", "decision", "protocol", "window")]
    sources += [*library_sources("rate", "transmitter"), *board_sources("emulated_imu")]
    flags = [*STRICT, *SANITIZED]
    program = once("driver", lambda folder: compile_c(folder / "driver", sources, flags))

    def call(part: str, *numbers: object) -> str:
        text = " ".join(map(str, numbers))
        result = subprocess.run(
            [program, part], input=text, capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return call


@pytest.fixture(scope="session")
def sanitized_native(once: Once, request: pytest.FixtureRequest) -> Path:
    """The whole native board with sanitizers."""
    request.getfixturevalue("host_compiler")
    return once("sanitized-native", lambda folder: link_native(folder / "native"))


@pytest.fixture(scope="session")
def native_image(once: Once, request: pytest.FixtureRequest) -> BuiltImage:
    request.getfixturevalue("host_compiler")
    return once("native-left-right", built_with("native", MODEL))


@pytest.fixture(scope="session")
def virtual_image(once: Once, request: pytest.FixtureRequest) -> BuiltImage:
    request.getfixturevalue("qemu")
    return once("virtual-left-right", built_with("virtual", MODEL))


@pytest.fixture(scope="session")
def fault_image(once: Once, request: pytest.FixtureRequest) -> Path:
    request.getfixturevalue("qemu")
    main = HERE / "fault_main.c"
    return once("fault", lambda folder: link_virtual(folder / "fault.elf", main))


@pytest.fixture(scope="session")
def swinging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of ax swinging between -1.5 and 1.5 g, once in two seconds."""
    values = [[round(1500 * math.sin(i / 119 * math.pi)), i, -i, 0, 1, 2] for i in range(1190)]
    return imu_file(tmp_path_factory.mktemp("imu") / "swinging.bin", values)
