from __future__ import annotations

from dataclasses import asdict
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.protocol import (
    MAX_LINE_BYTES,
    Damaged,
    LineReader,
    Message,
    Sample,
    board_info,
    event_of,
    is_possible,
    is_sensor_stopped,
    network_output_of,
    parse_line,
    past_of,
    plausible_rate_hz,
    reading_of,
    warning_of,
)
from pipeline.core.artifacts import Event
from pipeline.core.errors import ExitCode
from tests.refusals import refuses

DOCUMENTED = b"1042,8756302,-0.482,-1.761,-0.745,25.024,-116.455,103.455"


def sealed(text: bytes) -> bytes:
    return text + b",%08X" % crc32(text)


def sample_line(sample: Sample) -> bytes:
    """As the firmware writes it: sign, whole part, point, three digits."""
    cells = [f"{'-' * (v < 0)}{abs(v) // 1000}.{abs(v) % 1000:03}" for v in sample.values]
    return sealed(",".join([str(sample.seq), str(sample.t_us), *cells]).encode())


def bit_flipped(line: bytes, bit: int) -> bytes:
    damaged = bytearray(line)
    damaged[bit // 8] ^= 1 << (bit % 8)
    return bytes(damaged)


samples = st.builds(
    Sample,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 6),
)
messages = st.builds(
    Message,
    st.sampled_from(["hello", "event", "score", "warn", "ok", "err"]),
    st.lists(st.text("abcXYZ019=.-_", min_size=1), max_size=6).map(tuple),
)
lines = st.one_of(
    samples.map(sample_line),
    messages.map(lambda message: message.text.encode()),
    st.binary(max_size=400),
    st.just(b"x" * (MAX_LINE_BYTES + 10)),
)


def test_the_documented_sample_line_is_understood():
    values = (-482, -1761, -745, 25024, -116455, 103455)
    assert parse_line(DOCUMENTED + b",F2FB5010") == Sample(1042, 8756302, values)


@given(samples)
def test_every_sample_survives_the_way(sample):
    assert parse_line(sample_line(sample)) == sample


@given(messages)
def test_every_message_survives_the_way(message):
    assert parse_line(message.text.encode()) == message


@given(samples, st.data())
def test_a_flipped_bit_never_gives_a_wrong_sample(sample, data):
    line = sample_line(sample)
    bit = data.draw(st.integers(0, 8 * len(line) - 1))
    assert not isinstance(parse_line(bit_flipped(line, bit)), Sample)


@given(samples, st.data())
def test_a_burst_of_up_to_32_bits_never_gives_a_wrong_sample(sample, data):
    line = sample_line(sample)
    payload_bits = 8 * line.rindex(b",")
    start = data.draw(st.integers(0, payload_bits - 32))
    burst = data.draw(st.integers(1, 2**32 - 1))
    as_number = int.from_bytes(line, "big") ^ (burst << (8 * len(line) - 32 - start))
    assert not isinstance(parse_line(as_number.to_bytes(len(line), "big")), Sample)


edits = st.one_of(
    st.tuples(st.just("drop"), st.integers(0, 2000), st.integers(1, 120)),
    st.tuples(st.just("double"), st.integers(0, 2000), st.integers(1, 300)),
    st.tuples(st.just("flip"), st.integers(0, 2000), st.integers(1, 255)),
    st.tuples(st.just("insert"), st.integers(0, 2000), st.binary(min_size=1, max_size=30)),
)


def edited(stream: bytes, kind: str, place: int, what: int | bytes) -> bytes:
    at = place % (len(stream) + 1)
    before, after = stream[:at], stream[at:]
    if isinstance(what, bytes):
        return before + what + after
    if kind == "drop":
        return before + after[what:]
    if kind == "double":
        return before + after[:what] + after
    return before + bytes([after[0] ^ what]) + after[1:] if after else before


@given(st.lists(samples, min_size=1, max_size=12), st.lists(edits, max_size=12), st.data())
def test_a_damaged_stream_never_gives_a_wrong_sample(sent, changes, data):
    stream = b"".join(sample_line(sample) + b"\n" for sample in sent)
    for change in changes:
        stream = edited(stream, *change)
    reader, items = LineReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        items += reader.feed(stream[:size])
        stream = stream[size:]
    assert {item for item in items if isinstance(item, Sample)} <= set(sent)


@given(st.binary(max_size=600), st.lists(st.integers(1, 50)))
def test_any_bytes_in_any_pieces_give_the_same_items(stream, sizes):
    reader, items, at = LineReader(), [], 0
    for size in [*sizes, len(stream)]:
        items += reader.feed(stream[at : at + size])
        at += size
    assert items == LineReader().feed(stream)


@given(st.lists(lines), st.lists(st.integers(1, 300)))
def test_any_chunking_gives_the_same_items(sent, sizes):
    stream = b"".join(line + b"\n" for line in sent)
    whole = LineReader().feed(stream)
    reader, items, at = LineReader(), [], 0
    for size in [*sizes, len(stream)]:
        items += reader.feed(stream[at : at + size])
        at += size
    assert items == whole


@given(st.binary())
def test_garbage_is_never_a_sample_and_never_raises(line):
    assert not isinstance(parse_line(line), Sample)


@pytest.mark.parametrize(
    "text",
    [
        b"1,2,nan,0.000,0.000,0.000,0.000,0.000",
        b"1,2,0.00,0.000,0.000,0.000,0.000,0.000",
        b"1,2,1e3,0.000,0.000,0.000,0.000,0.000",
        b"1,2,0.000,0.000,0.000,0.000,0.000",
        b"1,2,0.000,0.000,0.000,0.000,0.000,0.000,0.000",
        b"1, 2,0.000,0.000,0.000,0.000,0.000,0.000",
        b"1,-2,0.000,0.000,0.000,0.000,0.000,0.000",
        b"12345678901,2,0.000,0.000,0.000,0.000,0.000,0.000",
    ],
)
def test_a_line_of_another_form_is_damaged_even_with_a_right_crc(text):
    assert isinstance(parse_line(sealed(text)), Damaged)


def test_a_sample_line_whose_first_digit_became_a_letter_is_damaged():
    line = sample_line(Sample(1042, 5, (0,) * 6))
    assert isinstance(parse_line(b"q" + line[1:]), Damaged)


def test_an_endless_line_is_one_damaged_line_and_takes_no_memory():
    reader = LineReader()
    for _ in range(1000):
        assert reader.feed(b"y" * 1000) == []
    assert len(reader._rest) <= MAX_LINE_BYTES + 1
    (long, after) = reader.feed(b"\nok\n")
    assert long == Damaged(b"y" * MAX_LINE_BYTES)
    assert after == Message("ok", ())


def test_carriage_returns_and_empty_lines_do_no_harm():
    assert LineReader().feed(b"\r\n\nok a=1\r\n") == [Message("ok", ("a=1",))]


def test_fields_are_the_words_with_an_equals_sign():
    message = Message("ok", ("board=virtual", "note", "contract=a=b"))
    assert message.fields == {"board": "virtual", "contract": "a=b"}


def test_events_and_scores_are_read_and_cut_ones_are_not():
    assert event_of(Message("event", ("12", "punch", "0.914"))) == Event(12, "punch", 0.914)
    assert event_of(Message("event", ("12", "punch"))) is None
    assert event_of(Message("event", ("12", "punch", "0.9x"))) is None
    t_us, output = network_output_of(Message("score", ("7", "807F00")))
    assert t_us == 7
    assert np.array_equal(output, np.array([-128, 127, 0], np.int8))
    assert network_output_of(Message("score", ("7", "807"))) is None


@pytest.mark.parametrize("line", [b"event 12 punch 0.9", b"ok board=nano33b", b"12,34,0.1"])
def test_a_line_that_the_board_marked_as_cut_is_no_message(line):
    assert parse_line(line + b"\x18") == Damaged(line + b"\x18")


SAID = {
    **{"board": "virtual", "imu": "emulated", "environment": "none", "revision": "r2"},
    **{"firmware": "1.0", "contract": "ab" * 32, "rate_hz": "119.5", "stream_hz": "100"},
    **{"measured_hz": "118.25", "nominal_hz": "120", "sensor_hz": "121", "pace": "direct"},
    **{"window": "119", "hop": "8", "channels": "6", "classes": "5", "tick_hz": "64000000"},
    **{"overruns": "3", "dropped": "4"},
}


def info(**changed: str) -> Message:
    return Message("ok", tuple(f"{key}={value}" for key, value in (SAID | changed).items()))


def test_every_field_of_info_is_read():
    read = asdict(board_info(info()))
    assert {key: str(value) for key, value in read.items()} == {
        key: str(float(value)) if key.endswith("_hz") and key != "tick_hz" else value
        for key, value in SAID.items()
    }


@pytest.mark.parametrize("name", SAID)
def test_info_without_a_field_is_not_understood(name):
    rest = Message("ok", tuple(word for word in info().words if not word.startswith(f"{name}=")))
    with refuses(code=ExitCode.MISMATCH):
        board_info(rest)


RATES = ("rate_hz", "stream_hz", "measured_hz", "nominal_hz", "sensor_hz")
LIMITS = {
    **dict.fromkeys(RATES, 100_000),
    **dict.fromkeys(("window", "hop", "channels", "classes"), 1 << 20),
    **dict.fromkeys(("tick_hz", "overruns", "dropped"), 1 << 32),
}


@pytest.mark.parametrize("name", LIMITS)
def test_numbers_of_info_are_possible_up_to_their_limit(name):
    assert getattr(board_info(info(**{name: str(LIMITS[name])})), name) == LIMITS[name]
    assert getattr(board_info(info(**{name: "0"})), name) == 0
    for wrong in (str(LIMITS[name] + 1), "-1", "nan", "inf", "many"):
        with refuses(code=ExitCode.MISMATCH):
            board_info(info(**{name: wrong}))


def test_a_rate_is_plausible_within_a_factor_of_two_of_the_measured_one():
    assert plausible_rate_hz(100.0, 0.0) == 100.0
    assert [plausible_rate_hz(hz, 100.0) for hz in (50.0, 50.1, 199.9, 200.0)] == [
        0,
        50.1,
        199.9,
        0,
    ]


POSSIBLE = Sample(2**32 - 1, 2**52 - 1, (-16_384_000, 16_384_000, 0, 0, 0, 0))


def test_a_sample_is_possible_up_to_what_a_board_can_count_and_a_sensor_can_read():
    assert is_possible(POSSIBLE)
    assert not is_possible(POSSIBLE._replace(seq=2**32))
    assert not is_possible(POSSIBLE._replace(t_us=2**52))
    for wrong in (-16_384_001, 16_384_001):
        assert not is_possible(POSSIBLE._replace(values=(0,) * 5 + (wrong,)))


def message_of(kind: str, sample: Sample) -> Message:
    return Message(kind, (sample_line(sample).decode(),))


def test_past_samples_and_readings_are_read_from_their_messages():
    assert past_of(message_of("past", POSSIBLE)) == POSSIBLE
    assert past_of(message_of("past", POSSIBLE._replace(seq=2**32))) is None
    assert past_of(message_of("event", POSSIBLE)) is None
    reading = Sample(7, 8, (1, -2, 3))
    assert reading_of(message_of("reading", reading)) == reading
    assert reading_of(message_of("past", reading)) is None
    assert reading_of(Message("reading", ("7,8,1.000",))) is None


def test_a_row_in_a_message_has_the_form_of_its_kind():
    sample, reading = Sample(7, 8, (1, -2, 3, 4, 5, 6)), Sample(7, 8, (1, -2, 3))
    for kind, right, wrong in (("past", sample, reading), ("reading", reading, sample)):
        assert isinstance(parse_line(f"{kind} ".encode() + sample_line(right)), Message)
        assert isinstance(parse_line(f"{kind} ".encode() + sample_line(wrong)), Damaged)


def test_warnings_have_a_reason():
    stopped = Message("warn", ("sensor-stopped",))
    assert (warning_of(stopped), is_sensor_stopped(stopped)) == ("sensor-stopped", True)
    assert warning_of(Message("warn", ())) is None
    assert warning_of(Message("ok", ("sensor-stopped",))) is None
    assert not is_sensor_stopped(Message("warn", ("overrun", "4")))


def test_times_and_scores_that_no_board_has_are_refused():
    latest = str(2**52 - 1)
    assert event_of(Message("event", (latest, "punch", "1.0"))) == Event(2**52 - 1, "punch", 1.0)
    assert event_of(Message("event", (str(2**52), "punch", "1.0"))) is None
    assert event_of(Message("event", ("12", "punch", "1.1"))) is None
    assert event_of(Message("score", ("12", "punch", "1.0"))) is None
    assert network_output_of(Message("score", (str(2**52), "80"))) is None
    assert network_output_of(Message("event", ("7", "80"))) is None
    assert network_output_of(Message("score", ("7",))) is None


def test_only_the_line_end_is_taken_off_a_line():
    assert parse_line(b"text tea \r") == Message("text", ("tea", ""))
    assert parse_line(b"ok " + b"x" * (MAX_LINE_BYTES - 3)).kind == "ok"
    assert isinstance(parse_line(b"ok " + b"x" * (MAX_LINE_BYTES - 2)), Damaged)
    for wrong in (b"okay", b"ok \xff", b"past 1,2", b""):
        assert parse_line(wrong) == Damaged(wrong)
