"""What befalls a window: nothing at the neutral level, and just what is said at others."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.datasets.disturb import (
    DISTURBANCES,
    Disturbance,
    add_noise,
    clip_windows,
    drop_samples,
    rotate_windows,
    time_warp_windows,
)

WINDOWS = np.random.default_rng(1).normal(0, 0.9, (5, 41, 6)).astype(np.float32)


def chance() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=lambda one: one.name)
def test_the_neutral_level_changes_nothing(disturbance: Disturbance) -> None:
    assert disturbance.neutral in disturbance.levels
    assert list(disturbance.levels) == sorted(disturbance.levels)
    same = disturbance.apply(WINDOWS, IMU_CHANNELS, disturbance.neutral, chance())
    assert np.allclose(same, WINDOWS, atol=1e-6)


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=lambda one: one.name)
@pytest.mark.parametrize("channels", [6, 3, 1])
def test_every_level_is_repeatable_and_leaves_what_it_is_given(
    disturbance: Disturbance, channels: int
) -> None:
    windows, names = WINDOWS[..., :channels].copy(), IMU_CHANNELS[:channels]
    for level in disturbance.levels:
        once = disturbance.apply(windows, names, level, chance())
        again = disturbance.apply(windows, names, level, chance())
        assert np.array_equal(once, again)
        assert once.shape == windows.shape
        assert once.dtype == np.float32
        assert np.isfinite(once).all()
    assert np.array_equal(windows, WINDOWS[..., :channels])


def test_a_turn_keeps_lengths_and_goes_by_its_angle() -> None:
    before, after = WINDOWS[..., :3], rotate_windows(WINDOWS, IMU_CHANNELS, 40.0, chance())[..., :3]
    lengths = np.linalg.norm(before, axis=2)
    assert np.allclose(np.linalg.norm(after, axis=2), lengths, atol=1e-5)
    cosines = (before * after).sum(axis=2) / lengths**2
    assert np.degrees(np.arccos(cosines.min())) == pytest.approx(40.0, abs=1.5)  # at right angles
    back = rotate_windows(
        rotate_windows(WINDOWS, IMU_CHANNELS, 40.0, chance()), IMU_CHANNELS, -40.0, chance()
    )
    assert np.allclose(back, WINDOWS, atol=1e-5)


def test_both_sensors_turn_together() -> None:
    twice = np.concatenate([WINDOWS[..., :3], WINDOWS[..., :3]], axis=2)
    after = rotate_windows(twice, IMU_CHANNELS, 70.0, chance())
    assert np.allclose(after[..., :3], after[..., 3:])


def test_a_hurried_gesture_is_shorter_about_its_middle() -> None:
    ramp = np.broadcast_to(np.arange(41, dtype=np.float32)[None, :, None], (1, 41, 6))
    fast = time_warp_windows(ramp, IMU_CHANNELS, 25.0, chance())[0, :, 0]
    assert fast[20] == 20
    assert np.allclose(np.diff(fast[8:33]), 1.25)
    assert (fast[0], fast[-1]) == (0, 40)  # what is not known is held
    slow = time_warp_windows(ramp, IMU_CHANNELS, -50.0, chance())[0, :, 0]
    assert np.allclose(slow, np.linspace(10, 30, 41))


def test_lost_samples_close_up_in_their_order() -> None:
    ramp = np.broadcast_to(np.arange(41, dtype=np.float32)[None, :, None], (50, 41, 6))
    thin = drop_samples(ramp, IMU_CHANNELS, 30.0, chance())[..., 0]
    assert (np.diff(thin, axis=1) >= 0).all()
    lost = [41 - len(set(window)) for window in thin.tolist()]
    assert np.mean(lost) / 41 == pytest.approx(0.3, abs=0.04)


def test_noise_and_range_go_with_the_unit() -> None:
    noise = add_noise(np.zeros((200, 41, 6), np.float32), IMU_CHANNELS, 0.1, chance()).std(
        axis=(0, 1)
    )
    assert np.allclose(noise, [0.1] * 3 + [10.0] * 3, rtol=0.05)
    ends = clip_windows(np.full((1, 2, 6), 9999.0, np.float32), IMU_CHANNELS, 2.0, chance())[0, 0]
    assert ends.tolist() == [2.0] * 3 + [1000.0] * 3
