"""Classifiers that the network is compared with, what they learn from, and who is ahead."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import PipelineError
from pipeline.datasets.windows import make_dataset, make_takes_dataset
from pipeline.training.minirocket import KERNELS, fit_minirocket
from pipeline.training.paired import paired_difference
from pipeline.training.ridge import PENALTIES, fit_ridge
from pipeline.training.yardsticks import YARDSTICKS
from pipeline.workflows.yardsticks import evaluate_against_yardsticks
from tests.takes import config, save_all, takes

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(1)


def test_a_feature_is_the_share_of_a_convolution_above_a_bias() -> None:
    windows = RANDOM.normal(size=(5, 40, 3)).astype(np.float32)
    fitted = fit_minirocket(windows, 1000, seed=1)
    features = fitted.transform(windows)
    at = 0
    for layer in fitted.layers:
        for kernel, biases in enumerate(layer.biases):
            weights = layer.weights[kernel].reshape(9, 3)
            reach = 4 * layer.dilation
            outputs = [
                sum(
                    weights[tap] @ windows[2, time + (tap - 4) * layer.dilation]
                    for tap in range(9)
                    if 0 <= time + (tap - 4) * layer.dilation < 40
                )
                for time in (range(40) if layer.padded[kernel] else range(reach, 40 - reach))
            ]
            expected = [np.mean(np.array(outputs) > bias) for bias in biases]
            np.testing.assert_allclose(features[2, at : at + len(biases)], expected, atol=0.04)
            at += len(biases)
    assert at == features.shape[1] == 11 * 84


def test_kernels_are_those_of_the_paper() -> None:
    assert len({tuple(kernel) for kernel in KERNELS}) == 84
    assert {tuple(sorted(kernel)) for kernel in KERNELS} == {(-1.0,) * 6 + (2.0,) * 3}


def test_ridge_answers_as_scikit_learn_does() -> None:
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = RANDOM.uniform(size=(60, 200)).astype(np.float32)
    features[:, 7] = 0.5
    targets = np.repeat([0, 1, 2], (10, 20, 30)).astype(np.int32)
    features[targets == 1, 3] += 1
    features[targets == 2, 4] += 1
    theirs = make_pipeline(
        StandardScaler(with_mean=False),
        RidgeClassifierCV(alphas=PENALTIES, class_weight="balanced"),
    ).fit(features, targets)
    ours = fit_ridge(features, targets, 3)
    others = RANDOM.uniform(size=(50, 200)).astype(np.float32)
    np.testing.assert_allclose(
        others @ ours.coefficients + ours.intercepts, theirs.decision_function(others), atol=1e-4
    )


@pytest.mark.parametrize("name", YARDSTICKS)
def test_a_yardstick_learns_what_can_be_learned(name: str) -> None:
    """A large swing, a smaller one the other way, or noise, at any time."""
    targets = np.arange(90, dtype=np.int32) % 3
    windows = RANDOM.normal(size=(90, 60, 6), scale=0.3).astype(np.float32)
    for window, target in zip(windows, targets, strict=True):
        begin = RANDOM.integers(5, 30)
        window[begin : begin + 10, 2] += (3, -1, 0)[target]
        window[begin + 10 : begin + 20, 2] -= (3, -1, 0)[target]
    predicted = YARDSTICKS[name](windows[:60], targets[:60], windows[60:], 1)
    assert np.mean(predicted == targets[60:]) >= 0.8


def test_yardsticks_have_the_test_windows_of_the_network_and_learn_from_the_other_takes() -> None:
    recordings = takes(("flex", "punch"), ("anna", "ben"), each=6)
    settings = config(split={"folds": 3})
    network, usual = make_dataset(recordings, settings), make_takes_dataset(recordings, settings)
    for own, other in zip(usual.part("test"), network.part("test"), strict=True):
        np.testing.assert_array_equal(own, other)
    names = {part: [usual.groups[i] for i in indices] for part, indices in usual.splits.items()}
    tested = {network.groups[i] for i in network.splits["test"]}
    assert set(names["test"]) == tested
    assert set(names["train"]) == {one.name for one in recordings} - tested
    counts = np.bincount(usual.part("train")[1], minlength=3)
    assert usual.labels == ("flex", "punch", "idle")
    assert counts.tolist() == [8, 8, 8]  # nobody recorded idle


def test_recorded_background_is_not_made_up() -> None:
    recordings = [*takes(("flex", "punch"), each=6), *takes(("idle",), each=6, n=50)]
    usual = make_takes_dataset(recordings, config(split={"folds": 3}))
    assert np.bincount(usual.part("train")[1]).tolist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("better", "worse", "verdict"),
    [
        (12, 0, "ahead"),
        (0, 12, "behind"),
        (9, 9, "not told apart"),
        (5, 0, "not told apart"),
        (0, 0, "not told apart"),
    ],
)
def test_a_lead_is_told_only_where_it_is_more_than_chance(
    better: int, worse: int, verdict: str
) -> None:
    lead = np.zeros((1, 40))
    lead[0, :better], lead[0, 40 - worse :] = 1, np.where(worse, -1, 0)
    found = paired_difference(lead, np.ones((1, 40)))
    assert found.verdict == verdict
    assert found.mean == pytest.approx((better - worse) / 40)
    assert found.interval[0] <= found.mean <= found.interval[1]


def test_classifiers_of_the_same_accuracy_are_rarely_told_apart() -> None:
    told = 0
    for _ in range(100):
        first, second = RANDOM.random((2, 3, 60)) < 0.9
        found = paired_difference(first.astype(float) - second, np.ones((3, 60)))
        told += found.verdict != "not told apart"
    assert told <= 10


def test_without_scikit_learn_nothing_is_trained_and_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    save_all(tmp_path / "data", takes(("flex", "punch")))
    file = tmp_path / "small.yaml"
    file.write_text(f"data: {{path: {tmp_path / 'data'}}}\n", "utf-8")
    with pytest.raises(PipelineError) as raised:
        evaluate_against_yardsticks(file, [], [], 1, print, tmp_path / "evaluations")
    assert "pip install 'gesture-pipeline[compare]'" in raised.value.next_step
    assert not (tmp_path / "evaluations").exists()
