"""Tolerance of a model: disturbances of windows, and at which level which windows tip over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.core.errors import PipelineError
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.disturb import (
    DISTURBANCES,
    Disturbance,
    add_noise,
    clip_windows,
    drop_samples,
    rotate_windows,
    time_warp_windows,
)
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
    said = dict(zip(gain.levels, gain.accuracies, strict=True))
    assert (said[0.6], said[0.5]) == (1.0, pytest.approx(1 / 3))  # 1.08 g and 0.9 g; idle stays
    assert gain.falls_below == pytest.approx(0.6 - 0.1 * 0.05 / (2 / 3), abs=0.001)
    assert gain.falls_above is None


def test_a_small_range_cuts_the_swing_off(found: Robustness) -> None:
    clipping = curve(found, "clipping")
    assert clipping.falls_below == pytest.approx(1 - 0.25 * 0.05 / (2 / 3), abs=0.001)


def test_what_does_not_change_tolerates_any_speed_and_loss(found: Robustness) -> None:
    assert set(curve(found, "rate error").accuracies) == {1.0}
    assert set(curve(found, "dropped samples").accuracies) == {1.0}


def test_the_angle_is_one_number(found: Robustness) -> None:
    """cos 45° is still enough about any axis; at a right angle only some axes leave enough."""
    rotation = curve(found, "rotation")
    said = dict(zip(rotation.levels, rotation.accuracies, strict=True))
    assert said[45] == 1.0
    assert 1 / 3 < said[90] < 0.95
    assert found.rotation_limit_deg == rotation.falls_above
    assert 45 < (found.rotation_limit_deg or 0) < 90


def test_few_windows_are_asked_often_and_many_are_sampled(
    found: Robustness, tmp_path: Path, host_compiler: None
) -> None:
    assert found.windows == 30 * -(-LEAST_ASKED // 30)
    assert sweep(a_run(tmp_path, each=500), lambda _: None).windows == MOST_WINDOWS


def test_a_sweep_is_repeatable_and_kept(
    found: Robustness, tmp_path: Path, host_compiler: None
) -> None:
    run = a_run(tmp_path, each=10)
    said: list[str] = []
    assert sweep(run, said.append) == found
    assert len(said) == len(found.curves)
    assert sweep(run, said.append) == found
    assert len(said) == len(found.curves)  # nothing was asked again
    replace(found, contract="0" * 64).save(run.robustness_file)
    assert sweep(run, said.append) == found


def test_a_run_that_is_not_converted_is_reported(tmp_path: Path) -> None:
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


WINDOWS = np.random.default_rng(1).normal(0, 0.9, (5, 41, 6)).astype(np.float32)


def chance() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=lambda one: one.name)
def test_the_neutral_level_changes_nothing(disturbance: Disturbance) -> None:
    assert disturbance.neutral in disturbance.levels
    assert list(disturbance.levels) == sorted(disturbance.levels)
    same = disturbance.apply(WINDOWS, IMU_CHANNELS, disturbance.neutral, chance())
    assert np.allclose(same, WINDOWS, atol=1e-6)


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=lambda one: one.name)
@pytest.mark.parametrize("channels", [6, 3, 1])
def test_every_level_is_repeatable_and_leaves_what_it_is_given(
    disturbance: Disturbance, channels: int
) -> None:
    windows, names = WINDOWS[..., :channels].copy(), IMU_CHANNELS[:channels]
    for level in disturbance.levels:
        once = disturbance.apply(windows, names, level, chance())
        again = disturbance.apply(windows, names, level, chance())
        assert np.array_equal(once, again)
        assert once.shape == windows.shape
        assert once.dtype == np.float32
        assert np.isfinite(once).all()
    assert np.array_equal(windows, WINDOWS[..., :channels])


def test_a_turn_keeps_lengths_and_goes_by_its_angle() -> None:
    before, after = WINDOWS[..., :3], rotate_windows(WINDOWS, IMU_CHANNELS, 40.0, chance())[..., :3]
    lengths = np.linalg.norm(before, axis=2)
    assert np.allclose(np.linalg.norm(after, axis=2), lengths, atol=1e-5)
    cosines = (before * after).sum(axis=2) / lengths**2
    assert np.degrees(np.arccos(cosines.min())) == pytest.approx(40.0, abs=1.5)  # at right angles
    back = rotate_windows(
        rotate_windows(WINDOWS, IMU_CHANNELS, 40.0, chance()), IMU_CHANNELS, -40.0, chance()
    )
    assert np.allclose(back, WINDOWS, atol=1e-5)


def test_both_sensors_turn_together() -> None:
    twice = np.concatenate([WINDOWS[..., :3], WINDOWS[..., :3]], axis=2)
    after = rotate_windows(twice, IMU_CHANNELS, 70.0, chance())
    assert np.allclose(after[..., :3], after[..., 3:])


def test_a_faster_gesture_is_shorter_about_its_middle() -> None:
    ramp = np.broadcast_to(np.arange(41, dtype=np.float32)[None, :, None], (1, 41, 6))
    fast = time_warp_windows(ramp, IMU_CHANNELS, 25.0, chance())[0, :, 0]
    assert fast[20] == 20
    assert np.allclose(np.diff(fast[8:33]), 1.25)
    assert (fast[0], fast[-1]) == (0, 40)  # what is not known is held
    slow = time_warp_windows(ramp, IMU_CHANNELS, -50.0, chance())[0, :, 0]
    assert np.allclose(slow, np.linspace(10, 30, 41))


def test_lost_samples_close_up_in_their_order() -> None:
    ramp = np.broadcast_to(np.arange(41, dtype=np.float32)[None, :, None], (50, 41, 6))
    thin = drop_samples(ramp, IMU_CHANNELS, 30.0, chance())[..., 0]
    assert (np.diff(thin, axis=1) >= 0).all()
    lost = [41 - len(set(window)) for window in thin.tolist()]
    assert np.mean(lost) / 41 == pytest.approx(0.3, abs=0.04)


def test_noise_and_range_go_with_the_unit() -> None:
    noise = add_noise(np.zeros((200, 41, 6), np.float32), IMU_CHANNELS, 0.1, chance()).std(
        axis=(0, 1)
    )
    assert np.allclose(noise, [0.1] * 3 + [10.0] * 3, rtol=0.05)
    ends = clip_windows(np.full((1, 2, 6), 9999.0, np.float32), IMU_CHANNELS, 2.0, chance())[0, 0]
    assert ends.tolist() == [2.0] * 3 + [1000.0] * 3
