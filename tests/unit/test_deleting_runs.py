"""`gesture runs delete`: what is meant goes, all of it, and nothing else."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest

from pipeline.cli import app
from pipeline.core.errors import ExitCode, PipelineError, StoppedError
from pipeline.core.locks import Lock, LockedError
from pipeline.core.run_folder import RunFolder
from pipeline.workflows import compare
from pipeline.workflows.compare import list_runs
from pipeline.workflows.runs import LATEST
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
