"""Averages of weights help, or are left out: never is a training worse for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.config.sections import FitConfig
from pipeline.training import fit as fitting
from pipeline.training.fit import momentum
from pipeline.training.training_data import FitData, TrainingTask

pytestmark = pytest.mark.xdist_group("tensorflow")


def fit_data(rows: int, seed: int) -> FitData:
    """Two classes that a line tells apart."""
    inputs = np.random.default_rng(seed).normal(size=(rows, 4)).astype(np.float32)
    labels = (inputs @ np.array([1.0, -2.0, 0.5, 1.5]) > 0).astype(int)
    return FitData(inputs, np.eye(2, dtype=np.float32)[labels])


def course(rows: int, held: bool = True) -> TrainingTask:
    def network() -> Any:
        from keras import Input, Model, layers

        samples = Input((4,))
        hidden = layers.Dense(8, activation="relu")(samples)
        return Model(samples, layers.Dense(2, activation="softmax")(hidden))

    def loss() -> Any:
        from keras.losses import CategoricalCrossentropy

        return CategoricalCrossentropy()

    return TrainingTask(network, fit_data(rows, 1), fit_data(200, 2) if held else None, loss)


def loss_of(model: Any) -> float:
    part = fit_data(200, 2)
    outputs = model.predict(part.inputs, verbose=0)
    return float(-np.log((outputs * part.targets).sum(axis=1)).mean())


def fitted(rows: int, epochs: int, **settings: Any) -> Any:
    config = FitConfig(epochs=epochs, batch_size=16, learning_rate=0.02, **settings)
    return fitting.fit(course(rows), config, lambda _: None).model


@pytest.mark.parametrize(("rows", "epochs"), [(20, 2), (20, 20), (600, 1), (600, 8)])
def test_a_training_of_any_length_is_as_good_as_without_averages(rows, epochs, monkeypatch):
    averaged = loss_of(fitted(rows, epochs))
    monkeypatch.setattr(fitting, "momentum", lambda _: 0.0)
    plain = loss_of(fitted(rows, epochs))
    assert averaged <= 1.02 * plain


def test_where_averages_are_worse_the_last_weights_are_kept(monkeypatch):
    monkeypatch.setattr(fitting, "momentum", lambda _: 0.999)
    model = fitted(600, 8)
    assert loss_of(model) < 0.1


def test_without_validation_data_what_is_kept_is_the_average(monkeypatch):
    monkeypatch.setattr(fitting, "momentum", lambda _: 0.9999)
    config = FitConfig(epochs=8, batch_size=16, learning_rate=0.02)
    assert loss_of(fitting.fit(course(600, held=False), config, lambda _: None).model) > 0.3


def test_an_average_goes_over_a_share_of_the_steps_and_no_more_than_is_of_use():
    assert [momentum(steps) for steps in (1, 10, 300, 2000, 10**6)] == [
        *(0.0, 0.0),
        *(1 - 1 / 30, 0.995, 0.995),
    ]
