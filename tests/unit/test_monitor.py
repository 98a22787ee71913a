"""What the monitor shows of a stream."""

from __future__ import annotations

import json
from contextlib import nullcontext
from zlib import crc32

import pytest

from pipeline.capture.client import BoardClient
from pipeline.capture.link_statistics import MonitorEntry, watch
from pipeline.cli import app
from pipeline.core.errors import StoppedError
from pipeline.workflows import monitor
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
