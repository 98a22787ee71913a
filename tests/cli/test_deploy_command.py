"""`gesture deploy` for a real board, emulated; `gesture board build`; an image that is damaged."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from serial.tools import list_ports

from pipeline.boards.supervisor import start
from pipeline.capture import usb_boards
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.board_profiles import NANO33BLE
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.run_folder import RunFolder
from pipeline.deployment.platformio import VARIABLE
from pipeline.deployment.verify import Verified, verify_board
from pipeline.workflows import deploy as stage
from tests.cli.commands import PROJECT, gesture
from tests.fixtures.arduino_sources import (
    IMAGE,
    Complaints,
    complaints,
    put_compiler,
    write_sources,
)
from tests.fixtures.nano.board import Nano
from tests.fixtures.nano.usb import UsbPorts
from tests.fixtures.waiting import until
from tests.refusals import refuses

NATIVE = replace(NANO33BLE, name="native")


@pytest.fixture
def usb(tmp_path, monkeypatch) -> UsbPorts:
    """The emulated Nano boots programs of this computer: `native` stands for the real board."""
    (tmp_path / "dev").mkdir()
    ports = UsbPorts(tmp_path / "dev")
    monkeypatch.setattr(list_ports, "comports", ports.comports)
    monkeypatch.setattr(stage, "REAL_IMAGES", ("native",))
    monkeypatch.setattr(stage, "require_profile", lambda _: NATIVE)
    monkeypatch.setattr(
        usb_boards, "profile_of_usb", lambda _, product: (NATIVE, product == NATIVE.usb.bootloader)
    )
    monkeypatch.setattr(stage, "EMULATED", ("virtual",))
    return ports


def test_a_run_goes_to_the_board_and_a_second_time_is_left_alone(usb, converted_run, tmp_path):
    run = shutil.copytree(converted_run, tmp_path / "run")
    steps: list[str] = []
    with Nano(usb) as nano:
        until(usb.comports)
        first = stage.deploy(run, "native", "auto", False, steps.append)
        second = stage.deploy(run, "native", "id:0a1b2c", False, steps.append)
        assert nano.runs is not None
    assert (first.unchanged, second.unchanged) == (False, True)
    assert first.verified.image_crc == second.verified.image_crc
    assert first.estimate is not None
    assert first.estimate.measured
    said = (RunFolder(run).build / "upload.log").read_text()
    assert "unchanged" in said
    firmware = json.loads((run / "firmware.json").read_text())
    assert firmware["contract_hash"] == first.verified.contract_hash


def test_a_network_past_the_boards_budget_is_refused_before_the_build(
    usb, converted_run, tmp_path, monkeypatch
):
    budget = tmp_path / "budget.yaml"
    budget.write_text("flash_bytes: 1000\n")
    monkeypatch.setattr(stage, "NANO_BUDGET", budget)
    steps: list[str] = []
    with pytest.raises(PipelineError, match="exceeds its budget"):
        stage.deploy(converted_run, "native", "auto", False, steps.append)
    assert steps == []


def test_a_board_whose_bootloader_is_not_spoken_is_refused_before_the_build(converted_run):
    steps: list[str] = []
    with pytest.raises(PipelineError, match="XIAO nRF52840 Sense is not uploaded to") as caught:
        stage.deploy(converted_run, "xiao_nrf52840_sense", "auto", False, steps.append)
    assert "pio run --environment xiao_nrf52840_sense" in caught.value.next_step
    assert steps == []


CORE = os.environ.get(VARIABLE)
LIMIT_S = 900


def test_an_image_is_built_and_its_size_printed(work: Path, host_compiler: None) -> None:
    ended = gesture("board", "build", "native", "--json", cwd=work)
    assert Path(ended.json["path"]).read_bytes().startswith(b"\x7fELF")
    said = gesture("board", "build", "native", cwd=work).said
    assert f"flash {ended.json['flash_bytes']:,} bytes" in said
    assert f"RAM {ended.json['ram_bytes']:,} bytes" in said


def test_the_sketch_is_a_project_of_the_exported_library(
    converted_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(write_sources(tmp_path / "sources")))
    monkeypatch.setenv("PATH", f"{put_compiler(tmp_path / 'bin').parent}:{os.environ['PATH']}")
    ended = gesture("board", "build", "sketch", "--run", converted_run, "--json", cwd=converted_run)
    assert Path(ended.json["path"]).read_bytes() == IMAGE
    folder = RunFolder(converted_run).build / "sketch"
    (archive,) = (folder / "exported" / "arduino").glob("*.zip")
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            assert (folder / "project" / "lib" / name).read_bytes() == packed.read(name)
    library = folder / "project" / "lib" / archive.stem
    sketch = (folder / "project" / "src" / "Gesture.ino").read_bytes()
    assert sketch == (library / "examples" / "Gesture" / "Gesture.ino").read_bytes()


@pytest.mark.skipif(CORE is None, reason=f"{VARIABLE} names no folder of the core's sources")
@pytest.mark.parametrize(
    ("environment", "log"), [("nano33ble", "build-nano33ble.log"), ("sketch", "sketch/build.log")]
)
def test_make_builds_on_the_real_core(converted_run: Path, environment: str, log: str) -> None:
    command = ["make", "board-build", f"CORE={CORE}", f"ENV={environment}", f"RUN={converted_run}"]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT_S)
    assert result.returncode == 0, result.stderr
    assert "flash" in result.stdout
    assert "RAM" in result.stdout
    text = (RunFolder(converted_run).build / log).read_text("utf-8")
    assert "SUCCESS" in text
    assert complaints(text) == Complaints(0, 0, 0)


VECTORS = 32


def listed(*command: object) -> str:
    words = list(map(str, command))
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=300).stdout


def constants_at(image: Path) -> tuple[int, int]:
    """Where in the file the first weights lie, and their length in bytes."""
    symbols = listed("arm-none-eabi-nm", "--print-size", image).splitlines()
    weights = next(symbol for symbol in symbols if " weights_" in symbol)
    address, size, *_ = weights.split()
    sections = listed("arm-none-eabi-readelf", "--sections", "--wide", image)
    text = re.search(r"\.text\s+PROGBITS\s+(\w+)\s+(\w+)", sections)
    assert text is not None
    return int(address, 16) - int(text[1], 16) + int(text[2], 16), int(size, 16)


def proven(run: RunFolder, image: Path) -> Verified:
    golden = GoldenVectors.load(run.golden_file)
    with start("virtual", image, fast=True) as board, open_port(board.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        return verify_board(client, run.contract(), golden, VECTORS)


@pytest.fixture(scope="module")
def image(deployed: tuple[Path, str]) -> Path:
    """Of the run, for the virtual board."""
    return Path(json.loads(RunFolder(deployed[0]).firmware_file.read_text("utf-8"))["path"])


def with_flipped_bits(image: Path, damaged: Path, places: list[float], bits: int) -> Path:
    """A copy whose weights have other bits at these shares of their length."""
    content = bytearray(image.read_bytes())
    at, size = constants_at(image)
    for place in places:
        content[at + int(place * size) // 2 * 2 + 1] ^= bits  # the high byte of a weight
    damaged.write_bytes(content)
    return damaged


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_flipped_bit_of_a_weight_is_found_out(converted_run, image, tmp_path, place):
    """By the board's own self-test or, where its few inferences do not show it, by deploy."""
    run = RunFolder(converted_run)
    damaged = with_flipped_bits(image, tmp_path / "damaged.elf", [place], 0x40)
    with refuses(code=ExitCode.MISMATCH):
        proven(run, damaged)


def test_damaged_weights_fail_the_selftest_and_a_new_image_fixes_it(converted_run, image, tmp_path):
    run = RunFolder(converted_run)
    places = [share / 10 for share in range(10)]
    damaged = with_flipped_bits(image, tmp_path / "damaged.elf", places, 0x40)
    with refuses("self-test failed", ExitCode.MISMATCH):
        proven(run, damaged)
    assert proven(run, image).vectors == VECTORS
