"""The level at which accuracy has fallen by five points, on either side of neutral."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.training.robustness import Curve, Robustness, make_curve


def curve(levels: list[float], accuracies: list[float], neutral: float = 0.0) -> Curve:
    return make_curve("turn", "turned", "deg", neutral, levels, accuracies)


def test_the_level_of_the_loss_lies_between_two_measured_ones() -> None:
    found = curve([0, 10, 20, 30], [0.90, 0.88, 0.84, 0.10])
    assert found.falls_above == pytest.approx(17.5)  # 0.85 on the way from 0.88 to 0.84
    assert found.falls_below is None


def test_both_sides_of_neutral_are_looked_at() -> None:
    found = curve([0.5, 0.75, 1.0, 1.5], [0.60, 0.80, 0.80, 0.70], neutral=1.0)
    assert found.falls_below == pytest.approx(0.75 - 0.25 / 4, abs=0.001)
    assert found.falls_above == pytest.approx(1.25)


def test_a_curve_that_never_falls_so_far_has_no_such_level() -> None:
    found = curve([0, 10, 20], [0.90, 0.86, 0.95])
    assert (found.falls_below, found.falls_above) == (None, None)


def test_five_points_are_enough() -> None:
    assert curve([0, 10], [0.90, 0.85]).falls_above == pytest.approx(10)


def test_it_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    kept = Robustness("c" * 64, 400, 17.5, (curve([0, 10, 20], [0.9, 0.88, 0.7]),))
    kept.save(tmp_path / "robustness.json")
    assert Robustness.load(tmp_path / "robustness.json") == kept
