"""`gesture capture` on emulated boards: the environment's sensors, a bad cable, and a kill."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.protocol import LineReader, Message, reading_of
from pipeline.core.artifacts import Recording
from pipeline.core.errors import ExitCode
from pipeline.datasets.environment_series import load_series, save_series
from tests.cli.commands import Ended, gesture, running
from tests.fixtures.capturing import Capture, image
from tests.fixtures.faulty_port import KINDS, POWER_LOSS, REBOOT, STALL, UNPLUG, LineFaults
from tests.fixtures.killed_capture import CountedPort, kill_once, read_until_killed, record_through
from tests.fixtures.known_motion import air_index_of, series

pytestmark = [pytest.mark.usefixtures("host_compiler"), pytest.mark.xdist_group("capture-faults")]
LATE_US = {"virtual": 20_000, "native": 500_000}  # a turn of the loop; half a period


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def capture(work: Path, port: str, *words: str, code: int = 0) -> Ended:
    named = ("--sensor", "environment", "--dataset", "room", "--port", port)
    return gesture("capture", *named, *words, cwd=work, code=code)


def recorded(work: Path) -> list[Recording]:
    return [load_series(path) for path in sorted((work / "data" / "room").glob("*.csv"))]


@pytest.mark.parametrize("board", ["native", "virtual"])
def test_what_the_board_measures_is_in_the_series(
    tmp_path: Path, request: pytest.FixtureRequest, board: str
) -> None:
    if board == "virtual":
        request.getfixturevalue("qemu")
    played = series(300, without=(100, 101))
    with start(board, image(board), environment=played, fast=True) as started:
        ended = capture(tmp_path, started.port, "--period", "1")
    (said,) = recorded(tmp_path)
    assert said.rate_hz == 1.0
    assert said.board == board
    assert said.channels == ("temperature", "pressure", "humidity")
    assert np.array_equal(air_index_of(said), played.seq)
    assert np.array_equal(said.seq - said.seq[0], played.seq)
    assert [(gap.index, gap.missing) for gap in said.gaps] == [(100, 2)]
    since_us = said.t_us - said.t_us[0]
    assert np.abs(since_us - said.seq * 1_000_000).max() < LATE_US[board]
    assert "298 readings, every 1 s, 2 readings missing" in ended.said
    listed = gesture("data", "list", "data/room", cwd=tmp_path)
    assert "data/room/1-001.csv 298 2 1 s" in listed.said
    assert "data/room 1 recording" in gesture("data", "list", cwd=tmp_path).said
    gesture("data", "show", "data/room/1-001.csv", "--out", "room.png", cwd=tmp_path)


def test_a_series_is_as_long_as_was_asked_for_and_the_next_has_a_number_of_its_own(
    tmp_path: Path,
) -> None:
    words = ("--period", "0.5", "--seconds", "2", "--session", "attic")
    with start("native", image("native"), environment=series(600, 0.5)) as started:
        capture(tmp_path, started.port, *words)
        capture(tmp_path, started.port, *words)
    files = sorted(path.name for path in (tmp_path / "data" / "room").iterdir())
    assert files == ["attic-001.csv", "attic-002.csv"]
    one, other = recorded(tmp_path)
    assert len(one) == len(other) == 4
    assert one.session == "attic"
    assert one.clock is not None
    # A capture reads once at its start, which may still be in the period of the last reading; from
    # then on each is a new one of the board's.
    assert air_index_of(other)[0] >= air_index_of(one)[-1]
    assert (air_index_of(other)[1:] > air_index_of(one)[-1]).all()
    assert other.t_us[0] > one.t_us[-1]


def test_a_series_feeds_an_emulated_board(tmp_path: Path) -> None:
    """A file that was recorded is one that can be played."""
    save_series(series(50), tmp_path / "played.csv")
    command = ("board", "start", "native", "--environment", "played.csv", "--fast", "--json")
    with running(*command, cwd=tmp_path) as board:
        assert board.stdout is not None
        port = json.loads(board.stdout.readline())["port"]
        capture(tmp_path, port, "--period", "1")
    assert air_index_of(recorded(tmp_path)[0]).tolist() == list(range(50))


def test_all_that_was_read_before_kill_9_is_in_the_series(tmp_path: Path) -> None:
    read = 0
    for lines in (20, 100, 1500):
        folder = tmp_path / str(lines)
        folder.mkdir()
        sent = killed_after(lines, folder)
        stored = recorded(folder)
        assert [seq for said in stored for seq in said.seq] == sent
        assert [place for said in stored for place in air_index_of(said)] == sent
        read += len(sent)
    assert read > 100


def killed_after(lines: int, folder: Path) -> list[int]:
    """Numbers of the readings that a capture had read when it was killed; it is recovered."""
    named = ("--sensor", "environment", "--period", "1", "--dataset", "room")
    with (
        start("native", image("native"), environment=series(20_000), fast=True) as board,
        CountedPort(board.port) as port,
    ):
        read = read_until_killed(Capture([*named, "--port", port.path], folder), port, lines)
    # Killed before its first reading, it has made no dataset yet, and `list` says so.
    listed = gesture("data", "list", "data/room", cwd=folder, code=None)
    assert "A capture had not ended well" in listed.said or not read.count(b"reading")
    items = LineReader().feed(read)
    readings = [reading_of(item) for item in items if isinstance(item, Message)]
    return [reading.seq for reading in readings if reading is not None]


def test_a_board_without_such_sensors_is_reported_at_once(tmp_path: Path) -> None:
    with start("native", image("native"), fast=True) as board:
        ended = capture(tmp_path, board.port, code=ExitCode.NO_BOARD)
    assert "no sensors of temperature, pressure and humidity" in ended.said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--label", "up"), "--label cannot be used with `--sensor environment`"),
        (("--person", "anna", "--count", "2"), "--person, --count cannot be used"),
        (("--mode", "guided"), "--mode cannot be used"),
        (("--seed", "3"), "--seed cannot be used"),
        (("--labels-from", "data"), "--labels-from cannot be used"),
        (("--period", "0.1"), "A period of 0.1 s cannot be used"),
        (("--period", "0"), "A period of 0 s cannot be used"),
        (("--period", "nan"), "cannot be used"),
        (("--period", "90000"), "A period of 90000 s cannot be used"),
        (("--sensor", "imu", "--label", "up", "--period", "1"), "--period cannot be used with"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    sensor = () if "--sensor" in words else ("--sensor", "environment")
    assert said in gesture("capture", *sensor, *words, cwd=tmp_path, code=ExitCode.USAGE).said
    assert not list(tmp_path.iterdir())


def test_every_fault_is_repaired_or_reported_and_no_sample_is_wrong(tmp_path: Path) -> None:
    plan = {800: UNPLUG, 1600: STALL, 2000: REBOOT, 4000: POWER_LOSS}
    outcome = record_through(LineFaults(7, 0.1), plan, 5000, 1000.0, tmp_path)
    assert set(outcome.injected) == {*KINDS, *plan.values()}
    assert outcome.checked.wrong == 0
    assert outcome.undetected == 0
    assert outcome.checked.samples > 2000
    assert outcome.checked.said["corrupt"] > 50


@pytest.mark.parametrize("mode", ["continuous", "motion"])
def test_all_that_was_read_before_kill_9_is_in_a_recording(tmp_path: Path, mode: str) -> None:
    killed = []
    for lines in (5, 60, 700):
        folder = tmp_path / str(lines)
        folder.mkdir()
        killed.append(kill_once(folder, 1000.0, mode, lines, later_s=0.0))
    assert sum(one.read for one in killed) > 100
    assert [one.lost for one in killed] == [0, 0, 0]
