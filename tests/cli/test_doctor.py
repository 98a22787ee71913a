"""`gesture doctor`: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from serial.tools import list_ports

from pipeline.core.errors import ExitCode
from pipeline.workflows import doctor
from pipeline.workflows.doctor import Check, examine
from tests.cli.commands import gesture
from tests.fixtures.nano.board import Nano
from tests.fixtures.nano.usb import UsbPorts
from tests.fixtures.waiting import until


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the slow looks at packages and the registry."""
    from pipeline.deployment import platformio
    from pipeline.deployment.platformio import VARIABLE

    monkeypatch.setattr(doctor, "IMPORTED", ("serial",))
    monkeypatch.setattr(platformio, "registry_answers", lambda: False)
    monkeypatch.delenv(VARIABLE, raising=False)


def checks() -> dict[str, Check]:
    return {check.name: check for check in examine()}


def test_the_command_says_all_of_it(work):
    ended = gesture("doctor", "--json", cwd=work, code=None)
    found = {check["name"]: check for check in ended.json["checks"]}
    assert found["Python"]["status"] == "ok"
    assert found["tensorflow"]["found"][0].isdigit()
    assert {"QEMU", "Arm compiler", "ModemManager", "PlatformIO's registry", "disk"} <= set(found)
    broken = any(check["status"] == "fault" for check in found.values())
    assert ended.code == (ExitCode.FINDINGS if broken else ExitCode.DONE)
    assert all(check["next_step"] for check in found.values() if check["status"] != "ok")


@pytest.mark.usefixtures("quick")
def test_a_missing_tool_comes_with_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = checks()
    assert found["C compiler"].status == "fault"
    assert "apt-get install" in found["C compiler"].next_step
    assert found["QEMU"].status == "note"


@pytest.mark.usefixtures("quick")
def test_a_tool_that_hangs_is_reported(monkeypatch, tmp_path):
    program = tmp_path / "gcc"
    program.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "TOOL_TIMEOUT_S", 0.2)
    found = checks()["C compiler"]
    assert found.status == "fault"
    assert "no answer" in found.found


@pytest.mark.usefixtures("quick")
def test_a_package_that_cannot_be_imported_is_reported(monkeypatch):
    monkeypatch.setattr(doctor, "IMPORTED", ("no_such_package",))
    found = checks()["no_such_package"]
    assert found.status == "fault"
    assert "No module named" in found.found
    assert "make setup" in found.next_step


@pytest.mark.usefixtures("quick")
def test_a_full_disk_is_reported(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 0))
    assert checks()["disk"].status == "fault"


@pytest.mark.usefixtures("quick")
def test_modem_manager_is_found_among_the_processes(monkeypatch, tmp_path):
    (tmp_path / "123").mkdir()
    (tmp_path / "123" / "comm").write_text("ModemManager\n")
    monkeypatch.setattr(doctor, "PROCESSES", tmp_path)
    found = checks()["ModemManager"]
    assert found.status == "note"
    assert "systemctl stop" in found.next_step


@pytest.mark.usefixtures("quick")
def test_a_board_is_listed_and_the_program_that_holds_it(monkeypatch, tmp_path):
    (tmp_path / "dev").mkdir()
    usb = UsbPorts(tmp_path / "dev")
    monkeypatch.setattr(list_ports, "comports", usb.comports)
    with Nano(usb):
        until(usb.comports)
        device = usb.comports()[0].device
        assert checks()[device].status == "ok"
        with Path(device).open("rb", buffering=0):
            held = checks()[device]
    assert held.status == "fault"
    assert "open in" in held.found


@pytest.mark.usefixtures("quick")
def test_without_a_board_it_says_how_to_find_one(monkeypatch):
    monkeypatch.setattr(list_ports, "comports", list)
    found = checks()["boards"]
    assert found.status == "note"
    assert "twice" in found.next_step
