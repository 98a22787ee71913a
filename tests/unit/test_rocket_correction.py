"""The hidden units of a rocket network say what a sum of features cannot: like it, but too far."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.training.rocket_correction import fit_correction

pytestmark = pytest.mark.xdist_group("tensorflow")

WINDOWS = 4000


def test_what_is_too_far_from_a_gesture_becomes_background() -> None:
    random = np.random.default_rng(1)
    place = random.normal(size=(WINDOWS, 2)) * 2
    kernels = place @ random.normal(size=(2, 40))
    features = np.concatenate([kernels, np.ones((WINDOWS, 1))], axis=1).astype(np.float32)
    is_near = np.square(place).sum(axis=1) < 2
    targets = np.eye(2, dtype=np.float32)[np.where(is_near, 0, 1)]
    logits = np.zeros((WINDOWS, 2))
    weights = np.ones(WINDOWS, np.float32)
    correction = fit_correction(features, logits, targets, weights, seed=1)
    corrected = (logits + correction.of(features)).argmax(axis=1)
    assert np.mean(corrected == targets.argmax(axis=1)) > 0.9
