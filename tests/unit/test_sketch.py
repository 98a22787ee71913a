"""A network learns to draw: its loss, its drawings, and what is read and written of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.sketch_settings import SketchAugmentConfig, SketchConfig, SketchModelConfig
from pipeline.conversion.mixture_outputs import level_outputs
from pipeline.core.errors import ExitCode, UsageError
from pipeline.core.mixture import LEAST_DEVIATION, MOST_CORRELATION
from pipeline.core.run_folder import RunFolder
from pipeline.core.sketches import (
    ENDED,
    as_steps,
    moves,
    polylines,
    side,
    steps_before,
    until_ended,
)
from pipeline.datasets.sketches import sketch_dataset
from pipeline.training.fit import quiet_keras
from pipeline.training.mixture_density import outputs_of, sketch_loss, step_nats
from pipeline.training.sketch_rnn import Sketcher, build, choose
from pipeline.training.sketch_task import train_sketch
from tests.drawings import save_squares

pytestmark = pytest.mark.xdist_group("tensorflow")

SQUARE = np.array([(9, 0, 0), (0, 9, 0), (-9, 0, 0), (0, -9, 1), (2, 3, 0), (0, 4, 1)], np.float32)
NETWORKS = {
    "lstm": SketchModelConfig(kind="lstm", units=(9, 7), mixtures=3),
    "gru": SketchModelConfig(kind="gru", units=(8,), mixtures=2),
    "variational": SketchModelConfig(kind="lstm", units=(9,), mixtures=3, latent=4, encoder=(5,)),
}


def config_of(path: Path, **model: Any) -> SketchConfig:
    content = {"data": {"path": path}, "model": {"units": [24], "mixtures": 3, **model}}
    return SketchConfig.model_validate(content)


def test_a_drawing_is_the_same_after_it_was_steps_and_strokes() -> None:
    steps = as_steps([SQUARE], scale=3.0, length=9)[0]
    np.testing.assert_array_equal(steps[:, 2:].sum(axis=1), 1)
    assert steps[6:, ENDED].all()
    np.testing.assert_allclose(until_ended(steps, 3.0), SQUARE, atol=1e-5)
    strokes = polylines(SQUARE)
    assert [len(stroke) for stroke in strokes] == [5, 2]
    np.testing.assert_array_equal(strokes[1], [(2, 3), (2, 7)])
    np.testing.assert_array_equal(moves(strokes), SQUARE)
    assert side(SQUARE) == 9


def test_the_step_before_the_first_puts_the_pen_down() -> None:
    steps = as_steps([SQUARE], 1.0, 8)
    before = steps_before(steps)
    np.testing.assert_array_equal(before[0, 0], (0, 0, 1, 0, 0))
    np.testing.assert_array_equal(before[0, 1:], steps[0, :-1])


def nats_by_hand(step: Any, outputs: Any, mixtures: int) -> float:
    """The formulas of the paper, one mixture after the other."""
    parts = outputs[: 6 * mixtures].reshape(6, mixtures)
    weights = np.exp(parts[0]) / np.exp(parts[0]).sum()
    density = 0.0
    for at, weight in enumerate(weights):
        mean, deviation = parts[1:3, at], np.exp(parts[3:5, at]) + LEAST_DEVIATION
        rho = MOST_CORRELATION * np.tanh(parts[5, at])
        across = rho * deviation[0] * deviation[1]
        covariance = np.array([[deviation[0] ** 2, across], [across, deviation[1] ** 2]])
        away = step[:2] - mean
        exponent = -away @ np.linalg.inv(covariance) @ away / 2
        density += weight * np.exp(exponent) / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))
    states = np.exp(outputs[6 * mixtures :])
    pen = -np.log(states[step[2:].argmax()] / states.sum())
    return float(pen if step[ENDED] else pen - np.log(density))


def test_the_loss_is_that_of_the_paper() -> None:
    random = np.random.default_rng(2)
    steps = as_steps([SQUARE, SQUARE[:3]], 4.0, 8)
    outputs = random.normal(size=(2, 8, outputs_of(4))).astype(np.float32)
    expected = [
        [nats_by_hand(*pair, 4) for pair in zip(*rows, strict=True)]
        for rows in zip(steps, outputs.astype(np.float64), strict=True)
    ]
    np.testing.assert_allclose(np.asarray(step_nats(steps, outputs, 4)), expected, rtol=2e-4)


def test_latent_values_cost_as_much_as_they_say_but_little_is_free() -> None:
    config = SketchModelConfig(mixtures=2, latent=3, kl_weight=2.0, kl_floor=0.5)
    steps = as_steps([SQUARE, SQUARE], 4.0, 7)
    random = np.random.default_rng(2)
    outputs = random.normal(size=(2, 7, outputs_of(2) + 6)).astype(np.float32)
    mean, log = outputs[:, :1, -6:-3], outputs[:, :1, -3:]
    outputs[:, :, -6:] = np.concatenate([mean, log], axis=2)
    alone = float(np.mean(step_nats(steps, outputs, 2)))
    cost = 0.5 * np.mean(mean**2 + np.exp(log) - log - 1)
    assert cost > 0.5
    loss = float(sketch_loss(config)(steps, outputs))
    assert loss == pytest.approx(alone + 2 * cost, rel=1e-4)
    outputs[:, :, -6:] = 0
    assert float(sketch_loss(config)(steps, outputs)) == pytest.approx(alone + 2 * 0.5, rel=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_steps_draw_what_was_trained(name: str) -> None:
    """A step at a time, the network gives the outputs that its training is judged by."""
    quiet_keras(1)
    model = build(NETWORKS[name], 8)
    before = steps_before(as_steps([SQUARE, SQUARE[::-1]], 4.0, 8))
    latent = NETWORKS[name].latent
    context = np.zeros((2, latent), np.float32)
    inputs = before
    if latent:
        mean, *_ = (layer for layer in model.layers if layer.name == "mean")
        for weights in mean.weights:
            weights.assign(weights * 0)  # what the encoder says is 0, whatever it reads
        inputs = (before, as_steps([SQUARE, SQUARE], 4.0, 8))
    expected = np.asarray(model(inputs))[..., : outputs_of(NETWORKS[name].mixtures)]
    sketcher = Sketcher(model, NETWORKS[name])
    states: Any = sketcher._first_states(2)
    for at in range(8):
        outputs, states = sketcher._after(before[:, at], states, context)
        np.testing.assert_allclose(outputs, expected[:, at], atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_drawings_are_valid_end_and_begin_as_they_are_begun(name: str) -> None:
    quiet_keras(1)
    sketcher = Sketcher(build(NETWORKS[name], 31), NETWORKS[name])
    begun = as_steps([SQUARE], 4.0, 7)[0, :-1]
    drawn = sketcher.draw(50, 30, temperature=1.0, seed=3, begun=begun)
    assert drawn.shape[1] <= 30
    assert np.isfinite(drawn).all()
    assert np.isin(drawn[..., 2:], (0, 1)).all()
    np.testing.assert_array_equal(drawn[..., 2:].sum(axis=2), 1)
    np.testing.assert_array_equal(drawn[:, :6], np.repeat(begun[None], 50, axis=0))
    ended = np.cumsum(drawn[..., ENDED], axis=1) > 0
    assert ended[:, -1].mean() > 0.9, "an untrained network ends one step in three"
    assert not drawn[ended][:, :2].any(), "nothing moves after the end"
    assert drawn[ended][:, ENDED].all()
    np.testing.assert_array_equal(sketcher.draw(50, 30, 1.0, 3, begun), drawn)
    assert not np.array_equal(sketcher.draw(50, 30, 1.0, 4, begun)[:, :9], drawn[:, :9])


def test_a_low_temperature_draws_near_the_likeliest() -> None:
    mixtures, count = 2, 4000
    outputs = np.zeros((count, outputs_of(mixtures)), np.float32)
    outputs[:, 0:2] = (1.0, 0.0)  # weights 0.73 and 0.27
    outputs[:, 2:4] = (5.0, -5.0)  # means of dx
    outputs[:, 6:8] = np.log(0.5)  # deviations of dx
    outputs[:, 12] = 2.0  # the pen stays down, mostly
    shares, deviations, down = [], [], []
    for temperature in (0.1, 1.0):
        drawn = choose(outputs, mixtures, temperature, np.random.default_rng(5))
        right = drawn[(drawn[:, ENDED] == 0) & (drawn[:, 0] > 0)]
        shares.append((drawn[:, 0] > 0).mean() / (drawn[:, ENDED] == 0).mean())
        deviations.append(right[:, 0].std())
        down.append(drawn[:, 2].mean())
    assert shares == pytest.approx([1.0, 0.73], abs=0.03)
    expected = 0.5 + LEAST_DEVIATION
    assert deviations == pytest.approx([expected * np.sqrt(0.1), expected], rel=0.05)
    assert down == pytest.approx([1.0, np.exp(2) / (np.exp(2) + 2)], abs=0.03)


@pytest.mark.parametrize("latent", [0, 3])
def test_a_network_learns_squares(tmp_path: Path, latent: int) -> None:
    path = save_squares(tmp_path / "squares.npz")
    config = config_of(path, latent=latent, encoder=[8], dropout=0.0)
    fit = config.fit.model_copy(update={"epochs": 25, "learning_rate": 0.02, "batch_size": 32})
    config = config.model_copy(update={"fit": fit})
    trained = train_sketch(
        sketch_dataset(config), config, RunFolder(tmp_path / "run"), lambda _: None
    )
    nats, one_normal = (figure.value for figure in trained.figures)
    assert nats < one_normal - 1.5
    assert trained.weakness == ""


def test_copies_are_scaled_and_lose_points_within_strokes(tmp_path: Path) -> None:
    config = config_of(save_squares(tmp_path / "squares.npz"))
    augment = SketchAugmentConfig(passes=3, scale=0.1, drop=0.5)
    dataset = sketch_dataset(config.model_copy(update={"augment": augment}))
    original = dataset.drawings["train"]
    assert len(dataset.augmented) == 2 * len(original)
    lengths = {len(drawing) for drawing in dataset.augmented}
    assert lengths == {4, 5, 6}, "corners within a stroke are left out, its ends are not"
    for drawing, changed in zip([*original] * 2, dataset.augmented, strict=True):
        assert changed[:, 2].sum() == drawing[:, 2].sum() == 2
        ratio = changed[:, :2].sum(axis=0) / drawing[:, :2].sum(axis=0)
        assert (np.abs(ratio - 1) < 0.1001).all()


OTHER = np.array([1, 2])
WRONG = {
    "a part is missing": ({"valid_starts": None}, "it has no valid_starts"),
    "pickled": ({"train_points": np.array([{}, None])}, "it has pickled objects"),
    "two columns": ({"test_points": np.zeros((6, 2))}, "test_points is float64 [6, 2]"),
    "words": ({"train_points": np.full((720, 3), "x")}, "train_points is <U1 [720, 3]"),
    "starts": ({"train_starts": OTHER}, "train_starts do not rise from 0 to the 720 rows"),
    "an empty drawing": (
        {"test_starts": np.array([0, 6, 6, 360])},
        "test_starts do not rise from 0",
    ),
    "pen": ({"valid_points": np.full((360, 3), 2)}, "the third column of valid_points is not"),
    "no number": ({"valid_points": np.full((360, 3), np.nan)}, "valid_points has moves that"),
    "still": ({"train_points": np.zeros((720, 3))}, "no pen moves in train_points"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, name: str) -> None:
    changes, said = WRONG[name]
    path = save_squares(tmp_path / "squares.npz", **changes)
    with pytest.raises(UsageError) as raised:
        sketch_dataset(config_of(path))
    assert said in raised.value.what
    assert str(path) in raised.value.what


def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.npz"
    path.write_text("1,2,3\n")
    for one, said in (
        (path, "is no file of drawings"),
        (tmp_path / "none.npz", "There is no file"),
    ):
        with pytest.raises(UsageError) as raised:
            sketch_dataset(config_of(one))
        assert said in raised.value.what


def test_long_drawings_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    points = np.tile([(3, 4, 0)], (720, 1))
    starts = np.append(np.arange(0, 700, 6), 720)
    path = save_squares(tmp_path / "long.npz", train_points=points, train_starts=starts)
    config = config_of(path)
    data = config.data.model_copy(update={"max_points": 20})
    dataset = sketch_dataset(config.model_copy(update={"data": data}))
    assert dataset.longest == 6
    assert dataset.note.startswith("1 drawings")
    data = config.data.model_copy(update={"max_points": 5})
    with pytest.raises(UsageError) as raised:
        sketch_dataset(config.model_copy(update={"data": data}))
    assert raised.value.exit_code == ExitCode.USAGE
    assert "0 drawings for train" in raised.value.what


def test_outputs_are_brought_to_one_range_and_stand_for_the_same(tmp_path: Path) -> None:
    import keras

    network = NETWORKS["gru"]
    quiet_keras(2)
    model = build(network, 8)
    model.save(tmp_path / "model.keras")
    before = steps_before(as_steps([SQUARE, SQUARE[::-1], SQUARE[2:]], 4.0, 8))
    level = tmp_path / "level" / "model.keras"
    mixture = level_outputs(tmp_path / "model.keras", before, level, tmp_path / "log")
    outputs = keras.models.load_model(level, compile=False).predict(before, verbose=0)
    np.testing.assert_allclose(outputs.reshape(-1, outputs_of(2))[:, 2:6].max(axis=0), 1, rtol=1e-3)
    np.testing.assert_allclose(
        outputs.reshape(-1, outputs_of(2))[:, 2:6].min(axis=0), -1, rtol=1e-3
    )
    assert np.abs(outputs).max() < 1.001
    lines = np.array([(line.center, line.factor) for line in mixture.lines])
    expected = model.predict(before, verbose=0)
    np.testing.assert_allclose(lines[:, 0] + lines[:, 1] * outputs, expected, atol=1e-5)
