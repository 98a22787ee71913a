"""The headline: what a user will feel, for whom it holds, and what would change it most."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.core.shares import Share
from pipeline.reports.facts import ClassResult, Headline, PersonResult
from pipeline.training.learning_curve import CurvePoint, LearningCurve, LearningCurves
from pipeline.training.paired import Difference
from pipeline.workflows.report import make_headline
from tests.fixtures.reported import verdict

CALLED = {"takes": 7, "found": 7}
ANNA = (PersonResult("anna", 8, 0.75),)


def made(
    called: dict[str, Any] | None = CALLED,
    people: tuple[str, ...] = ("anna",),
    curves: LearningCurves | None = None,
    **changes: Any,
) -> Headline:
    known = verdict(**{"people": ANNA, "strangers": False, **changes})
    return make_headline(known, "idle", called, people, curves)


def test_events_are_the_headline_and_seven_of_them_are_no_hundred_percent() -> None:
    assert made().sentences[0] == (
        "7 of 7 held-out gestures were called by name (95 % interval: 65 to 100 %), "
        "made by one person."
    )
    many = made({"takes": 125, "found": 117}).sentences[0]
    assert many.startswith("93.6 % of 125 held-out gestures were called by name (95 % interval: 88")
    assert str(made().share) == "7 of 7"
    assert str(Share(99, 99)) == "99 of 99"
    assert str(Share(99, 100)) == "99.0 %"


def test_before_conversion_gestures_are_counted_and_the_background_is_not() -> None:
    assert (
        made(None)
        .sentences[0]
        .startswith("5 of 7 held-out gestures were recognized, each from one")
    )


@pytest.mark.parametrize(
    ("changes", "holds", "others"),
    [
        ({}, "for anna, moving as in", "record 2 more people, with `gesture capture"),
        ({"people": ("anna", "ben", "cleo")}, "for anna, moving as in", "--protocol lopo"),
        ({"people": ("anna", "ben")}, "for anna, moving as in", "Takes of anna and ben alone"),
        ({"leaky": True}, "holds for nobody", ""),
    ],
)
def test_it_says_for_whom_it_holds_and_what_a_stranger_can_expect(
    changes: dict[str, Any], holds: str, others: str
) -> None:
    people = changes.pop("people", ("anna",))
    headline = made(people=people, **changes)
    assert holds in headline.holds
    assert others in headline.others
    assert bool(others) == bool(headline.others)


def test_where_nothing_of_a_person_was_learned_from_it_holds_for_strangers() -> None:
    headline = made(strangers=True)
    assert (
        "holds for a stranger: no recording of anna was learned from. Another person"
        in headline.holds
    )
    assert "can expect more" in headline.others
    both = (*ANNA, PersonResult("ben", 3, 1.0))
    known = verdict(people=both, strangers=True)
    two = make_headline(known, "idle", CALLED, ("anna", "ben", "cleo"), None)
    assert two.holds == "It holds for a stranger: no recording of anna and ben was learned from."


def test_a_curve_over_people_tells_what_a_stranger_can_expect() -> None:
    points = (CurvePoint(1, 0.5, (0.4, 0.6)), CurvePoint(3, 0.62, (0.5, 0.71)))
    rise = Difference(0.12, (0.0, 0.2), "not told apart")
    curve = LearningCurve("people", 2, 100, points, 1, rise, "")
    said = made(curves=LearningCurves("", "", None, curve)).others
    assert said.startswith("For a stranger expect about 62% (50 to 71 %)")
    assert "after 3 other people" in said


def test_what_would_change_the_picture_most_is_named() -> None:
    person, gesture, pair = made().more
    assert "Another person" in person
    assert "all takes are of anna" in person
    assert gesture.startswith("`up` is least sure (2 of 3 right, so probably 21 to 94 %)")
    assert pair == "`up` was most often taken for `down` (1 of 3): more takes of both help."
    stranger, *_ = made(strangers=True, people=("anna", "ben", "cleo")).more
    assert "The other 2 people" in stranger
    two = made(people=("anna", "ben")).more
    assert not any("Another person" in one for one in two)


def test_gestures_that_are_equally_sure_are_all_named() -> None:
    same = tuple(ClassResult(label, 4, 1.0, 1.0, 1.0) for label in ("up", "down"))
    right = [[1, 0, 0], [0, 4, 0], [0, 0, 4]]
    more = made(people=("anna", "ben"), classes=same, confusion=right).more
    assert len(more) == 1
    assert more[0].startswith("All gestures are equally unsure (`up`: 4 of 4 right")
