"""A port while a capture lasts; its times are arguments, so nobody has to wait here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.boards.pseudo_terminal import PseudoPort
from pipeline.capture.client import READY_TIMEOUT_S
from pipeline.capture.link import AWAY_LIMIT_S, Link, State
from pipeline.capture.ports import stable_name
from pipeline.capture.stream_decoder import (
    GIVEN_UP_AFTER_S,
    SILENT_AFTER_S,
    SensorStream,
    StreamDecoder,
    environment,
)
from pipeline.core.errors import ExitCode, PipelineError
from tests.fixtures.board_lines import INFO, PERIOD_US, reading_line, sample_line
from tests.refusals import refuses


class Plug:
    """A port under a lasting path, and what was written to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug_in()

    def plug_in(self) -> None:
        self._port = PseudoPort()
        self.path.symlink_to(self._port.path)

    def pull(self) -> None:
        self.path.unlink()
        self._port.close()

    def written(self) -> bytes:
        self._port.is_open()
        return b"".join(self._port.read() for _ in range(4))  # the first tells of the opening


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    plug = Plug(tmp_path / "board")
    yield plug
    if plug.path.is_symlink():
        plug.pull()


def streaming(plug: Plug, decoder: StreamDecoder) -> Link:
    """At 0 s, with one sample heard."""
    link = Link(str(plug.path), decoder, 0.0)
    link.poll(0.0)
    decoder.feed(INFO, 0)
    link.poll(0.0)
    decoder.feed(sample_line(1), 0)
    assert link.state is State.STREAMING
    assert plug.written() == b"info\nstream on\n"
    return link


def test_a_silent_board_is_asked_and_reported_to_stream_again(plug: Plug) -> None:
    decoder = StreamDecoder()
    link = streaming(plug, decoder)
    link.poll(SILENT_AFTER_S - 0.1)
    assert plug.written() == b""
    link.poll(SILENT_AFTER_S + 0.1)
    link.poll(SILENT_AFTER_S + 0.2)
    assert plug.written() == b"info\n"
    decoder.feed(INFO, 0)
    link.poll(SILENT_AFTER_S + 0.3)
    assert plug.written() == b"stream on\n"
    link.close()


def test_a_board_that_says_hello_streams_again(plug: Plug) -> None:
    decoder = StreamDecoder()
    link = streaming(plug, decoder)
    decoder.feed(b"hello board=native firmware=1 contract=none\n", 0)
    link.poll(0.1)
    link.poll(0.2)
    decoder.feed(INFO, 0)
    link.poll(0.3)
    assert plug.written() == b"info\nstream on\n"
    link.close()


@pytest.mark.parametrize("rate", [b"100.000", b"0.000"])
def test_a_clock_that_stands_still_is_reported(plug: Plug, rate: bytes) -> None:
    decoder = StreamDecoder()
    link = Link(str(plug.path), decoder, 0.0)
    decoder.feed(INFO.replace(b"100.000", rate), 0)
    for n in range(300):
        decoder.feed(sample_line(n), n * PERIOD_US)
        link.poll(n * PERIOD_US / 1e6)
    for n in range(300, 800):
        decoder.feed(sample_line(n, at_us=300 * PERIOD_US), n * PERIOD_US)
    with refuses("stands still", ExitCode.FAILED):
        link.poll(8.0)
    link.close()


def test_a_board_that_answers_each_time_and_sends_no_samples_is_reported(plug: Plug) -> None:
    decoder = StreamDecoder()
    link = Link(str(plug.path), decoder, 0.0)
    late_s = decoder.stream.samples_within_s
    for tenth in range(round(10 * late_s)):
        decoder.feed(INFO, 0)
        link.poll(tenth / 10)
    assert link.state is State.STREAMING
    with pytest.raises(PipelineError, match="sent no samples"):
        link.poll(late_s + 0.1)
    link.close()


def test_a_board_that_only_answers_is_given_up(plug: Plug) -> None:
    decoder = StreamDecoder()
    link = streaming(plug, decoder)
    for second in range(round(GIVEN_UP_AFTER_S) + 1):
        decoder.feed(INFO + b"ok\nwarn x\n", second * 1_000_000)
        link.poll(float(second))
    with pytest.raises(PipelineError, match="has sent no sample for"):
        link.poll(GIVEN_UP_AFTER_S + 1)
    assert link.is_given_up
    link.close()


def test_a_pulled_port_is_opened_again_under_its_path(plug: Plug) -> None:
    decoder = StreamDecoder()
    link = streaming(plug, decoder)
    plug.pull()
    with pytest.raises(PipelineError, match="was lost"):
        link.port.read_into(memoryview(bytearray(64)))
    link.mark_away(10.0)
    assert not link.poll(11.0)
    plug.plug_in()
    assert link.poll(12.0)
    assert link.away_s(12.0) == 2.0
    decoder.feed(INFO, 0)
    link.poll(12.1)
    link.poll(12.2)
    assert plug.written() == b"stream on\n"
    assert (link.state, link.away_s(13.0)) == (State.STREAMING, 0.0)
    link.close()


def test_a_board_that_stays_away_is_given_up(plug: Plug) -> None:
    link = streaming(plug, StreamDecoder())
    plug.pull()
    link.mark_away(10.0)
    assert not link.poll(10.0 + AWAY_LIMIT_S - 1)
    with refuses("did not come back", ExitCode.NO_BOARD):
        link.poll(10.0 + AWAY_LIMIT_S + 1)
    link.close()


def test_a_board_is_reported_to_measure_again_and_later_to_go_on(plug: Plug) -> None:
    decoder = StreamDecoder(environment(60.0))
    link = Link(str(plug.path), decoder, 0.0)
    link.poll(0.0)
    decoder.feed(INFO, 0)
    link.poll(0.1)
    assert plug.written() == b"info\nenvironment 0\nenvironment 60000\n"
    decoder.feed(b"ok period_ms=0\nok period_ms=60000\n" + reading_line(0), 0)
    link.poll(100.0)
    assert link.state is State.STREAMING  # a reading a minute is not silence
    link.poll(2 * 60 + SILENT_AFTER_S + 1)
    link.poll(2 * 60 + SILENT_AFTER_S + 1)
    decoder.feed(INFO, 0)
    link.poll(2 * 60 + SILENT_AFTER_S + 2)
    assert plug.written() == b"info\nenvironment 60000\n"
    link.stop(200.0)
    assert plug.written() == b"environment 0\n"
    link.close()


@pytest.mark.parametrize(
    ("stream", "info", "said"),
    [
        ((), INFO.replace(b"imu=emulated", b"imu=none"), "sent no samples"),
        (
            (environment(1.0),),
            INFO.replace(b"environment=emulated", b"environment=none"),
            "no sens",
        ),
        ((environment(1.0),), INFO, "sent no readings of its environment"),
    ],
)
def test_a_board_without_samples_or_readings_is_refused(
    plug: Plug, stream: tuple[SensorStream, ...], info: bytes, said: str
) -> None:
    decoder = StreamDecoder(*stream)
    link = Link(str(plug.path), decoder, 0.0)
    link.poll(0.0)
    decoder.feed(info, 0)
    link.poll(0.1)
    with pytest.raises(PipelineError, match=said):
        link.poll(0.2 + (decoder.stream.samples_within_s if stream else 0))
    link.close()


def test_only_our_firmware_can_be_asked_for_readings(plug: Plug) -> None:
    decoder = StreamDecoder(environment(1.0))
    link = Link(str(plug.path), decoder, 0.0)
    for n in range(20):
        decoder.feed(b"0.1,0.2,0.3\n", n * 1_000_000)
    with pytest.raises(PipelineError, match="No board answered"):
        link.poll(READY_TIMEOUT_S + 0.1)
    link.close()


def test_a_board_of_another_version_is_reported_apart_from_no_board(plug: Plug) -> None:
    decoder = StreamDecoder()
    link = Link(str(plug.path), decoder, 0.0)
    decoder.feed(b"ok board=native imu=emulated firmware=0.1\n", 0)
    link.poll(0.1)
    with refuses("answer is not understood", ExitCode.MISMATCH):
        link.poll(READY_TIMEOUT_S + 0.2)
    link.close()


def test_a_port_with_a_serial_number_is_found_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ListPortInfo("/dev/ttyACM3", skip_link_detection=True)
    found.serial_number = "A1B2"
    monkeypatch.setattr(list_ports, "comports", lambda: [found])
    assert stable_name("/dev/ttyACM3") == "id:A1B2"
    assert stable_name(os.devnull) == os.devnull
