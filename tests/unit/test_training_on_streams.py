"""Learning on streams: chunks tile them, the state goes on, and nothing is told too early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.config.sections import ModelConfig
from pipeline.core.artifacts import NO_TARGET, Interval, Recording, SequenceDataset
from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.labels import window_labels
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.simulate import simulate_dataset
from pipeline.datasets.windows import Chunk, aligned_chunks, cut_chunks, make_dataset
from pipeline.training.gesture_task import fit_data, train_gestures
from pipeline.training.models import Head, Source, build, history, nearest_window
from pipeline.training.stateful import (
    StatefulBatches,
    reset_states,
    stateful_copy,
    stateful_scores,
    stream_stretches,
    windows_at_hops,
)
from pipeline.training.training_data import measure_scaling
from tests.refusals import refuses
from tests.takes import config, take

pytestmark = pytest.mark.xdist_group("tensorflow")

LENGTH, HOP = 40, 8


INTERVALS = (Interval(50, 80, "punch"), Interval(150, 250, "flex"), Interval(332, 372, "punch"))
NETWORKS = [
    {"kind": "simple_rnn", "units": [7], "downsample": 1},
    {"kind": "gru", "units": [7, 5], "downsample": 2},
    {"kind": "lstm", "units": [6], "downsample": 4},
    {
        "kind": "conv_gru",
        "units": [6],
        "convolutions": [{"filters": 5, "kernel": 3, "dilation": 2}, {"filters": 4, "pool": 4}],
    },
]


def streaming() -> GestureConfig:
    return config(window={"mode": "streaming"}, model={"kind": "gru"})


def stream(n: int = 400, missing: Sequence[int] = ()) -> Recording:
    """ax is the sample's place, in thousandths."""
    recording = take("idle", 1, n=n)
    samples = recording.samples.copy()
    samples[:, 0] = np.arange(n, dtype=np.float32) / np.float32(1000)
    kept = np.setdiff1d(np.arange(n), missing)
    found = replace(recording, samples=samples[kept], seq=kept, t_us=recording.t_us[kept])
    return replace(found, intervals=INTERVALS)


def places(chunk: Chunk) -> list[int]:
    return [round(float(value) * 1000) for value in chunk.samples[:, 0]]


def test_chunks_tile_the_stream_and_are_labelled_as_windows_are() -> None:
    recording = stream()
    chunks = list(cut_chunks(recording, streaming()))
    seen = [place for chunk in chunks for place in places(chunk)]
    assert seen[:400] == list(range(400))
    assert [chunk.hops.begins for chunk in chunks] == [True] + [False] * 9
    labels = [label for chunk in chunks for label in chunk.hops.labels]
    for number, label in enumerate(labels, start=1):
        start = number * HOP - LENGTH
        shown = window_labels(recording, np.array([start]), streaming())[0]
        assert label == (shown if start >= 0 else None)
    assert {"punch", "flex", "idle"} <= set(labels)


def test_a_gap_begins_a_stream_and_nothing_is_reported_before_a_whole_window() -> None:
    chunks = list(cut_chunks(stream(missing=[100, 101, 230]), streaming()))
    begins = [chunk for chunk in chunks if chunk.hops.begins]
    assert [places(chunk)[0] for chunk in begins] == [0, 102, 231]
    assert all(chunk.hops.labels[:4] == (None,) * 4 for chunk in begins)


def test_a_stream_is_evaluated_only_where_its_windows_end() -> None:
    chunks = list(aligned_chunks(stream(), [(56, "punch"), (181, "flex")], streaming()))
    said = {
        chunk.start + (at + 1) * HOP: label
        for chunk in chunks
        for at, label in enumerate(chunk.hops.labels)
        if label is not None
    }
    assert said == {96: "punch", 224: "flex"}  # 181 + 40 is within a hop that ends at 224
    assert chunks[-1].stop >= 224


@pytest.mark.parametrize(("n", "slots"), [(13, 4), (12, 4), (3, 5), (7, 1)])
def test_each_slot_goes_on_where_it_ended_and_none_is_lost(n: int, slots: int) -> None:
    begins = np.zeros(n, bool)
    begins[[0, n // 2]] = True
    sequences = np.arange(n * 4, dtype=np.float32).reshape(n, 4, 1)
    found = StatefulBatches.of(begins, slots)
    assert sorted(found.order[found.order >= 0].tolist()) == list(range(n))
    inputs = found.inputs(sequences, 2).reshape(-1, slots, 6)
    for slot in range(slots):
        rows = [row for row in found.order[:, slot].tolist() if row >= 0]
        assert rows == list(range(rows[0], rows[0] + len(rows))) if rows else True
        for step, row in enumerate(rows):
            assert found.begins[step, slot] == (begins[row] or step == 0)
            first = row * 4
            before = [first, first] if found.begins[step, slot] else [first - 2, first - 1]
            assert inputs[step, slot].tolist() == [*before, *range(first, first + 4)]
    starts = {rows for rows in found.order[0].tolist() if rows >= 0}
    assert set(found.cut(begins).tolist()) == {row for row in starts if not begins[row]}


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda network: network["kind"])
def network(request: pytest.FixtureRequest) -> tuple[Any, Any, int]:
    """Settings, a model of them, and its window."""
    import keras

    keras.utils.set_random_seed(5)
    settings = TypeAdapter(ModelConfig).validate_python(request.param)
    window = nearest_window(settings, 48)
    return settings, build(settings, Source(window, 6), Head(3)), window


def test_from_a_reset_on_a_stream_scores_as_its_windows_do(network: tuple[Any, Any, int]) -> None:
    settings, model, window = network
    before = history(settings)
    samples = np.random.default_rng(1).normal(size=(5, window, 6)).astype(np.float32)
    kept = stateful_copy(model, settings, window - before, window - before, 5)
    reset_states(kept, np.ones(5, bool))
    scores = kept.predict_on_batch(samples)
    np.testing.assert_allclose(scores[:, -1], model.predict(samples, verbose=0), atol=1e-5)


def test_the_state_is_carried_from_chunk_to_chunk(network: tuple[Any, Any, int]) -> None:
    settings, model, _ = network
    samples = np.random.default_rng(1).normal(size=(240, 6)).astype(np.float32)
    begins = np.arange(6) == 0
    whole = stateful_scores(model, settings, samples[None], begins[:1], 8)[0]
    parts = stateful_scores(model, settings, samples.reshape(6, 40, 6), begins, 8)
    np.testing.assert_allclose(parts.reshape(30, 3), whole, atol=1e-5)
    anew = stateful_scores(model, settings, samples.reshape(6, 40, 6), begins | True, 8)
    assert np.abs(anew - parts)[1:, 0].max() > 1e-3, "the state makes no difference"


def test_stretches_for_calibration_are_of_one_stream_each() -> None:
    begins = np.isin(np.arange(10), [0, 3, 8])
    sequences = np.arange(40, dtype=np.float32).reshape(10, 4, 1)
    runs = stream_stretches(begins, sequences, 4, 100)[..., 0]
    assert runs.tolist() == [list(range(12, 28)), list(range(16, 32))]
    assert stream_stretches(begins, sequences, 99, 100).shape == (1, 20, 1)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams") / "three"
    simulate_dataset(folder, people=3, takes=4, seed=1)
    return folder


@pytest.fixture(scope="module")
def learned(recordings: Path) -> tuple[SequenceDataset, GestureConfig]:
    settings = {
        "data": {"path": recordings},
        "window": {"length": 60, "hop": 20, "mode": "streaming"},
        "augment": {"passes": 3},
        "unknown": {"share": 0.2},
        "model": {"kind": "gru", "units": [16], "downsample": 5},
        "fit": {"epochs": 12, "batch_size": 8, "learning_rate": 0.01},
    }
    content = GestureConfig.model_validate(settings)
    return make_dataset(load_recordings(recordings), content), content


def test_a_dataset_of_streams_tests_every_take_once(
    learned: tuple[SequenceDataset, GestureConfig],
) -> None:
    dataset, content = learned
    targets = dataset.part("test")[1]
    tested = [
        dataset.groups[row]
        for row, hops in zip(dataset.splits["test"], targets, strict=True)
        for _ in hops[hops != NO_TARGET]
    ]
    takes = [recording for recording in load_recordings(content.data.path)]
    one = {recording.name for recording in takes if recording.person == takes[0].person}
    gestures = [name for name in tested if not name.startswith("idle")]
    assert len(gestures) == len(set(gestures)) == sum(not name.startswith("idle") for name in one)
    train_names = {dataset.groups[row] for row in dataset.splits["train"]}
    assert not train_names & set(tested)


def test_a_network_learns_on_streams_and_the_run_says_so(
    learned: tuple[SequenceDataset, GestureConfig], tmp_path: Path
) -> None:
    dataset, content = learned
    run = RunFolder(tmp_path / "run")
    trained = train_gestures(dataset, content, run, lambda _: None)
    assert trained.accuracy > 0.7
    assert Contract.load(run.contract_file).mode == "streaming"
    with np.load(run.windows_file) as arrays:
        assert arrays["test"].shape == (trained.test_windows, 60, 6)
        assert arrays["calibration"].shape[1] == 8 * 60
        again = windows_at_hops(arrays["stream_places"], arrays["stream_inputs"], 60, 20)
        np.testing.assert_array_equal(again, arrays["test"])
        right = arrays["test_scores"].argmax(axis=1) == arrays["test_targets"]
        assert right.mean() == trained.accuracy


@pytest.mark.parametrize("kind", ["dense", "conv1d", "ds_conv1d", "tcn", "rocket"])
def test_a_network_without_a_state_is_no_stream_of_states(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("data: {path: data/sample}\n", "utf-8")
    with refuses(f"{kind} has no state to keep", ExitCode.USAGE):
        load_gesture_config(file, [f"model.kind={kind}", "window.mode=streaming"])


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("split.by=leaky", "leaky splits windows"),
        ("window.hop=10", "a window.length of whole hops"),
    ],
)
def test_what_no_stream_can_be_made_of_is_refused(tmp_path: Path, setting: str, words: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("data: {path: data/sample}\nwindow: {mode: streaming}\n", "utf-8")
    with pytest.raises(PipelineError, match=words):
        load_gesture_config(file, ["model.kind=gru", setting])


def test_no_evaluation_splits_windows_of_a_stream(
    learned: tuple[SequenceDataset, GestureConfig],
) -> None:
    recordings = load_recordings(learned[1].data.path)
    with pytest.raises(PipelineError, match="`leaky` does not fit"):
        protocol_folds(recordings, learned[1], "leaky")


def test_a_slot_that_starts_amid_a_stream_is_not_asked_before_a_whole_window(
    learned: tuple[SequenceDataset, GestureConfig],
) -> None:
    dataset, content = learned
    scaling = measure_scaling(dataset, content.data.channels)
    found = fit_data(dataset, "train", scaling, content)
    slots = content.fit.batch_size
    weights = found.weights.reshape(-1, slots, 3)  # [steps, slots, hops]
    assert (weights[0, :, :2] == 0).all(), "a window is three hops"
    assert (weights[0, :, 2] > 0).sum() >= slots / 2
    assert found.weights.mean() == pytest.approx(1, rel=0.1)
    by_class = (found.targets * found.weights[..., None]).sum(axis=(0, 1))
    assert by_class.max() / by_class.min() < 1.2, "rare classes weigh as much as others"
    assert fit_data(dataset, "validation", scaling, content).weights.max() < 2
