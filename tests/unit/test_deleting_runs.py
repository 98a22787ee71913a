"""Runs: compared by what they come to, and deleted with all that is theirs."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from pipeline.cli import app
from pipeline.cli.runs import show_comparison
from pipeline.core.artifacts import Figure
from pipeline.core.errors import ExitCode, PipelineError, StoppedError
from pipeline.core.locks import Lock, LockedError
from pipeline.core.run_folder import RunFolder
from pipeline.workflows import compare
from pipeline.workflows.compare import compare_runs, list_runs
from pipeline.workflows.runs import LATEST
from tests import toy_text
from tests.noted import note_all
from tests.refusals import refuses

RMTREE = shutil.rmtree


class Typed(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs; the second is the latest, and something is built of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("first", "second", "third"):
        run = RunFolder(Path("runs") / name)
        run.path.mkdir(parents=True)
        run.config_file.touch()
        run.contract_file.touch()
    (RunFolder(Path("runs/second")).build / "image").touch()
    LATEST.symlink_to("second")
    return tmp_path


def there() -> set[str]:
    return {path.name for path in Path("runs").iterdir()}


def run_command(*words: str) -> None:
    app.app(["runs", "delete", *words], standalone_mode=False)


def test_a_run_goes_with_what_was_built_of_it_and_the_link_to_it(work: Path) -> None:
    run_command("runs/latest", "runs/second", "--yes")
    assert there() == {"first", "third"}
    assert not list((work / "cache").rglob("image"))


def test_other_runs_and_links_stay(capsys: pytest.CaptureFixture[str]) -> None:
    run_command("runs/first", "runs/third", "--yes", "--json")
    assert there() == {"second", "latest"}
    assert json.loads(capsys.readouterr().out) == {"deleted": ["runs/first", "runs/third"]}


@pytest.mark.parametrize(("typed", "gone"), [("y\n", True), ("YES\n", True), ("\n", False)])
def test_a_person_is_asked(
    typed: str, gone: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Typed(typed))
    run_command("runs/first")
    assert ("first" in there()) is not gone
    assert "Delete runs/first for good?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_where_nobody_can_be_asked_nothing_is_deleted(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Typed("y\n") if words else StringIO("y\n"))
    with refuses("Nobody could be asked", ExitCode.USAGE):
        run_command("runs/first", *words)
    assert "first" in there()


def test_a_run_that_is_being_written_is_not_deleted_nor_any_beside_it() -> None:
    with Lock(Path("runs/third"), "convert"), pytest.raises(LockedError, match="runs/third"):
        run_command("runs/first", "runs/third", "--yes")
    assert there() == {"first", "second", "third", "latest"}


def test_a_folder_of_something_else_is_not_deleted(work: Path) -> None:
    (work / "photos").mkdir()
    (work / "config.yaml").touch()
    for path in (".", "photos", "runs"):
        with pytest.raises(PipelineError, match="is no run"):
            run_command("runs/first", path, "--yes")
    with pytest.raises(PipelineError, match="There is no run"):
        run_command("runs/none", "--yes")
    assert there() == {"first", "second", "third", "latest"}


def test_a_training_that_was_killed_at_once_can_be_deleted() -> None:
    begun = RunFolder(Path("runs/begun"))
    begun.training.mkdir(parents=True)
    begun.config_file.touch()
    run_command("runs/begun", "--yes")
    assert "begun" not in there()


def test_what_a_killed_deletion_left_is_no_run_and_goes_with_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(compare.shutil, "rmtree", interrupt)
        with pytest.raises(StoppedError):
            run_command("runs/first", "--yes")
    assert {run.run.name for run in list_runs()} == {"second", "third"}
    run_command("runs/third", "--yes")
    assert there() == {"second", "latest"}


def interrupt(path: Path, **_: object) -> None:
    if Path(path).name.endswith(compare.GOING):
        raise KeyboardInterrupt
    RMTREE(path, ignore_errors=True)


def run_of(toy: toy_text.Toy, folder: Path, split: str = "the last tenth") -> RunFolder:
    """As far as a comparison looks at it."""
    run = RunFolder(folder)
    folder.mkdir()
    toy.contract.save(run.contract_file)
    run.metrics_file.write_text(json.dumps({"loss": 1.5, "split": split}), "utf-8")
    run.config_file.write_text("{data: {path: data/a.txt}, model: {kind: gru}}", "utf-8")
    run.cost_file.write_text('{"instructions": 9}', "utf-8")
    note_all(run)
    return run


@pytest.fixture
def writer(tmp_path: Path) -> RunFolder:
    run = run_of(toy_text.writer(), tmp_path / "one")
    np.savez(run.scores_file, likelihoods=np.full((2, 3), -2, np.float32))
    note_all(run)
    return run


def test_writers_are_compared_by_their_losses(
    writer: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = run_of(toy_text.writer(), tmp_path / "two", "the last half")
    np.savez(other.scores_file, likelihoods=np.full((2, 3), -3, np.float32))
    note_all(other)
    found = compare_runs([writer.path, other.path])
    losses = [Figure("loss", 1.5, "nats a character"), Figure("int8 loss", 2, "nats a character")]
    assert list(found.runs[0].figures) == losses
    assert found.warnings == ("the runs hold out different data",)
    show_comparison(found, as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "int8 loss 2 nats a character 3 nats a character" in said
    assert "instructions a second - -" in said


def test_runs_of_different_tasks_are_not_compared_by_quality(
    writer: RunFolder, tmp_path: Path
) -> None:
    classifier = run_of(toy_text.classifier(), tmp_path / "classifier")
    unreported = classifier.contract().model_copy(update={"quantization": None, "labels": ()})
    unreported.save(classifier.contract_file)
    note_all(classifier)
    (warning,) = compare_runs([writer.path, classifier.path]).warnings
    assert "different tasks" in warning
