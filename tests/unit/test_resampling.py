"""Recordings at another rate: what is brought to the model's rate is the same motion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.artifacts import Interval, Recording
from pipeline.datasets.recordings import fingerprint
from pipeline.datasets.resampling import at_rate, resampling_note
from pipeline.datasets.windows import usable_recordings
from tests.takes import config, take, takes

RATES = (50.0, 62.0, 100.0, 104.0, 119.0, 200.0)
SECONDS = 4


def swinging(rate_hz: float, *motions: tuple[float, float]) -> Recording:
    """Sines of (frequency in Hz, amplitude in g) on every channel, from a slope to another."""
    n = round(SECONDS * rate_hz) + 1
    t_s = np.arange(n) / rate_hz
    values = 0.3 + 0.1 * t_s
    for frequency, amplitude in motions:
        values = values + amplitude * np.sin(2 * np.pi * frequency * t_s)
    samples = np.repeat(values[:, None], 6, axis=1).astype(np.float32)
    return replace(take("punch", n=n, rate_hz=rate_hz), samples=samples)


def inner(recording: Recording) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Without the half second at each end."""
    edge = round(recording.rate_hz / 2)
    return recording.samples[edge:-edge]


@pytest.mark.parametrize("old_hz", RATES)
@pytest.mark.parametrize("new_hz", RATES)
def test_a_motion_is_the_same_at_another_rate(old_hz: float, new_hz: float) -> None:
    motions = (1.7, 0.8), (6.3, 0.4)
    found = at_rate(swinging(old_hz, *motions), new_hz)
    wanted = swinging(new_hz, *motions)
    assert found.rate_hz == new_hz
    assert abs(len(found) - len(wanted)) <= 1
    n = min(len(found), len(wanted))
    np.testing.assert_allclose(inner(found)[: n // 2], inner(wanted)[: n // 2], atol=0.01)
    assert abs(found.t_us[-1] - found.t_us[0] - SECONDS * 1e6) <= 1.1e6 / new_hz
    np.testing.assert_array_equal(np.diff(found.seq), 1)


@pytest.mark.parametrize("slow_hz", [50.0, 62.0])
def test_what_the_new_rate_cannot_show_is_left_out(slow_hz: float) -> None:
    beyond = (slow_hz * 0.8, 1.0)
    found = at_rate(swinging(200, (2.0, 0.5), beyond), slow_hz)
    wanted = swinging(slow_hz, (2.0, 0.5))
    assert np.abs(inner(found) - inner(wanted)[: len(inner(found))]).max() < 0.03


def gain_db(old_hz: float, new_hz: float, frequency_hz: float) -> float:
    """How loud a tone is at the new rate, without the half second at each end."""
    found = inner(at_rate(swinging(old_hz, (frequency_hz, 1.0)), new_hz))[:, 0]
    t_s = np.arange(len(found)) / new_hz
    turns = 2 * np.pi * frequency_hz * t_s
    waves = np.stack([np.sin(turns), np.cos(turns), t_s, np.ones(len(found))], axis=1)
    fitted = np.linalg.lstsq(waves, found, rcond=None)[0]
    return float(20 * np.log10(np.hypot(*fitted[:2])))


@pytest.mark.parametrize(("old_hz", "new_hz"), [(119, 50), (100, 50), (200, 119), (400, 119)])
def test_the_filter_is_flat_below_and_steep_above(old_hz: float, new_hz: float) -> None:
    for share in (0.1, 0.2, 0.3, 0.4):
        assert abs(gain_db(old_hz, new_hz, share * new_hz)) < 0.5
    beyond = 40.0 if new_hz == 50 else 0.8 * new_hz
    assert gain_db(old_hz, new_hz, beyond) < -40


def test_a_rate_that_is_near_changes_nothing() -> None:
    recording = take("punch", rate_hz=118)
    assert at_rate(recording, 119) is recording


def test_lost_samples_stay_lost_and_gestures_in_their_place() -> None:
    whole = swinging(100, (1.0, 0.5))
    kept = np.setdiff1d(np.arange(len(whole)), np.arange(150, 160))
    holed = replace(
        whole,
        samples=whole.samples[kept],
        seq=kept,
        t_us=whole.t_us[kept],
        intervals=(Interval(50, 100, "punch"), Interval(240, 290, "flex")),
    )
    found = at_rate(holed, 50)
    missing = np.setdiff1d(np.arange(found.seq[-1] + 1), found.seq)
    assert missing.tolist() == [75, 76, 77, 78, 79]  # 1.50 s to 1.59 s
    assert [gap.missing for gap in found.gaps] == [5]
    first, second = found.intervals
    assert found.seq[[first.start, first.stop]].tolist() == [25, 50]
    assert found.seq[[second.start, second.stop]].tolist() == [125, 150]  # after ten lost ones


def test_recordings_of_all_rates_are_one_dataset_with_the_hash_of_their_files() -> None:
    mixed = [*takes(("flex", "punch")), take("punch", 9, n=50, rate_hz=100)]
    usable = usable_recordings(mixed, config())
    assert {recording.rate_hz for recording in usable} == {119.0}
    assert fingerprint(usable) == fingerprint(mixed)
    assert resampling_note(mixed, 119) == "Recordings are brought to 119 Hz: 1 at 100 Hz."
    assert not resampling_note(mixed[:-1], 119)
