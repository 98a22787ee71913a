"""`gesture runs compare --train`: configs on the same folds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import ExitCode
from tests.cli.commands import gesture
from tests.cli.compared import Compared

pytestmark = pytest.mark.xdist_group("comparing")

COMPARE = ("runs", "compare", "--train", "small.yaml", "large.yaml")
CHOSEN = ("--protocol", "kfold", "--seeds", "2")


@pytest.fixture(scope="module")
def work(compared_configs: Compared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configs")
    return compared_configs.copy_to(
        folder, *(path.name for path in compared_configs.folder.iterdir())
    )


@pytest.fixture(scope="module")
def compared(compared_configs: Compared) -> Any:
    return compared_configs.printed


def test_each_config_has_the_figures_that_evaluate_finds(compared: Any, work: Path) -> None:
    assert [one["config"] for one in compared["configs"]] == ["small.yaml", "large.yaml"]
    assert (compared["protocol"], compared["seeds"]) == ("kfold", [1, 2])
    for one in compared["configs"]:
        found = []
        for seed in compared["seeds"]:
            words = ("--protocol", "kfold", "--set", f"split.seed={seed}", "--json")
            ended = gesture("evaluate", one["config"], *words, cwd=work)
            assert ended.said.count("done before") == 2  # no fold is trained again
            found += ended.json["protocols"]
        right = sum(score["int8_accuracy"] * score["windows"] for score in found)
        assert one["windows"] == 48
        assert one["accuracy"] == pytest.approx(right / 48)
        low, high = one["interval"]
        assert low <= one["accuracy"] <= high
        assert one["takes"] == sum(score["called"]["gestures"]["takes"] for score in found)
        assert one["runs"] == [fold["run"] for score in found for fold in score["folds"]]


def test_the_lead_is_over_the_first_and_the_costs_are_the_most_of_all_folds(
    compared: Any, work: Path
) -> None:
    small, large = compared["configs"]
    assert small["lead"] is None
    assert large["lead"]["mean"] == pytest.approx(large["accuracy"] - small["accuracy"])
    assert large["second_instructions"] > small["second_instructions"]
    costs = [json.loads((work / run / "cost.json").read_text("utf-8")) for run in large["runs"]]
    assert large["flash_bytes"] == max(cost["flash_bytes"] for cost in costs)


def test_the_table_is_kept_and_printed_and_nothing_is_trained_twice(
    compared: Any, work: Path
) -> None:
    assert json.loads((work / compared["folder"] / "comparison.json").read_text()) == compared
    ended = gesture(*COMPARE, *CHOSEN, cwd=work)
    assert ended.err.count("done before") == 8
    for one in compared["configs"]:
        assert one["config"] in ended.out
        assert f"{one['second_instructions']:,}" in ended.out
    assert compared["configs"][1]["lead"]["verdict"] in ended.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--train", "small.yaml", "other.yaml"), "would be tested on other recordings"),
        (("--train", "small.yaml"), "only one config to compare"),
        (("--train", "small.yaml", "gesture_rocket"), "has the data"),
        (("--train", "small.yaml", "large.yaml", "--protocol", "leaky"), "--train does not fit"),
        (("small.yaml", "large.yaml", "--seeds", "2"), "--seeds is given without --train"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_once(
    work: Path, words: tuple[str, ...], said: str
) -> None:
    ended = gesture("runs", "compare", *words, cwd=work, code=ExitCode.USAGE)
    assert said in ended.said
    assert "training" not in ended.said
