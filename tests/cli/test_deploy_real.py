"""The whole of `gesture deploy` for a real board, with an emulated one at the end of the cable."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from serial.tools import list_ports

from pipeline.capture import usb_boards
from pipeline.core.board_profiles import NANO33BLE
from pipeline.core.errors import PipelineError
from pipeline.core.run_folder import RunFolder
from pipeline.workflows import deploy as stage
from tests.fixtures.nano.board import Nano, until
from tests.fixtures.nano.usb import UsbPorts

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
