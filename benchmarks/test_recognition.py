"""What the network is compared with, and how the ablation is shown."""

from __future__ import annotations

import numpy as np

from benchmarks import ablation_table
from benchmarks.baseline import statistics
from benchmarks.gravity_front import gravity_aligned
from benchmarks.results_file import row
from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.datasets.disturb import rotate_windows

WINDOWS = np.random.default_rng(3).normal(0.2, 1, (7, 112, 6)).astype(np.float32)


def test_statistics_of_a_window_are_its_own_and_finite() -> None:
    found = statistics(WINDOWS)
    assert found.shape == (7, 10 * 6 + 15)
    assert np.isfinite(statistics(np.zeros((1, 20, 6), np.float32))).all()
    np.testing.assert_allclose(statistics(WINDOWS[2:3])[0], found[2], rtol=1e-5)
    np.testing.assert_allclose(found[:, :6], WINDOWS.mean(axis=1), rtol=1e-5)
    correlations = [np.corrcoef(window.T)[np.triu_indices(6, k=1)] for window in WINDOWS]
    np.testing.assert_allclose(found[:, -15:], correlations, atol=1e-5)


def test_windows_are_aligned_by_gravity_however_the_board_is_held() -> None:
    held = WINDOWS * np.float32([0.2, 0.2, 0.2, 50, 50, 50]) + np.float32([0, 0, 1, 0, 0, 0])
    for angle in (0.0, 30.0, 150.0):
        found = gravity_aligned(
            rotate_windows(held, IMU_CHANNELS, angle, np.random.default_rng(1)), IMU_CHANNELS
        )
        means = found[..., :3].mean(axis=1)
        np.testing.assert_allclose(means[:, :2], 0, atol=1e-5)
        assert (means[:, 2] > 0.8).all()
        np.testing.assert_allclose(
            np.linalg.norm(found[..., 3:], axis=2), np.linalg.norm(held[..., 3:], axis=2), rtol=1e-4
        )
    np.testing.assert_array_equal(gravity_aligned(held * 0, IMU_CHANNELS), held * 0)


def test_the_ablation_is_a_table_with_what_all_is_compared_with_first() -> None:
    def figure(name: str, value: float) -> dict[str, object]:
        return row(name, value, "", "command", "quick")

    rows = [
        figure("spells: without gain", 0.75),
        figure("spells: axis dropout", 0.9),
        figure("spells: nothing varied", 0.6),
        figure("spells: plain", 0.8),
        figure("spells among gestures: plain", 0.85),
        figure("spells turned among gestures: plain", 0.7),
        figure("uhh: plain", 0.95),
    ]
    lines = ablation_table.section(rows)
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == "| variant | spells | uhh |"
    assert table[2:] == [
        "| plain | 0.800 / 0.850 / 0.700 | 0.950 |",
        "| nothing varied | 0.600 |  |",
        "| axis dropout | 0.900 |  |",
        "| without gain | 0.750 |  |",
    ]
    assert lines[-1] == "`command`. spells: quick. uhh: quick."
