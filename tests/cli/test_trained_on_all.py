"""The model for the board is trained on all recordings, after another one was tested."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode
from pipeline.core.files import load_arrays, load_json
from pipeline.core.run_folder import RunFolder
from pipeline.workflows import train
from tests.cli.commands import gesture
from tests.once import Once
from tests.takes import save_all, takes

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tensorflow of commands")]

TAKES = takes(("flex", "punch", "idle"), ("anna",), each=6)
CONFIG = """
data: {path: data/mine}
window: {length: 40, hop: 8}
split: {folds: 3, validation: 0.3}
augment: {passes: 1}
model: {convolutions: [{filters: 4, pool: 2}]}
fit: {epochs: 3}
"""


def make_run(folder: Path) -> Path:
    save_all(folder / "data" / "mine", TAKES)
    (folder / "mine.yaml").write_text(CONFIG, "utf-8")
    for words in (("train", "mine.yaml", "--run", "run"), ("convert", "run")):
        ended = gesture(*words, cwd=folder)
        (folder / f"{words[0]}.txt").write_text(ended.out, "utf-8")
    return folder


@pytest.fixture
def trained(once: Once, host_compiler: None, tmp_path: Path) -> Path:
    return shutil.copytree(once("all", make_run), tmp_path / "work")


def names(run: RunFolder, part: str) -> set[str]:
    return set(load_json(run.splits_file, "train")[part])


def test_it_has_seen_every_take_and_its_accuracy_is_of_one_that_has_not(trained: Path) -> None:
    run = RunFolder(trained / "run")
    everything = {take.name for take in TAKES}
    assert names(run, "train") == everything
    assert names(run, "test") == names(run, "validation") == set()
    tested = run.tested
    assert names(tested, "test")
    assert not names(tested, "test") & (names(tested, "train") | names(tested, "validation"))
    assert run.keras_file.read_bytes() != tested.keras_file.read_bytes()
    of_test = load_arrays(tested.scores_file, "convert", {"names"})["names"]
    assert set(of_test.tolist()) == names(tested, "test")
    assert not run.scores_file.exists()
    printed = (trained / "train.txt").read_text("utf-8")
    epochs = [
        epoch["validation_loss"] for epoch in load_json(tested.metrics_file, "train")["epochs"]
    ]
    assert f"{1 + int(np.argmin(epochs))} epochs on all {len(TAKES)} recordings" in printed


def test_its_policy_is_the_tested_ones_and_the_contract_says_what_it_is(trained: Path) -> None:
    run = RunFolder(trained / "run")
    deployed, tested = run.contract(), run.tested.contract()
    assert deployed.trained_on == "all recordings"
    assert tested.trained_on == "training part"
    assert deployed.policy == tested.policy
    assert deployed.hashes.model != tested.hashes.model
    assert "all recordings" in run.report_file.read_text("utf-8")


def test_a_contract_without_the_fact_keeps_its_hash(trained: Path) -> None:
    tested = RunFolder(trained / "run").tested.contract()
    assert "trained_on" not in json.loads(tested.file_text)
    assert Contract.model_validate_json(tested.file_text).hash() == tested.hash()


def test_no_take_is_played_as_held_out(trained: Path) -> None:
    words = ("data", "stream", "data/mine", "out.csv", "--run", "run")
    ended = gesture(*words, cwd=trained, code=ExitCode.USAGE)
    assert "--hold-out" in ended.err


@pytest.mark.parametrize("file", ["config.yaml", "model.keras"])
def test_what_was_tested_may_not_change(trained: Path, file: str) -> None:
    (trained / "run" / "held_out" / file).unlink()
    ended = gesture("report", "run", cwd=trained, code=ExitCode.MISMATCH)
    assert f"held_out/{file} is missing" in ended.err


def test_with_hold_out_the_tested_model_is_that_of_the_run(converted_run: Path) -> None:
    run = RunFolder(converted_run)
    assert run.tested == run
    assert names(run, "test")
    assert run.contract().trained_on == "training part"


def test_a_training_stopped_after_the_test_goes_on_with_all(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    before = RunFolder(Path("run"))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(train, "train_on_all", stop)
        with pytest.raises(train.PipelineError, match="the test before it is kept") as stopped:
            train.train(Path("mine.yaml"), [], Path("again"), lambda _: None)
    assert "gesture train --resume again" in stopped.value.next_step
    more = trained / "data" / "mine" / "flex" / "more.csv"
    shutil.copy(next(more.parent.glob("*.csv")), more)
    with pytest.raises(train.PipelineError, match="its data or settings have changed"):
        train.resume(Path("again"), lambda _: None)
    more.unlink()
    train.resume(Path("again"), lambda _: None)
    again = RunFolder(Path("again"))
    weights = [load_arrays(run.windows_file, "train", set()) for run in (before, again)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert names(again, "train") == names(before, "train")
