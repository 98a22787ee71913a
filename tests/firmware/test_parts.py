"""The firmware's parts against models written from their definition, not from the C."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.datasets.recordings import load_recordings
from tests.firmware.building import (
    HERE,
    NO_MODEL,
    PROJECT,
    SANITIZED,
    STRICT,
    compile_c,
    library_sources,
)

few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

CLASSES, WINDOW, HOP, CHANNELS = 3, 8, 4, 6
WINDOW_US = WINDOW * 10**9 // 119_000  # of the model left_right

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


def test_windows_are_forgotten_where_the_next_comes_later_than_a_window_is_long(driver):
    """Scores are 255, and two windows in a row are needed for an event."""
    for late_us, events in ((WINDOW_US, 1), (WINDOW_US + 1, 0), (-1, 0)):
        times = [2 * WINDOW_US, 2 * WINDOW_US + late_us]
        flat = [number for t_us in times for number in (t_us, 0, 255, 0)]
        printed = driver("decision", 2, 255, 100, 0, 510, 510, 510, len(times), *flat)
        assert len(printed.splitlines()) == events


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
def test_windows_hold_the_last_samples_quantized(driver, shift, scales, rows):
    flat = [number for row in rows for number in row]
    head = [number for scale in scales for number in scale]
    printed = driver("window", shift, *head, len(rows), *flat).splitlines()
    quantized = [
        [
            max(-128, min(127, (value * multiplier + offset) >> shift))
            for value, (multiplier, offset) in zip(row, scales, strict=True)
        ]
        for row in rows
    ]
    ends = range(WINDOW, len(rows) + 1, HOP)
    expected = [[q for row in quantized[end - WINDOW : end] for q in row] for end in ends]
    assert [list(map(int, line.split())) for line in printed] == expected


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


MOST = 1024  # samples
Rows = list[list[int]]  # [n, 8]: seq, t_us, six values
Keep = Callable[[Any], Rows]


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Keep:
    request.getfixturevalue("host_compiler")
    sources = [HERE / "history_driver.c", *library_sources("history")]
    folder = tmp_path_factory.mktemp("history")
    program = compile_c(folder / "history", sources, [*STRICT, *SANITIZED], NO_MODEL)

    def run(rows: Any) -> Rows:
        text = "\n".join(" ".join(map(str, row)) for row in rows)
        result = subprocess.run([program], input=text, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        return [list(map(int, line.split())) for line in result.stdout.splitlines()]

    return run


def at_119_hz(values: Any) -> Rows:
    times = np.rint(np.arange(len(values)) * (1e6 / 119)).astype(int)
    return np.column_stack([np.arange(len(values)), times, values]).tolist()


@pytest.mark.parametrize("label", ["circle", "flex", "idle", "punch", "wave"])
def test_the_newest_of_any_gesture_are_all_kept(keep, label):
    recordings = load_recordings(PROJECT / "data" / "sample", [label])
    rows = at_119_hz(np.concatenate([recording.thousandths for recording in recordings]))
    assert len(rows) > 2 * MOST
    assert keep(rows) == rows[-MOST:]


def test_of_the_loudest_noise_the_newest_six_seconds_are_kept(keep):
    random = np.random.default_rng(1)
    loudest = [4000, 4000, 4000, 2_000_000, 2_000_000, 2_000_000]
    rows = at_119_hz(random.integers(np.negative(loudest), loudest, (3 * MOST, 6)))
    kept = keep(rows)
    assert 700 <= len(kept) < MOST
    assert kept == rows[-len(kept) :]


int32 = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([-(2**31), 2**31 - 1, 0, 1])


@few
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), *[int32] * 6), max_size=60
    ),
    times=st.integers(1, 40),
)
def test_no_number_is_too_large_to_come_back_as_it_was(keep, rows, times):
    rows = [list(row) for row in rows] * times
    kept = keep(rows)
    assert len(kept) >= min(len(rows), 200)
    assert kept == rows[len(rows) - len(kept) :]
