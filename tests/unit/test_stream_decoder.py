"""Whatever happens to the bytes of a board's samples, what is stored is what was sent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.capture.segmentation import CapturePlan
from pipeline.capture.senders import BOARD
from pipeline.capture.session import Session
from pipeline.capture.stream_decoder import BurstEnd, StreamDecoder, environment
from pipeline.capture.track import TrackSample, TrackSection
from tests.fixtures.board_lines import INFO, reading_line
from tests.fixtures.faulty_port import LineFaults
from tests.fixtures.known_motion import RATE_HZ, index_of, sample_lines, times_of

SERIES_INFO = (
    b"ok board=native imu=emulated environment=emulated revision=host firmware=1 contract=none "
    b"rate_hz=0.000 stream_hz=119.000 measured_hz=119.000 nominal_hz=119.000 sensor_hz=119.000 "
    b"pace=direct window=1 hop=1 channels=6 classes=0 tick_hz=1 "
    b"overruns=0 dropped=0 stack_unused=0\n"
)
LINES = sample_lines(300)

edits = st.one_of(
    st.tuples(st.integers(0, 30_000), st.integers(1, 400), st.just(b"")),  # bytes are lost
    st.tuples(st.integers(0, 30_000), st.just(0), st.binary(min_size=1, max_size=40)),
    st.tuples(st.integers(0, 30_000), st.just(1), st.binary(min_size=1, max_size=1)),
)
few = settings(max_examples=40)
chunk_sizes = st.lists(st.integers(1, 700), min_size=1, max_size=60)


def stored(stream: bytes, sizes: list[int]) -> TrackSection | None:
    """What is kept of the stream where it arrives in such pieces, at the pace of its lines."""
    decoder = StreamDecoder()
    decoder.feed(SERIES_INFO, 0)
    at = 0
    for size in [*sizes, len(stream)]:
        at, start = min(at + size, len(stream)), at
        decoder.feed(stream[start:at], round(at / len(LINES[0]) / RATE_HZ * 1e6))
    decoder.finish()
    return decoder.track.section(0, 1 << 62) if len(decoder.track) else None


def assert_true(part: TrackSection | None) -> None:
    if part is None:
        return
    index = index_of(np.rint(part.samples.astype(np.float64) * 1000).astype(np.int32))
    assert (index >= 0).all()
    assert (np.diff(index) > 0).all()
    assert (np.diff(part.seq) == np.diff(index)).all()
    assert (np.diff(part.t_us) == np.diff(times_of(index))).all()
    assert {(gap.index, gap.missing) for gap in part.gaps} == {
        (int(at) + 1, int(index[at + 1] - index[at]) - 1)
        for at in np.flatnonzero(np.diff(index) > 1)
    }


def same(one: TrackSection | None, other: TrackSection | None) -> bool:
    if one is None or other is None:
        return one is other
    arrays = zip(
        (one.samples, one.seq, one.t_us), (other.samples, other.seq, other.t_us), strict=True
    )
    return all(np.array_equal(*pair) for pair in arrays) and one.faults == other.faults


@few
@given(st.lists(edits, max_size=20), chunk_sizes)
def test_any_damage_leaves_only_true_samples_in_their_places(changes, sizes):
    stream = b"".join(LINES)
    for place, length, new in changes:
        at = place % len(stream)
        stream = stream[:at] + new + stream[at + length :]
    assert_true(stored(stream, sizes))


@few
@given(st.integers(0, 2**32), st.floats(0, 1), chunk_sizes)
def test_damaged_lines_leave_only_true_samples_in_their_places(seed, share, sizes):
    faults = LineFaults(seed, share)
    assert_true(stored(b"".join(map(faults.damage, LINES)), sizes))


@few
@given(st.integers(0, 2**32), chunk_sizes, chunk_sizes)
def test_the_pieces_in_which_bytes_arrive_change_nothing(seed, sizes, other_sizes):
    faults = LineFaults(seed, 0.3)
    stream = b"".join(map(faults.damage, LINES))
    assert same(stored(stream, sizes), stored(stream, other_sizes))


@given(st.binary(max_size=2000), st.booleans())
def test_no_bytes_make_it_fall(noise, is_known):
    decoder = StreamDecoder()
    if is_known:
        decoder.feed(SERIES_INFO, 0)
    decoder.feed(noise, 1)
    decoder.feed(b"\n" + noise + b"\n", 4_000_000)
    if decoder.sender is None:
        decoder.feed(SERIES_INFO, 4_000_000)
    for n, line in enumerate(LINES):
        decoder.feed(line, 4_000_000 + round(n / RATE_HZ * 1e6))
    decoder.finish()
    assert decoder.sender is not BOARD or len(decoder.track) == len(
        LINES
    )  # noise may look like rows


PERIOD_S = 2.0
ASKED = b"ok period_ms=2000\n"


def heard(*pieces: bytes) -> StreamDecoder:
    """All said by a board, a period for each reading."""
    decoder, host_us = StreamDecoder(environment(PERIOD_S)), 0
    for piece in pieces:
        decoder.feed(piece, host_us)
        host_us += 2_000_000 if piece.startswith(b"reading") else 0
    decoder.finish()
    return decoder


def places(decoder: StreamDecoder) -> list[int]:
    """Which readings are kept, by their temperature."""
    return [(values[0] - 20_000) for values in decoder.track.newest(100)]


def test_readings_of_an_earlier_capture_are_not_of_this_one() -> None:
    old = [reading_line(n) for n in (70, 71)]
    said = [SERIES_INFO, old[0], b"ok period_ms=0\n", old[1], ASKED]
    decoder = heard(*said, reading_line(0), reading_line(1), reading_line(2))
    assert places(decoder) == [0, 1, 2]
    assert decoder.rate_hz() == 1 / PERIOD_S
    assert decoder.channels == ("temperature", "pressure", "humidity")
    assert not any(decoder.track.totals.values())


def test_readings_that_are_missing_or_damaged_are_reported_and_samples_are_not_readings() -> None:
    damaged = reading_line(2).replace(b"20.002", b"20.902")
    decoder = heard(
        SERIES_INFO, ASKED, reading_line(0), LINES[5], damaged, reading_line(3), reading_line(6)
    )
    assert places(decoder) == [0, 3, 6]
    assert dict(decoder.track.totals) == {"corrupt": 1, "lost": 4}


def test_a_board_that_starts_again_goes_on_in_the_same_series() -> None:
    again = [reading_line(n, n - 10, at_us=400) for n in (10, 11)]
    decoder = heard(
        SERIES_INFO,
        ASKED,
        *map(reading_line, range(3)),
        b"hello board=native\n",
        SERIES_INFO,
        ASKED,
    )
    for n, line in enumerate(again):
        decoder.feed(line, (5 + n) * 2_000_000)
    assert places(decoder) == [0, 1, 2, 10, 11]
    assert decoder.track.totals["reboot"] == 1
    part = decoder.track.section(0, 1 << 62)
    assert np.diff(part.seq).tolist() == [1, 1, 3, 1]
    assert np.abs(np.diff(part.t_us) - np.diff(part.seq) * 2_000_000).max() < 10_000


def test_sensors_that_give_nothing_are_known_until_they_give_again() -> None:
    decoder = heard(SERIES_INFO, ASKED, reading_line(0), b"warn no-reading seq=1\n")
    assert decoder.failing
    decoder.feed(reading_line(2), 4_000_000)
    assert not decoder.failing
    decoder.feed(b"warn sensor-stopped samples=9\n", 4_000_000)  # the IMU's
    assert not decoder.sensor_stopped
    decoder.feed(b"warn environment-ended readings=3\n", 4_000_000)
    assert decoder.sensor_stopped


@pytest.mark.parametrize(("seconds", "wanted"), [(8.0, 4), (9.0, 5), (0.5, 1), (2.0, 1)])
def test_a_series_ends_with_its_last_reading_not_a_period_later(seconds, wanted) -> None:
    plan = CapturePlan("continuous", ("environment",), seconds=seconds, period_s=PERIOD_S)
    session = Session(plan, [plan.decoder()])
    session.feed(0, SERIES_INFO + ASKED, 0)
    for n in range(10):
        assert session.done == (n >= wanted)
        session.feed(0, reading_line(n), n * 2_000_000)
    (cut,) = session.finish()
    (span,) = cut.spans
    assert span is not None
    assert len(session.decoders[0].track.section(span.start_us, span.stop_us)) == wanted


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
    for n in range(400):
        heard += decoder.feed(b"1.0,0.0,0.0,%d.5,0.0,0.0\r\n" % n, n * 8403)
    rows = [row for row in heard if isinstance(row, TrackSample)]
    assert [row.values[3] // 1000 for row in rows] == list(range(400))
    assert [row.t_us for row in rows] == [n * 8403 for n in range(400)]
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
        decoder.feed(b"0.0,0.0,1.0\r\n", arrived_us)
    assert decoder.rate_hz() == 104
