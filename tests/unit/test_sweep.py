"""Tolerance of a model whose answers can be worked out: at which level which windows tip over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import PipelineError
from pipeline.core.run_folder import RunFolder
from pipeline.training.held_out_scores import HeldOutScores
from pipeline.training.robustness import Curve, Robustness, make_curve
from pipeline.workflows.report import LEAST_ASKED, MOST_WINDOWS, sweep
from tests.tiny_model import CONTRACT, WINDOW, write_sources

pytestmark = pytest.mark.usefixtures("toy_code")

HEIGHT_G = 1.8  # `up` is called from 1 g on
LEVEL = {"idle": 0.0, "up": HEIGHT_G, "down": -HEIGHT_G}


def a_run(folder: Path, each: int) -> RunFolder:
    """Held-out windows in which nothing changes: `each` of every class."""
    run = RunFolder(folder / "run")
    write_sources(run.sources)
    targets = np.repeat(np.arange(3, dtype=np.int32), each)
    windows = np.zeros((len(targets), WINDOW, 6), np.float32)
    windows[..., 0] = np.array([LEVEL[label] for label in CONTRACT.labels])[targets][:, None]
    scaled = (windows / CONTRACT.scaling.std).astype(np.float32)
    scores = np.eye(3, dtype=np.float32)[targets]
    np.savez(
        run.windows_file,
        calibration=scaled[:1],
        test=scaled,
        test_targets=targets,
        test_scores=scores,
        test_names=np.array([f"{CONTRACT.labels[target]}/anna-1-001" for target in targets]),
    )
    int8 = (scores * 200 - 128).astype(np.int8)
    HeldOutScores(CONTRACT.labels, ("a",) * len(targets), targets, scores, int8).save(
        run.scores_file
    )
    CONTRACT.save(run.contract_file)
    return run


@pytest.fixture(scope="module")
def found(
    tmp_path_factory: pytest.TempPathFactory, host_compiler: None, toy_code: None
) -> Robustness:
    return sweep(a_run(tmp_path_factory.mktemp("sweep"), each=10), lambda _: None)


def curve(found: Robustness, name: str) -> Curve:
    return next(curve for curve in found.curves if curve.name == name)


def test_a_softer_swing_tips_over_where_it_no_longer_reaches_1_g(found: Robustness) -> None:
    gain = curve(found, "gain")
    told = dict(zip(gain.levels, gain.accuracies, strict=True))
    assert (told[0.6], told[0.5]) == (1.0, pytest.approx(1 / 3))  # 1.08 g and 0.9 g; idle stays
    assert gain.falls_below == pytest.approx(0.6 - 0.1 * 0.05 / (2 / 3), abs=0.001)
    assert gain.falls_above is None


def test_a_small_range_cuts_the_swing_off(found: Robustness) -> None:
    clipping = curve(found, "clipping")
    assert clipping.falls_below == pytest.approx(1 - 0.25 * 0.05 / (2 / 3), abs=0.001)


def test_what_does_not_change_bears_any_speed_and_loss(found: Robustness) -> None:
    assert set(curve(found, "rate error").accuracies) == {1.0}
    assert set(curve(found, "dropped samples").accuracies) == {1.0}


def test_the_angle_is_one_number(found: Robustness) -> None:
    """cos 45° is still enough about any axis; at a right angle only some axes leave enough."""
    rotation = curve(found, "rotation")
    told = dict(zip(rotation.levels, rotation.accuracies, strict=True))
    assert told[45] == 1.0
    assert 1 / 3 < told[90] < 0.95
    assert found.rotation_limit_deg == rotation.falls_above
    assert 45 < (found.rotation_limit_deg or 0) < 90


def test_few_windows_are_asked_often_and_many_are_thinned(
    found: Robustness, tmp_path: Path, host_compiler: None
) -> None:
    assert found.windows == 30 * -(-LEAST_ASKED // 30)
    assert sweep(a_run(tmp_path, each=500), lambda _: None).windows == MOST_WINDOWS


def test_a_sweep_is_repeatable_and_kept(
    found: Robustness, tmp_path: Path, host_compiler: None
) -> None:
    run = a_run(tmp_path, each=10)
    told: list[str] = []
    assert sweep(run, told.append) == found
    assert len(told) == len(found.curves)
    assert sweep(run, told.append) == found
    assert len(told) == len(found.curves)  # nothing was asked again
    replace(found, contract="0" * 64).save(run.robustness_file)
    assert sweep(run, told.append) == found


def test_a_run_that_is_not_converted_is_told(tmp_path: Path) -> None:
    run = a_run(tmp_path, each=1)
    CONTRACT.model_copy(update={"quantization": None}).save(run.contract_file)
    with pytest.raises(PipelineError, match="has not been converted"):
        sweep(run, lambda _: None)


def measured(levels: list[float], accuracies: list[float], neutral: float = 0.0) -> Curve:
    return make_curve("turn", "turned", "deg", neutral, levels, accuracies)


def test_the_level_of_the_loss_lies_between_two_measured_ones() -> None:
    found = measured([0, 10, 20, 30], [0.90, 0.88, 0.84, 0.10])
    assert found.falls_above == pytest.approx(17.5)  # 0.85 on the way from 0.88 to 0.84
    assert found.falls_below is None


def test_both_sides_of_neutral_are_looked_at() -> None:
    found = measured([0.5, 0.75, 1.0, 1.5], [0.60, 0.80, 0.80, 0.70], neutral=1.0)
    assert found.falls_below == pytest.approx(0.75 - 0.25 / 4, abs=0.001)
    assert found.falls_above == pytest.approx(1.25)


def test_a_curve_that_never_falls_so_far_has_no_such_level() -> None:
    found = measured([0, 10, 20], [0.90, 0.86, 0.95])
    assert (found.falls_below, found.falls_above) == (None, None)


def test_five_points_are_enough() -> None:
    assert measured([0, 10], [0.90, 0.85]).falls_above == pytest.approx(10)


def test_it_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    kept = Robustness("c" * 64, 400, 17.5, (measured([0, 10, 20], [0.9, 0.88, 0.7]),))
    kept.save(tmp_path / "robustness.json")
    assert Robustness.load(tmp_path / "robustness.json") == kept
