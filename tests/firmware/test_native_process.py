"""The native board as a process: its host, and the file that its sensor is."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.firmware.talking import LIMIT_S, PERIOD_US, imu_file, start


def test_it_ends_when_the_host_has_gone(sanitized_native):
    with start([str(sanitized_native)]) as board:
        board.until("warn no-sensor")
        assert board.process.stdin is not None
        board.process.stdin.close()
        assert board.process.wait(timeout=30) == 0
        board.process.stdin = None


def wait_until_full(output: int) -> None:
    give_up_at = time.monotonic() + LIMIT_S
    while select.select([], [output], [], 0)[1]:
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


@pytest.mark.parametrize("make_output", [os.pipe, os.openpty], ids=["pipe", "terminal"])
def test_a_host_that_does_not_read_costs_lines_not_the_board(
    sanitized_native, tmp_path, make_output
):
    imu = imu_file(tmp_path / "imu", [[0] * 6] * 9000, [i * 200 for i in range(9000)])
    nobody_reads, output = make_output()
    board = subprocess.Popen(
        [sanitized_native],
        stdin=subprocess.PIPE,
        stdout=output,
        env={**os.environ, "GESTURE_IMU_FILE": str(imu)},
    )
    try:
        assert board.stdin is not None
        board.stdin.write(b"stream on\n")
        board.stdin.flush()
        wait_until_full(output)
        board.stdin.close()  # it ends then, unless it waits for its reader
        assert board.wait(timeout=LIMIT_S) == 0
    finally:
        board.kill()
        board.wait()
        os.close(output)
        os.close(nobody_reads)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"IMU1", "it has no header"),
        (struct.pack("<8I", 0x31554D49, 1, 100, PERIOD_US, 1, 0, 0, 0) + bytes(50), "cut short"),
    ],
)
def test_a_sensor_file_it_cannot_use_is_named(sanitized_native, tmp_path, content, why):
    path: Path = tmp_path / "imu"
    if content is not None:
        path.write_bytes(content)
    result = subprocess.run(
        [sanitized_native],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={"GESTURE_IMU_FILE": str(path)},
    )
    assert result.returncode == 1
    assert str(path) in result.stderr
    assert why in result.stderr
