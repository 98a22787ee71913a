"""Real ports and real processes; the board is a small program instead of the firmware."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import serial

from pipeline.boards import pseudo_terminal, supervisor
from pipeline.boards.sensor_files import (
    DROPPED,
    IMU_HEADER,
    IMU_MAGIC,
    IMU_RECORD,
    MOST_SAMPLES,
    imu_bytes,
)
from pipeline.boards.supervisor import start
from pipeline.core.artifacts import Recording
from pipeline.core.errors import ExitCode, PipelineError
from tests.fixtures.waiting import until
from tests.refusals import refuses

ECHO = Path(__file__).parent.parent / "fixtures" / "echo_board.py"
LIMIT_S = 300.0


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "gesture"


def opened(path: str) -> serial.Serial:
    return serial.Serial(path, 115200, timeout=LIMIT_S, exclusive=True)


def pid_in(hello: bytes) -> int:
    return int(hello.split(b"pid=")[1].split()[0])


def talk_until_it_dies(board_name: str, image: Path, words: bytes = b"") -> None:
    with start(board_name, image) as board, opened(board.port) as port:
        port.write(words)
        while True:
            port.readline()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def recording(n: int = 3, **changes: object) -> Recording:
    fields = {
        "samples": np.arange(n * 6, dtype=np.float32).reshape(n, 6) / 8,
        "seq": np.arange(n),
        "t_us": np.arange(n) * 8403 + 2**33,
        "rate_hz": 119.0,
        "label": "punch",
        "person": "anna",
    }
    return Recording(**{**fields, **changes})


def test_nothing_said_at_boot_is_lost_even_when_opened_late():
    with start("native", ECHO) as board:
        time.sleep(0.05)  # a board that was switched on already would have spoken by now
        with opened(board.port) as port:
            assert port.readline().startswith(b"hello pid=")


def test_a_reader_that_opens_without_flushing_is_served_too():
    with start("native", ECHO) as board, Path(board.port).open("rb", buffering=0) as port:
        assert port.read(6) == b"hello "


def test_a_client_counts_only_once_it_has_flushed_what_was_waiting(monkeypatch):
    monkeypatch.setattr(pseudo_terminal, "PLAIN_CLIENT_WAIT_S", 1000.0)
    port = pseudo_terminal.PseudoPort()
    assert not port.is_open()
    client = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
    assert port.is_open()
    assert not port.is_ready()
    termios.tcflush(client, termios.TCIFLUSH)
    assert port.read() == b""
    assert port.is_ready()
    os.close(client)
    assert not port.is_ready()
    port.close()


def test_the_port_may_be_closed_and_opened_again():
    with start("native", ECHO) as board:
        for number in range(5):
            with opened(board.port) as port:
                if number == 0:
                    port.readline()
                port.write(b"%d\n" % number)
                assert port.readline() == b"%d\n" % number
            time.sleep(0.05)  # long enough for the supervisor to see that nobody is there


def test_what_is_said_while_nobody_listens_waits_for_the_next_reader():
    with start("native", ECHO) as board:
        with opened(board.port) as port:
            port.readline()
            port.write(b"flood\n")
            assert port.readline() == b"0000000\n"
        with opened(board.port) as port:
            port.readline()
            last = int(port.readline())
            while last < 999_999:
                number = int(port.readline())
                assert number == last + 1
                last = number
                if last == 20_000:
                    break


def test_a_slow_reader_gets_everything_in_order():
    with start("native", ECHO) as board, opened(board.port) as port:
        port.readline()
        port.write(b"flood\n")
        time.sleep(0.3)  # the reader is slow: the kernel's own buffer is full by now
        expected = b"".join(b"%07d\n" % n for n in range(1_000_000))
        assert port.read(len(expected)) == expected


def test_a_board_that_dies_is_reported_with_its_last_words():
    with refuses("status 3", ExitCode.NO_BOARD, why="the fuse has blown"):
        talk_until_it_dies("native", ECHO, b"die\n")


def test_waiting_ends_when_the_board_does():
    board = start("native", ECHO)
    with opened(board.port) as port:
        port.readline()
        port.write(b"die\n")
        with pytest.raises(PipelineError, match="status 3"):
            board.wait()
    board.stop()


def test_stopping_takes_process_port_and_files_away(run_folder: Path):
    with start("native", ECHO, recording()) as board, opened(board.port) as port:
        pid = pid_in(port.readline())
        assert is_running(pid)
    assert not is_running(pid)
    assert [path.suffix for path in run_folder.iterdir()] == [".lock"]
    board.stop()


def test_stopping_a_board_that_was_never_switched_on_takes_its_port_away():
    board = start("native", ECHO)
    assert Path(board.port).exists()
    board.stop()
    assert not Path(board.port).exists()


def test_boards_have_names_of_their_own_and_freed_names_are_used_again():
    with start("native", ECHO) as first, start("native", ECHO) as second:
        assert [Path(b.port).name for b in (first, second)] == ["native-1", "native-2"]
    with start("native", ECHO) as third:
        assert Path(third.port).name == "native-1"


@contextmanager
def supervisor_process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A board in the foreground of another process, and its port."""
    program = (
        "import sys; from pathlib import Path; from pipeline.boards.supervisor import start\n"
        "with start('native', Path(sys.argv[1])) as board:\n"
        "    print(board.port, flush=True); board.wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(ECHO)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_killed_supervisor_leaves_no_process_and_its_name_is_free_again():
    with supervisor_process() as (process, path), opened(path) as port:
        pid = pid_in(port.readline())
        process.kill()
        process.wait()
        until(lambda: not is_running(pid))
    with start("native", ECHO) as board:
        assert board.port == path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_board_in_the_foreground_ends_cleanly_when_reported_to(number: int):
    with supervisor_process() as (process, path), opened(path) as port:
        pid = pid_in(port.readline())
        process.send_signal(number)
        process.wait(LIMIT_S)
        assert not is_running(pid)
    assert not os.path.lexists(path)


def test_the_sensor_file_holds_the_recording():
    content = imu_bytes(recording(4))
    magic, version, count, period_us, flags, *_ = IMU_HEADER.unpack_from(content)
    assert (magic, version, count, period_us, flags) == (IMU_MAGIC, 1, 4, 8403, 1)
    records = np.frombuffer(content, IMU_RECORD, offset=IMU_HEADER.size)
    assert records.itemsize == 32
    assert np.array_equal(records["t_us"], recording(4).t_us)
    assert np.array_equal(records["value"], recording(4).thousandths)


def test_a_sensor_file_that_loops_says_so():
    once, again = imu_bytes(recording(4)), imu_bytes(recording(4), loop=True)
    assert IMU_HEADER.unpack_from(again)[4] == 3
    assert once[: IMU_HEADER.size] != again[: IMU_HEADER.size]
    assert once[IMU_HEADER.size :] == again[IMU_HEADER.size :]


def test_a_hole_in_the_recording_is_one_in_the_sensor_file():
    seq = np.array([7, 8, 11, 12])
    content = imu_bytes(recording(4, seq=seq))
    records = np.frombuffer(content, IMU_RECORD, offset=IMU_HEADER.size)
    dropped = records["t_us"] >= DROPPED
    assert dropped.tolist() == [False, False, True, True, False, False]
    assert (np.diff(records["t_us"] & ~DROPPED) >= 0).all()
    assert np.array_equal(records["value"][~dropped], recording(4).thousandths)


def test_the_sensor_file_is_handed_to_the_board():
    with start("native", ECHO, recording()) as board, opened(board.port) as port:
        path = Path(port.readline().split(b"imu=")[1].decode().strip())
        assert path.read_bytes() == imu_bytes(recording())


@pytest.mark.parametrize(
    "wrong",
    [
        recording(samples=np.full((3, 6), np.nan, np.float32)),
        recording(channels=("ax", "ay", "az")),
        recording(MOST_SAMPLES + 1),
    ],
    ids=["nan", "channels", "too long"],
)
def test_a_recording_the_sensor_cannot_play_is_refused(wrong: Recording):
    with refuses(code=ExitCode.USAGE):
        start("native", ECHO, wrong)


def test_unknown_board_and_missing_image_are_reported(tmp_path: Path):
    with pytest.raises(PipelineError, match="no emulated board `nano`"):
        start("nano", ECHO)
    with pytest.raises(PipelineError, match="no firmware image"):
        start("native", tmp_path / "none.elf")


def test_a_missing_qemu_is_reported_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("PATH", "")
    with refuses(code=ExitCode.NO_TOOL, next_step="apt-get install"):
        start("virtual", ECHO)


@pytest.mark.usefixtures("qemu")
def test_an_image_that_crashes_qemu_is_reported_in_its_words():
    a_script = ECHO  # no program for a Cortex-M4F
    with refuses("virtual board ended with status", why="Lockup"):
        talk_until_it_dies("virtual", a_script)


def test_ticks_of_the_fast_board_are_two_and_a_half_instructions():
    assert supervisor.instructions_of_ticks(25_000_000) == 62_500_000
