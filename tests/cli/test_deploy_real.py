"""The whole of `gesture deploy` for a real board, with an emulated one at the end of the cable."""

from __future__ import annotations

import json

import pytest
from serial.tools import list_ports

from pipeline.errors import PipelineError
from pipeline.stages import board as stage
from tests.fixtures.nano.board import Nano, until
from tests.fixtures.nano.usb import UsbPorts


@pytest.fixture
def usb(tmp_path, monkeypatch) -> UsbPorts:
    """The emulated Nano boots programs of this computer: `native` stands for the real board."""
    (tmp_path / "dev").mkdir()
    ports = UsbPorts(tmp_path / "dev")
    monkeypatch.setattr(list_ports, "comports", ports.comports)
    monkeypatch.setattr(stage, "REAL", ("native",))
    monkeypatch.setattr(stage, "EMULATED", ("virtual",))
    return ports


def test_a_run_goes_to_the_board_and_a_second_time_is_left_alone(usb, converted_run):
    steps: list[str] = []
    with Nano(usb) as nano:
        until(usb.comports)
        first = stage.deploy(converted_run, "native", "auto", False, steps.append)
        second = stage.deploy(converted_run, "native", "id:0a1b2c", False, steps.append)
        assert nano.runs is not None
    assert (first.unchanged, second.unchanged) == (False, True)
    assert first.verified.image_crc == second.verified.image_crc
    assert first.estimate is not None
    assert first.estimate.measured
    said = (converted_run / "build" / "upload.log").read_text()
    assert "unchanged" in said
    firmware = json.loads((converted_run / "firmware.json").read_text())
    assert firmware["contract_hash"] == first.verified.contract_hash


def test_a_network_past_the_boards_budget_is_refused_before_the_build(
    usb, converted_run, tmp_path, monkeypatch
):
    budget = tmp_path / "budget.yaml"
    budget.write_text("flash_bytes: 1000\n")
    monkeypatch.setattr(stage, "NANO_BUDGET", budget)
    steps: list[str] = []
    with pytest.raises(PipelineError, match="passes its budget"):
        stage.deploy(converted_run, "native", "auto", False, steps.append)
    assert steps == []
