"""A person's centres: where their takes lie, and a little of where the model's own centre is."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.artifacts import Int8
from pipeline.core.centres import person_centres
from pipeline.core.enrolment import EnrolledCentre, Enrolment
from pipeline.core.shares import Share
from pipeline.workflows.enrolled_takes import Takes, network_stays

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


@pytest.mark.parametrize(
    ("targets", "after", "learned", "stays"),
    [
        ([0, 0, 1, 1], 3, (), True),  # as many: the others lose nothing
        ([0, 0, 1, 1], 4, (), False),
        ([0, 0, 0, 1], 2, (), False),  # one take of a gesture: nothing is known
        ([0, 0, 1, 1], 2, ("jump",), False),  # the network does not decide alone
    ],
)
def test_the_network_stays_where_a_persons_centres_are_no_better(
    targets: list[int], after: int, learned: tuple[str, ...], stays: bool
) -> None:
    takes = Takes(np.zeros((4, 6), np.int8), np.array(targets))
    begun = Enrolment("00" * 32, 3, learned=learned)
    assert network_stays(takes, begun, Share(3, 4), Share(after, 4)) is stays


def test_people_without_centres_leave_the_decision_to_the_network() -> None:
    nobody = Enrolment("00" * 32, 3)
    bea = nobody.with_person("bea", (EnrolledCentre(1, (0,) * 32),))
    assert not nobody.is_active
    assert bea.is_active
    assert not bea.with_person("tom", ()).is_active
