"""Lines to a board and from it, against the protocol's definition, not the C."""

from __future__ import annotations

import json
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

KINDS = [
    *("info", "labels", "stream", "classify", "scores", "load", "invoke", "bench", "profile"),
    *("selftest", "constants", "image", "reboot", "pull", "inject", "sample", "text", "more"),
    *(
        "generate",
        "translate",
        "caption",
        "draw",
        "observe",
        "environment",
        "enrol",
        "enrol-save",
        "enrolment",
    ),
    *(
        "people",
        "person",
        "remove",
        "learn",
        "forget",
        "unknown",
        "bad-argument",
        "out-of-range",
        "line-too-long",
    ),
]


def thousandths(value: int) -> str:
    whole, part = divmod(abs(value), 1000)
    return f"{'-' if value < 0 else ''}{whole}.{part:03d}"


int32 = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([-(2**31), -1, -999, -1000, 0, 999])


@few
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**63 - 1),
            st.lists(int32, min_size=6, max_size=6),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_sample_lines_are_what_the_protocol_says(driver, rows):
    flat = [number for seq, t_us, values in rows for number in (seq, t_us, *values)]
    expected = ""
    for seq, t_us, values in rows:
        text = ",".join([str(seq), str(t_us), *map(thousandths, values)])
        expected += f"{text},{crc32(text.encode()):08X}\n"
    assert driver("samples", len(rows), *flat) == expected


def test_the_sample_line_of_the_documentation(driver):
    values = [-482, -1761, -745, 25024, -116455, 103455]
    text = "1042,8756302,-0.482,-1.761,-0.745,25.024,-116.455,103.455"
    line = driver("samples", 1, 1042, 8756302, *values)
    assert line == f"{text},{crc32(text.encode()):08X}\n"


def parse(driver, data: bytes) -> list[tuple[str, int, int, int]]:
    lines = driver("commands", len(data), *data).splitlines()
    numbers = [tuple(map(int, line.split())) for line in lines]
    return [(KINDS[kind], on, number, count) for kind, on, number, count in numbers]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("info", ("info", 0, 0, 0)),
        ("  info  ", ("info", 0, 0, 0)),
        ("stream on", ("stream", 1, 0, 0)),
        ("classify  off", ("classify", 0, 0, 0)),
        ("scores on", ("scores", 1, 0, 0)),
        ("load 12 00ffA0", ("load", 0, 12, 3)),
        ("load 0 " + "7F" * 112, ("load", 0, 0, 112)),
        ("bench 1", ("bench", 0, 1, 0)),
        ("bench 100", ("bench", 0, 100, 0)),
        ("profile", ("profile", 0, 0, 0)),
        ("reboot", ("reboot", 0, 0, 0)),
        ("pull 4294967295", ("pull", 0, 2**32 - 1, 0)),
        ("inject 119000", ("inject", 0, 119000, 0)),
        ("enrol 112 00ffA0", ("enrol", 0, 112, 3)),
        ("enrolment 64", ("enrolment", 0, 64, 0)),
        ("enrol-save", ("enrol-save", 0, 0, 0)),
        ("learn jump", ("learn", 0, 0, 0)),
        ("environment 0", ("environment", 0, 0, 0)),
        ("environment 300", ("environment", 0, 300, 0)),
        ("environment 86400000", ("environment", 0, 86_400_000, 0)),
        ("observe -1.5 0.25", ("observe", 0, 0, 0)),
        ("sample " + "00" * 96, ("sample", 0, 0, 96)),
        ("text it's", ("text", 0, 0, 0)),
        ("more  ", ("more", 0, 0, 0)),
        ("generate 10000 0.5 4294967295 ROMEO:", ("generate", 0, 10000, 0)),
        ("generate 1 0 0 \\n", ("generate", 0, 1, 0)),
        ("translate 0 1 3. Mai 2021", ("translate", 0, 0, 0)),
        ("caption 0 1", ("caption", 0, 0, 0)),
        ("draw 0.5 4294967295", ("draw", 0, 0, 0)),
    ],
)
def test_commands(driver, line, command):
    assert parse(driver, line.encode() + b"\n") == [command]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("informations", "unknown"),
        ("INFO", "unknown"),
        (" ", "unknown"),
        ("info\0", "unknown"),
        ("info now", "bad-argument"),
        ("stream", "bad-argument"),
        ("stream maybe", "bad-argument"),
        ("stream on on on on on", "bad-argument"),
        ("load 0", "bad-argument"),
        ("load x 00", "bad-argument"),
        ("load -1 00", "bad-argument"),
        ("load 0 0", "bad-argument"),
        ("load 0 0G", "bad-argument"),
        ("load 0 " + "00" * 113, "out-of-range"),
        ("bench 0", "out-of-range"),
        ("bench 101", "out-of-range"),
        ("bench 99999999999999999999999999", "out-of-range"),
        ("pull", "bad-argument"),
        ("pull -1", "bad-argument"),
        ("inject on", "bad-argument"),
        ("environment", "bad-argument"),
        ("environment on", "bad-argument"),
        ("learn", "bad-argument"),
        ("learn two words", "bad-argument"),
        ("enrol x 00", "bad-argument"),
        ("people all", "bad-argument"),
        ("environment 299", "out-of-range"),
        ("environment 86400001", "out-of-range"),
        ("observe 1 --1", "bad-argument"),
        ("observe 1.0001", "bad-argument"),
        ("observe" + " 1" * 33, "bad-argument"),
        ("observe -2000000.001", "out-of-range"),
        ("sample", "bad-argument"),
        ("sample " + "00" * 31, "bad-argument"),
        ("sample " + "00" * 113, "out-of-range"),
        ("text", "bad-argument"),
        ("text ", "bad-argument"),
        ("generate 5 1 1", "bad-argument"),
        ("generate 5 1 1 ", "bad-argument"),
        ("generate x 1 1 a", "bad-argument"),
        ("generate 5 1 -1 a", "bad-argument"),
        ("generate 5 .5. 1 a", "bad-argument"),
        ("generate 5 1. 1 a", "bad-argument"),
        ("generate 5 .5 1 a", "bad-argument"),
        ("observe -", "bad-argument"),
        ("observe 1 - 2", "bad-argument"),
        ("observe 1 -.5", "bad-argument"),
        ("observe .", "bad-argument"),
        ("generate 5 0.00001 1 a", "bad-argument"),
        ("generate 0 1 1 a", "out-of-range"),
        ("generate 10001 1 1 a", "out-of-range"),
        ("generate 5 5.0001 1 a", "out-of-range"),
        ("generate 5 99999999999999999999999 1 a", "out-of-range"),
        ("generate 5 1 4294967296 a", "out-of-range"),
        ("generate 0 1 1", "bad-argument"),
        ("translate 1 1", "bad-argument"),
        ("translate 1 1 ", "bad-argument"),
        ("translate warm 1 a", "bad-argument"),
        ("translate 0.00001 1 a", "bad-argument"),
        ("translate 1 x a", "bad-argument"),
        ("caption", "bad-argument"),
        ("caption 1", "bad-argument"),
        ("caption 1 1 a", "bad-argument"),
        ("caption 5.0001 1", "out-of-range"),
        ("draw 1", "bad-argument"),
        ("draw 1 1 a", "bad-argument"),
        ("draw 1 4294967296", "out-of-range"),
        ("translate 5.0001 1 a", "out-of-range"),
        ("translate 1 4294967296 a", "out-of-range"),
        ("translate 1 1 " + "a" * 242, "line-too-long"),
        ("pull 4294967296", "out-of-range"),
        ("inject 99999999999999999999999999", "out-of-range"),
        ("x" * 255, "unknown"),
        ("x" * 256, "line-too-long"),
        ("info" + " " * 5000, "line-too-long"),
    ],
)
def test_what_is_no_command_says_why(driver, line, kind):
    assert [command[0] for command in parse(driver, line.encode() + b"\n")] == [kind]


@pytest.mark.parametrize(
    ("written", "temperature_e4"),
    [("0", 0), ("1", 10000), ("0.5", 5000), ("0.0001", 1), ("5.0000", 50000), ("00.25", 2500)],
)
def test_temperatures_are_read_in_ten_thousandths(driver, written, temperature_e4):
    for command in ("generate 7", "translate"):
        line = f"{command} {written} 42 a b\n".encode()
        assert driver("texts", len(line), *line) == f"{temperature_e4} 42 a b\n"


# A carriage return is lost on the way from the driver, not on the way through it.
@few
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=20))
def test_escaped_text_comes_through_a_line_and_back(driver, text):
    sent = f"text a{json.dumps(text)[1:-1]}\n".encode()
    assert driver("texts", len(sent), *sent) == f"0 0 a{text}\n"
    escaped = driver("escapes", len(text.encode()), *text.encode())
    assert all(" " <= character <= "~" for character in escaped)
    assert json.loads(f'"{escaped}"') == text


def test_line_ends_of_all_kinds_and_empty_lines(driver):
    assert [kind for kind, *_ in parse(driver, b"\n\r\ninfo\r\nlabels\rreboot\n\n")] == [
        "info",
        "labels",
        "reboot",
    ]


@few
@given(st.lists(st.binary(max_size=300), max_size=4))
def test_noise_never_breaks_the_next_command(driver, noise):
    text = b"\n".join([*noise, b"bench 7", b""])
    commands = parse(driver, text)
    lines = [line for line in text.replace(b"\r", b"\n").split(b"\n") if line]
    assert len(commands) == len(lines)
    assert commands[-1] == ("bench", 0, 7, 0)


@pytest.mark.parametrize(("length", "kept"), [(0, 0), (254, 254), (255, 255), (1000, 255)])
def test_a_line_keeps_its_end_however_long_it_is(driver, length, kept):
    assert driver("long-line", length) == f"{kept + 1} 1\n"
