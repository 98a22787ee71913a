"""Samples of any sensor at the rate that is wanted, or a plain word that they are not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.firmware.building import FIRMWARE
from tests.fixtures.rate_lock import (
    AMPLITUDES,
    REACH,
    Hold,
    build_rate_lock,
    level_db,
    motion,
    sensor,
)

BLOCK = 128  # samples of one measurement


@pytest.fixture(scope="module")
def hold(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Hold:
    request.getfixturevalue("host_compiler")
    return build_rate_lock(tmp_path_factory.mktemp("rate"))


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
    assert len(seq) == pytest.approx(60 * 119 - REACH, abs=2)


def test_the_kernel_is_the_window_that_its_header_names():
    header = (FIRMWARE / "lib" / "rate" / "resample_kernel.h").read_text()
    text = (FIRMWARE / "lib" / "rate" / "resample_kernel.c").read_text()
    points = int(re.search(r"POINTS (\d+)", header)[1])
    distance = np.arange(REACH * points + 1) / points
    cutoff, beta = 0.419, 5.3
    window = np.i0(beta * np.sqrt(1 - (distance / REACH) ** 2)) / np.i0(beta)
    kernel = 2 * cutoff * np.sinc(2 * cutoff * distance) * window
    constants = re.findall(r"-?\d+", text.split("{")[1])
    assert list(map(int, constants)) == np.rint(kernel * 2**15).astype(int).tolist()


@pytest.mark.parametrize("frequency_hz", [1, 5, 10, 17, 25, 33, 39])
@pytest.mark.parametrize("rate_hz", [104, 116, 130, 200, 238, 1000])
def test_movement_keeps_its_shape_up_to_a_third_of_the_rate(hold, rate_hz, frequency_hz):
    held = hold(rate_hz, 119, sensor(rate_hz, 10, frequency_hz))
    truth = motion(held.rows[:, 1] / 1e6, frequency_hz)
    assert level_db((held.rows[:, 2:] - truth)[2 * REACH :]) < -50


@pytest.mark.parametrize(
    ("rate_hz", "wanted_hz", "frequencies_hz"),
    [
        (200, 50, (25, 30, 35, 40, 45, 60, 75, 90, 99)),
        (119, 104, (52, 55, 59)),
        (238, 119, (60, 80, 100, 118)),
        (1000, 119, (60, 110, 119, 238, 400, 490)),
        (104, 50, (26, 40, 51)),
    ],
)
def test_what_the_rate_cannot_show_does_not_come_back_as_another_motion(
    hold, rate_hz, wanted_hz, frequencies_hz
):
    for frequency_hz in frequencies_hz:
        held = hold(rate_hz, wanted_hz, sensor(rate_hz, 10, frequency_hz))
        assert level_db(held.rows[2 * REACH :, 2:]) < -40, frequency_hz


@pytest.mark.parametrize("rate_hz", [104, 200, 1000])
def test_a_stretch_begins_as_exactly_as_it_goes_on(hold, rate_hz):
    held = hold(rate_hz, 119, sensor(rate_hz, 2, 5))
    truth = motion(held.rows[:, 1] / 1e6, 5)
    error = np.abs(held.rows[:, 2:] - truth) / AMPLITUDES
    assert error[:REACH].max() < 0.005


def test_values_are_rounded_to_the_nearest_on_both_sides_of_zero(hold):
    """Rounded towards zero they would be half a thousandth too small on the whole."""
    rows = sensor(200, 20)
    slopes = np.array([0.005, -0.005, 0.007, -0.007, 0.011, -0.011])
    offsets = 3 * np.sign(slopes)
    rows[:, 2:] = np.rint(rows[:, :1] * slopes + offsets)
    held = hold(200, 119, rows).rows[2 * REACH : -2 * REACH]
    truth = held[:, 1:2] / 5000 * slopes + offsets
    assert np.abs((held[:, 2:] - truth).mean(axis=0)).max() < 0.1
    assert np.array_equal(held[:, 2::2], -held[:, 3::2])


def test_single_lost_samples_are_bridged(hold):
    rows = sensor(200, 10, 3)
    kept = np.delete(rows, np.s_[30::25], axis=0)
    held = hold(200, 119, kept)
    assert (np.diff(held.rows[:, 0]) == 1).all()
    truth = motion(held.rows[:, 1] / 1e6, 3)
    error = np.abs(held.rows[:, 2:] - truth) / AMPLITUDES
    assert error.max() < 0.005


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
def test_a_rate_that_cannot_be_brought_over_is_reported_and_samples_go_through(hold, rate_hz):
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


def test_a_clock_that_goes_back_starts_again(hold):
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
