"""Configs: strict, with faults a person can mend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.config.reference import TASKS, settings_reference
from pipeline.config.sections import SECTIONS, kinds_of
from pipeline.core.contract import ON_THIS_COMPUTER, Task
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.workflows.convert import EVALUATE_TASK
from pipeline.workflows.report import PAGE_OF
from pipeline.workflows.train import TRAIN_OF, load_task_config
from tests.refusals import refuses

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


@pytest.mark.parametrize(
    "setting",
    [
        *("fit.epochs=yes", "fit.learning_rate=on", "data.rate_hz=true", "split.seed=off"),
        "model={kind: dense, units: [yes]}",
    ],
)
def test_yes_is_no_number(file: Path, setting: str) -> None:
    key = setting.partition("=")[0]
    fault = f"{key}[.a-z0-9]*: must be a (whole )?number, not '(True|False)'"
    assert re.search(fault, refused(file, setting))


def test_settings_on_the_command_line_win(file: Path) -> None:
    config = load_gesture_config(file, ["fit.epochs=7", "model.convolutions=[{filters: 4}]"])
    assert (config.fit.epochs, config.model.convolutions[0].filters) == (7, 4)


def test_another_kind_of_network_takes_the_settings_of_the_former_with_it(tmp_path: Path) -> None:
    """Of every shipped file, to every kind, in any order of the settings."""
    kinds = [name for section in SECTIONS for name in kinds_of(section)]
    for shipped in sorted((PROJECT / "configs").glob("gesture_*.yaml")):
        for kind in kinds:
            settings = ["window.mode=window", f"model.kind={kind}"]
            config = load_gesture_config(shipped, settings)
            assert config.model.kind == kind
    conv1d = PROJECT / "configs" / "gesture_conv1d.yaml"
    config = load_gesture_config(conv1d, ["model.units=[9]", "model.kind=gru"])
    assert config.model.units == (9,)
    assert "not a setting of gru" in refused(conv1d, "model.convolutions=[]", "model.kind=gru")
    assert "must be one of" in refused(conv1d, "model.kind=gpu")


def test_an_item_of_a_list_is_set_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text("model: {kind: conv1d, convolutions: [{filters: 4}, {filters: 8}]}")
    config = load_gesture_config(file, ["data.path=x", "model.convolutions.1.filters=16"])
    assert [one.filters for one in config.model.convolutions] == [4, 16]
    assert "no `2` in a list of 2" in refused(file, "model.convolutions.2.filters=16")
    assert "no `filters` in a list of 2" in refused(file, "model.convolutions.filters=16")
    assert "no `x` in a value" in refused(file, "model.kind.x=16")


def test_unknown_key_names_the_nearest_right_one(file: Path) -> None:
    said = refused(file, "fit.learnig_rate=0.1")
    assert "fit.learnig_rate: unknown key; did you mean `fit.learning_rate`?" in said


def test_all_faults_are_reported_together(file: Path) -> None:
    said = refused(file, "fit.epochs=-1", "windows.length=3", "split.validation=2")
    assert "fit.epochs" in said
    assert "did you mean `window`" in said
    assert "split.validation" in said


def test_a_fault_of_an_override_is_not_blamed_on_the_file(file: Path) -> None:
    said = refused(file, "fit.epochs=many")
    assert said.startswith("`--set` has settings that cannot be used")
    assert "fit.epochs: must be a whole number, not 'many' (`--set fit.epochs=many`)" in said
    file.write_text(file.read_text("utf-8") + "\nunknown: {share: -1}\n", "utf-8")
    said = refused(file, "fit.epochs=0")
    assert said.startswith(str(file))
    assert "fit.epochs: must be more than 0, not 0 (`--set fit.epochs=0`)" in said
    assert "unknown.share: must be at least 0, not -1\n" in said + "\n"


BAD = ("abc", "-1e30", "1e30", "[]", "{}", "[x, 1]", "null", "true", "1.5", "[1, 2, 3, 4]")
KEYS = re.findall(r"^\| `([\w.]+)` \|", settings_reference(), re.MULTILINE)


def faults(config: str, setting: str) -> str:
    try:
        load_task_config(Path(config), [setting])
    except PipelineError as error:
        return error.what
    return ""


def test_a_misspelt_key_of_a_network_within_a_network_has_its_nearest_one_too() -> None:
    said = faults("translation_dates", "model.encoder.unitz=3")
    assert "model.encoder.unitz: unknown key; did you mean `model.encoder.units`?" in said


@pytest.mark.parametrize(
    "config",
    ["gesture_conv1d", "forecast_room", "sentiment_gru", "translation_dates", "sketch_kanji"],
)
def test_every_fault_is_in_words_of_our_own(config: str) -> None:
    said = [faults(config, f"{key}={value}") for key in KEYS for value in BAD]
    assert sum(map(bool, said)) > 100
    assert [text for text in said if re.search("[Ii]nput |[Vv]alue error|unable to", text)] == []


@pytest.mark.parametrize("key", ["fit.learning_rate", "data.rate_hz", "augment.jitter_g"])
def test_a_number_without_an_end_is_none(file: Path, key: str) -> None:
    assert f"{key}: must be a finite number" in refused(file, f"{key}=.inf")


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
    with refuses("there is no task", ExitCode.USAGE):
        load_task_config(file, [f"task={task}"])


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


def test_every_task_has_its_settings_and_its_stages() -> None:
    assert set(get_args(Task)) == set(TASKS) == set(TRAIN_OF) == set(PAGE_OF)
    assert set(TASKS) - set(EVALUATE_TASK) == set(ON_THIS_COMPUTER)
