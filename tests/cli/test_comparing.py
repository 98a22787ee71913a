"""`gesture evaluate --compare`: the network beside classifiers that train in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import ExitCode
from tests.cli.commands import gesture
from tests.cli.compared import FOLDS_OF_TWO, Compared
from tests.takes import save_all, takes

pytestmark = pytest.mark.xdist_group("comparing")

COMPARE = ("evaluate", "small.yaml", "--protocol", "kfold", "--compare", "--seeds", "2")


@pytest.fixture(scope="module")
def work(compared_configs: Compared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the folds of both seeds trained."""
    return compared_configs.copy_to(
        tmp_path_factory.mktemp("comparing"), "data", "build", "small.yaml"
    )


@pytest.fixture(scope="module")
def compared(work: Path) -> Any:
    return gesture(*COMPARE, "--json", cwd=work).json


def test_all_have_the_same_windows_and_the_lead_is_their_difference(
    compared: Any, work: Path
) -> None:
    (comparison,) = compared["comparisons"]
    assert (comparison["protocol"], comparison["seeds"]) == ("kfold", [1, 2])
    assert (comparison["windows"], comparison["units"], comparison["resampled"]) == (
        48,
        24,
        "takes",
    )
    of_seeds = [
        json.loads(file.read_text("utf-8"))["protocols"][0]["int8_accuracy"]
        for file in work.glob("evaluations/*/evaluation.json")
    ]
    assert comparison["network_accuracy"] == pytest.approx(np.mean(of_seeds))
    assert [one["name"] for one in comparison["yardsticks"]] == ["ExtraTrees", "MiniRocket + ridge"]
    for one in comparison["yardsticks"]:
        lead = comparison["network_accuracy"] - one["accuracy"]
        low, high = one["lead"]["interval"]
        assert one["lead"]["mean"] == pytest.approx(lead)
        assert low <= lead <= high


def test_the_evaluation_with_the_configs_own_seed_comes_along(compared: Any, work: Path) -> None:
    """With the seconds of its trainings: no fold is trained again."""
    alone = gesture("evaluate", "small.yaml", "--protocol", "kfold", "--json", cwd=work)
    assert {key: compared[key] for key in alone.json} == alone.json
    kept = json.loads((work / compared["folder"] / "comparison.json").read_text("utf-8"))
    assert kept["comparisons"] == compared["comparisons"]


def test_the_table_says_who_is_ahead(compared: Any, work: Path) -> None:
    ended = gesture(*COMPARE, cwd=work)
    assert ended.err.count("done before") == 4
    for one in compared["comparisons"][0]["yardsticks"]:
        assert f"{100 * one['lead']['mean']:+.1f} points" in ended.out
        assert one["lead"]["verdict"] in ended.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--compare", "--protocol", "leaky"), "--compare does not fit the protocol `leaky`"),
        (("--compare", "--protocol", "session"), "too few sessions"),
        (("--seeds", "2"), "--seeds is given without --compare"),
        (("--compare", "--seeds", "0"), "--seeds"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_any_training(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    save_all(tmp_path / "data" / "two", takes(("flex", "punch"), each=6))
    (tmp_path / "small.yaml").write_text(FOLDS_OF_TWO.format(folds=2, kernels=8), "utf-8")
    ended = gesture("evaluate", "small.yaml", *words, cwd=tmp_path, code=None)
    assert ended.code in (ExitCode.USAGE, ExitCode.FAILED)
    assert said in ended.said
    assert not (tmp_path / "evaluations").exists()
