"""The test data is never near the training data, and a run keeps the recordings held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.gesture_settings import SplitConfig
from pipeline.core.artifacts import HostClock, Interval, Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.held_out_recordings import HeldOutRecordings, held_out
from pipeline.datasets.splits import Split, choose_by, group_names, split_recordings
from pipeline.datasets.windows import make_dataset
from tests.takes import config, take, takes

GESTURES = ("flex", "punch")
PEOPLE = ("anna", "ben", "cleo", "dora", "emil", "finn")
WAYS = ("take", "session", "person")


def split(recordings: list[Recording], **settings: object) -> Split:
    return split_recordings(recordings, SplitConfig.model_validate(settings), "idle")


def refused(recordings: list[Recording], **settings: object) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        split(recordings, **settings)
    return caught.value


@settings(max_examples=60, deadline=None)
@given(
    by=st.sampled_from(WAYS),
    labels=st.sampled_from([GESTURES, (*GESTURES, "idle"), (*GESTURES, "wave", "idle")]),
    people=st.integers(2, 6),
    sessions=st.integers(1, 3),
    each=st.integers(2, 5),
    folds=st.integers(2, 5),
    seed=st.integers(0, 3),
)
def test_folds_partition_the_data_and_cut_no_group(
    by: str, labels: tuple[str, ...], people: int, sessions: int, each: int, folds: int, seed: int
) -> None:
    recordings = takes(labels, PEOPLE[:people], sessions, each, n=2)
    groups = group_names(recordings, by)
    of_a_label = {group for group, r in zip(groups, recordings, strict=True) if r.label == "flex"}
    folds = min(folds, len(of_a_label))
    tested: list[int] = []
    for fold in range(folds):
        made = split(recordings, by=by, folds=folds, fold=fold, seed=seed)
        parts = (made.train, made.validation, made.test)
        assert sorted(sum(parts, ())) == list(range(len(recordings)))
        assert all(parts)
        inside = {groups[i] for i in made.test}
        assert not inside & {groups[i] for i in (*made.train, *made.validation)}
        assert {recordings[i].label for i in made.test} == set(labels)
        assert {recordings[i].label for i in made.train} == set(labels)
        tested += made.test
    assert sorted(tested) == list(range(len(recordings)))


def test_every_fold_has_as_many_takes_of_a_label() -> None:
    recordings = takes(GESTURES, each=11)
    for fold in range(5):
        test = split(recordings, folds=5, fold=fold).test
        for label in GESTURES:
            assert sum(recordings[i].label == label for i in test) in (2, 3)


def test_the_seed_alone_decides() -> None:
    recordings = takes((*GESTURES, "idle"), PEOPLE, each=4)
    names = [recording.name for recording in recordings]
    first = split(recordings, by="take", seed=1)
    assert split(recordings, by="take", seed=1) == first
    assert split(recordings, by="take", seed=2).test != first.test
    backwards = split(recordings[::-1], by="take", seed=1)
    for part in ("train", "validation", "test"):
        there = {names[i] for i in getattr(first, part)}
        assert {names[::-1][i] for i in getattr(backwards, part)} == there


def test_with_few_people_each_fold_leaves_one_out() -> None:
    recordings = takes(GESTURES, PEOPLE[:4])
    left_out = []
    for fold in range(4):
        made = split(recordings, folds=5, fold=fold)
        assert made.describe() == f"by person, fold {fold + 1} of 4"
        left_out.append({recordings[i].person for i in made.test})
    assert sorted(left_out, key=min) == [{person} for person in PEOPLE[:4]]


def test_validation_is_the_share_asked_for_and_other_people_where_there_are_enough() -> None:
    recordings = takes(GESTURES, PEOPLE, each=10)
    made = split(recordings, by="person", folds=6)
    people = [{recordings[i].person for i in part} for part in (made.train, made.validation)]
    assert not people[0] & people[1]
    assert len(made.validation) == pytest.approx(0.2 * 100, abs=1)  # one of five people
    half = split(recordings, by="take", validation=0.5)
    assert len(half.validation) == pytest.approx(len(half.train), abs=2)


def test_validation_is_other_takes_where_people_are_few() -> None:
    recordings = takes(GESTURES, PEOPLE[:3], each=10)
    made = split(recordings, by="person")
    assert len({recordings[i].person for i in made.train}) == 2
    assert 0 < len(made.validation) < len(made.train)


@pytest.mark.parametrize(
    ("recordings", "by"),
    [
        (takes(GESTURES, PEOPLE[:3]), "person"),
        (takes(GESTURES, PEOPLE[:2]), "take"),
        (takes(GESTURES, PEOPLE[:2]) + takes(("flex",), ("cleo",)), "take"),
        (takes(GESTURES, PEOPLE[:3]) + takes(("idle",), ("dora",)), "person"),
        (takes((*GESTURES, "idle"), PEOPLE[:2]) + takes(GESTURES, ("cleo",)), "person"),
    ],
    ids=["three people", "two", "one made a part", "idle by another", "not all were idle"],
)
def test_by_person_where_three_have_made_every_gesture(
    recordings: list[Recording], by: str
) -> None:
    assert choose_by(recordings, "idle") == by
    assert split(recordings).by == by


@pytest.mark.parametrize(("by", "groups"), [("person", 6), ("session", 12), ("take", 120)])
def test_without_a_number_of_folds_each_group_is_left_out_once(by: str, groups: int) -> None:
    recordings = takes(GESTURES, PEOPLE, sessions=2, each=5)
    names = group_names(recordings, by)
    left_out = []
    for fold in range(groups):
        test = split(recordings, by=by, folds=None, fold=fold).test
        left_out.append({names[i] for i in test})
    assert sorted(min(group) for group in left_out) == sorted(set(names))
    assert all(len(group) == 1 for group in left_out)
    assert "only" in refused(recordings, by=by, folds=None, fold=groups).what


def test_what_is_asked_for_wins_over_what_would_be_chosen() -> None:
    assert split(takes(GESTURES, PEOPLE[:3]), by="take").by == "take"


def test_sessions_of_two_people_are_not_mixed_up() -> None:
    names = group_names(takes(GESTURES, PEOPLE[:2], sessions=2), "session")
    assert set(names) == {"anna-1", "anna-2", "ben-1", "ben-2"}


def test_boards_that_recorded_a_take_together_are_not_separated() -> None:
    """A later capture of the session counts its takes from 1 anew; those are others."""
    made = [
        replace(recording, take=1, clock=HostClock(offset_us, 0.0, 0))
        for recording, offset_us in zip(
            takes(GESTURES[:1], PEOPLE[:1], each=4), (0, 40_000, 9_000_000, 9_300_000), strict=True
        )
    ]
    first, second, third, fourth = group_names(made, "take")
    assert first == second != third == fourth
    unplaced = [replace(recording, clock=None) for recording in made]
    assert len(set(group_names(unplaced, "take"))) == 4


def test_an_empty_dataset() -> None:
    error = refused([])
    assert "no recordings" in error.what
    assert "gesture capture" in error.next_step


@pytest.mark.parametrize("label", ["punch", "idle"])
def test_one_class_is_nothing_to_say_apart(label: str) -> None:
    error = refused(takes((label,), each=9))
    assert error.what == f"The dataset has only one class: {label}."
    assert "second gesture" in error.next_step


def test_one_gesture_and_idle_is_enough() -> None:
    assert split(takes(("punch", "idle"), each=6)).test


def test_too_few_takes_of_a_gesture() -> None:
    error = refused(takes(("flex",), each=9) + takes(("punch",), each=4))
    assert error.what == "There are too few takes of punch for a split: 4, and 5 are needed."
    assert error.next_step == "record at least 5 takes of punch, or set split.folds lower"
    assert split(takes(GESTURES, each=4), folds=4)


def test_too_few_sessions_of_a_gesture() -> None:
    error = refused(takes(GESTURES, sessions=4), by="session")
    assert "too few sessions of flex for a split: 4, and 5 are needed" in error.what
    assert "split.folds lower, or split.by to take" in error.next_step


@pytest.mark.parametrize("fold", [0, 1])
def test_one_person_cannot_be_left_out(fold: int) -> None:
    error = refused(takes(GESTURES), by="person", fold=fold)
    assert "too few persons in all for a split: 1, and 2 are needed" in error.what
    assert error.next_step.endswith("or set split.by to take")


def test_a_fold_that_there_is_not() -> None:
    error = refused(takes(GESTURES, PEOPLE[:3]), fold=3)
    assert error.what == "split.fold is 3, but there are only 3 folds, counted from 0."
    assert error.next_step == "choose a fold from 0 to 2"


def test_a_label_that_only_one_person_made_cannot_be_recognized_without_them() -> None:
    recordings = [*takes(GESTURES, PEOPLE[:3]), *takes(("wave",), ("cleo",))]
    caught = []
    for fold in range(3):
        try:
            made = split(recordings, by="person", fold=fold)
        except PipelineError as error:
            caught.append(error)
        else:
            assert "cleo" not in {recordings[i].person for i in made.test}
    assert [error.what for error in caught] == ["No wave is in the training part of this fold."]
    assert "by person" in caught[0].why
    assert caught[0].next_step == "record wave with somebody else too, or set split.by to take"


def test_takes_that_suffice_to_test_but_not_to_train() -> None:
    error = refused(takes(GESTURES, each=2), folds=2, by="take")
    assert "is in the training part" in error.what
    assert error.next_step.endswith("more often")


def test_takes_alike_in_all_but_the_name_are_kept_apart() -> None:
    first = take("flex")
    twins = [replace(first, name=f"flex/anna-1-{n}") for n in range(10)] + takes(("punch",))
    assert len(split(twins).test) == 3


RECORDINGS = [*takes(("flex", "punch"), each=10), *takes(("clap",), each=3)]


def test_they_are_those_of_the_split_and_what_the_model_does_not_know() -> None:
    chosen = config(data={"labels": ["flex", "punch"]})
    held, dataset = held_out(RECORDINGS, chosen), make_dataset(RECORDINGS, chosen)
    for part in ("validation", "test"):
        names = {dataset.groups[index] for index in dataset.splits[part]}
        assert {recording.name for recording in getattr(held, part)} >= names
    learned = {dataset.groups[index] for index in dataset.splits["train"]}
    assert not learned & {one.name for one in (*held.validation, *held.test, *held.unseen)}
    assert {one.label for one in held.unseen} == {"clap"}


def test_nothing_is_held_out_where_windows_are_split_at_random() -> None:
    assert held_out(RECORDINGS, config(split={"by": "leaky"})) == HeldOutRecordings()


def test_motion_used_as_background_is_not_unseen() -> None:
    sections = {"data": {"labels": ["flex", "punch"]}, "unknown": {"labels": ["clap"]}}
    assert held_out(RECORDINGS, config(**sections)).unseen == ()


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    gap = replace(take("punch", 7), seq=np.arange(60) * 2, intervals=(Interval(3, 9, "punch"),))
    held = HeldOutRecordings((take("flex"),), (gap, take("punch", 8, n=45)), ())
    held.save(tmp_path / "kept.npz")
    again = HeldOutRecordings.load(tmp_path / "kept.npz")
    assert [len(again.validation), len(again.test), len(again.unseen)] == [1, 2, 0]
    for one, other in zip(held.test, again.test, strict=True):
        same(one, other)


def test_channels_that_the_model_does_not_see_are_zero(tmp_path: Path) -> None:
    seen = replace(take("flex"), samples=take("flex").samples[:, :3], channels=("ax", "ay", "az"))
    HeldOutRecordings((seen,), (), ()).save(tmp_path / "kept.npz")
    (kept,) = HeldOutRecordings.load(tmp_path / "kept.npz").validation
    assert np.array_equal(kept.thousandths[:, :3], seen.thousandths)
    assert not kept.samples[:, 3:].any()


def same(one: Recording, other: Recording) -> None:
    for name in ("name", "label", "person", "session", "rate_hz", "intervals"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("thousandths", "seq", "t_us"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
