"""Everyday motion: all of it is background, and whose motion tests the model has not taught it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Float32, Recording, SequenceDataset, is_everyday, is_made_rest
from pipeline.datasets.held_out_recordings import HeldOutRecordings, held_out
from pipeline.datasets.recordings import training_recordings
from pipeline.datasets.splits import split_everyday
from pipeline.datasets.windows import make_dataset, make_whole_dataset, usable_recordings
from tests.takes import config, save_all, take, takes

PEOPLE = tuple(f"person{number}" for number in range(10))
WALKS = [take("walk", 1, person, n=200) for person in PEOPLE]


@pytest.fixture
def settings(tmp_path: Path) -> GestureConfig:
    save_all(tmp_path / "mine", takes(("flex", "punch")))
    save_all(tmp_path / "life", WALKS)
    return with_folders(tmp_path)


def with_folders(folder: Path, **split: Any) -> GestureConfig:
    data = {"path": folder / "mine", "everyday": folder / "life"}
    return config(data=data, split={"validation": 0.2, **split})


def people_in(recordings: list[Recording]) -> set[str]:
    return {recording.person for recording in recordings}


def test_nobody_is_in_two_parts_and_over_all_folds_everybody_tests(tmp_path: Path) -> None:
    save_all(tmp_path / "mine", takes(("flex", "punch")))
    save_all(tmp_path / "life", WALKS)
    tested: set[str] = set()
    for fold in range(5):
        of_fold = with_folders(tmp_path, fold=fold)
        usable = usable_recordings(training_recordings(of_fold), of_fold)
        parts = [people_in(part) for part in split_everyday(usable, of_fold).values()]
        assert sum(map(len, parts)) == len(set().union(*parts)) == len(PEOPLE)
        assert min(map(len, parts)) == 2
        tested |= parts[2]
    assert tested == set(PEOPLE)


def test_it_teaches_the_background_and_leaves_the_test_of_gestures_as_it_was(
    settings: GestureConfig,
) -> None:
    recordings = training_recordings(settings)
    with_it = make_dataset(recordings, settings)
    without = make_dataset([one for one in recordings if not one.everyday], settings)
    for mine, other in zip(with_it.part("test"), without.part("test"), strict=True):
        np.testing.assert_array_equal(mine, other)
    added = [i for i, name in enumerate(with_it.groups) if name.startswith("everyday/")]
    assert {with_it.labels[with_it.targets[index]] for index in added} == {"idle"}
    held = held_out(recordings, settings)
    kept = people_in([*held.everyday_validation, *held.everyday_test])
    taught = {with_it.groups[index] for index in with_it.splits["train"] if index in set(added)}
    assert taught
    assert not any(person in name for name in taught for person in kept)
    assert with_it.fingerprint != without.fingerprint


def test_rest_is_learned_beside_it_and_no_pieces_of_gestures(settings: GestureConfig) -> None:
    recordings = training_recordings(settings)
    pieces = settings.unknown.model_copy(update={"share": 1.0})
    in_place, beside = (
        strengths_of_background(make_dataset(recordings, one))
        for one in (settings, settings.model_copy(update={"unknown": pieces}))
    )
    assert np.mean(in_place < STILL_DPS) > 0.8
    assert np.mean(beside < STILL_DPS) < 0.8


def test_rest_is_learned_any_way_up(settings: GestureConfig) -> None:
    level = np.array([0, 0, 1, 0, 0, 0], np.float32)
    held_level = [
        replace(one, samples=one.samples * 0 + level) for one in takes(("flex", "punch"), each=60)
    ]
    gravity = background(make_dataset(held_level, settings))[:, :, 2].mean(axis=1)
    assert gravity.min() < -0.5
    assert gravity.max() > 0.5


def test_made_rest_is_no_recording(settings: GestureConfig) -> None:
    recordings = training_recordings(settings)
    dataset = make_dataset(recordings, settings)
    taught = {dataset.groups[index] for index in dataset.splits["train"]}
    made = {name for name in taught if is_made_rest(name)}
    assert made
    assert set(dataset.recordings_in("train")) == taught - made
    assert taught - made <= {one.name for one in recordings}


STILL_DPS = 30.0


def background(dataset: SequenceDataset) -> Float32:
    """Training windows of the background that are no everyday motion."""
    idle = dataset.labels.index("idle")
    chosen = [
        index
        for index in dataset.splits["train"].tolist()
        if dataset.targets[index] == idle and not is_everyday(dataset.groups[index])
    ]
    return dataset.sequences(np.array(chosen))


def strengths_of_background(dataset: SequenceDataset) -> Float32:
    """The fastest rotation in each of these windows."""
    fastest: Float32 = np.abs(background(dataset)[:, :, 3:]).max(axis=(1, 2))
    return fastest


def test_the_model_for_the_board_learns_from_all_of_it(settings: GestureConfig) -> None:
    whole = make_whole_dataset(training_recordings(settings), settings)
    assert {name for name in whole.groups if name.startswith("everyday/")} == {
        f"everyday/walk/{person}-1-001" for person in PEOPLE
    }


def test_what_was_held_out_is_kept_in_the_run(settings: GestureConfig, tmp_path: Path) -> None:
    held = held_out(training_recordings(settings), settings)
    held.save(tmp_path / "kept.npz")
    again = HeldOutRecordings.load(tmp_path / "kept.npz")
    for part in ("everyday_validation", "everyday_test"):
        mine, other = getattr(held, part), getattr(again, part)
        assert [one.person for one in mine] == [one.person for one in other] != []
        np.testing.assert_allclose(mine[0].samples, other[0].samples, atol=1e-6)


def test_one_recording_is_all_for_training(settings: GestureConfig) -> None:
    only = [replace(WALKS[0], everyday=True, label="idle")]
    parts = split_everyday(only, settings)
    assert [len(part) for part in parts.values()] == [1, 0, 0]


def test_the_hash_of_the_settings_is_the_same_in_another_folder(tmp_path: Path) -> None:
    assert with_folders(tmp_path).hash() == with_folders(tmp_path / "other").hash()
