"""Readings of the environment on the emulated boards: when they come, and what is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from tests.firmware.talking import (
    Talk,
    environment_file,
    fast_replay,
    imu_file,
    qemu_command,
    start,
)

PERIOD_MS = 1000
# How late a reading may be. The virtual board's clock counts instructions: a turn of the loop and
# what it has to say. The native board's goes on with the host's, however busy that is.
LATE_US = {"virtual": 20_000, "native": PERIOD_MS * 500}
ROWS = [[21_000 + 10 * i, 1_013_250 - i, 41_000 + i] for i in range(8)]
FIRST_US = 5_000_000_000
SPARE_RAM = 0x20300000
SAMPLES = 357  # three seconds


class Reading(NamedTuple):
    seq: int
    t_us: int
    values: list[int]


def read(line: str) -> Reading:
    """Checks the line's form and its CRC."""
    word, text = line.split(" ")
    assert word == "reading"
    content, _, crc = text.rpartition(",")
    assert crc == f"{crc32(content.encode()):08X}"
    seq, t_us, *values = content.split(",")
    assert all(len(value.split(".")[1]) == 3 for value in values)
    return Reading(int(seq), int(t_us), [int(value.replace(".", "")) for value in values])


def readings(lines: Sequence[str]) -> list[Reading]:
    return [read(line) for line in lines if line.startswith("reading")]


def series(path: Path, without: Sequence[int] = ()) -> Path:
    kept = [i for i in range(len(ROWS)) if i not in without]
    times = [FIRST_US + i * PERIOD_MS * 1000 for i in kept]
    return environment_file(path / "series", [ROWS[i] for i in kept], times, PERIOD_MS)


@contextmanager
def measuring(native: Path, memory: Path, **variables: str) -> Iterator[Talk]:
    with start(
        [str(native)], GESTURE_ENVIRONMENT_FILE=str(memory), GESTURE_FAST="1", **variables
    ) as board:
        board.line()
        yield board


def assert_a_period_apart(told: Sequence[Reading], board: str) -> None:
    for reading in told:
        late_us = reading.t_us - told[0].t_us - reading.seq * PERIOD_MS * 1000
        assert abs(late_us) < LATE_US[board]


def test_a_series_comes_back_as_it_was(sanitized_native, tmp_path):
    with measuring(sanitized_native, series(tmp_path)) as board:
        assert board.ask(f"environment {PERIOD_MS}") == f"ok period_ms={PERIOD_MS}"
        lines = board.until("warn environment")
    told = readings(lines)
    assert lines[-1] == f"warn environment-ended readings={len(ROWS)}"
    assert [reading.seq for reading in told] == list(range(len(ROWS)))
    assert [reading.values for reading in told] == ROWS
    assert_a_period_apart(told, "native")


def test_the_virtual_board_tells_the_same(virtual_image, tmp_path):
    memory = fast_replay(series(tmp_path), SPARE_RAM)
    with start(qemu_command(virtual_image.path, *memory)) as board:
        board.until("warn no-sensor")  # of the IMU
        assert "environment=emulated" in board.ask("info").split()
        assert board.ask(f"environment {PERIOD_MS}").startswith("ok")
        told = readings(board.until("warn environment"))
    assert [reading.values for reading in told] == ROWS
    assert_a_period_apart(told, "virtual")


def test_a_hole_is_told_once_and_costs_its_numbers(sanitized_native, tmp_path):
    with measuring(sanitized_native, series(tmp_path, without=(2, 3, 6))) as board:
        board.send(f"environment {PERIOD_MS}")
        lines = board.until("warn environment")
    assert [line for line in lines if "no-reading" in line] == [
        "warn no-reading seq=2",
        "warn no-reading seq=6",
    ]
    told = readings(lines)
    assert [reading.seq for reading in told] == [0, 1, 4, 5, 7]
    assert [reading.values for reading in told] == [ROWS[reading.seq] for reading in told]


def test_a_slower_period_takes_every_other_reading(sanitized_native, tmp_path):
    with measuring(sanitized_native, series(tmp_path)) as board:
        board.send(f"environment {2 * PERIOD_MS}")
        told = readings(board.until("warn environment"))
    assert [reading.values for reading in told] == ROWS[::2]


def test_saying_it_again_changes_nothing_and_zero_ends_it(sanitized_native, tmp_path):
    memory = series(tmp_path)
    with start([str(sanitized_native)], GESTURE_ENVIRONMENT_FILE=str(memory)) as board:
        board.ask("environment 300")
        assert read(board.until("reading")[-1]).seq == 0
        board.send("environment 300")
        answer = board.until("ok")
        assert answer[-1] == "ok period_ms=300"
        later = readings([*answer, *board.until("reading")])
        assert later[0].seq > 0
        assert board.ask("environment 0") == "ok period_ms=0"
        assert board.ask("environment 300") == "ok period_ms=300"
        assert read(board.until("reading")[-1]).seq == 0


def test_a_board_without_such_sensors_says_so(sanitized_native):
    with start([str(sanitized_native)]) as board:
        board.until("warn no-sensor")
        assert "environment=none" in board.ask("info").split()
        assert board.ask("environment 1000") == "err no-sensor"


def test_readings_and_samples_do_not_disturb_each_other(sanitized_native, tmp_path):
    imu = imu_file(tmp_path / "imu", [[i, 0, 1000, 0, 0, 0] for i in range(SAMPLES)])
    files = {"GESTURE_IMU_FILE": str(imu), "GESTURE_ENVIRONMENT_FILE": str(series(tmp_path))}
    with start([str(sanitized_native)], **files) as board:
        board.send("stream on")
        board.send(f"environment {PERIOD_MS}")
        lines = board.until("warn sensor-stopped")
    seqs = [int(line.split(",")[0]) for line in lines if line[0].isdigit()]
    assert seqs == list(range(seqs[0], SAMPLES))
    assert len(seqs) > SAMPLES / 2
    told = readings(lines)
    assert len(told) >= 2
    assert [reading.values for reading in told] == ROWS[: len(told)]


def test_a_restarted_board_measures_when_it_is_told_to(sanitized_native, tmp_path):
    with measuring(sanitized_native, series(tmp_path)) as board:
        board.send(f"environment {PERIOD_MS}")
        board.until("reading 3,")
        board.send("reboot")
        board.until("hello")
        assert board.ask(f"environment {PERIOD_MS}").startswith("ok")
        first = read(board.until("reading")[-1])
        assert (first.seq, first.values) == (0, ROWS[0])
