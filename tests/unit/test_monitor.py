"""What the monitor shows of a stream: events, marks, figures of the link, and the live view."""

from __future__ import annotations

import io
import json
import random
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.client import BoardClient
from pipeline.capture.link_statistics import LinkStatistics, MonitorEntry, Smoothing, watch
from pipeline.capture.protocol import Damaged, Message, Sample
from pipeline.capture.stream_decoder import StreamDecoder
from pipeline.cli import app
from pipeline.cli.capture import _numbers
from pipeline.cli.monitor import SMOOTHED_MARK, THRESHOLD_MARK, _screen
from pipeline.cli.terminal import SafeConsole
from pipeline.cli.traces import BLOCKS, SHOWN_SAMPLES, traces
from pipeline.core.artifacts import ENVIRONMENT_CHANNELS, IMU_CHANNELS
from pipeline.core.errors import StoppedError
from pipeline.workflows import monitor
from pipeline.workflows.capture import _captured
from pipeline.workflows.monitor import MonitorCounts, Pulled, _run_of
from tests.fixtures.board_lines import INFO
from tests.tiny_model import CONTRACT


class Line:
    """A byte stream that was written beforehand, in pieces."""

    device = "a line"

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def write(self, data: bytes) -> None:
        raise AssertionError(f"nothing should be sent, not {data!r}")


def test_the_monitor_shows_what_a_board_forecasts_and_not_what_it_reads():
    text = b"3,8000,21.500,1013.250,40.000"
    line = Line(b"reading " + text + b",%08X\nforecast 8000 21.600 -3.000\n" % crc32(text))
    (forecast,) = watch(BoardClient(line), (), limit_s=0.05)
    assert forecast == MonitorEntry(note="forecast 8000 21.600 -3.000")


def test_the_monitor_shows_events_notes_and_damage_but_no_samples():
    line = Line(
        b"hello board=x\n1,2,0.0", b"00,bad\nevent 12 punch 0.914\nwarn sensor-", b"stopped\n"
    )
    hello, damaged, event, stopped = watch(BoardClient(line), ("punch",), limit_s=0.05)
    assert hello == MonitorEntry(note="hello board=x")
    assert damaged.note.endswith("1,2,0.000,bad")
    assert event.event is not None
    assert event.event.label == "punch"
    assert stopped.sensor_stopped


class EmptyBoard:
    """An emulated board without a model; Ctrl-C is pressed once it has said who it is."""

    device = "a board"

    def __init__(self) -> None:
        self._answers: list[bytes] = []
        self._is_known = False

    def read(self) -> bytes:
        if self._is_known and not self._answers:
            raise KeyboardInterrupt
        return self._answers.pop() if self._answers else b""

    def write(self, data: bytes) -> None:
        self._answers.append({b"info\n": INFO, b"labels\n": b"ok\n"}[data])
        self._is_known = data == b"labels\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_ends_with_the_summary_and_a_hint_that_fits_the_board(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(monitor, "board_at", lambda port, _: port)
    monkeypatch.setattr(monitor, "open_port", lambda _: nullcontext(EmptyBoard()))
    with pytest.raises(StoppedError):
        app.app(["monitor", *(["--json"] if as_json else [])], standalone_mode=False)
    said = capsys.readouterr()
    assert "`gesture board start native --run RUN`" in said.err
    if as_json:
        summary = json.loads(said.out)["summary"]
        assert (summary["called"], summary["samples"]) == ({}, None)
    else:
        assert "watched for" in said.err


class LearnedBoard(EmptyBoard):
    """It has learned a gesture, calls it, and learns another one that it calls then."""

    def write(self, data: bytes) -> None:
        people = b"ok active=- people=- learned=jump\nevent 12 jump 0.914\n"
        learns = b"learned hop like=up likeness=0.1 sure=1.0\nevent 24 hop 0.9\n"
        answers = {b"info\n": INFO, b"labels\n": b"ok up idle\n", b"people\n": people + learns}
        self._answers.append(answers[data])
        self._is_known = data == b"people\n"


def test_a_gesture_that_the_board_has_learned_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(monitor, "board_at", lambda port, _: port)
    monkeypatch.setattr(monitor, "open_port", lambda _: nullcontext(LearnedBoard()))
    with pytest.raises(StoppedError):
        app.app(["monitor", "--json", "--on", "jump", "true"], standalone_mode=False)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"]["label"] for line in lines if line.get("event")] == ["jump", "hop"]
    assert lines[-1]["summary"]["called"] == {"hop": 1, "jump": 1}


def pulled(file: Path, kind: str = "false-alarm") -> Pulled:
    file.write_text(kind)
    return Pulled(file, kind, 2.5)


def test_it_adds_up(tmp_path: Path) -> None:
    times = iter((10.0, 75.04))
    counts = MonitorCounts(lambda: next(times))
    counts.called.update(("up", "down", "up"))
    for name, kind in (("a", "false-alarm"), ("b", "missed"), ("c", "missed")):
        counts.add(pulled(tmp_path / name, kind))
    summary = counts.summary(LinkStatistics())
    assert (summary.seconds, summary.called) == (65.0, {"down": 1, "up": 2})
    assert (summary.wrong, summary.missed, summary.samples) == (1, 2, 0)


def test_after_three_mistakes_it_asks_who_moves(tmp_path: Path) -> None:
    counts = MonitorCounts()
    asked = []
    for name in "abcd":
        counts.add(pulled(tmp_path / name))
        asked.append(counts.asks_who)
    assert asked == [False, False, True, False]


def test_the_newest_is_taken_back_first_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "another's").touch()
    counts = MonitorCounts()
    counts.add(pulled(tmp_path / "first"))
    counts.add(pulled(tmp_path / "second"))
    assert counts.undo() == tmp_path / "second"
    assert {path.name for path in tmp_path.iterdir()} == {"another's", "first"}
    assert counts.summary(LinkStatistics()).wrong == 1
    assert counts.undo() == tmp_path / "first"
    assert counts.undo() is None
    assert {path.name for path in tmp_path.iterdir()} == {"another's"}


def test_what_somebody_else_has_put_there_meanwhile_stays(tmp_path: Path) -> None:
    counts = MonitorCounts()
    for name in ("changed", "gone"):
        counts.add(pulled(tmp_path / name))
    (tmp_path / "gone").unlink()
    (tmp_path / "changed").unlink()
    (tmp_path / "between").touch()  # so that the system does not give the same place again
    (tmp_path / "changed").write_text("a take of a capture")
    assert counts.undo() == tmp_path / "gone"
    assert counts.undo() == tmp_path / "changed"
    assert (tmp_path / "changed").read_text() == "a take of a capture"


PERIOD_US = 10_000
AT_REST = (0, 0, 1000, 0, 0, 0)
OFFSET_US = 5_000_000  # between the two clocks


def fed(statistics: LinkStatistics, first: int, stop: int, late_us: int = 0) -> None:
    for n in range(first, stop):
        t_us = n * PERIOD_US
        statistics.add(Sample(n, t_us, AT_REST), t_us + OFFSET_US + late_us)


def test_the_rate_is_the_boards_and_losses_are_counted_by_number():
    statistics = LinkStatistics()
    assert statistics.rate_hz == 0
    fed(statistics, 0, 300)
    fed(statistics, 310, 400)
    statistics.add(Damaged(b"1,2"), OFFSET_US)
    assert statistics.rate_hz == pytest.approx(100)
    assert (statistics.received, statistics.lost, statistics.damaged) == (390, 10, 1)


def test_the_count_may_wrap_and_a_restart_loses_nothing():
    statistics = LinkStatistics()
    for n in range(4):
        statistics.add(Sample((2**32 - 2 + n) % 2**32, n * PERIOD_US, AT_REST), OFFSET_US)
    assert statistics.rate_hz == pytest.approx(100)
    statistics.add(Message("hello", ("board=x",)), OFFSET_US)
    fed(statistics, 0, 5)
    assert statistics.lost == 0


def test_delay_is_against_the_fastest_line_of_the_last_minute():
    statistics = LinkStatistics()
    fed(statistics, 0, 200, late_us=30_000)
    assert statistics.delay_ms == 0
    fed(statistics, 200, 300)
    fed(statistics, 300, 301, late_us=80_000)
    assert (statistics.delay_ms, statistics.worst_delay_ms) == (80, 80)
    statistics.add(
        Message("event", (str(301 * PERIOD_US), "up", "0.9")), 301 * PERIOD_US + OFFSET_US
    )
    assert (statistics.delay_ms, statistics.worst_delay_ms) == (0, 80)


def test_a_drifting_clock_is_no_delay():
    statistics = LinkStatistics()
    for n in range(30_000):
        t_us = n * PERIOD_US
        statistics.add(Sample(n, t_us, AT_REST), round(t_us * 1.0001) + OFFSET_US)
    assert statistics.delay_ms < 10


def test_scores_are_shares():
    statistics = LinkStatistics()
    statistics.add(Message("score", ("1", "80007F")), 0)
    assert statistics.scores == pytest.approx((0, 128 / 255, 1))


TITLE = "nano33ble at /dev/ttyACM0, run runs/mine; keys record to data/mine"
LABELS = ("idle", "punch", "a_gesture_with_a_long_name")
MIDDLE = BLOCKS[len(BLOCKS) // 2]
widths = st.integers(30, 220)


def lines(thing: object, width: int) -> list[str]:
    said = io.StringIO()
    SafeConsole(file=said, width=width).print(thing)
    return said.getvalue().splitlines()


def drawn(rows: list[tuple[int, ...]], width: int = 80) -> dict[str, str]:
    """The blocks of each channel."""
    shown = lines(traces(IMU_CHANNELS, rows), width)
    return {line.split()[0]: "".join(one for one in line if one in BLOCKS) for line in shown}


def test_clipping_is_a_fault_of_a_capture() -> None:
    decoder = StreamDecoder()
    assert "nothing lost" in _numbers(decoder)
    decoder.clipping.samples = 25
    assert _numbers(decoder).endswith("Hz, clipped 25")
    captured = _captured(
        cast("Any", SimpleNamespace(decoders=[decoder], take_counts={}, has_limit=False)),
        cast("Any", SimpleNamespace(files={})),
        [],
        False,
        Path("d"),
    )
    assert captured.faults == {"clipped": 25}


def some_statistics(samples: int) -> LinkStatistics:
    statistics = LinkStatistics()
    for number in range(samples):
        statistics.add(Sample(number, number * 10_000, (20, -30, 1000, 500, -800, 90_000)), 0)
    statistics.scores = (0.1, 0.7, 0.2)
    return statistics


@given(widths, st.integers(0, 600), st.sampled_from(("", *LABELS)))
def test_the_view_fits_any_width_and_fills_it(width: int, samples: int, called: str) -> None:
    shown = lines(_screen(TITLE, called, some_statistics(samples), LABELS), width)
    assert max(map(len, shown)) <= width
    words = " ".join(" ".join(shown).split())
    assert "lost 0 of" in words
    assert "Ctrl-C ends" in words
    if samples >= SHOWN_SAMPLES:
        traced = [line for line in shown if line.startswith(IMU_CHANNELS)]
        assert len(traced) == len(IMU_CHANNELS)
        assert all(len(line) >= width - 1 for line in traced)


@given(widths, st.integers(0, 1_000_000))
def test_a_board_at_rest_is_drawn_flat(width: int, seed: int) -> None:
    """Noise as that of a Nano's sensor, and gravity."""
    noise = random.Random(seed)
    rest = [
        (*(round(noise.gauss(g, 8)) for g in (0, 0, 1000)), *(noise.randint(-900, 900),) * 3)
        for _ in range(SHOWN_SAMPLES)
    ]
    for name, blocks in drawn(rest, width).items():
        assert len(set(blocks)) == 1
        assert (blocks[0] == MIDDLE) == (name != "az")


def test_a_movement_stands_out_and_sensors_share_an_axis() -> None:
    rows = [(0, 100, 1000, 0, 0, 0)] * 240 + [(5000, 100, 1000, 0, 0, 900_000)] * 240
    shown = drawn(rows)
    assert shown["ax"][0] == MIDDLE
    assert BLOCKS.index(shown["ax"][-1]) >= 5
    assert set(shown["ay"]) == {MIDDLE}  # 0.1 g of 6 g
    assert [line.split()[-2:] for line in lines(traces(IMU_CHANNELS, rows), 80)] == [
        *([["g", "±6"]] * 3),
        *([["deg/s", "±1200"]] * 3),
    ]


def test_readings_of_the_environment_are_drawn_around_what_they_are() -> None:
    rows = [(21_500, 1_013_000, 40_000), (21_510, 1_013_020, 40_050)]
    shown = lines(traces(ENVIRONMENT_CHANNELS, rows), 80)
    assert all(MIDDLE in line for line in shown)


def test_the_run_on_a_board_is_found_by_its_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("broken", "mine"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "runs" / "broken" / "contract.json").write_text("{")
    CONTRACT.save(tmp_path / "runs" / "mine" / "contract.json")
    (tmp_path / "runs" / "latest").symlink_to("mine")
    assert _run_of(CONTRACT.hash()) == "run runs/mine"
    assert _run_of("none") == "no model"
    assert _run_of("ab" * 32) == "a run that is not here (abababababab)"


@pytest.mark.parametrize("width", [30, 60, 140])
def test_the_called_gesture_is_large_and_moves_nothing(width: int) -> None:
    statistics = some_statistics(480)
    before = lines(_screen(TITLE, "", statistics, LABELS), width)
    called = lines(_screen(TITLE, "punch", statistics, LABELS), width)
    assert len(before) == len(called)
    assert [line.strip() for line in called].count("P U N C H") == 1
    assert TITLE in " ".join(called)[: 2 * len(TITLE)] or width < len(TITLE)


@given(widths, st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_the_threshold_and_the_smoothed_score_are_marked_in_the_bar(
    width: int, threshold: float, smoothed: float, is_background: bool
) -> None:
    statistics = some_statistics(0)
    statistics.scores = (0.5,)
    statistics.smoothing = Smoothing(1, 0 if is_background else None, (round(255 * threshold),), 10)
    statistics.smoothing.add(0, np.array([round(255 * smoothed) - 128], np.int8))
    shown = lines(_screen(TITLE, "", statistics, ("up",)), width)
    (bar,) = (line for line in shown if line.startswith("up "))
    room = width - len("up ") - len(" 0.50")
    assert len(bar) == width
    assert abs(bar.index(SMOOTHED_MARK) - len("up ") - room * smoothed) <= 1.5
    if is_background or bar.find(THRESHOLD_MARK) < 0:
        assert is_background or abs(threshold - smoothed) * room <= 2
    else:
        assert abs(bar.index(THRESHOLD_MARK) - len("up ") - room * threshold) <= 1.5


def test_what_was_called_is_counted() -> None:
    shown = lines(_screen(TITLE, "", some_statistics(1), LABELS, {"punch": 3, "idle": 1}), 100)
    assert "4 called (idle 1, punch 3)" in shown
    nothing_yet = lines(_screen(TITLE, "", some_statistics(1), LABELS), 100)
    assert len(nothing_yet) == len(shown)
