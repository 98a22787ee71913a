"""Versions of a dataset: compared, brought back, and never lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import load_json
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.editing import relabel_recordings, trim_recording
from pipeline.datasets.recordings import fingerprint, load_recordings, takes_in
from pipeline.datasets.snapshot_changes import changes_between
from pipeline.datasets.snapshot_restore import restore_snapshot
from pipeline.datasets.snapshots import (
    content_file,
    snapshot_like,
    snapshots_of,
    take_snapshot,
    visible_files,
)
from pipeline.workflows.resolved_config import keep_snapshot
from pipeline.workflows.run_facts import data_name
from tests.refusals import refuses
from tests.takes import config, save_all, take, takes


def quiet(_: str) -> None:
    pass


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return save_all(tmp_path / "mine", takes(["up", "down"], each=3))


def contents(dataset: Path) -> dict[str, bytes]:
    return {path: (dataset / path).read_bytes() for path in visible_files(dataset)}


def kept_files(dataset: Path) -> int:
    return sum(path.is_file() for path in (dataset / ".snapshots" / "files").rglob("*"))


def change(dataset: Path) -> None:
    """One change of each kind."""
    relabel_recordings({dataset / "up" / "anna-1-001.csv": "down"})
    (dataset / "up" / "anna-1-002.csv").rename(dataset / "up" / "bo-1-001.csv")
    trim_recording(dataset / "up" / "anna-1-003.csv", 0.1, None)
    (dataset / "down" / "anna-1-002.csv").unlink()
    save_all(dataset, [take("left")])


def test_a_snapshot_is_taken_once_and_hidden_from_every_reader(mine: Path) -> None:
    before = fingerprint(mine)
    taken = take_snapshot(mine, None, quiet)
    assert taken.is_new
    assert not take_snapshot(mine, None, quiet).is_new
    assert take_snapshot(mine, "again", quiet).is_new
    assert kept_files(mine) == 6
    assert [one.name for one in snapshots_of(mine)] == [taken.snapshot.name, "again"]
    assert (fingerprint(mine), len(takes_in(mine))) == (before, 6)
    with refuses("has a snapshot AGAIN already", ExitCode.USAGE):
        take_snapshot(mine, "AGAIN", quiet)
    with refuses("cannot be used as a snapshot", ExitCode.USAGE):
        take_snapshot(mine, "../x", quiet)


def test_all_kinds_of_changes_are_named(mine: Path) -> None:
    take_snapshot(mine, "first", quiet)
    assert changes_between(mine, None, None).count == 0
    change(mine)
    found = changes_between(mine, None, None)
    assert found.added == ("left/anna-1-001.csv", "up/anna-1-003.csv.untrimmed")
    assert found.removed == ("down/anna-1-002.csv",)
    assert found.relabelled == (("up/anna-1-001.csv", "down/anna-1-004.csv"),)
    assert found.renamed == (("up/anna-1-002.csv", "up/bo-1-001.csv"),)
    assert found.changed == (("up/anna-1-003.csv", "60 rows before, 48 after"),)
    take_snapshot(mine, "second", quiet)
    between = changes_between(mine, "first", "second")
    assert (between.added, between.changed) == (found.added, found.changed)
    with refuses("has no snapshot third", ExitCode.USAGE):
        changes_between(mine, "third", None)


def test_a_version_comes_back_and_what_was_there_is_kept(mine: Path) -> None:
    old = contents(mine)
    take_snapshot(mine, "first", quiet)
    change(mine)
    new = contents(mine)
    restored = restore_snapshot(mine, "first", quiet)
    assert contents(mine) == old
    assert not (mine / "left").exists()
    restore_snapshot(mine, restored.before, quiet)
    assert contents(mine) == new


COPY = shutil.copyfile


def stopped(copies: int) -> Callable[[Path, Path], None]:
    """A copy that is stopped in the middle of a file, after some whole ones."""
    left = copies

    def copy(source: Path, target: Path) -> None:
        nonlocal left
        if not left:
            target.write_bytes(source.read_bytes()[:20])
            raise KeyboardInterrupt
        left -= 1
        COPY(source, target)

    return copy


# Three contents of what is there are new to the store; then four files are written.
@pytest.mark.parametrize(("copies", "is_mixed"), [(0, False), (2, False), (3, True), (5, True)])
def test_a_restore_that_is_killed_is_noticed_and_loses_nothing(
    mine: Path, monkeypatch: pytest.MonkeyPatch, copies: int, is_mixed: bool
) -> None:
    old = contents(mine)
    take_snapshot(mine, "first", quiet)
    change(mine)
    new = contents(mine)
    with monkeypatch.context() as broken:
        broken.setattr(shutil, "copyfile", stopped(copies))
        with pytest.raises(KeyboardInterrupt):
            restore_snapshot(mine, "first", quiet)
    if is_mixed:
        with pytest.raises(PipelineError) as refused:
            load_recordings(mine)
        assert "gesture data restore" in refused.value.next_step
    else:
        assert contents(mine) == new
    restore_snapshot(mine, "first", quiet)
    assert contents(mine) == old
    load_recordings(mine)
    restore_snapshot(mine, "before-first", quiet)
    assert contents(mine) == new


def test_a_snapshot_that_is_killed_is_none(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(shutil, "copyfile", stopped(3))
        with pytest.raises(KeyboardInterrupt):
            take_snapshot(mine, "first", quiet)
    assert not snapshots_of(mine)
    take_snapshot(mine, "first", quiet)
    (mine / "up" / "anna-1-001.csv").unlink()
    restore_snapshot(mine, "first", quiet)
    assert len(takes_in(mine)) == 6


def test_a_damaged_snapshot_changes_nothing(mine: Path) -> None:
    taken = take_snapshot(mine, "first", quiet)
    lost = content_file(mine, taken.snapshot.files["up/anna-1-001.csv"])
    lost.write_bytes(lost.read_bytes()[:-3])
    change(mine)
    new = contents(mine)
    with refuses("damaged: up/anna-1-001.csv is lost", ExitCode.MISMATCH):
        restore_snapshot(mine, "first", quiet)
    assert contents(mine) == new
    (mine / ".snapshots" / "first.json").write_text('{"format": 1, "files": {"../x": "0"}}')
    with pytest.raises(PipelineError, match=r"first\.json"):
        snapshots_of(mine)


def test_a_run_names_the_snapshot_that_its_data_are(mine: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    settings = config(data={"path": str(mine)})
    assert keep_snapshot(settings, run) == ""
    take_snapshot(mine, "first", quiet)
    assert "first" in keep_snapshot(settings, run)
    assert load_json(run.snapshot_file, "train") == {"snapshot": "first"}
    assert data_name(run, settings.plain()) == "mine, snapshot first"
    change(mine)
    assert snapshot_like(mine) is None


def test_the_commands_say_what_there_is(mine: Path) -> None:
    def said(*words: str) -> str:
        return CliRunner().invoke(app, ["data", *words], catch_exceptions=False).output

    assert "no snapshot" in said("snapshot", str(mine), "--list")
    said("snapshot", str(mine), "--name", "first")
    assert "has not changed since the snapshot first" in said("snapshot", str(mine))
    change(mine)
    assert "up/anna-1-001.csv -> down/anna-1-004.csv" in said("changes", str(mine))
    assert "is the snapshot before-first" in said("restore", str(mine), "first")
    assert said("snapshot", str(mine), "--list").count("as it is now") == 1
