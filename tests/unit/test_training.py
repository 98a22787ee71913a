"""A run from recordings to a folder that conversion can take: tiny, but the real thing."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.config.gesture_settings import BOARD_CHANNELS, GestureConfig, load_gesture_config
from pipeline.config.sections import FitConfig
from pipeline.conversion.contract_source import contract_source
from pipeline.core.artifacts import IMU_CHANNELS, SequenceDataset
from pipeline.core.contract import Contract, Quantization
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import WriteError
from pipeline.core.run_folder import RunFolder
from pipeline.core.shares import Share
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.simulate import simulate_dataset
from pipeline.datasets.windows import make_dataset
from pipeline.reports.pages import render_gestures
from pipeline.training import fit as fitting
from pipeline.training.fit import Epoch, momentum
from pipeline.training.gesture_task import fit_gestures, train_gestures
from pipeline.training.models import Head, Source, build, nearest_window, total_stride
from pipeline.training.run_files import Trained
from pipeline.training.training_data import FitData, TrainingTask, measure_scaling, scale
from pipeline.workflows.report import gather
from pipeline.workflows.train import train_on

pytestmark = pytest.mark.xdist_group("tensorflow")

SMALL: dict[str, dict[str, Any]] = {
    "window": {"length": 60, "hop": 20},
    "augment": {"passes": 1},
    "unknown": {"share": 0},
    "model": {"convolutions": [{"filters": 4, "pool": 2}, {"filters": 8, "pool": 2}]},
    "fit": {"epochs": 3, "batch_size": 64},
}


@dataclass(frozen=True)
class Done:
    """A finished run, and what it was made of."""

    trained: Trained
    run: RunFolder
    dataset: SequenceDataset
    config: GestureConfig
    said: list[Epoch]

    def json(self, name: str) -> Any:
        return json.loads((self.run.path / name).read_text("utf-8"))


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "three"
    simulate_dataset(folder, people=3, takes=3, seed=1)
    return folder


@pytest.fixture(scope="session")
def config(recordings: Path) -> GestureConfig:
    return GestureConfig.model_validate({"data": {"path": recordings}, **SMALL})


@pytest.fixture(scope="session")
def dataset(config: GestureConfig) -> SequenceDataset:
    return make_dataset(load_recordings(config.data.path), config)


@pytest.fixture(scope="session")
def done(
    dataset: SequenceDataset, config: GestureConfig, tmp_path_factory: pytest.TempPathFactory
) -> Done:
    run = RunFolder(tmp_path_factory.mktemp("runs") / "first")
    said: list[Epoch] = []
    return Done(train_gestures(dataset, config, run, said.append), run, dataset, config, said)


def changed(config: GestureConfig, section: str, **values: Any) -> GestureConfig:
    part = getattr(config, section).model_copy(update=values)
    return config.model_copy(update={section: part})


def predictions(model: Any, dataset: SequenceDataset, scaling: Any) -> bytes:
    found: np.ndarray = model.predict(scale(dataset.part("test")[0], scaling), verbose=0)
    return found.tobytes()


def test_a_run_leaves_every_file_and_nothing_else(done: Done) -> None:
    left = {path.name for path in done.run.path.iterdir()}
    assert left == {
        "model.keras",
        "config.yaml",
        "hashes.json",
        "contract.json",
        "metrics.json",
        "splits.json",
        "windows.npz",
        "embedding_features.npz",
        "confusion_matrix.png",
        "training",
    }
    assert [path.name for path in done.run.training.iterdir()] == ["epochs.csv"]


def test_every_epoch_is_reported_as_it_ends(done: Done) -> None:
    assert [(epoch.number, epoch.of) for epoch in done.said] == [(1, 3), (2, 3), (3, 3)]
    assert all(np.isfinite([epoch.loss, epoch.validation_loss]).all() for epoch in done.said)
    kept = [epoch["loss"] for epoch in done.json("metrics.json")["epochs"]]
    assert kept == [epoch.loss for epoch in done.said]


def test_the_saved_model_and_windows_give_the_accuracy_that_was_reported(done: Done) -> None:
    import keras

    model = keras.models.load_model(done.run.keras_file)
    with np.load(done.run.windows_file) as arrays:
        called = model.predict(arrays["test"], verbose=0).argmax(axis=1)
        accuracy = float(np.mean(called == arrays["test_targets"]))
        assert arrays["calibration"].shape[1:] == (60, 6)
    assert accuracy == done.trained.accuracy == done.json("metrics.json")["accuracy"]
    assert len(called) == done.trained.test_windows
    page = render_gestures(gather(done.run))
    assert f"Of single windows, {Share.of(accuracy, len(called))} held-out ones" in page
    assert "This is the float model" in page


def test_calibration_windows_are_training_windows_as_the_network_sees_them(done: Done) -> None:
    scaling = done.run.contract().scaling
    known = {window.tobytes() for window in scale(done.dataset.part("train")[0], scaling)}
    with np.load(done.run.windows_file) as arrays:
        assert 0 < len(arrays["calibration"]) <= 512
        assert all(window.tobytes() in known for window in arrays["calibration"])
        np.testing.assert_array_equal(arrays["test"], scale(done.dataset.part("test")[0], scaling))


def test_the_saved_config_is_the_one_used(done: Done) -> None:
    assert load_gesture_config(done.run.config_file).hash() == done.config.hash()


def test_the_contract_says_what_was_trained_and_can_go_on_a_board(done: Done) -> None:
    contract = Contract.load(done.run.contract_file)
    assert tuple(channel.name for channel in contract.channels) == IMU_CHANNELS
    assert (contract.rate_hz, contract.window, contract.hop) == (119.0, 60, 20)
    assert contract.labels == ("circle", "flex", "punch", "wave", "idle")
    assert contract.decision.background == "idle"
    hashes = (contract.hashes.data, contract.hashes.config)
    assert hashes == (done.dataset.fingerprint, done.config.hash())
    assert contract.quantization is None
    quantization = Quantization(
        input_scale=0.1, input_zero_point=0, output_scale=1 / 256, output_zero_point=-128
    )
    assert contract_source(contract.converted(quantization, b"model"), 0)


def test_no_recording_of_the_test_data_was_trained_on(done: Done) -> None:
    parts = done.json("splits.json")
    tested = set(parts["test"])
    assert tested
    assert not tested & {*parts["train"], *parts["validation"]}
    on_disk = {recording.name: recording for recording in load_recordings(done.config.data.path)}
    assert {*parts["train"], *parts["validation"], *tested} == set(on_disk)
    assert len({on_disk[name].person for name in tested}) == 1
    assert parts["fingerprint"] == done.dataset.fingerprint
    assert done.json("metrics.json")["split"] == "by person, fold 1 of 3"


def test_metrics_are_of_the_test_windows(done: Done) -> None:
    metrics = done.json("metrics.json")
    were = np.bincount(done.dataset.part("test")[1], minlength=5)
    np.testing.assert_array_equal(np.sum(metrics["confusion"], axis=1), were)
    assert metrics["labels"] == list(done.dataset.labels)
    assert set(metrics["versions"]) == {"python", "tensorflow", "keras", "numpy", "tflite-micro"}


def test_the_same_seed_gives_the_same_weights_and_another_does_not(done: Done) -> None:
    import keras

    scaling = done.run.contract().scaling
    first = predictions(keras.models.load_model(done.run.keras_file), done.dataset, scaling)
    again, _ = fit_gestures(done.dataset, done.config, lambda _: None)
    assert predictions(again.model, done.dataset, scaling) == first
    another = changed(done.config, "fit", seed=2, epochs=1)
    other, _ = fit_gestures(done.dataset, another, lambda _: None)
    assert predictions(other.model, done.dataset, scaling) != first


def test_samples_do_not_stay_in_memory_after_a_training(done: Done) -> None:
    """Another training follows it, on samples of its own."""
    dataset = replace(done.dataset, samples=done.dataset.samples.copy())
    samples = weakref.ref(dataset.samples)
    fit_gestures(dataset, changed(done.config, "fit", epochs=1), lambda _: None)
    del dataset
    gc.collect()
    assert samples() is None


def test_a_run_whose_pictures_cannot_be_written_has_no_contract(
    dataset: SequenceDataset, config: GestureConfig, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    (run.path / "confusion_matrix.png" / "in the way").mkdir(parents=True)
    with pytest.raises(WriteError, match=r"confusion_matrix\.png"):
        train_gestures(dataset, changed(config, "fit", epochs=1), run, lambda _: None)
    assert run.keras_file.is_file()
    assert not run.contract_file.exists()


@pytest.mark.parametrize(("length", "good"), [(61, 60), (63, 64), (8, 16), (112, 112)])
def test_a_window_that_pooling_would_cut_is_refused_with_a_good_length(
    config: GestureConfig, length: int, good: int
) -> None:
    assert nearest_window(config.model, length) == good
    assert build(config.model, Source(good, 6), Head(5)).output_shape == (None, 5)
    if length != good:
        with pytest.raises(PipelineError, match=f"A window of {length} samples") as caught:
            build(config.model, Source(length, 6), Head(5))
        assert caught.value.next_step == f"set window.length to {good}"
        assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(("hop", "good"), [(18, 16), (1, 4), (23, 24)])
def test_a_hop_that_a_board_cannot_make_is_refused_before_anything_is_written(
    config: GestureConfig, tmp_path: Path, hop: int, good: int
) -> None:
    caught = refused(changed(config, "window", hop=hop), tmp_path, f"A hop of {hop} samples")
    assert caught.next_step == f"set window.hop to {good}"
    assert good % total_stride(config.model) == 0


def test_a_window_that_pooling_would_cut_is_refused_before_anything_is_written(
    config: GestureConfig, tmp_path: Path
) -> None:
    caught = refused(changed(config, "window", length=61), tmp_path, "A window of 61 samples")
    assert caught.next_step == "set window.length to 60"


def refused(config: GestureConfig, folder: Path, words: str) -> PipelineError:
    run, said = RunFolder(folder / "run"), []
    with pytest.raises(PipelineError, match=words) as caught:
        train_on(load_recordings(config.data.path), config, run, said.append)
    assert caught.value.exit_code == ExitCode.USAGE
    assert not said
    assert not run.path.exists()
    return caught.value


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("data.channels=[gx, gy, gz]", "data.channels: a board gives its network ax, ay, az, gx"),
        ("data.channels=[ax, ay, az, mx]", "not ax, ay, az, mx"),
        ("data.channels=[ay, ax]", "in this order"),
        ("window.hop=61", "window.hop: more than window.length, 60"),
    ],
)
def test_what_no_board_can_do_is_refused_in_the_config(
    tmp_path: Path, setting: str, words: str
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"data": {"path": "data/mine"}, **SMALL}), "utf-8")
    with pytest.raises(PipelineError) as caught:
        load_gesture_config(file, [setting])
    assert words in caught.value.what
    assert "Value error" not in caught.value.what
    assert caught.value.exit_code == ExitCode.USAGE
    assert (
        load_gesture_config(file, ["data.channels=[ax, ay, az]"]).data.channels == IMU_CHANNELS[:3]
    )
    assert BOARD_CHANNELS == IMU_CHANNELS


def test_scaling_is_measured_on_training_windows_only(done: Done) -> None:
    everything = {"train": np.arange(len(done.dataset.starts))}
    whole = replace(done.dataset, splits=everything)
    assert done.run.contract().scaling == measure_scaling(done.dataset, IMU_CHANNELS)
    assert done.run.contract().scaling != measure_scaling(whole, IMU_CHANNELS)


FITTED = """
import hashlib, numpy as np
from pipeline.training.fit import quiet_keras
keras = quiet_keras(1)
inputs = np.random.default_rng(1).normal(size=(512, 112, 6)).astype("float32")
targets = (inputs[:, :, 0].mean(1) > 0).astype("int32")
model = keras.Sequential([keras.layers.Input((112, 6)), keras.layers.Conv1D(32, 5),
    keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(inputs, targets, batch_size=64, epochs=2, verbose=0)
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
"""


def weights_of(processors: set[int], **variables: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", FITTED],
        env={**os.environ, **variables},
        preexec_fn=lambda: os.sched_setaffinity(0, processors),
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.split()[-1]


def test_weights_do_not_depend_on_processors_threads_and_onednn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exec(FITTED, {})
    here = capsys.readouterr().out.split()[-1]
    one = {min(os.sched_getaffinity(0))}
    assert weights_of(one, TF_ENABLE_ONEDNN_OPTS="1", TF_NUM_INTRAOP_THREADS="2") == here


def fit_data(rows: int, seed: int) -> FitData:
    """Two classes that a line tells apart."""
    inputs = np.random.default_rng(seed).normal(size=(rows, 4)).astype(np.float32)
    labels = (inputs @ np.array([1.0, -2.0, 0.5, 1.5]) > 0).astype(int)
    return FitData(inputs, np.eye(2, dtype=np.float32)[labels])


def training_task(rows: int, has_validation: bool = True) -> TrainingTask:
    def network() -> Any:
        from keras import Input, Model, layers

        samples = Input((4,))
        hidden = layers.Dense(8, activation="relu")(samples)
        return Model(samples, layers.Dense(2, activation="softmax")(hidden))

    def loss() -> Any:
        from keras.losses import CategoricalCrossentropy

        return CategoricalCrossentropy()

    return TrainingTask(
        network, fit_data(rows, 1), fit_data(200, 2) if has_validation else None, loss
    )


def loss_of(model: Any) -> float:
    part = fit_data(200, 2)
    outputs = np.asarray(model(part.inputs))
    return float(-np.log((outputs * part.targets).sum(axis=1)).mean())


def test_a_step_is_traced_once() -> None:
    """A second time it would take as long again, before the first epoch."""
    traced = []

    def loss(targets: Any, outputs: Any) -> Any:
        from keras.losses import categorical_crossentropy

        traced.append(outputs)
        return categorical_crossentropy(targets, outputs)

    task = replace(training_task(64, has_validation=False), loss=lambda: loss)
    fitting.fit(task, FitConfig(epochs=2, batch_size=16), lambda _: None)
    assert len(traced) == 1


def fitted(rows: int, epochs: int, **settings: Any) -> Any:
    config = FitConfig(epochs=epochs, batch_size=16, learning_rate=0.02, **settings)
    return fitting.fit(training_task(rows), config, lambda _: None).model


@pytest.mark.parametrize(("rows", "epochs"), [(20, 2), (600, 8)])
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
    assert (
        loss_of(fitting.fit(training_task(600, has_validation=False), config, lambda _: None).model)
        > 0.3
    )


def test_an_average_goes_over_a_share_of_the_steps_and_no_more_than_is_of_use():
    assert [momentum(steps) for steps in (1, 10, 300, 2000, 10**6)] == [
        *(0.0, 0.0),
        *(1 - 1 / 30, 0.995, 0.995),
    ]
