"""A varied take is still the same gesture, by the same laws of physics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.artifacts import Recording
from pipeline.config import AugmentConfig
from pipeline.datasets.augment import small_rotation, vary
from tests.takes import RATE_HZ, take

TAKE = take("punch", n=119)
NOTHING = {"rotation_deg": 0.0, "gain": 0.0, "stretch": 0.0}
SEEDS = range(20)


def varied(seed: int, original: Recording = TAKE, **settings: float) -> Recording:
    config = AugmentConfig.model_validate({**NOTHING, **settings})
    return vary(original, config, np.random.default_rng(seed))


def lengths(recording: Recording) -> np.ndarray:
    """|acceleration| and |rotation| of every sample: [n, 2]."""
    return np.linalg.norm(recording.samples.reshape(-1, 2, 3), axis=2)


def test_turning_the_board_keeps_every_length() -> None:
    for seed in SEEDS:
        turned = varied(seed, rotation_deg=30)
        np.testing.assert_allclose(lengths(turned), lengths(TAKE), rtol=1e-5)
        assert np.abs(turned.samples - TAKE.samples).max() > 0.01


def test_both_sensors_turn_together() -> None:
    """They are soldered to one board: the angle between their vectors stays."""
    turned = varied(3, rotation_deg=90)
    dots = [(r.samples[:, :3] * r.samples[:, 3:]).sum(axis=1) for r in (TAKE, turned)]
    np.testing.assert_allclose(dots[1], dots[0], atol=0.01)


def test_a_rotation_turns_by_no_more_than_asked() -> None:
    random = np.random.default_rng(1)
    angles = []
    for _ in range(300):
        rotation = small_rotation(25, random)
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
        angles.append(np.rad2deg(np.arccos((np.trace(rotation) - 1) / 2)))
    assert 22 < max(angles) <= 25 + 1e-6
    assert min(angles) < 3


def test_harder_or_softer_by_no_more_than_asked() -> None:
    factors = [np.median(varied(s, gain=0.2).samples / TAKE.samples) for s in SEEDS]
    assert 0.8 <= min(factors) < 0.9
    assert 1.1 < max(factors) <= 1.2


def test_slower_or_faster_by_no_more_than_asked() -> None:
    found = [varied(seed, stretch=0.1) for seed in SEEDS]
    sizes = [len(recording) for recording in found]
    assert 107 <= min(sizes) < 112
    assert 126 < max(sizes) <= 131
    for recording in found:  # the same way, begun and ended the same
        np.testing.assert_allclose(recording.samples[[0, -1]], TAKE.samples[[0, -1]], atol=1e-3)
        peaks = np.abs(recording.samples).max(axis=0) / np.abs(TAKE.samples).max(axis=0)
        np.testing.assert_allclose(peaks, 1, atol=0.01)


def test_nothing_asked_for_changes_nothing() -> None:
    np.testing.assert_allclose(varied(1).samples, TAKE.samples, atol=1e-6)


def test_the_seed_alone_decides() -> None:
    everything = {"rotation_deg": 10.0, "gain": 0.1, "stretch": 0.1}
    first = varied(1, **everything)
    np.testing.assert_array_equal(first.samples, varied(1, **everything).samples)
    assert not np.array_equal(first.samples[:50], varied(2, **everything).samples[:50])


def test_it_is_still_that_take_at_that_rate() -> None:
    before = TAKE.samples.copy()
    found = varied(4, rotation_deg=10, gain=0.1, stretch=0.1)
    np.testing.assert_array_equal(TAKE.samples, before)
    assert (found.name, found.label, found.person) == (TAKE.name, TAKE.label, TAKE.person)
    assert (np.diff(found.seq) == 1).all()
    assert found.measured_rate_hz == pytest.approx(RATE_HZ, rel=1e-4)
    assert found.samples.dtype == np.float32


def test_a_sensor_with_too_few_axes_is_not_turned() -> None:
    flat = replace(TAKE, samples=TAKE.samples[:, :2], channels=("ax", "ay"))
    np.testing.assert_allclose(varied(1, flat, rotation_deg=90).samples, flat.samples, atol=1e-6)
