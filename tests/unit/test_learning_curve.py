"""Learning curves: whether more takes, or more people, would make recognition better."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.core.contract import Channel, Hashes
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import fingerprint, load_recordings
from pipeline.datasets.windows import usable_recordings
from pipeline.training.learning_curve import (
    LearningCurves,
    Takes,
    curve_by_people,
    curve_by_takes,
    saved_curves,
    says_whether_more_pays,
)
from pipeline.training.paired import Difference
from pipeline.workflows.learning import learning_curves
from tests.takes import save_all, takes
from tests.tiny_model import CONTRACT

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(3)
EACH = 12  # takes of a gesture and person


def some_takes(people: tuple[str, ...], signal: float) -> Takes:
    """Two gestures that differ by a swing of this size, in noise."""
    count = 2 * EACH * len(people)
    targets = (np.arange(count) % 2).astype(np.int32)
    inputs = RANDOM.normal(size=(count, 30, 2)).astype(np.float32)
    inputs[targets == 1, 10:20, 0] += signal
    of = tuple(person for person in people for _ in range(2 * EACH))
    return Takes(inputs, targets, tuple(f"{n:03d}" for n in range(count)), of)


def folds(made: Takes, seeds: int = 2) -> list[np.ndarray]:
    """Of pairs of neighbours, so that a fold has both gestures."""
    return [RANDOM.permutation(len(made.names) // 2).repeat(2) % 4 for _ in range(seeds)]


def silent(_: str) -> None:
    pass


def test_accuracy_rises_with_takes_up_to_all_there_are() -> None:
    made = some_takes(("anna", "ben"), signal=2.0)
    curve = curve_by_takes(made, folds(made), silent)
    assert curve is not None
    assert [point.count for point in curve.points] == [1, 2, 3, 5, 10, 18]  # a quarter is tested
    assert (curve.windows, curve.splits, curve.since) == (48, 8, 10)
    first, *_, last = curve.points
    assert last.accuracy > first.accuracy
    assert last.accuracy > 0.9
    for point in curve.points:
        low, high = point.interval
        assert 0 <= low <= point.accuracy <= high <= 1


def twice(people: tuple[str, ...]) -> Takes:
    """Each window two times, with a label by chance: a model that knows it would be right."""
    half = some_takes(people, signal=0)
    return Takes(
        half.inputs.repeat(2, axis=0),
        RANDOM.permutation(half.targets).repeat(2),
        tuple(np.repeat(half.names, 2)),
        tuple(np.repeat(half.people, 2)),
    )


def test_no_take_is_tested_on_a_model_that_knows_it() -> None:
    curve = curve_by_takes(twice(("anna", "ben")), [(np.arange(48) % 4).repeat(2)], silent)
    assert curve is not None
    assert all(point.accuracy < 0.75 for point in curve.points)
    assert curve.rise.verdict == "not told apart"


def test_a_person_left_out_is_tested_on_what_others_made() -> None:
    curve = curve_by_people(twice(("anna", "ben", "cleo", "dan")), 2, silent)
    assert curve is not None
    assert [point.count for point in curve.points] == [1, 2, 3]
    assert (curve.windows, curve.splits, curve.since) == (192, 8, 2)
    assert all(point.accuracy < 0.7 for point in curve.points)
    alike = curve_by_people(some_takes(("anna", "ben", "cleo", "dan"), signal=3.0), 2, silent)
    assert alike is not None
    assert alike.points[-1].accuracy > 0.9


@pytest.mark.parametrize("people", [("anna", "ben"), ("anna",)])
def test_too_few_people_or_gestures_give_no_curve(people: tuple[str, ...]) -> None:
    made = some_takes(people, signal=1.0)
    assert curve_by_people(made, 2, silent) is None
    alike = replace(made, targets=np.zeros_like(made.targets))
    assert curve_by_takes(alike, folds(made), silent) is None


@pytest.mark.parametrize(
    ("rise", "words"),
    [
        (
            Difference(0.04, (0.012, 0.068), "ahead"),
            "the accuracy still rises by 4.0 points (1.2 to 6.8): more takes pay.",
        ),
        (
            Difference(0.002, (-0.01, 0.015), "not told apart"),
            "changes by +0.2 points (-1.0 to +1.5), no more than chance: "
            "more takes of this kind hardly pay.",
        ),
        (
            Difference(0.03, (-0.02, 0.08), "not told apart"),
            "which may be chance: these are too few to say whether more takes pay.",
        ),
    ],
)
def test_one_sentence_says_whether_more_takes_pay(rise: Difference, words: str) -> None:
    said = says_whether_more_pays("takes", 10, 20, rise)
    assert said.startswith("From 10 to 20 takes a gesture")
    assert said.endswith(words)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """As training leaves it, as far as curves need it."""
    save_all(tmp_path / "data", takes(("flex", "punch"), ("anna", "ben", "cleo"), each=4))
    made = RunFolder(tmp_path / "run")
    made.path.mkdir()
    text = f"data: {{path: {tmp_path / 'data'}}}\nwindow: {{length: 40, hop: 8}}\n"
    made.config_file.write_text(text, "utf-8")
    config = load_gesture_config(made.config_file)
    data = fingerprint(usable_recordings(load_recordings(config.data.path), config))
    scaling = CONTRACT.scaling.model_copy(update={"mean": (0.0,) * 6, "std": (1.0,) * 6})
    channels = tuple(Channel(name=name, unit="g") for name in IMU_CHANNELS)
    hashes = Hashes(data=data, config=config.hash())
    changes = {"hashes": hashes, "channels": channels, "scaling": scaling}
    CONTRACT.model_copy(update=changes).save(made.contract_file)
    return made


def test_curves_of_a_run_are_computed_once_and_kept(run: RunFolder) -> None:
    said: list[str] = []
    curves = learning_curves(run, said.append)
    assert curves is not None
    assert curves.takes is not None
    assert curves.people is not None
    assert [point.count for point in curves.takes.points] == [1, 2, 3, 5, 9]
    assert [point.count for point in curves.people.points] == [1, 2]
    assert "learning from 9 takes" in said
    assert LearningCurves.load(run.learning_curve_file) == curves
    assert learning_curves(run, lambda step: pytest.fail(step)) == curves


def test_curves_of_other_settings_or_damaged_ones_are_not_taken(run: RunFolder) -> None:
    curves = learning_curves(run, silent)
    assert curves is not None
    replace(curves, config="0" * 64).save(run.learning_curve_file)
    assert saved_curves(run) is None
    run.learning_curve_file.write_text("{", "utf-8")
    assert saved_curves(run) is None
    assert learning_curves(run, silent) == curves


def test_recordings_that_changed_or_are_gone_give_no_curve_and_a_reason(run: RunFolder) -> None:
    data = run.path.parent / "data"
    said: list[str] = []
    (data / "flex" / "anna-1-001.csv").unlink()
    assert learning_curves(run, said.append) is None
    assert said == ["no learning curve: the recordings have changed since the training"]
    shutil.rmtree(data)
    assert learning_curves(run, said.append) is None
    assert said[1].startswith("no learning curve: ")
    assert not run.learning_curve_file.exists()
