"""`gesture search`: a real database, real networks and their costs; the test part is unseen."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from tests.cli.commands import gesture
from tests.takes import save_all, takes

pytest.importorskip("optuna", reason="`make setup` installs it")

CONFIG = """
data: {path: data/three}
window: {length: 40, hop: 8}
split: {by: person}
augment: {passes: 1}
fit: {epochs: 1}
model: {kind: rocket, kernels: 64, dilations: [1]}
"""
SPACE = """
model.kernels: [4, 8, 64]
model.dilations: [[1], [1, 2]]
model.pool: [4, 8]
"""
MOST_SECOND_INSTRUCTIONS = 400_000  # not for 64 kernels
BUDGET = f"second_instructions: {MOST_SECOND_INSTRUCTIONS}\nflash_bytes: 60000\n"
SEARCH = ("search", "small.yaml", "--space", "space.yaml", "--budget", "budget.yaml", "--json")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    save_all(folder / "data" / "three", takes(("flex", "punch"), ("anna", "ben", "eva"), each=4))
    for name, text in (("small", CONFIG), ("space", SPACE), ("budget", BUDGET)):
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def found(work: Path, host_compiler: None) -> Any:
    return gesture(*SEARCH, "--trials", "2", cwd=work).json


def test_the_winner_is_a_config_whose_trained_network_keeps_the_budget(
    found: Any, work: Path
) -> None:
    text = (work / found["config"]).read_text("utf-8")
    assert text.startswith(f"# Trial {found['winner']['number']} of `gesture search`")
    winner = load_gesture_config(work / found["config"])
    chosen, network = found["winner"]["chosen"], winner.plain()["model"]
    assert all(network[key.partition(".")[2]] == value for key, value in chosen.items())
    tested = RunFolder(work / found["tested"]["run"])
    cost = NetworkCost.load(tested.cost_file)  # of the trained network
    assert cost.flash_bytes == found["winner"]["flash_bytes"]
    a_second = cost.instructions * winner.data.rate_hz / winner.window.hop
    assert a_second == pytest.approx(found["winner"]["second_instructions"], abs=1)
    assert a_second <= MOST_SECOND_INSTRUCTIONS


def test_what_exceeds_the_budget_is_never_trained(found: Any, work: Path) -> None:
    assert all(point["chosen"]["model.kernels"] < 64 for point in found["front"])
    assert found["ended"]["over budget"] >= 1  # the config itself, which is tried first
    trials = attributes(work / "runs" / "searches.db")
    assert all("scores" not in one for one in trials if one.get("ended") == "over budget")
    assert sum("scores" in one for one in trials) == 2


def test_the_front_is_beaten_by_none_and_is_drawn(found: Any, work: Path) -> None:
    costs = ("second_instructions", "flash_bytes", "ram_bytes")
    for one in found["front"]:
        for other in found["front"]:
            better = other["f1"] >= one["f1"] and all(other[key] <= one[key] for key in costs)
            assert other is one or not better or all(other[key] == one[key] for key in costs)
    page = (work / found["page"]).read_text("utf-8")
    assert page.count("<svg") == 3
    assert page.count("<circle") == 3 * found["scored"]
    assert json.loads((work / found["folder"] / "search.json").read_text()) == found


@pytest.mark.soak
def test_a_search_goes_on_and_another_begins_with_its_best(found: Any, work: Path) -> None:
    more = gesture(*SEARCH, "--trials", "3", "--resume", cwd=work).json
    assert more["study"] == found["study"]
    assert more["scored"] + more["ended"]["behind"] == 3
    other = gesture(*SEARCH, "--trials", "1", cwd=work).json
    assert other["study"] == f"{found['study']}-2"
    assert other["winner"]["f1"] == more["winner"]["f1"]


def test_a_changed_search_is_not_resumed(found: Any, work: Path) -> None:
    words = (*SEARCH, "--resume", "--set", "model.worn=any way")
    error = gesture(*words, cwd=work, code=ExitCode.USAGE).json["error"]
    assert error["what"] == "There is no search to resume."


def test_a_budget_without_room_says_so(work: Path, host_compiler: None) -> None:
    (work / "none.yaml").write_text("flash_bytes: 100\n", "utf-8")
    (work / "two.yaml").write_text("model.kernels: [4, 64]\n", "utf-8")  # each is priced
    words = ("search", "small.yaml", "--space", "two.yaml", "--budget", "none.yaml")
    ended = gesture(*words, "--trials", "1", cwd=work, code=ExitCode.FAILED)
    assert "No network of the space was trained" in ended.said
    assert "over budget" in ended.said


def attributes(database: Path) -> list[dict[str, Any]]:
    """What is noted of each trial."""
    with sqlite3.connect(database) as opened:
        rows = opened.execute("select trial_id, key, value_json from trial_user_attributes")
        trials: dict[int, dict[str, Any]] = {}
        for trial, key, value in rows:
            trials.setdefault(trial, {})[key] = json.loads(value)
    return list(trials.values())
