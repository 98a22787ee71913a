"""Configs: strict, with faults a person can mend."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from pipeline import config_tasks
from pipeline.budget import budget_reference
from pipeline.config_gestures import load_gesture_config
from pipeline.config_reference import reference
from pipeline.config_tasks import load_task_config
from pipeline.contract import Task
from pipeline.errors import ExitCode, PipelineError
from pipeline.stages import tasks

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("data:\n  path: data/sample\nfit:\n  epochs: 5\n", encoding="utf-8")
    return path


def refused(file: Path, *settings: str) -> str:
    with pytest.raises(PipelineError) as caught:
        load_gesture_config(file, settings)
    assert caught.value.exit_code == ExitCode.USAGE
    return str(caught.value)


def test_settings_on_the_command_line_win(file: Path) -> None:
    config = load_gesture_config(file, ["fit.epochs=7", "model.convolutions=[{filters: 4}]"])
    assert (config.fit.epochs, config.model.convolutions[0].filters) == (7, 4)


def test_unknown_key_names_the_nearest_right_one(file: Path) -> None:
    told = refused(file, "fit.learnig_rate=0.1")
    assert "fit.learnig_rate: unknown key; did you mean `fit.learning_rate`?" in told


def test_all_faults_are_told_together(file: Path) -> None:
    told = refused(file, "fit.epochs=-1", "windows.length=3", "split.validation=2")
    assert "fit.epochs" in told
    assert "did you mean `window`" in told
    assert "split.validation" in told


@pytest.mark.parametrize("key", ["fit.learning_rate", "data.rate_hz", "augment.jitter_g"])
def test_a_number_without_an_end_is_none(file: Path, key: str) -> None:
    assert f"{key}: Input should be a finite number" in refused(file, f"{key}=.inf")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no settings"),
        ("- a\n- b\n", "holds no settings"),
        ("data: {path: [", "not readable as YAML"),
        ("fit: {epochs: 3}\n", "data"),
    ],
)
def test_a_file_that_is_no_config(file: Path, content: str, words: str) -> None:
    file.write_text(content, encoding="utf-8")
    assert words in refused(file)


def test_a_decision_may_be_left_open_or_be_set_in_part(file: Path) -> None:
    open_ = load_gesture_config(file, ["decision=auto"])
    assert open_ == load_gesture_config(file)
    assert not open_.decision.is_fixed
    part = load_gesture_config(file, ["decision.threshold=0.8"]).decision
    assert (part.threshold, part.refractory_s, part.is_fixed) == (0.8, None, False)
    whole = "decision={smoothing_windows: 3, threshold: 0.6, release: 0.3, refractory_s: 1}"
    assert load_gesture_config(file, [whole]).decision.is_fixed


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "There is no config file" in refused(tmp_path / "nothing.yaml")
    assert f"{tmp_path} cannot be read: Is a directory" in refused(tmp_path)


@pytest.mark.parametrize("value", ["[", "{a: ", "2026-13-45"])
def test_a_setting_that_is_no_yaml(file: Path, value: str) -> None:
    assert f"`--set split.test={value}` is not readable as YAML" in refused(
        file, f"split.test={value}"
    )


@pytest.mark.parametrize("task", ["[gesture]", "{a: b}", "1", "gestures"])
def test_a_task_there_is_none_of(file: Path, task: str) -> None:
    with pytest.raises(PipelineError, match="there is no task") as caught:
        load_task_config(file, [f"task={task}"])
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("setting", ["fit.epochs", "=3", "fit.epochs.more=1"])
def test_a_setting_that_is_none(file: Path, setting: str) -> None:
    assert "--set" in refused(file, setting)


def test_the_hash_is_of_the_values_not_of_the_file(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("fit: {epochs: 5}\ndata: {path: data/sample}\n", encoding="utf-8")
    assert load_gesture_config(file).hash() == load_gesture_config(other).hash()
    moved = load_gesture_config(file, ["data.path=elsewhere"])
    assert load_gesture_config(file).hash() == moved.hash()
    assert load_gesture_config(file).hash() != load_gesture_config(file, ["fit.epochs=6"]).hash()


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "configs").glob("gesture_*.yaml")), ids=lambda path: path.stem
)
def test_every_shipped_config_loads(path: Path) -> None:
    assert load_gesture_config(path).data.path


def test_the_page_lists_every_setting() -> None:
    page = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert budget_reference() in page, "write it anew: gesture settings"
    assert reference() in page, "write it anew: gesture settings > docs/configuration.md"


def test_every_task_has_its_settings_and_its_stages() -> None:
    assert set(get_args(Task)) == set(config_tasks.TASKS) == set(tasks.TASKS)
