"""Scores by the nearest centre: the C gives what the reference in Python gives, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.artifacts import EMBEDDING_DIMENSIONS, Int8
from pipeline.core.centres import ExtraCentres
from pipeline.core.enrolment import LEARNED, EnrolledCentre, Enrolment
from pipeline.twin.library import Twin
from tests.tiny_model import CONTRACT, RATE_HZ, WINDOW, swings
from tests.toy_centres import features_of, moves, toy_centres, write_toy_centres

pytestmark = pytest.mark.usefixtures("host_compiler")

CLASSES = len(CONTRACT.labels)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    sources = write_toy_centres(tmp_path_factory.mktemp("model"))
    return Twin(sources, tmp_path_factory.mktemp("twin"))


def random_windows(count: int, seed: int) -> Int8:
    """Half of them so even that their means are not all near 0."""
    random = np.random.default_rng(seed)
    levels = random.integers(-128, 128, (count, 1, 6))
    windows = np.clip(levels + random.integers(-20, 20, (count, WINDOW, 6)), -128, 127)
    return windows.reshape(count, -1).astype(np.int8)


def enrolment_of(centres: list[EnrolledCentre], **names: tuple[str, ...]) -> Enrolment:
    people = names.get("people", ())
    return Enrolment(
        contract=CONTRACT.hash(),
        classes=CLASSES,
        people=people,
        learned=names.get("learned", ()),
        centres=tuple(centres),
        person=people[0] if people else None,
    )


def point(*values: int) -> tuple[int, ...]:
    return (*values, *[0] * (EMBEDDING_DIMENSIONS - len(values)))


def test_embeddings_are_those_of_the_reference(twin: Twin) -> None:
    windows = random_windows(1000, seed=1)
    expected = toy_centres().embedded(features_of(windows))
    assert np.array_equal(twin.embed(windows), expected)
    assert len(np.unique(expected[:, 5])) > 100, "the last feature counts too"


def test_scores_are_those_of_the_reference(twin: Twin) -> None:
    random = np.random.default_rng(2)
    centres = [
        EnrolledCentre(
            int(kind), tuple(random.integers(-7, 8, EMBEDDING_DIMENSIONS).tolist()), owner, 300
        )
        for kind, owner in ((1, "bea"), (2, None), (CLASSES, None), (CLASSES + 1, "bea"))
    ]
    enrolment = enrolment_of(centres, people=("bea",), learned=("jump", "hop"))
    near = np.array([one.point for one in centres])[random.integers(len(centres), size=1000)]
    points = (near + random.integers(-6, 7, near.shape)).astype(np.int8)
    extra = ExtraCentres(
        np.array([one.point for one in centres], np.int8),
        np.array([one.class_index for one in centres]),
        np.array([one.sharpness for one in centres]),
    )
    expected = toy_centres().scores(points, extra, CLASSES + LEARNED)
    twin.enrol(enrolment.to_bytes(), enrolment.learned)
    assert np.array_equal(twin.score_embedded(points), expected[:, : CLASSES + 2])
    assert len(np.unique(expected)) > 50


def test_a_person_who_is_not_chosen_changes_nothing(twin: Twin) -> None:
    own = EnrolledCentre(1, point(0, 100), "bea")
    chosen = enrolment_of([own], people=("bea", "tom"))
    points = np.array([point(0, 100)], np.int8)
    twin.enrol(chosen.to_bytes())
    assert twin.score_embedded(points).argmax() == 1
    twin.enrol(Enrolment(**{**vars(chosen), "person": "tom"}).to_bytes())
    assert twin.score_embedded(points).argmax() == 0, "far from all centres is background"


def test_a_learned_gesture_is_called_by_its_name(twin: Twin) -> None:
    """ax goes up as far as `up` does; what was learned is nearer."""
    recording = swings(8)
    jump = EnrolledCentre(CLASSES, tuple(twin.embed(_windows_up(twin))[0].tolist()))
    twin.enrol(enrolment_of([jump], learned=("jump",)).to_bytes(), ("jump",))
    names = [event.label for event in twin.replay(recording).events]
    assert names.count("jump") == names.count("down") == 2
    twin.enrol(None)
    assert [event.label for event in twin.replay(recording).events] == ["up", "down"] * 2


def _windows_up(twin: Twin) -> Int8:
    values = np.zeros((WINDOW, 6), np.int32)
    values[:, 0] = 1800
    assert RATE_HZ > WINDOW, "a second up holds whole windows"
    return twin.quantize(values).reshape(1, -1)


def test_an_enrolment_of_another_model_is_refused(twin: Twin) -> None:
    foreign = Enrolment(contract="f" * 64, classes=CLASSES, people=("bea",), person="bea")
    with pytest.raises(ValueError, match="not one of this model"):
        twin.enrol(foreign.to_bytes())
    damaged = bytearray(enrolment_of([], people=("bea",)).to_bytes())
    damaged[30] ^= 1
    with pytest.raises(ValueError, match="not one of this model"):
        twin.enrol(bytes(damaged))


def test_three_takes_teach_a_gesture_that_is_then_called(twin: Twin) -> None:
    twin.enrol(None)
    takes, learned = twin.learn("jump", moves([1.2, 1.25, 1.3], axis=1))
    assert takes == 3
    assert Enrolment.from_bytes(learned, CONTRACT.hash(), CLASSES).learned == ("jump",)
    twin.enrol(learned, ("jump",))
    called = twin.replay(moves([1.22, 1.28], axis=1)).events
    assert [event.label for event in called] == ["jump"] * 2
    assert not twin.replay(moves([-1.25, -1.25], axis=1)).events, "it goes the other way"


def test_two_takes_are_too_few(twin: Twin) -> None:
    twin.enrol(None)
    assert twin.learn("jump", moves([1.2, 1.2], axis=1)) == (2, b"")


def test_a_take_unlike_the_others_does_not_count(twin: Twin) -> None:
    """The third goes the other way."""
    twin.enrol(None)
    odd = [1.2, 1.25, -1.3]
    assert twin.learn("jump", moves(odd, axis=1)) == (2, b"")
    takes, learned = twin.learn("jump", moves([*odd, 1.2], axis=1))
    assert takes == 3
    twin.enrol(learned, ("jump",))
    assert [one.label for one in twin.replay(moves([1.22], axis=1)).events] == ["jump"]
