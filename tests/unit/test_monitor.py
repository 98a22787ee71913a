"""What the monitor shows of a stream: events, marks and figures of the link."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from zlib import crc32

import pytest

from pipeline.capture.client import BoardClient
from pipeline.capture.link_statistics import LinkStatistics, MonitorEntry, watch
from pipeline.capture.protocol import Damaged, Message, Sample
from pipeline.cli import app
from pipeline.core.errors import StoppedError
from pipeline.workflows import monitor
from pipeline.workflows.monitor import MonitorCounts, Pulled
from tests.fixtures.board_lines import INFO


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
