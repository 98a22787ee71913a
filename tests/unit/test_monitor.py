"""What the monitor shows of a stream."""

from __future__ import annotations

from zlib import crc32

from pipeline.capture.client import BoardClient
from pipeline.capture.monitor import Seen, watch


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
    (forecast,) = watch(BoardClient(line), limit_s=0.05)
    assert forecast == Seen(note="forecast 8000 21.600 -3.000")


def test_the_monitor_shows_events_notes_and_damage_but_no_samples():
    line = Line(
        b"hello board=x\n1,2,0.0", b"00,bad\nevent 12 punch 0.914\nwarn sensor-", b"stopped\n"
    )
    hello, damaged, event, stopped = watch(BoardClient(line), limit_s=0.05)
    assert hello == Seen(note="hello board=x")
    assert damaged.note.endswith("1,2,0.000,bad")
    assert event.event is not None
    assert event.event.label == "punch"
    assert stopped.sensor_stopped
