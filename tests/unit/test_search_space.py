"""Search spaces: keys and values are checked as a config's are, and a key holds where it can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.config.budget import Budget
from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.search_space import Range, SearchSpace, load_search_space
from pipeline.core.errors import ExitCode, PipelineError
from tests.conftest import PROJECT
from tests.takes import config
from tests.unit.test_budget import COST

BASE = config()


def loaded(tmp_path: Path, text: str) -> SearchSpace:
    file = tmp_path / "space.yaml"
    file.write_text(text, "utf-8")
    return load_search_space(file, BASE)


def first(_: str, values: Any) -> Any:
    return values.low if isinstance(values, Range) else values[0]


def last(_: str, values: Any) -> Any:
    return values.high if isinstance(values, Range) else values[-1]


def test_every_fault_of_a_space_is_named_at_once(tmp_path: Path) -> None:
    text = """
model.kind: [conv1d, gru]
model.convolutions.0.filtres: [8]
model.convolutions.7.filters: [8]
model.units: [[0]]
fit: {epohcs: [2], epochs: {low: 5, high: 2}, patience: 4}
augment.gain: [0.5, 2]
data.rate_hz: [50]
decision.threshold: {low: x, high: 0.5}
"""
    with pytest.raises(PipelineError) as caught:
        loaded(tmp_path, text)
    said = caught.value.what
    assert caught.value.exit_code == ExitCode.USAGE
    for fault in (
        "unknown key; did you mean `model.convolutions.0.filters`?",
        "model.convolutions.7.filters: the key has one dot too many",
        "model.units.0: must be more than 0, not 0",
        "fit.epohcs: unknown key; did you mean `fit.epochs`?",
        "fit.epochs: low, 5, must be less than high, 2",
        "fit.patience: must be a list",
        "augment.gain: must be less than 1, not 2",
        "data.rate_hz: cannot be searched",
        "decision.threshold.low: must be a number, not 'x'",
    ):
        assert fault in said
    assert said.count("\n  - ") == 10


def test_a_key_holds_for_the_networks_that_have_it(tmp_path: Path) -> None:
    text = """
model.units: [[8], [16, 8]]
model.convolutions.1.filters: [5]
model.convolutions: [[{filters: 8}, {filters: 9, pool: 2}], [{filters: 7}]]
model.kind: [conv1d, conv_gru]
"""
    space = loaded(tmp_path, text)
    plain = space.settings(BASE.plain(), first)["model"]
    assert [layer["filters"] for layer in plain["convolutions"]] == [8, 5]
    assert plain["convolutions"][1]["pool"] == 2
    assert "units" not in plain
    both = GestureConfig.model_validate(space.settings(BASE.plain(), last))
    assert both.plain()["model"]["units"] == [16, 8]
    assert [layer["filters"] for layer in both.plain()["model"]["convolutions"]] == [7]


def test_a_window_in_seconds_takes_the_place_of_samples(tmp_path: Path) -> None:
    space = loaded(tmp_path, "window.length_s: {low: 0.3, high: 0.5}")
    assert GestureConfig.model_validate(space.settings(BASE.plain(), last)).window.length_s == 0.5
    assert BASE.window.length == 40


def test_numbers_are_read_as_a_config_reads_them(tmp_path: Path) -> None:
    space = loaded(tmp_path, "fit.learning_rate: {low: 1e-4, high: 1e-2, log: true}")
    assert space.values["fit.learning_rate"] == Range(low=1e-4, high=1e-2, log=True)


def test_the_space_that_comes_with_the_tool_suits_its_config() -> None:
    base = GestureConfig(data={"path": "data/sample"})  # type: ignore[arg-type]
    space = load_search_space(PROJECT / "configs" / "search_small.yaml", base)
    smallest, largest = (
        GestureConfig.model_validate(space.settings(base.plain(), choose)).plain()
        for choose in (first, last)
    )
    assert smallest != largest


@pytest.mark.parametrize(("second", "hop", "fits"), [(180_000, None, True), (179_000, None, False)])
def test_a_limit_of_a_second_is_one_of_each_hop(second: int, hop: int, fits: bool) -> None:
    budget = Budget(second_instructions=second, hop_instructions=hop).at(10.0)
    assert bool(budget.overruns(COST)) != fits


def test_the_smaller_of_two_limits_counts() -> None:
    assert Budget(second_instructions=100, hop_instructions=7).at(10.0).hop_instructions == 7
    assert Budget(second_instructions=100, hop_instructions=70).at(10.0).hop_instructions == 10
