"""Protocols: what each leaves out, and that a flattering one must be asked for by name."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording, person_of
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.datasets.held_out_recordings import held_out
from pipeline.datasets.protocols import check_protocol, honest_protocol, protocol_folds
from pipeline.datasets.windows import make_dataset
from pipeline.training.held_out_scores import HeldOutScores, pool_folds
from tests.takes import config, takes

GESTURES = ("flex", "punch")
PEOPLE = ("anna", "ben", "cleo", "dora", "emil")


def parts(recordings: list[Recording], fold: GestureConfig) -> dict[str, set[str]]:
    """Names of the recordings that windows of each part are from."""
    dataset = make_dataset(recordings, fold)
    return {
        part: {dataset.groups[index] for index in indices}
        for part, indices in dataset.splits.items()
    }


def people_of(names: set[str]) -> set[str]:
    return {name.split("/")[1].split("-")[0] for name in names}


def test_lopo_tests_on_each_person_once_and_nobody_tested_is_seen_before() -> None:
    recordings = takes(GESTURES, PEOPLE, each=3)
    tested = []
    for fold in protocol_folds(recordings, config(), "lopo"):
        who = {part: people_of(names) for part, names in parts(recordings, fold).items()}
        assert not who["test"] & (who["train"] | who["validation"])
        assert not who["validation"] & who["train"]  # what stops the training is a stranger too
        tested.append(who["test"])
    assert sorted(map(min, tested)) == list(PEOPLE)
    assert all(len(people) == 1 for people in tested)


def test_session_leaves_each_session_out() -> None:
    recordings = takes(GESTURES, PEOPLE[:2], sessions=2)
    folds = protocol_folds(recordings, config(), "session")
    tested = [parts(recordings, fold)["test"] for fold in folds]
    sessions = [{name.rpartition("-")[0].split("/")[1] for name in names} for names in tested]
    assert sorted(map(min, sessions)) == ["anna-1", "anna-2", "ben-1", "ben-2"]


def test_kfold_tests_every_take_once_by_what_the_config_says() -> None:
    recordings = takes(GESTURES, PEOPLE, each=4)
    tested = [parts(recordings, f)["test"] for f in protocol_folds(recordings, config(), "kfold")]
    assert sorted(name for names in tested for name in names) == sorted(
        recording.name for recording in recordings
    )
    by_person = config(split={"by": "person", "folds": 2})
    folds = protocol_folds(recordings, by_person, "kfold")
    assert [fold.split.by for fold in folds] == ["person", "person"]


def test_unseen_leaves_each_gesture_out_of_every_part_and_keeps_its_takes() -> None:
    gestures = ("clap", *GESTURES)
    recordings = takes(gestures, PEOPLE[:2], each=3)
    folds = protocol_folds(recordings, config(), "unseen")
    for left_out, fold in zip(gestures, folds, strict=True):
        names = set().union(*parts(recordings, fold).values())
        assert {name.split("/")[0] for name in names} == {*gestures} - {left_out}
        assert [one.label for one in held_out(recordings, fold).unseen] == [left_out] * 6


def test_leaky_has_the_tested_takes_in_training_too() -> None:
    recordings = takes(GESTURES, PEOPLE, each=3)
    folds = protocol_folds(recordings, config(), "leaky")
    assert len(folds) == 5
    found = parts(recordings, folds[0])
    assert found["test"] & found["train"]


@pytest.mark.parametrize("name", ["window", "random", "lop0"])
def test_a_random_split_over_windows_is_refused_by_any_other_name(name: str) -> None:
    with pytest.raises(PipelineError, match=f"no protocol `{name}`") as caught:
        check_protocol(name)
    assert caught.value.exit_code == ExitCode.USAGE
    assert "leaky" in caught.value.next_step
    assert ("flatters" in caught.value.why) == (name != "lop0")


def test_a_fold_that_cannot_be_made_is_found_before_anything_is_trained() -> None:
    with pytest.raises(PipelineError, match="too few persons in all"):
        protocol_folds(takes(GESTURES), config(), "lopo")
    lonely = [*takes(GESTURES, PEOPLE[:3]), *takes(("wave",), ("cleo",))]
    with pytest.raises(PipelineError, match="No wave is in the training part"):
        protocol_folds(lonely, config(), "lopo")
    shared = config(data={"labels": GESTURES})
    assert len(protocol_folds(lonely, shared, "lopo")) == 3


def test_the_honest_protocol_is_by_person_where_people_allow_it() -> None:
    assert honest_protocol(takes(GESTURES, PEOPLE), config()) == "lopo"
    assert honest_protocol(takes(GESTURES, PEOPLE[:2]), config()) == "kfold"


def scores(names: tuple[str, ...], targets: list[int], called: list[int]) -> HeldOutScores:
    """Of a fold whose float model is always right and whose int8 model calls `called`."""
    one_hot = np.eye(2, dtype=np.float32)
    int8 = np.where(one_hot[called] == 1, 100, -128).astype(np.int8)
    return HeldOutScores(("a", "b"), names, np.array(targets, np.int32), one_hot[targets], int8)


def test_folds_are_pooled_by_window_and_by_person() -> None:
    folds = [
        scores(("a/x-1-1", "a/x-1-1", "a/y-1-1"), [0, 0, 0], [0, 1, 0]),
        scores(("b/y-1-1",), [1], [0]),
    ]
    pooled = pool_folds(folds, person_of)
    assert pooled.windows == 4
    assert (pooled.float_metrics.accuracy, pooled.int8_metrics.accuracy) == (1.0, 0.5)
    assert pooled.int8_metrics.confusion.tolist() == [[2, 1], [1, 0]]
    said = [(p.person, p.windows, p.float_accuracy, p.int8_accuracy) for p in pooled.people]
    assert said == [("x", 2, 1.0, 0.5), ("y", 2, 1.0, 0.5)]
