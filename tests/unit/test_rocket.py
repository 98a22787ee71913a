"""The rocket network: fitted in one step, and what its fit says of it holds for the network."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.config.sections import TrainedModelConfig
from pipeline.core.artifacts import Float32, Int64, SequenceDataset, made_rest_name
from pipeline.core.contract import Scaling
from pipeline.core.errors import ExitCode
from pipeline.core.project import CONFIGS, PROJECT
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.windows import make_dataset, make_whole_dataset
from pipeline.training import rocket
from pipeline.training.fit import Epoch, Fitted
from pipeline.training.gesture_task import fit_gestures
from pipeline.training.int8_inputs import Int8Inputs
from pipeline.training.models import check_window
from pipeline.training.run_files import CALIBRATION_WINDOWS, evenly_spaced
from pipeline.training.training_data import scale
from tests.refusals import refuses

pytestmark = pytest.mark.xdist_group("tensorflow")

SAMPLE = PROJECT / "data" / "sample"
DILATIONS = (1, 2)


def settings(*more: str) -> GestureConfig:
    network = f"model={{kind: rocket, kernels: 64, dilations: {list(DILATIONS)}}}"
    file = CONFIGS / "gesture_rocket.yaml"
    return load_gesture_config(file, [f"data.path={SAMPLE}", network, *more])


def fitted(dataset: SequenceDataset, config: GestureConfig) -> tuple[Fitted, Scaling]:
    return fit_gestures(dataset, config, lambda _: None)


@pytest.fixture(scope="module")
def dataset() -> SequenceDataset:
    return make_dataset(load_recordings(SAMPLE), settings())


Usual = tuple[Fitted, Scaling, list[Epoch]]


@pytest.fixture(scope="module")
def usual(dataset: SequenceDataset) -> Usual:
    """What comes of the usual settings, and the epochs that were reported meanwhile."""
    said: list[Epoch] = []
    return *fit_gestures(dataset, settings(), said.append), said


def test_what_the_fit_says_of_validation_data_is_what_the_network_does(
    dataset: SequenceDataset, usual: Usual
) -> None:
    result, scaling, said = usual
    inputs, targets = dataset.part("validation")
    training = scale(dataset.part("train")[0], scaling)
    rounded = Int8Inputs.of(training).rounded(scale(inputs, scaling))
    scores = result.model.predict(rounded, verbose=0)
    assert list(result.epochs) == said
    assert len(said) == 1
    right = np.mean(scores.argmax(axis=1) == targets)
    assert said[0].validation_accuracy == pytest.approx(right, abs=0.02)
    assert right > 0.8
    surprise = -np.log(scores[np.arange(len(targets)), targets])
    assert said[0].validation_loss == pytest.approx(surprise.mean(), abs=0.05)
    assert said[0].loss < np.log(len(dataset.labels)) / 2, "it knows little of what it has not seen"


def test_the_same_seed_gives_the_same_network_and_another_one_does_not(
    dataset: SequenceDataset, usual: Usual
) -> None:
    first = usual[0].model.get_weights()
    again, other = (
        fitted(dataset, settings(f"fit.seed={seed}"))[0].model.get_weights() for seed in (1, 2)
    )
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(first[0], other[0])


def test_which_way_is_down_is_seen_where_the_board_is_worn_the_same_way(
    dataset: SequenceDataset, usual: Usual
) -> None:
    assert settings().plain()["model"]["worn"] == "same way"
    assert sees_which_way_is_down(usual[0]) == [True] * len(DILATIONS)
    any_way = fitted(dataset, settings("model.worn=any way"))[0]
    assert sees_which_way_is_down(any_way) == [False] * len(DILATIONS)


def sees_which_way_is_down(result: Fitted) -> list[bool]:
    """Of each dilation. After quantization too, a constant sample has no effect else."""
    seen = []
    for dilation in DILATIONS:
        kernels = result.model.get_layer(f"kernels{dilation}").get_weights()[0]  # [taps, C, f]
        steps = np.abs(kernels).max(axis=(0, 1)) / 127
        seen.append(bool(np.any(np.rint(kernels / steps).sum(axis=0) != 0)))
    return seen


class Features:
    """Features of a dataset that is larger than what may be in memory."""

    width, rows, chunks = 201, 1000, 50

    def features(self, _part: str) -> Iterator[tuple[Int64, Float32]]:
        for first in range(0, self.rows * self.chunks, self.rows):
            indices = np.arange(first, first + self.rows)
            yield indices, np.full((self.rows, self.width), first, np.float32)


def test_of_few_windows_all_features_are_kept_and_not_of_all_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rocket, "PROBED", 500)
    count = Features.rows * Features.chunks
    windows = SequenceDataset(
        samples=np.zeros((count, 6), np.float32),
        starts=np.arange(count),
        length=1,
        targets=np.arange(count, dtype=np.int32) % 2,
        labels=("flex", "idle"),
        groups=("flex/anna-1-001",) * count,
        splits={"train": np.arange(count)},
        fingerprint="",
    )
    random = np.random.default_rng(1)
    tracemalloc.start()
    bank: Any = Features()
    probed = rocket._sums_of_folds(bank, windows, settings(), random).probed
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert probed.shape == (500, Features.width)
    np.testing.assert_array_equal(probed[:, 0], np.arange(0, count, 100) // 1000 * 1000)
    assert peak < count * Features.width * 4 / 2


def windows_of(names: list[str], targets: list[int]) -> SequenceDataset:
    """A window of each recording."""
    count = len(names)
    return SequenceDataset(
        samples=np.zeros((count, 6), np.float32),
        starts=np.arange(count),
        length=1,
        targets=np.array(targets, np.int32),
        labels=("flex", "idle"),
        groups=tuple(names),
        splits={"train": np.arange(count)},
        fingerprint="",
    )


def test_a_person_of_everyday_motion_is_left_out_whole() -> None:
    people = [f"bea{number}" for number in range(10)]
    names = [f"everyday/walk/{person}-1-{number:03d}" for person in people for number in range(4)]
    names += [f"flex/anna-1-{number:03d}" for number in range(10)]
    folds = rocket._folds(windows_of(names, [1] * 40 + [0] * 10), np.random.default_rng(1))
    of_person = folds[:40].reshape(10, 4)
    assert np.all(of_person == of_person[:, :1])
    for part in (of_person[:, 0], folds[40:]):
        assert np.bincount(part).tolist() == [2] * rocket.FOLDS


def test_stretches_of_made_rest_are_spread_over_the_folds() -> None:
    names = [made_rest_name(number) for number in range(10) for _ in range(3)]
    folds = rocket._folds(windows_of(names, [1] * 30), np.random.default_rng(1)).reshape(10, 3)
    assert np.all(folds == folds[:, :1])
    assert np.bincount(folds[:, 0]).tolist() == [2] * rocket.FOLDS


def test_one_window_of_everyday_motion_changes_nothing() -> None:
    windows = windows_of(["everyday/walk/bea-1-001", "flex/anna-1-001"], [1, 0])
    sums = rocket._FoldSums(
        squares=np.zeros((rocket.FOLDS + 1, 3, 3)),
        products=np.zeros((rocket.FOLDS + 1, 3, 2)),
        probed=np.ones((2, 3), np.float32),
        targets=np.eye(2, dtype=np.float32)[::-1],
        weights=np.ones(2, np.float32),
        folds=np.array([0, 1]),
        places=np.arange(2),
    )
    assert rocket._background_shift(sums, windows, settings(), 0.1, 1.0) == 0.0


def test_one_recording_of_each_label_is_enough() -> None:
    recordings = {recording.label: recording for recording in load_recordings(SAMPLE)}
    whole = make_whole_dataset(list(recordings.values()), settings())
    result, scaling = fitted(whole, settings())
    inputs, targets = whole.part("train")
    right = result.model.predict(scale(inputs, scaling), verbose=0).argmax(axis=1) == targets
    assert right.mean() > 0.8


def test_a_window_shorter_than_the_kernels_is_refused() -> None:
    with refuses("A window of 64 samples does not fit the network", ExitCode.USAGE):
        check_window(settings("model.dilations=[1, 8]").model, 64)


@pytest.mark.parametrize(
    ("window", "dilations"),
    [
        *(
            (["window.length=176"], (1, 2, 4, 8, 16)),
            (["window.length=80"], (1, 2, 4)),
        ),
        (["window.length=16"], (1,)),
        (["window.length=176", "model.dilations=[3]"], (3,)),
    ],
)
def test_dilations_are_as_many_as_the_window_has_room_for(
    window: list[str], dilations: tuple[int, ...]
) -> None:
    file = CONFIGS / "gesture_rocket.yaml"
    config = load_gesture_config(file, [f"data.path={SAMPLE}", *window])
    assert config.model.dilations == dilations
    check_window(config.model, config.window.length)


def test_other_tasks_refuse_it() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(TrainedModelConfig)
    with pytest.raises(ValueError, match="rocket is for gestures"):
        adapter.validate_python({"kind": "rocket"})


def test_the_fit_rounds_inputs_as_the_converter_will(
    dataset: SequenceDataset, usual: Usual
) -> None:
    """Fitted on finer inputs, the int8 network errs on three more of a hundred takes."""
    import tensorflow as tf

    from pipeline.conversion.quantize_child import int8_flatbuffer, with_batch_of_one

    result, scaling, _ = usual
    chosen = evenly_spaced(dataset.splits["train"], CALIBRATION_WINDOWS)
    calibration = scale(dataset.sequences(chosen), scaling)
    content = int8_flatbuffer(with_batch_of_one(result.model), calibration)
    step, zero = tf.lite.Interpreter(model_content=content).get_input_details()[0]["quantization"]
    expected = Int8Inputs.of(calibration)
    assert (step, zero) == (pytest.approx(expected.step), expected.zero)
