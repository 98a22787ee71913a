"""Images and drivers, compiled once a session."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.deployment.platformio import BuiltImage, build
from tests.firmware.building import (
    HERE,
    MODEL,
    PROJECT,
    SANITIZED,
    STRICT,
    board_sources,
    compile_c,
    library_sources,
    link_native,
    link_virtual,
)
from tests.firmware.talking import imu_file

BUILD_TIMEOUT_S = 300.0
Driver = Callable[..., str]


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Driver:
    """Calls unit_driver.c, compiled with the address and undefined-behaviour sanitizers."""
    request.getfixturevalue("host_compiler")
    sources = [HERE / "unit_driver.c", *library_sources("crc", "decision", "protocol", "window")]
    sources += [*library_sources("rate"), *board_sources("emulated_imu")]
    program = compile_c(
        tmp_path_factory.mktemp("driver") / "driver",
        sources,
        [*STRICT, *SANITIZED],
    )

    def call(part: str, *numbers: object) -> str:
        text = " ".join(map(str, numbers))
        result = subprocess.run(
            [program, part], input=text, capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return call


@pytest.fixture(scope="session")
def sanitized_native(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """The whole native board with sanitizers."""
    request.getfixturevalue("host_compiler")
    return link_native(tmp_path_factory.mktemp("native") / "native")


@pytest.fixture(scope="session")
def native_image(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> BuiltImage:
    request.getfixturevalue("host_compiler")
    log = tmp_path_factory.mktemp("pio-native") / "log"
    return build("native", MODEL, PROJECT, log, BUILD_TIMEOUT_S)


@pytest.fixture(scope="session")
def virtual_image(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> BuiltImage:
    request.getfixturevalue("qemu")
    log = tmp_path_factory.mktemp("pio-virtual") / "log"
    return build("virtual", MODEL, PROJECT, log, BUILD_TIMEOUT_S)


@pytest.fixture(scope="session")
def fault_image(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    request.getfixturevalue("qemu")
    return link_virtual(tmp_path_factory.mktemp("fault") / "fault.elf", HERE / "fault_main.c")


@pytest.fixture(scope="session")
def swinging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of ax swinging between -1.5 and 1.5 g, once in two seconds."""
    values = [[round(1500 * math.sin(i / 119 * math.pi)), i, -i, 0, 1, 2] for i in range(1190)]
    return imu_file(tmp_path_factory.mktemp("imu") / "swinging.bin", values)
