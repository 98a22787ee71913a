"""Opening ports: real pseudo terminals and sockets, every way it can go wrong, and what is listed
of a port."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.capture.port_list import missing_access, plugged_in_ports, programs_using
from pipeline.capture.ports import Port, find_port, open_port
from pipeline.core.board_slots import Slot
from pipeline.core.errors import ExitCode, PipelineError
from tests.refusals import refuses


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """The master's descriptor and the path that clients open."""
    master, client = os.openpty()
    tty.setraw(client)
    yield master, os.ttyname(client)
    os.close(client)
    os.close(master)


def plugged_in(monkeypatch: pytest.MonkeyPatch, *boards: tuple[str, int, str]) -> None:
    ports = []
    for device, pid, serial_number in boards:
        port = ListPortInfo(device, skip_link_detection=True)
        port.vid, port.pid, port.serial_number = 0x2341, pid, serial_number
        port.description = "Nano 33 BLE"
        ports.append(port)
    ports.append(ListPortInfo("/dev/ttyS0", skip_link_detection=True))
    monkeypatch.setattr(list_ports, "comports", lambda: ports)


def read_line(port: Port) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        received += port.read()
    return received


def test_bytes_go_both_ways_over_a_pseudo_terminal(terminal):
    master, path = terminal
    with open_port(path) as port:  # setting DTR and RTS is not possible here, and no matter
        port.write(b"info\n")
        assert os.read(master, 100) == b"info\n"
        os.write(master, b"ok board=x\n")
        assert read_line(port) == b"ok board=x\n"
        assert port.read() == b""


def test_a_url_opens_a_socket_and_what_came_before_the_end_is_not_lost():
    def answer_once() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"hello\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        board = threading.Thread(target=answer_once)
        board.start()
        with open_port(f"socket://127.0.0.1:{server.getsockname()[1]}") as port:
            port.write(b"info\n")
            board.join()
            assert read_line(port) == b"hello\n"
            with pytest.raises(PipelineError, match="was lost"):
                port.read()


def test_a_socket_where_nobody_answers_is_reported():
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with refuses("cannot be opened", ExitCode.NO_BOARD):
        open_port(f"socket://127.0.0.1:{free}")


def test_a_missing_port_is_reported_with_those_that_are_there(monkeypatch):
    plugged_in(monkeypatch, ("/dev/ttyACM7", 0x805A, "AB12"))
    with pytest.raises(PipelineError, match="There is no port /dev/ttyNONE") as caught:
        open_port("/dev/ttyNONE")
    assert caught.value.exit_code == ExitCode.NO_BOARD
    assert "/dev/ttyACM7 (Nano 33 BLE)" in caught.value.next_step


def test_emulated_boards_are_among_the_ports_that_are_there(
    monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, str]
) -> None:
    plugged_in(monkeypatch)
    slot = Slot("native")
    slot.publish(terminal[1])
    try:
        for spec in ("/dev/ttyNONE", "id:NOBODY", "auto"):
            with refuses(next_step=str(slot.link)):
                open_port(spec)
    finally:
        slot.release()
    with pytest.raises(PipelineError) as caught:
        open_port("/dev/ttyNONE")
    assert "ports that exist: none" in caught.value.next_step


def test_a_port_in_use_is_reported_and_stays_usable_for_its_owner(terminal):
    master, path = terminal
    with open_port(path) as owner:
        with refuses(f"is open in .*\\({os.getpid()}\\)", ExitCode.NO_BOARD):
            open_port(path)
        os.write(master, b"still here\n")
        assert read_line(owner) == b"still here\n"
    with open_port(path):
        pass


def test_a_port_without_permission_is_reported_with_the_command_that_grants_it(
    monkeypatch, terminal
):
    def refuse(*_: object, **__: object) -> None:
        # root may open everything, so the refusal is the one thing here that is played
        raise serial.SerialException(errno.EACCES, "could not open port: Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with refuses("no permission", next_step="dialout"):
        open_port(terminal[1])


def test_a_file_that_is_no_port_is_reported(tmp_path: Path):
    file = tmp_path / "notes.txt"
    file.write_text("not a port")
    with pytest.raises(PipelineError, match="cannot be opened"):
        open_port(str(file))


def test_an_unplugged_board_is_reported():
    master, client = os.openpty()
    path = os.ttyname(client)
    os.close(client)
    with open_port(path) as port:
        os.close(master)
        with pytest.raises(PipelineError, match="was lost") as caught:
            port.read()
        with pytest.raises(PipelineError, match="was lost"):
            port.write(b"info\n")
    assert caught.value.exit_code == ExitCode.NO_BOARD


@pytest.mark.parametrize("pid", [0x805A, 0x005A])
def test_auto_finds_the_only_board_running_or_in_its_bootloader(monkeypatch, pid):
    plugged_in(monkeypatch, ("/dev/ttyACM0", pid, "AB12"))
    assert find_port("auto") == "/dev/ttyACM0"


def test_auto_does_not_choose_between_two(monkeypatch):
    plugged_in(monkeypatch, ("/dev/ttyACM0", 0x805A, "AB12"), ("/dev/ttyACM1", 0x805A, "CD34"))
    with refuses("2 boards", next_step="id:AB12"):
        find_port("auto")


def test_auto_without_a_board_is_reported(monkeypatch):
    plugged_in(monkeypatch)
    with refuses("No board was found", ExitCode.NO_BOARD):
        find_port("auto")


def test_a_board_is_found_by_its_serial_number(monkeypatch):
    plugged_in(monkeypatch, ("/dev/ttyACM0", 0x805A, "AB12"), ("/dev/ttyACM1", 0x805A, "CD34"))
    assert find_port("id:cd34") == "/dev/ttyACM1"
    with pytest.raises(PipelineError, match="serial number EF56"):
        find_port("id:EF56")


NOBODY = 65534


@pytest.fixture
def own_terminal() -> Iterator[str]:
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
def test_the_program_that_holds_a_port_is_named(own_terminal: str, tmp_path: Path) -> None:
    assert f"({os.getpid()})" in " ".join(programs_using(own_terminal))
    code = (
        f"import os, sys; os.open({own_terminal!r}, os.O_RDWR); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        link = tmp_path / "virtual-1"
        link.symlink_to(own_terminal)  # by the stable name of an emulated board too
        assert any(f"({other.pid})" in holder for holder in programs_using(str(link)))
        other.communicate()
    assert not any(f"({other.pid})" in holder for holder in programs_using(own_terminal))


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
    with os.fdopen(reader) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def test_a_port_without_access_is_reported_with_the_command_that_fixes_it(
    own_terminal: str,
) -> None:
    Path(own_terminal).chmod(0)
    said = as_another_user(own_terminal)
    assert said.startswith("sudo usermod -a -G ")
    assert said.endswith(" $USER, then log out and in again")
    assert as_another_user("/dev/null") == "None"
    assert as_another_user("/dev/ttyNOWHERE") == "None"
