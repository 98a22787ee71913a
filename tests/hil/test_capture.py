"""`capture` from every emulated board: what is recorded is what the sensor played."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import numpy as np
import pytest
import serial

from pipeline.boards.supervisor import RunningBoard
from pipeline.capture.clock import host_time_us
from pipeline.core.artifacts import Recording
from pipeline.core.errors import ExitCode
from pipeline.datasets.recordings import load_recording, takes_in
from tests.cli.commands import gesture, running
from tests.fixtures.pulses import RATE_HZ, TURN_DPS, TURN_S, pulses
from tests.fixtures.relay import Relay
from tests.fixtures.waiting import until

LIMIT_S = 300.0


def capture(work: Path, *words: str, boards: list[RunningBoard]) -> dict[str, object]:
    ports = [word for board in boards for word in ("--port", board.port)]
    ended = gesture(
        "capture", "--label", "up", "--person", "anna", *words, *ports, "--json", cwd=work
    )
    captured: dict[str, object] = ended.json
    return captured


def recordings(work: Path) -> list[Recording]:
    return [load_recording(path) for path in takes_in(work / "data" / "mine")]


def assert_as_played(take: Recording, played: Recording) -> None:
    assert np.array_equal(take.thousandths, played.thousandths[take.seq])
    assert np.array_equal(take.t_us, played.t_us[take.seq])


def capturing(work: Path, *words: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return running("capture", "--label", "up", "--person", "anna", *words, cwd=work)


def heard_bytes(work: Path) -> int:
    """How much the running capture has read, by its log."""
    logs = list((work / "data" / "mine" / ".capture").glob("*/log"))
    text = logs[0].read_text("utf-8") if logs else ""
    ends = re.findall(r'^\["heard", \[0, (\d+), \d+\]\]$', text, re.MULTILINE)
    return int(ends[-1]) if ends else 0


def line_that_says(words: str, stream: IO[str] | None) -> str:
    assert stream is not None
    for line in stream:
        if words in line:
            return line
    raise AssertionError(f"nobody said {words!r}")


def test_continuous_is_one_recording_of_what_was_played(bench, tmp_path):
    played = pulses(5)
    with bench.start(played) as board:
        captured = capture(tmp_path, "--mode", "continuous", "--seconds", "2", boards=[board])
    (take,) = recordings(tmp_path)
    assert len(take) == 2 * RATE_HZ
    assert_as_played(take, played)
    assert (take.label, take.person, take.board) == ("up", "anna", bench.name)
    assert (take.rate_hz, take.gaps, take.faults) == (RATE_HZ, (), ())
    assert captured["faults"] == {}


def test_without_a_limit_it_ends_where_the_sensor_stops(bare_bench, tmp_path):
    with bare_bench.start(pulses(2)) as board:
        capture(tmp_path, "--mode", "continuous", boards=[board])
    (take,) = recordings(tmp_path)
    assert take.seq[-1] == 199
    assert take.rate_hz == RATE_HZ


def test_each_movement_is_a_take(bench, tmp_path):
    played = pulses(12)
    with bench.start(played) as board:
        capture(tmp_path, "--count", "3", boards=[board])
    takes = recordings(tmp_path)
    assert [take.take for take in takes] == [1, 2, 3]
    for take in takes:
        assert_as_played(take, played)
        turning = np.flatnonzero(take.samples[:, 3] > TURN_DPS / 2)
        assert len(turning) == TURN_S * RATE_HZ
        assert 0.15 * RATE_HZ < turning[0] < 0.3 * RATE_HZ  # the pre-trigger buffer
        assert len(take) - turning[-1] < 0.3 * RATE_HZ


def test_guided_asks_for_each_label_as_often_as_wanted(bench_of, tmp_path):
    words = ("--mode", "guided", "--label", "idle", "--count", "1")
    with bench_of("native", False).start(pulses(60)) as board:
        captured = capture(tmp_path, *words, boards=[board])
    assert captured["takes"] == {"idle": 1, "up": 1}
    idle, up = recordings(tmp_path)
    assert (idle.label, up.label) == ("idle", "up")
    assert len(idle) == pytest.approx(2 * RATE_HZ, abs=1)
    assert (up.samples[:, 3] > TURN_DPS / 2).sum() == TURN_S * RATE_HZ


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ending_it_from_outside_keeps_the_take_in_progress(bench_of, tmp_path, number):
    played = pulses(30)
    words = ("--mode", "continuous", "--seconds", "20")
    with (
        bench_of("native", False).start(played) as board,
        capturing(tmp_path, *words, "--port", board.port) as process,
    ):
        until(lambda: heard_bytes(tmp_path) > 5000)
        process.send_signal(number)
        assert process.wait(LIMIT_S) == ExitCode.INTERRUPTED
    (take,) = recordings(tmp_path)
    assert 50 < len(take) < 20 * RATE_HZ
    assert_as_played(take, played)
    assert not (tmp_path / "data" / "mine" / ".capture").exists()


@pytest.mark.parametrize("mode", ["continuous", "motion", "guided"])
def test_killed_at_any_moment_it_loses_nothing_it_had_read(bench_of, tmp_path, mode):
    played = pulses(60)
    for bytes_read in (3000, 12000, 15500):
        with (
            bench_of("native", False).start(played) as board,
            capturing(tmp_path, "--mode", mode, "--port", board.port) as process,
        ):
            until(lambda wanted=bytes_read: heard_bytes(tmp_path) > wanted)
            process.kill()
            process.wait()
            read = samples_read(tmp_path)
        listed = gesture("data", "list", "data/mine", cwd=tmp_path, code=None)
        assert listed.code == 0 or not recordings(tmp_path), listed.said
        kept = {int(seq) for take in everything(tmp_path) for seq in take.seq}
        assert read
        assert read <= kept
    for take in everything(tmp_path):
        assert_as_played(take, played)
    assert not [path for path in hidden(tmp_path) if path.suffix != ".csv"]


def test_a_pulled_cable_is_waited_for_and_the_gap_is_marked(bench_of, tmp_path):
    played = pulses(60)
    with (
        bench_of("native", False).start(played) as board,
        Relay(board.port, tmp_path / "cable") as relay,
        capturing(
            tmp_path, "--mode", "continuous", "--seconds", "6", "--port", str(relay.path)
        ) as process,
    ):
        until(lambda: heard_bytes(tmp_path) > 5000)
        relay.pull()
        line_that_says("Waiting for it to come back", process.stderr)
        relay.plug_in()
        line_that_says("is back after", process.stderr)
        assert process.wait(LIMIT_S) == 0
    (take,) = recordings(tmp_path)
    assert_as_played(take, played)
    (gap,) = take.gaps
    (unplugged,) = take.faults
    assert (unplugged.kind, unplugged.index) == ("unplugged", gap.index)
    assert unplugged.count == pytest.approx(gap.missing * 1000 / RATE_HZ, abs=1500)


def test_a_board_that_restarts_is_recognised_and_goes_on(bench_of, tmp_path):
    played = pulses(60)
    with (
        bench_of("native", False).start(played) as board,
        Relay(board.port, tmp_path / "cable") as relay,
        capturing(
            tmp_path, "--mode", "continuous", "--seconds", "8", "--port", str(relay.path)
        ) as process,
    ):
        until(lambda: heard_bytes(tmp_path) > 10000)
        relay.say(b"reboot\n")
        assert process.wait(LIMIT_S) == 0
    (take,) = recordings(tmp_path)
    (reboot,) = [fault for fault in take.faults if fault.kind == "reboot"]
    before, after = np.split(take.thousandths, [reboot.index])
    first = int(take.seq[0])
    assert np.array_equal(before, played.thousandths[first : first + len(before)])
    starts = [
        n for n in range(100) if np.array_equal(after, played.thousandths[n : n + len(after)])
    ]
    assert len(starts) == 1  # from the beginning of what the sensor plays


def test_two_boards_in_step_say_their_clocks_and_a_common_take(bench_of, tmp_path):
    played = pulses(60)
    bench = bench_of("native", False)
    with bench.start(played) as first, bench.start(played) as second:
        with serial.Serial(second.port, 115200):  # it starts a while before the other
            time.sleep(0.7)
        capture(tmp_path, "--count", "4", boards=[first, second])
    takes = recordings(tmp_path)
    assert sorted(take.take for take in takes) == [1, 1, 2, 2, 3, 3, 4, 4]
    for number in range(1, 5):
        times = [host_times_us(take) for take in takes if take.take == number]
        common_us = min(stop for _, stop in times) - max(start for start, _ in times)
        # By its own clock, each would have another stretch: one was switched on well before.
        assert all(common_us > 0.6 * (stop - start) for start, stop in times)
    for take in takes:
        assert_as_played(take, played)


def host_times_us(take: Recording) -> tuple[int, int]:
    """When it begins and ends, by this computer's clock."""
    assert take.clock is not None
    return host_time_us(take.clock, int(take.t_us[0])), host_time_us(take.clock, int(take.t_us[-1]))


def samples_read(work: Path) -> set[int]:
    """The running numbers of all whole sample lines in the log of the killed capture."""
    (raw,) = (work / "data" / "mine" / ".capture").glob("*/0.raw")
    content = raw.read_bytes().rstrip(b"\0")
    after_info = content[content.index(b"ok board=") :]
    return {int(number) for number in re.findall(rb"\n(\d+),[^\n]*,[0-9A-F]{8}(?=\n)", after_info)}


def hidden(work: Path) -> list[Path]:
    return list((work / "data" / "mine" / ".capture").glob("*"))


def everything(work: Path) -> list[Recording]:
    streams = [load_recording(path) for path in hidden(work) if path.suffix == ".csv"]
    return [*recordings(work), *streams]
