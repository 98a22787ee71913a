"""Who is sending, told from the stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.protocol import MAX_LINE_BYTES, Damaged
from pipeline.capture.senders import TUTORIAL, Numbers, Pause, Shape, recognize_sender
from pipeline.capture.stream_decoder import BurstEnd, StreamDecoder
from pipeline.capture.track import TrackSample
from tests.fixtures.board_lines import INFO

ROW = b"0.10,-0.20,1.00,2.5,0.0,-300.25"


def test_a_header_is_the_tutorials_at_once() -> None:
    assert recognize_sender([b"aX,aY,aZ,gX,gY,gZ"], 0.0, 1.5) == (TUTORIAL, Shape(b",", 6))


def test_rows_wait_for_the_blank_line_that_only_the_tutorial_sends() -> None:
    assert recognize_sender([ROW] * 100, 0.9, 1.5) is None
    assert recognize_sender([*[ROW] * 100, b""], 0.9, 1.5) == (TUTORIAL, Shape(b",", 6))
    found = recognize_sender([ROW] * 120, 1.0, 1.5)
    assert found is not None
    assert found[0].name == "rows of 6 numbers separated by commas"
    slow = recognize_sender([ROW] * 15, 1.6, 1.5)
    assert slow is not None
    assert any("units" in not_guaranteed for not_guaranteed in slow[0].not_guaranteed)


@pytest.mark.parametrize(
    "line", [b"1,2", b"1,2,3,4", b"hello", b"1,2,x", b"1 2 3", b"", b"nan,1,2"]
)
def test_other_lines_are_nobody_we_know(line: bytes) -> None:
    assert recognize_sender([line] * 200, 10.0, 1.5) is None


def test_rows_are_read_to_the_thousandth_and_what_is_none_is_damaged() -> None:
    shape = Shape(b",", 6)
    assert shape.parse(ROW) == Numbers((100, -200, 1000, 2500, 0, -300250))
    assert shape.parse(b" ") == Pause()
    assert shape.parse(b"aX, aY, aZ, gX, gY, gZ") == Pause()
    for line in (b"1,2,3", b"1,2,3,4,5,", b"1,2,3,4,5,99999", b"1,2,3,4,5,6,7", b"\xff" * 9999):
        assert shape.parse(line) == Damaged(line[:MAX_LINE_BYTES])


@given(st.binary(max_size=600), st.lists(st.integers(1, 50), max_size=30))
def test_no_stream_is_too_strange_to_listen_to(data: bytes, sizes: list[int]) -> None:
    decoder, at = StreamDecoder(), 0
    for size in [*sizes, len(data)]:
        decoder.feed(data[at : at + size], at)
        at += size
    if decoder.sender is None:
        decoder.feed(b"\n" + INFO, at)
    decoder.finish()
    assert decoder.sender is not None


def test_nothing_is_missing_between_listening_and_knowing() -> None:
    decoder, heard = StreamDecoder(), []
    for n in range(200):
        heard += decoder.feed(b"0.0,0.0,1.0,%d.0,0.0,0.0\r\n" % n, n * 8403)
    rows = [row for row in heard if isinstance(row, TrackSample)]
    assert [row.values[3] // 1000 for row in rows] == list(range(200))
    assert [row.t_us for row in rows] == [n * 8403 for n in range(200)]
    assert not [row for row in heard if isinstance(row, BurstEnd)]


def test_our_board_is_not_taken_for_rows_and_what_it_streamed_before_is_not_recorded() -> None:
    decoder = StreamDecoder()
    for n in range(300):
        decoder.feed(b"%d,%d,0.000,0.000,1.000,0.000,0.000,0.000,00000000\n" % (n, n), n)
    assert decoder.sender is None
    decoder.feed(INFO, 300)
    assert decoder.sender is not None
    assert decoder.info is not None
    assert len(decoder.track) == 0


def test_a_damaged_answer_is_no_answer() -> None:
    decoder = StreamDecoder()
    decoder.feed(INFO.replace(b" window=0", b""), 0)
    assert decoder.sender is None


def test_rows_that_come_late_now_and_then_have_the_rate_they_were_sent_at() -> None:
    random, decoder, arrived_us = np.random.default_rng(3), StreamDecoder(), 0
    for n in range(400):
        late_us = random.exponential(3000) + (random.random() < 0.03) * 150_000
        arrived_us = max(arrived_us, round(n * 1e6 / 104 + late_us))
        decoder.feed(b"0.0,0.0,1.0,0.0,0.0,0.0\r\n", arrived_us)
    assert decoder.rate_hz() == 104
