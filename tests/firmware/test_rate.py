"""Samples of any sensor at the rate that is wanted, or a plain word that they are not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.firmware.building import HERE, NO_MODEL, SANITIZED, STRICT, compile_c, library_sources

pytestmark = pytest.mark.xdist_group("firmware")
BLOCK = 128  # samples of one measurement
Rows = np.ndarray[tuple[int, ...], np.dtype[np.int64]]  # [n, 8]: seq, t_us, six values


class Held(NamedTuple):
    rows: Rows
    states: list[str]


Hold = Callable[[float, float, Rows], Held]


@pytest.fixture(scope="module")
def hold(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Hold:
    request.getfixturevalue("host_compiler")
    sources = [HERE / "rate_driver.c", *library_sources("rate")]
    folder = tmp_path_factory.mktemp("rate")
    program = compile_c(folder / "rate", sources, [*STRICT, *SANITIZED], NO_MODEL)

    def run(nominal_hz: float, wanted_hz: float, rows: Rows) -> Held:
        numbers = [round(nominal_hz * 1000), round(wanted_hz * 1000), *rows.ravel().tolist()]
        result = subprocess.run(
            [program], input=" ".join(map(str, numbers)), capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, result.stderr
        lines = result.stdout.splitlines()
        found = [list(map(int, line.split())) for line in lines if line[0].isdigit()]
        states = [line for line in lines if not line[0].isdigit()]
        past_int64 = any(row[1] >= 2**63 for row in found)
        kind = object if past_int64 else np.int64
        return Held(np.array(found, kind).reshape(-1, 8), states)

    return run


def motion(t_s: np.ndarray[tuple[int, ...], np.dtype[np.float64]], frequency_hz: float) -> Rows:
    """int64 [n, 6], thousandths: 4 g and 1000 deg/s at a frequency, axes out of phase."""
    phase = 2 * np.pi * frequency_hz * t_s[:, None] + np.arange(6)
    return np.rint(np.sin(phase) * [4000, 4000, 4000, 1e6, 1e6, 1e6]).astype(np.int64)


def sensor(rate_hz: float, seconds: float, frequency_hz: float = 3, start_us: int = 0) -> Rows:
    count = np.arange(round(seconds * rate_hz))
    t_us = start_us + np.rint(count * 1e6 / rate_hz).astype(np.int64)
    return np.column_stack([count, t_us, motion(t_us / 1e6, frequency_hz)])


def test_a_sensor_at_the_wanted_rate_is_not_touched(hold):
    for rate_hz in (119.0, 118.0, 120.0):
        rows = sensor(rate_hz, 20, start_us=2**33)
        held = hold(119, 119, rows)
        assert held.states == ["direct"]
        assert np.array_equal(held.rows, rows)


@pytest.mark.parametrize("rate_hz", [200, 104, 96, 238, 1000])
def test_another_rate_is_brought_to_the_wanted_one_exactly(hold, rate_hz):
    held = hold(rate_hz, 119, sensor(rate_hz, 60))
    assert held.states == ["resampled"]
    seq, t_us = held.rows[:, 0], held.rows[:, 1]
    assert seq.tolist() == list(range(len(seq)))
    assert t_us.tolist() == [round(n * 1e6 / 119) for n in range(len(t_us))]
    assert len(seq) == pytest.approx(60 * 119, abs=4)


@pytest.mark.parametrize(
    ("rate_hz", "frequency_hz", "worst"),
    [(200, 5, 0.001), (200, 10, 0.003), (200, 20, 0.04), (104, 5, 0.003), (104, 10, 0.04)],
)
def test_movement_keeps_its_shape(hold, rate_hz, frequency_hz, worst):
    held = hold(rate_hz, 119, sensor(rate_hz, 10, frequency_hz))
    truth = motion(held.rows[:, 1] / 1e6, frequency_hz)
    error = np.abs(held.rows[5:, 2:] - truth[5:]) / [4000, 4000, 4000, 1e6, 1e6, 1e6]
    assert error.max() < worst


def test_a_sensor_that_is_not_at_its_nominal_rate_is_found_out(hold):
    held = hold(119, 119, sensor(116.4, 30))
    assert held.states == ["direct", "resampled"]
    seq, t_us = held.rows[:, 0], held.rows[:, 1]
    assert (np.diff(seq) == 1).all()
    later = seq > BLOCK + 2
    assert np.diff(t_us[later]).mean() == pytest.approx(1e6 / 119, rel=1e-5)
    truth = motion(t_us / 1e6, 3)
    assert np.abs(held.rows[:, 2:5] - truth[:, :3]).max() < 40


def test_resampling_stays_on_once_begun(hold):
    fast, right = sensor(130, 10), sensor(119, 10)
    right[:, 0] += len(fast)
    right[:, 1] += fast[-1, 1] + 8403
    held = hold(119, 119, np.concatenate([fast, right]))
    assert held.states == ["direct", "resampled"]
    assert (np.diff(held.rows[:, 0]) == 1).all()


@pytest.mark.parametrize("rate_hz", [50, 90, 1300])
def test_a_rate_that_cannot_be_brought_over_is_told_and_samples_go_through(hold, rate_hz):
    rows = sensor(rate_hz, 10)
    held = hold(119, 119, rows)
    assert held.states == ["direct", "off"]
    assert np.array_equal(held.rows, rows)


def test_a_rate_that_comes_back_is_used_again(hold):
    slow, right = sensor(60, 10), sensor(119, 10)
    right[:, 0] += len(slow)
    right[:, 1] += slow[-1, 1] + 8403
    held = hold(119, 119, np.concatenate([slow, right]))
    assert held.states == ["direct", "off", "resampled"]
    assert (np.diff(held.rows[:, 0]) == 1).all()
    assert (np.diff(held.rows[:, 1]) > 0).all()


def test_a_hole_stays_a_hole_of_its_length(hold):
    rows = sensor(200, 10)
    kept = np.delete(rows, np.s_[1000:1100], axis=0)
    held = hold(200, 119, kept)
    seq, t_us = held.rows[:, 0], held.rows[:, 1]
    (hole,) = np.flatnonzero(np.diff(seq) > 1)
    assert t_us.tolist() == [round(n * 1e6 / 119) for n in seq]
    before_us, after_us = t_us[hole], t_us[hole + 1]
    assert rows[998, 1] - before_us < 8404 + 5000
    assert 0 <= after_us - rows[1100, 1] < 8404
    truth = motion(t_us / 1e6, 3)
    assert np.abs(held.rows[:, 2:5] - truth[:, :3])[5:].max() < 40


def test_lost_samples_are_not_taken_for_a_slow_sensor(hold):
    rows = sensor(119, 30)
    kept = np.delete(rows, np.s_[::20], axis=0)
    held = hold(119, 119, kept)
    assert held.states == ["direct"]
    assert np.array_equal(held.rows, kept)


def test_a_clock_that_goes_back_starts_anew(hold):
    rows = sensor(200, 4)
    rows[400:, 1] -= rows[400, 1]
    held = hold(200, 119, rows)
    seq, t_us = held.rows[:, 0], held.rows[:, 1]
    assert (np.diff(seq) > 0).all()
    assert (np.diff(t_us) < 0).sum() == 1


def test_any_rate_is_right_where_none_is_wanted(hold):
    rows = sensor(37, 10)
    held = hold(0, 0, rows)
    assert held.states == ["direct"]
    assert np.array_equal(held.rows, rows)


few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@few
@given(
    nominal=st.sampled_from([0, 50, 119, 200, 5000]),
    wanted=st.sampled_from([0, 1, 50, 119]),
    steps=st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1) | st.just(1),
            st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 5000, 8403, 20_000, 10**9, 10**12]),
            st.integers(-(2**31), 2**31 - 1),
        ),
        max_size=400,
    ),
)
def test_no_times_and_values_break_it(hold, nominal, wanted, steps):
    seq = t_us = 0
    rows = []
    for seq_step, t_step, value in steps:
        seq, t_us = (seq + seq_step) % 2**32, (t_us + t_step) % 2**64
        rows.append([seq, t_us, value, -value if value > -(2**31) else 0, 0, value, 1, -1])
    held = hold(nominal, wanted, np.array(rows, object).reshape(-1, 8))
    assert len(held.rows) <= 3 * len(rows)
