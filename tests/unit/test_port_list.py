"""What is told of a port: the board behind it, who holds it, and who may not open it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.capture.port_list import missing_access, plugged_in_ports, programs_using

NOBODY = 65534


@pytest.fixture
def terminal() -> Iterator[str]:
    """A port that this very process holds."""
    master, client = os.openpty()
    yield os.ttyname(client)
    os.close(client)
    os.close(master)


def usb_port(device: str, vid: int | None, pid: int, serial_number: str) -> ListPortInfo:
    port = ListPortInfo(device, skip_link_detection=True)
    port.vid, port.pid, port.serial_number, port.description = vid, pid, serial_number, "a thing"
    return port


def test_boards_come_first_with_what_runs_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [
        usb_port("/dev/ttyS0", None, 0, ""),
        usb_port("/dev/ttyACM0", 0x1A86, 0x7523, "77"),
        usb_port("/dev/ttyACM1", 0x2341, 0x805A, "AB12"),
        usb_port("/dev/ttyACM2", 0x2341, 0x005A, "CD34"),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    found = [
        (port.device, port.what, port.serial_number, port.vid_pid) for port in plugged_in_ports()
    ]
    assert found == [
        ("/dev/ttyACM1", "Arduino Nano 33 BLE, running a sketch", "AB12", "2341:805a"),
        ("/dev/ttyACM2", "Arduino Nano 33 BLE, in its bootloader", "CD34", "2341:005a"),
        ("/dev/ttyACM0", "a thing", "77", "1a86:7523"),
    ]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc here")
def test_the_program_that_holds_a_port_is_named(terminal: str, tmp_path: Path) -> None:
    assert f"({os.getpid()})" in " ".join(programs_using(terminal))
    code = f"import os, sys; os.open({terminal!r}, os.O_RDWR); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        link = tmp_path / "virtual-1"
        link.symlink_to(terminal)  # by the stable name of an emulated board too
        assert any(f"({other.pid})" in holder for holder in programs_using(str(link)))
        other.communicate()
    assert not any(f"({other.pid})" in holder for holder in programs_using(terminal))


def as_another_user(device: str) -> str:
    """What `missing_access` says to somebody who is not root."""
    reader, writer = os.pipe()
    child = os.fork()  # not a new Python: its files may not be open to another user
    if child == 0:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        os.write(writer, str(missing_access(device)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        text = told.read()
    os.waitpid(child, 0)
    return text


def test_a_port_without_access_is_told_with_the_command_that_mends_it(terminal: str) -> None:
    Path(terminal).chmod(0)
    told = as_another_user(terminal)
    assert told.startswith("sudo usermod -a -G ")
    assert told.endswith(" $USER, then log out and in again")
    assert as_another_user("/dev/null") == "None"
    assert as_another_user("/dev/ttyNOWHERE") == "None"
