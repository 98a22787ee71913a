"""`split.validation: 0`: everyone but who is tested on is learned from, to the last epoch."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.errors import PipelineError
from pipeline.core.files import load_json
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recordings, save_recording
from pipeline.datasets.windows import make_dataset
from pipeline.training.fit import Epoch
from pipeline.training.gesture_task import train_gestures
from tests.cli.commands import gesture
from tests.takes import takes

CONFIG = """
data: {path: data/four}
window: {length: 40, hop: 8}
split: {folds: 4, validation: 0, hold_out: true}
augment: {passes: 1}
model: {convolutions: [{filters: 4, pool: 2}]}
fit: {epochs: 3, patience: 1}
"""
STREAMING = (
    "window.mode=streaming",
    "model={kind: gru, units: [4], downsample: 2}",
    "fit.batch_size=4",
)

pytestmark = pytest.mark.xdist_group("tensorflow of commands")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everyone")
    for take in takes(("flex", "punch"), ("anna", "ben", "carl", "dora"), each=4):
        save_recording(take, folder / "data" / "four" / f"{take.name}.csv")
    (folder / "everyone.yaml").write_text(CONFIG, "utf-8")
    return folder


@pytest.fixture(scope="module")
def printed(work: Path) -> str:
    return gesture("train", "everyone.yaml", "--run", "runs/all", cwd=work).out


@pytest.fixture(scope="module")
def trained(work: Path, printed: str) -> RunFolder:
    return RunFolder(work / "runs" / "all")


def config(work: Path, *settings: str) -> GestureConfig:
    return load_gesture_config(
        work / "everyone.yaml", [f"data.path={work / 'data' / 'four'}", *settings]
    )


def test_who_is_not_tested_on_is_trained_on(trained: RunFolder, work: Path) -> None:
    splits = json.loads(trained.splits_file.read_text("utf-8"))
    recordings = load_recordings(work / "data" / "four")
    tested = {one.person for one in recordings if one.name in splits["test"]}
    others = {one.name for one in recordings if one.person not in tested}
    assert len(tested) == 1
    assert splits["validation"] == []
    assert set(splits["train"]) == others


def test_nothing_is_said_of_validation(trained: RunFolder) -> None:
    epochs = json.loads(trained.metrics_file.read_text("utf-8"))["epochs"]
    assert [epoch["validation_loss"] for epoch in epochs] == [None] * len(epochs)
    with trained.epochs_file.open() as file:
        rows = list(csv.DictReader(file))
    assert {row["validation_loss"] for row in rows} == {""}
    losses = [epoch["loss"] for epoch in epochs]
    assert [float(row["loss"]) for row in rows] == losses
    assert losses[-1] < losses[0]


def test_such_a_run_goes_onto_a_board_and_has_its_report(
    trained: RunFolder, printed: str, work: Path, host_compiler: None
) -> None:
    converted = gesture("convert", "runs/all", cwd=work).out
    assert "the usual one: fewer than" in converted
    for said in (printed, converted):
        (line,) = (line for line in said.splitlines() if "nothing is recorded as `idle`" in line)
        assert line.startswith("note ")
        assert line.endswith("`gesture capture --label idle --mode continuous --dataset four`")
    gesture("report", "runs/all", cwd=work)
    page = trained.report_file.read_text("utf-8")
    assert "Training loss by epoch" in page
    assert "alidation loss" not in page


@pytest.mark.parametrize("settings", [(), STREAMING], ids=["windows", "streams"])
def test_a_training_that_was_broken_off_goes_on(
    work: Path, tmp_path: Path, settings: tuple[str, ...]
) -> None:
    content = config(work, *settings)
    dataset = make_dataset(load_recordings(content.data.path), content)

    def breaking(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    run = RunFolder(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        train_gestures(dataset, content, run, breaking)
    said: list[Epoch] = []
    train_gestures(dataset, content, run, said.append)
    assert [epoch.number for epoch in said] == [2, 3]
    assert not run.checkpoint_file.exists()
    resumed = load_json(run.metrics_file, "train")["resumed_after"]
    assert resumed == ([] if settings else [1])  # streams are in one order


def test_a_training_that_diverges_speaks_of_its_own_loss_alone(work: Path, tmp_path: Path) -> None:
    usual = config(work)
    wild = usual.fit.model_copy(update={"learning_rate": 1e30})  # past what a config may say
    content = usual.model_copy(update={"fit": wild})
    dataset = make_dataset(load_recordings(content.data.path), content)
    run = RunFolder(tmp_path / "run")
    caught: Any
    with pytest.raises(PipelineError, match="has diverged") as caught:
        train_gestures(dataset, content, run, lambda _: None)
    assert "validation" not in caught.value.what
    assert "fit.learning_rate" in caught.value.next_step
    assert not run.contract_file.exists()
