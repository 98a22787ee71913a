"""A run without background, or one that calls gestures at rest, is not passed off as good."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core.run_folder import RunFolder
from pipeline.training.metrics import score_events
from pipeline.workflows import run_facts
from tests.cli.commands import PROJECT, gesture
from tests.cli.conftest import QUICK

CAPTURE = "gesture capture --label idle --mode continuous --dataset"


def test_training_and_conversion_say_that_nothing_is_recorded_as_background(
    dataset: Path, tmp_path: Path, host_compiler: None
) -> None:
    config = PROJECT / "configs" / "gesture_conv1d.yaml"
    settings = (*QUICK, "--set", "data.path=data/mine")
    trained = gesture("train", config, *settings, "--run", "run", cwd=tmp_path)
    assert trained.code == 0, trained.err
    converted = gesture("convert", "run", cwd=tmp_path)
    assert converted.code == 0, converted.err
    for said in (trained.out, converted.out):
        (line,) = (line for line in said.splitlines() if line.startswith("note "))
        assert "nothing is recorded as `idle`" in line
        assert line.endswith(f"`{CAPTURE} mine`")


def test_many_alarms_at_rest_are_not_passed_over(
    converted_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(converted_run.parent.parent)
    run, quiet = RunFolder(converted_run), score_events([])
    assert run_facts.background_note(run, quiet) == ""
    loud = replace(quiet, hours=1.0, false_alarms_per_hour=194.4)
    assert run_facts.background_note(run, replace(loud, false_alarms_per_hour=10.0)) == ""
    note = run_facts.background_note(run, loud)
    assert note.startswith("194 false alarms an hour at rest are many")
    assert note.endswith(f"`{CAPTURE} sample`")
