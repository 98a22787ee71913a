"""Metrics, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.training.metrics import Metrics, classification_metrics

LABELS = ("flex", "punch", "idle")


def measured(was: list[int], called: list[int]) -> Metrics:
    return classification_metrics(np.array(was, np.int32), np.array(called, np.int64), LABELS)


def test_by_hand() -> None:
    metrics = measured([0, 0, 0, 0, 1, 1, 2, 2, 2, 2], [0, 0, 0, 1, 1, 0, 2, 2, 2, 2])
    assert metrics.confusion.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 4]]
    assert metrics.accuracy == pytest.approx(0.8)
    assert metrics.balanced_accuracy == pytest.approx((0.75 + 0.5 + 1) / 3)
    flex, punch, idle = metrics.classes
    assert (flex.label, flex.windows) == ("flex", 4)
    assert (flex.precision, flex.recall, flex.f1) == pytest.approx((0.75, 0.75, 0.75))
    assert (punch.precision, punch.recall, punch.f1) == pytest.approx((0.5, 0.5, 0.5))
    assert (idle.windows, idle.f1) == (4, 1)


def test_precision_and_recall_are_not_mixed_up() -> None:
    flex, punch, _ = measured([0, 0, 0, 1], [0, 1, 1, 1]).classes
    assert (flex.precision, flex.recall) == pytest.approx((1, 1 / 3))
    assert (punch.precision, punch.recall) == pytest.approx((1 / 3, 1))
    assert flex.f1 == pytest.approx(0.5)


def test_a_class_that_was_not_tested_does_not_count() -> None:
    metrics = measured([0, 0, 1, 1], [0, 0, 1, 0])
    assert metrics.balanced_accuracy == pytest.approx(0.75)
    idle = metrics.classes[2]
    assert (idle.windows, idle.precision, idle.recall, idle.f1) == (0, 0, 0, 0)


def test_all_wrong_is_nought_and_no_error() -> None:
    metrics = measured([0, 1, 2], [1, 2, 0])
    assert (metrics.accuracy, metrics.balanced_accuracy) == (0, 0)
    assert all(score.f1 == 0 for score in metrics.classes)
