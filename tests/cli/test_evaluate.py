"""`gesture evaluate`: folds that hold people apart, shown side by side, and taken up again."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode
from pipeline.core.shares import Share
from pipeline.datasets.held_out_recordings import HeldOutRecordings
from pipeline.datasets.recordings import save_recording
from pipeline.datasets.streams import join_takes
from pipeline.training.events import match_events
from pipeline.training.held_out_scores import HeldOutScores
from pipeline.twin.library import Twin
from pipeline.workflows.jobs.kept import OUTCOME
from tests.cli.commands import gesture
from tests.noted import note_all
from tests.takes import takes

CONFIG = """
data: {path: data/two}
window: {length: 40, hop: 8}
split: {folds: 2}
augment: {passes: 1}
model: {kind: rocket, kernels: 8, dilations: [1, 2]}
"""
EVALUATE = ("evaluate", "small.yaml", "--protocol", "lopo", "--protocol", "leaky")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    for take in takes(("flex", "punch"), ("anna", "ben"), each=6):
        save_recording(take, folder / "data" / "two" / f"{take.name}.csv")
    (folder / "small.yaml").write_text(CONFIG, "utf-8")
    return folder


@pytest.fixture(scope="module")
def evaluated(work: Path, host_compiler: None) -> Any:
    ended = gesture(*EVALUATE, "--json", cwd=work)
    return ended.json


def test_protocols_stand_side_by_side_and_are_kept(evaluated: Any, work: Path) -> None:
    assert [score["protocol"] for score in evaluated["protocols"]] == ["lopo", "leaky"]
    lopo, leaky = evaluated["protocols"]
    assert (len(lopo["folds"]), len(leaky["folds"])) == (2, 2)
    assert [person["person"] for person in lopo["people"]] == ["anna", "ben"]
    assert lopo["windows"] == sum(person["windows"] for person in lopo["people"]) == 24
    assert np.sum(lopo["confusion"]) == 24
    assert json.loads((work / evaluated["folder"] / "evaluation.json").read_text()) == evaluated


def test_a_fold_is_a_converted_run_with_its_scores(evaluated: Any, work: Path) -> None:
    lopo = evaluated["protocols"][0]
    for fold in lopo["folds"]:
        scores = HeldOutScores.load(work / fold["run"] / "scores.npz")
        right = scores.int8_scores.argmax(axis=1) == scores.targets
        assert fold["int8_accuracy"] == np.mean(right)
        assert sorted(set(scores.names)) == fold["test"]
        assert len({name.split("/")[1].split("-")[0] for name in fold["test"]}) == 1
        assert (work / fold["run"] / "firmware" / "model_network.c").is_file()
    hits = sum(fold["int8_accuracy"] * fold["windows"] for fold in lopo["folds"])
    assert lopo["int8_accuracy"] == pytest.approx(hits / lopo["windows"])


def test_every_held_out_gesture_is_waited_for_and_rest_is_listened_to(evaluated: Any) -> None:
    lopo, leaky = evaluated["protocols"]
    called = lopo["called"]
    assert called["gestures"]["takes"] == 24
    found = [fold["called"]["gestures"]["found"] for fold in lopo["folds"]]
    assert called["gestures"]["found"] == sum(found)
    assert called["rest"]["hours"] == pytest.approx(2, rel=0.1)  # an hour a fold
    assert called["unknown"]["hours"] == pytest.approx(2, rel=0.1)
    low, high = called["unknown"]["false_alarms_interval"]
    assert low <= called["unknown"]["false_alarms_per_hour"] <= high
    assert leaky["called"]["gestures"]["takes"] == 0  # every recording has been learned from


def test_what_was_evaluated_is_what_a_board_with_that_contract_does(
    evaluated: Any, work: Path
) -> None:
    """The policy is in the contract and compiled in: the samples themselves give the events."""
    for fold in evaluated["protocols"][0]["folds"]:
        run = work / fold["run"]
        kept = json.loads((run / "events.json").read_text("utf-8"))
        contract = Contract.load(run / "contract.json")
        assert contract.decision.model_dump(mode="json") == kept["choice"]["policy"]
        twin = Twin(run / "firmware", run / "build")
        assert twin.contract_hash == contract.hash()
        test = HeldOutRecordings.load(run / "recordings.npz").test
        takes_ = [test[index] for index in np.random.default_rng(2).permutation(len(test))]
        stream = join_takes(takes_, load_gesture_config(run / "config.yaml").window.rest_s, 2)
        calls = match_events(twin.replay(stream).events, stream, contract.gestures)
        (found,) = kept["streams"]["gestures"]
        assert found == json.loads(json.dumps(asdict(calls)))


@pytest.mark.soak
def test_a_gesture_left_out_is_played_to_the_model_that_never_saw_it(
    work: Path, host_compiler: None
) -> None:
    for take in takes(("clap",), ("anna", "ben"), each=6):
        save_recording(take, work / "data" / "three" / f"{take.name}.csv")
    shutil.copytree(work / "data" / "two", work / "data" / "three", dirs_exist_ok=True)
    words = ("--set", "data.path=data/three", "--protocol", "unseen")
    ended = gesture("evaluate", "small.yaml", *words, "--json", cwd=work)
    (unseen,) = ended.json["protocols"]
    assert unseen["labels"] == ["clap", "flex", "punch", "idle"]
    assert [(one["label"], one["takes"]) for one in unseen["unseen"]] == [
        ("clap", 12),
        ("flex", 12),
        ("punch", 12),
    ]
    assert all(0 <= one["called"] <= one["takes"] for one in unseen["unseen"])
    for fold, one in zip(unseen["folds"], unseen["unseen"], strict=True):
        splits = json.loads((work / fold["run"] / "splits.json").read_text("utf-8"))
        names = {*splits["train"], *splits["validation"], *splits["test"]}
        assert {name.split("/")[0] for name in names} == {"clap", "flex", "punch"} - {one["label"]}


def test_the_same_command_goes_on_after_the_folds_that_are_done(evaluated: Any, work: Path) -> None:
    cut_short, *others = [
        work / fold["run"] for score in evaluated["protocols"] for fold in score["folds"]
    ]
    (cut_short.parent / OUTCOME).unlink()
    (cut_short / "half-written").touch()
    before = {run: (run.parent / OUTCOME).stat().st_mtime_ns for run in others}
    again = gesture(*EVALUATE, cwd=work)
    assert {run: (run.parent / OUTCOME).stat().st_mtime_ns for run in others} == before
    assert not (cut_short / "half-written").exists()
    assert again.said.count("done before") == 3
    assert "lopo" in again.said
    kept = json.loads((work / evaluated["folder"] / "evaluation.json").read_text())
    accuracies = [score["int8_accuracy"] for score in kept["protocols"]]
    assert accuracies == [score["int8_accuracy"] for score in evaluated["protocols"]]


def test_a_run_is_evaluated_by_its_own_config(evaluated: Any, work: Path) -> None:
    """With the split of small.yaml it is the same evaluation, and the folds are those."""
    shutil.copytree(work / evaluated["protocols"][0]["folds"][1]["run"], work / "runs" / "mine")
    same = ("split.by=null", "split.folds=2", "split.fold=0")
    words = [word for setting in same for word in ("--set", setting)]
    ended = gesture("evaluate", "runs/mine", "--protocol", "lopo", *words, cwd=work)
    assert ended.said.count("done before") == 2
    assert not (work / "runs" / "mine" / "evaluation.json").exists()  # by other settings
    assert "training" not in ended.said


def test_a_run_keeps_what_it_was_evaluated_by_and_its_report_begins_with_it(
    evaluated: Any, work: Path
) -> None:
    run = work / "runs" / "kept"
    shutil.copytree(work / evaluated["protocols"][0]["folds"][0]["run"], run)
    load_gesture_config(work / "small.yaml").save(run / "config.yaml")
    note_all(run)
    for protocol in ("leaky", "lopo"):
        ended = gesture("evaluate", "runs/kept", "--protocol", protocol, cwd=work)
        assert ended.said.count("done before") == 2
    kept = json.loads((run / "evaluation.json").read_text("utf-8"))
    assert [score["protocol"] for score in kept["protocols"]] == ["lopo", "leaky"]
    assert json.loads((work / kept["folder"] / "evaluation.json").read_text("utf-8")) == kept
    lopo, leaky = kept["protocols"]
    found = lopo["called"]["gestures"]
    page = (run / "report.html").read_text("utf-8")
    assert f'<p class="headline">{Share(found["found"], found["takes"])}</p>' in page
    assert f"<b>{100 * leaky['int8_accuracy']:.1f} %</b>" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--protocol", "window"), "no protocol `window`"),
        (("--set", "split.by=window"), "flatters every model"),
        (("--protocol", "session"), "too few sessions of"),
        (("--protocol", "unseen"), "too few gestures to leave one out: 2"),
    ],
)
def test_what_would_flatter_or_cannot_be_done_is_refused_at_once(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    for take in takes(("flex", "punch"), ("anna",)):
        save_recording(take, tmp_path / "data" / "two" / f"{take.name}.csv")
    (tmp_path / "small.yaml").write_text(CONFIG, "utf-8")
    ended = gesture("evaluate", "small.yaml", *words, cwd=tmp_path, code=None)
    assert ended.code in (ExitCode.USAGE, ExitCode.FAILED)
    assert said in ended.said or "too few sessions in all" in ended.said
    assert not (tmp_path / "evaluations").exists()
