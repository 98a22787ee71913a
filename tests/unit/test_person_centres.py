"""A person's centres: where their takes lie, and a little of where the model's own centre is."""

from __future__ import annotations

import numpy as np

from pipeline.core.artifacts import Int8
from pipeline.core.person_centres import person_centres

OWN = np.zeros((4, 32), np.int8)
OWN[1] = 100
CLASSES = np.array([0, 1, 2, 2])  # the last two are of the background


def points(*values: int) -> Int8:
    return np.repeat(np.array(values, np.int8)[:, np.newaxis], 32, axis=1)


def test_each_take_counts_twice_as_much_as_the_models_own_centre() -> None:
    (zero, one) = person_centres(points(70, 10, 30), np.array([1, 0, 0]), OWN, CLASSES)
    assert (zero.class_index, one.class_index) == (0, 1)
    assert zero.point == (16,) * 32  # (10 + 30) / 2.5
    assert one.point == (80,) * 32  # (50 + 70) / 1.5


def test_points_at_the_edge_do_not_wrap() -> None:
    far = np.full((1, 32), -128, np.int8)
    (one,) = person_centres(points(*[-128] * 9), np.zeros(9, np.int64), far, CLASSES[:1])
    assert one.point == (-128,) * 32


def test_gestures_without_takes_get_no_centre() -> None:
    assert person_centres(points(), np.zeros(0, np.int64), OWN, CLASSES) == ()
