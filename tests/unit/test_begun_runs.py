"""A training that is stopped before its first epoch is one that can be gone on with."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.locks import Lock
from pipeline.core.project import PROJECT
from pipeline.training.fit import Epoch
from pipeline.workflows import train
from tests.cli.commands import gesture
from tests.refusals import refuses
from tests.takes import save_all, takes

pytestmark = pytest.mark.xdist_group("tensorflow of commands")

CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
SMALL = (
    "fit.epochs=1",
    "model.convolutions=[{filters: 4, pool: 2}]",
    "augment.passes=1",
    "window.length=40",
    "split.hold_out=true",  # tests/cli/test_trained_on_all.py asks the same of both trainings
)
PLACES = (  # what comes before the first epoch, in this order
    "pipeline.workflows.train.training_recordings",
    "pipeline.workflows.train.make_dataset",
    "pipeline.workflows.train.train_gestures",
    "pipeline.training.checkpoints.Checkpointing.begin",
)


class Killed(BaseException):
    """As in a process that is killed, nothing that handles errors runs."""


def killed(*_arguments: object, **_more: object) -> None:
    raise Killed


def quiet(_epoch: object) -> None:
    pass


def test_a_training_killed_anywhere_before_its_first_epoch_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run, killed at every place in turn, and in the end not killed."""
    monkeypatch.chdir(tmp_path)
    dataset = save_all(tmp_path / "mine", takes(["flex", "punch"], ("anna", "bo")))
    run = Path("runs/mine")
    settings = [*SMALL, f"data.path={dataset}"]
    with monkeypatch.context() as place:
        place.setattr(PLACES[0], killed)
        with pytest.raises(Killed):
            train.train(CONFIG, settings, run, quiet)
    for name in PLACES:
        with monkeypatch.context() as place:
            place.setattr(name, killed)
            with pytest.raises(Killed):
                train.resume(run, quiet)
    with refuses("exists already", next_step=f"--resume {run}"):
        train.train(CONFIG, settings, run, quiet)
    assert train.resume(run, quiet).report.is_file()


def test_a_run_that_is_being_trained_says_by_whom(tmp_path: Path) -> None:
    run = tmp_path / "mine"
    with Lock(run, "train"):
        (run / "config.yaml").touch()
        with pytest.raises(PipelineError, match="is being written by another command") as refused:
            train.train(CONFIG, SMALL, run, quiet)
    assert f"`gesture train` writes it: process {os.getpid()} on" in refused.value.why


def test_how_a_training_ended_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    dataset = save_all(tmp_path / "mine", takes(["flex", "punch"], ("anna", "bo")))
    settings = [*SMALL, f"data.path={dataset}"]
    assert train.train(CONFIG, settings, Path("one"), quiet).ended == "after its one epoch"
    hasty = [*settings[1:], "fit.epochs=30", "fit.patience=1", "fit.learning_rate=1e-9"]
    ended = train.train(CONFIG, hasty, Path("two"), quiet).ended
    assert re.fullmatch(r"stopped after \d+ of at most 30 epochs: no better for 1", ended)


def test_settings_of_a_training_that_is_resumed_stay(tmp_path: Path) -> None:
    ended = gesture(
        "train", "--resume", "run", "--set", "fit.epochs=3", cwd=tmp_path, code=ExitCode.USAGE
    )
    assert "Settings cannot be changed when a training is resumed" in ended.err


def test_a_training_that_fails_before_its_first_epoch_leaves_its_name_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        with pytest.raises(PipelineError, match="There is no dataset"):
            train.train(CONFIG, ["data.path=nowhere"], Path("runs/mine"), quiet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_training_that_is_interrupted_says_what_is_kept_and_how_to_go_on(
    epochs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command it names goes on; where nothing was learned, nothing is left."""
    monkeypatch.chdir(tmp_path)
    dataset = save_all(tmp_path / "mine", takes(["flex", "punch"], ("anna", "bo")))

    def interrupt(epoch: Epoch) -> None:
        if epoch.number > epochs:
            raise KeyboardInterrupt

    run = Path("runs/two words")
    with pytest.raises(PipelineError, match="was stopped") as stopped:
        train.train(CONFIG, [*SMALL[1:], "fit.epochs=3", f"data.path={dataset}"], run, interrupt)
    assert stopped.value.exit_code == ExitCode.INTERRUPTED
    if not epochs:
        assert "--resume" not in stopped.value.next_step
        assert not run.exists()
        return
    assert "2 of at most 3 epochs are kept" in stopped.value.what
    assert "`gesture train --resume 'runs/two words'`" in stopped.value.next_step
    assert train.resume(run, quiet).report.is_file()
