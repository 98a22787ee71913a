"""What samples are divided by before they reach a network."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.training.training_data import measure_scaling, scale


def test_scaling_has_one_factor_a_sensor_and_no_offset() -> None:
    random = np.random.default_rng(1)
    spread = np.array([0.2, 0.5, 1.0, 50, 80, 300])
    inputs = random.normal(0, spread, (40, 60, 6)).astype(np.float32)
    scaling = measure_scaling(inputs, IMU_CHANNELS)
    assert scaling.mean == (0.0,) * 6
    assert len(set(scaling.std[:3])) == len(set(scaling.std[3:])) == 1
    scaled = scale(inputs, scaling)
    assert scaled.dtype == np.float32
    assert scaled[..., :3].std() == pytest.approx(1, rel=1e-3)
    assert scaled[..., 3:].std() == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(scaled * np.array(scaling.std), inputs, rtol=1e-5)


def test_a_sensor_that_never_moved_does_not_divide_by_nought() -> None:
    scaling = measure_scaling(np.zeros((3, 60, 6), np.float32), IMU_CHANNELS)
    assert min(scaling.std) > 0
