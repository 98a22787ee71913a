"""Runs of text beside each other: what they come to, and what cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.cli.runs import show_comparison
from pipeline.core.artifacts import Figure
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.compare import compare_runs
from tests import toy_text
from tests.noted import note_all


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
    judge = run_of(toy_text.judge(), tmp_path / "judge")
    unreported = judge.contract().model_copy(update={"quantization": None, "labels": ()})
    unreported.save(judge.contract_file)
    note_all(judge)
    (warning,) = compare_runs([writer.path, judge.path]).warnings
    assert "different tasks" in warning
