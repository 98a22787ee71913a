"""The firmware's parts against models written from their definition, not from the C."""

from __future__ import annotations

import json
from collections import deque
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.xdist_group("firmware")
few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

CLASSES, WINDOW, HOP, CHANNELS = 3, 8, 4, 6
KINDS = [
    *("info", "labels", "stream", "classify", "scores", "load", "invoke", "bench", "profile"),
    *("selftest", "image", "reboot", "pull", "inject", "sample", "text", "more"),
    *("generate", "observe", "environment", "unknown", "bad-argument", "out-of-range"),
    "line-too-long",
]

policies = st.fixed_dictionaries(
    {
        "smoothing": st.integers(1, 16),
        "background": st.sampled_from([0, 2, 255]),
        "release": st.floats(0, 1),
        "refractory": st.integers(0, 300),
        "fire": st.lists(st.floats(0.1, 1), min_size=CLASSES, max_size=CLASSES),
    }
)
# Scores that stay a while, as those of real gestures do.
score_runs = st.lists(
    st.tuples(
        st.integers(1, 12), st.lists(st.sampled_from([0, 90, 200, 255]), min_size=3, max_size=3)
    ),
    max_size=15,
)


def expected_events(policy, sums_of_fire, release_sum, windows):
    """The contract's policy: averages over the last windows, missing ones counted as 0."""
    last = deque([[0] * CLASSES] * policy["smoothing"], maxlen=policy["smoothing"])
    waits_for_release, silent_until, events = set(), 0, []
    for t, scores in windows:
        last.append(scores)
        sums = [sum(column) for column in zip(*last, strict=True)]
        waits_for_release = {c for c in waits_for_release if sums[c] >= release_sum}
        ready = [
            c
            for c in range(CLASSES)
            if c != policy["background"] and sums[c] >= sums_of_fire[c]
            if c not in waits_for_release and t >= silent_until
        ]
        if ready:
            winner = max(ready, key=lambda c: (sums[c], -c))
            waits_for_release.add(winner)
            silent_until = t + policy["refractory"]
            share = sums[winner] / (255 * policy["smoothing"])
            events.append((t, winner, sums[winner], share))
    return events


@few
@given(policy=policies, runs=score_runs)
def test_events_are_those_of_the_policy(driver, policy, runs):
    whole = 255 * policy["smoothing"]
    fire = [round(share * whole) for share in policy["fire"]]
    release = round(policy["release"] * whole)
    windows = [scores for length, scores in runs for _ in range(length)]
    timed = [(67 * i, scores) for i, scores in enumerate(windows)]
    flat = [number for t, scores in timed for number in (t, *scores)]
    head = [policy["smoothing"], policy["background"], release, policy["refractory"], *fire]
    printed = driver("decision", *head, len(timed), *flat).splitlines()
    got = [tuple(map(int, line.split())) for line in printed]
    expected = expected_events(policy, fire, release, timed)
    assert [event[:3] for event in got] == [event[:3] for event in expected]
    for (*_, thousandths), (*_, share) in zip(got, expected, strict=True):
        assert thousandths == pytest.approx(1000 * share, abs=0.51)


def test_a_class_that_stays_high_fires_once_and_again_after_its_release(driver):
    high, low = [0, 255, 0], [0, 0, 0]
    windows = [high] * 10 + [low] * 2 + [high] * 4
    flat = [number for t, scores in enumerate(windows) for number in (t, *scores)]
    printed = driver("decision", 2, 255, 300, 0, 500, 500, 500, len(windows), *flat)
    assert [int(line.split()[0]) for line in printed.splitlines()] == [1, 13]


def test_no_event_within_the_refractory_time_of_another_class(driver):
    windows = [[255, 0, 0]] * 3 + [[0, 255, 0]] * 10
    flat = [number for i, scores in enumerate(windows) for number in (100 * i, *scores)]
    printed = driver("decision", 1, 255, 100, 800, 200, 200, 200, len(windows), *flat)
    assert [line.split()[:2] for line in printed.splitlines()] == [["0", "0"], ["800", "1"]]


samples = st.lists(
    st.lists(st.integers(-2_100_000, 2_100_000), min_size=CHANNELS, max_size=CHANNELS), max_size=40
)


@few
@given(
    shift=st.integers(1, 30),
    scales=st.lists(
        st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**52), 2**52)),
        min_size=CHANNELS,
        max_size=CHANNELS,
    ),
    rows=samples,
)
def test_windows_hold_the_last_samples_quantised(driver, shift, scales, rows):
    flat = [number for row in rows for number in row]
    head = [number for scale in scales for number in scale]
    printed = driver("window", shift, *head, len(rows), *flat).splitlines()
    quantised = [
        [
            max(-128, min(127, (value * multiplier + offset) >> shift))
            for value, (multiplier, offset) in zip(row, scales, strict=True)
        ]
        for row in rows
    ]
    ends = range(WINDOW, len(rows) + 1, HOP)
    expected = [[q for row in quantised[end - WINDOW : end] for q in row] for end in ends]
    assert [list(map(int, line.split())) for line in printed] == expected


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
        ("environment 0", ("environment", 0, 0, 0)),
        ("environment 300", ("environment", 0, 300, 0)),
        ("environment 86400000", ("environment", 0, 86_400_000, 0)),
        ("observe -1.5 0.25", ("observe", 0, 0, 0)),
        ("sample " + "00" * 96, ("sample", 0, 0, 96)),
        ("text it's", ("text", 0, 0, 0)),
        ("more  ", ("more", 0, 0, 0)),
        ("generate 10000 0.5 4294967295 ROMEO:", ("generate", 0, 10000, 0)),
        ("generate 1 0 0 \\n", ("generate", 0, 1, 0)),
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
    line = f"generate 7 {written} 42 a\n".encode()
    assert driver("texts", len(line), *line) == f"{temperature_e4} 42 a\n"


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


def test_the_rate_is_that_of_the_last_block(driver):
    times = [i * 10_000 for i in range(200)] + [2_000_000 + i * 5_000 for i in range(400)]
    flat = [number for seq, t_us in enumerate(times) for number in (seq, t_us)]
    rates = [int(line) for line in driver("rate", len(times), *flat).splitlines()]
    assert rates[0] == 0
    assert rates[1] == rates[150] == 100_000
    assert rates[-1] == 200_000


def test_a_lost_sample_does_not_change_the_rate(driver):
    kept = [seq for seq in range(300) if seq % 7]
    flat = [number for seq in kept for number in (seq, seq * 8403)]
    assert int(driver("rate", len(kept), *flat).splitlines()[-1]) == int(1e12 / 8403 / 1000)


NONE, READY, STOPPED = "0", "1", "2"


def imu(driver, script: str) -> list[list[str]]:
    return [line.split() for line in driver("imu", script).splitlines()]


def test_the_sensor_gives_samples_when_their_time_has_come(driver):
    steps = "write 5000 write 6000 read 70 read 1069 read 1070 read 9999 end read 9999"
    assert imu(driver, steps) == [
        [READY, "0", "5000", "0"],
        [NONE, "0", "0", "0"],
        [READY, "1", "6000", "0"],
        [NONE, "0", "0", "0"],
        [STOPPED, "0", "0", "0"],
    ]


def test_a_sensor_that_is_silent_at_first_starts_with_its_first_sample(driver):
    steps = "read 0 read 500000 write 100 write 200 read 900000 read 900099 read 900100"
    assert [line[0] for line in imu(driver, steps)] == [NONE, NONE, READY, NONE, READY]


def test_the_sensor_loses_the_oldest_of_what_nobody_reads(driver):
    writes = " ".join(f"write {i}" for i in range(1000))
    first, second = imu(driver, f"write 0 read 0 {writes} read 5000")
    assert first == [READY, "0", "0", "0"]
    assert second == [READY, "745", "744", "744"]


def test_the_board_sleeps_until_the_next_sample_is_due(driver):
    steps = "wait 0 write 0 write 4000 write 90000 read 10 wait 10 wait 3010 read 4010 wait 4010"
    got = [line[0] for line in imu(driver, steps)]
    assert got == ["2000", READY, "4000", "1000", READY, "10000"]
