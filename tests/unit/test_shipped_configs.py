"""Every file in configs/, dry: its data are read, split and cut, and its network trains a step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.budget import load_budget
from pipeline.config.caption_settings import CaptionConfig
from pipeline.config.gesture_settings import DecisionConfig, GestureConfig, load_gesture_config
from pipeline.config.sections import SECTIONS, ConvolutionalConfig, RecurrentConfig, kinds_of
from pipeline.config.sketch_settings import SketchConfig
from pipeline.config.text_settings import GenerationConfig, SentimentConfig
from pipeline.config.translation_settings import TranslationConfig
from pipeline.core.artifacts import NO_TARGET, Recording, SequenceDataset
from pipeline.core.errors import PipelineError
from pipeline.datasets.catalogue import CATALOGUE
from pipeline.datasets.fetch import fetch_dataset
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.windows import make_dataset
from pipeline.training.gesture_task import fit_gestures
from pipeline.training.models import Head, Source, build, check_hop, nearest_window
from pipeline.training.pairs_task import build_network
from pipeline.training.sketch_rnn import build as build_sketch
from pipeline.training.translation_task import source_of
from pipeline.workflows.train import load_task_config

PROJECT = Path(__file__).resolve().parent.parent.parent
BOARDS = [PROJECT / "configs" / "nano33ble.yaml"]  # budgets
SPACES = [PROJECT / "configs" / "search_small.yaml"]  # of searches; all others are trained with
TRAINED_WITH = sorted(set((PROJECT / "configs").glob("*.yaml")) - {*BOARDS, *SPACES})
CONFIGS = [path for path in TRAINED_WITH if load_task_config(path).task == "gesture"]
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens

pytestmark = pytest.mark.xdist_group("tensorflow")


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fetched")


def dataset_of(path: Path, fetched: Path, shared_data: Path) -> Path:
    """What ships, or a published dataset from the shared folder or an earlier download."""
    if path.name not in {entry.name for entry in CATALOGUE}:
        return PROJECT / path
    if not (fetched / path.name).exists():
        try:
            fetch_dataset(path.name, shared_data, fetched / path.name)
        except PipelineError as error:
            pytest.skip(f"{error.what} `gesture data get {path.name}` keeps it for the tests")
    return fetched / path.name


@cache
def last_fold(folder: Path, config: GestureConfig) -> tuple[list[Recording], SequenceDataset]:
    """The same windows serve all networks."""
    recordings = load_recordings(folder)
    folds = protocol_folds(recordings, config, "lopo")
    people = {recording.person for recording in recordings}
    assert len(folds) == len(people) > 1
    return recordings, make_dataset(recordings, folds[-1])


def a_step_of(dataset: SequenceDataset) -> SequenceDataset:
    """Few windows of each part, of every label."""
    splits = {part: some[:: max(len(some) // 32, 1)] for part, some in dataset.splits.items()}
    return replace(dataset, splits=splits)


def one_step(config: GestureConfig) -> GestureConfig:
    return config.model_copy(update={"fit": config.fit.model_copy(update={"epochs": 1})})


@pytest.fixture
def untraced() -> Iterator[None]:
    """A graph is not worth its while for a step or two."""
    import tensorflow

    tensorflow.config.run_functions_eagerly(True)
    yield
    tensorflow.config.run_functions_eagerly(False)


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_shipped_budget_is_one_of_a_board(path: Path) -> None:
    budget = load_budget(path)
    assert 0 < budget.ram_bytes <= 256 * 1024
    assert 0 < budget.flash_bytes <= 1024 * 1024


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_config_has_people_it_can_leave_out_and_a_network_that_fits(
    path: Path, fetched: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scheme in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(scheme, NOWHERE)
    config = load_gesture_config(path)
    recordings, dataset = last_fold(
        dataset_of(config.data.path, fetched, shared_data),
        config.model_copy(update={"model": ConvolutionalConfig(), "decision": DecisionConfig()}),
    )
    person_of = {recording.name: recording.person for recording in recordings}
    names = {
        part: {dataset.groups[index] for index in indices}
        for part, indices in dataset.splits.items()
    }
    assert len({person_of[name] for name in names["test"]}) == 1
    assert not names["train"] & names["validation"]
    assert not (names["train"] | names["validation"]) & names["test"]
    asked = names if config.split.validation else ("train", "test")
    for part in asked:
        shown = set(dataset.part(part)[1].ravel().tolist()) - {NO_TARGET}
        assert shown == set(range(len(dataset.labels)))
    fitted, _ = fit_gestures(a_step_of(dataset), one_step(config), lambda _: None)
    assert len(fitted.epochs) == 1
    assert np.isfinite(fitted.epochs[0].loss)
    assert fitted.model.output_shape == (None, len(dataset.labels))


def test_every_kind_of_network_has_a_shipped_config() -> None:
    shipped = {load_gesture_config(path).model.kind for path in CONFIGS}
    kinds = {kind for section in SECTIONS for kind in kinds_of(section)}
    assert kinds - shipped == {"simple_rnn"}, "worse than a GRU of its cost: docs/models.md"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_fits_its_network(path: Path) -> None:
    shipped = load_gesture_config(path)
    check_hop(shipped.model, shipped.window.hop)
    assert nearest_window(shipped.model, shipped.window.length) == shipped.window.length


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_no_shipped_config_fixes_what_validation_data_decide(path: Path) -> None:
    assert load_gesture_config(path).decision == DecisionConfig()


SENTIMENT = sorted((PROJECT / "configs").glob("sentiment_*.yaml"))
GENERATION = sorted((PROJECT / "configs").glob("generation_*.yaml"))
TRANSLATION = sorted((PROJECT / "configs").glob("translation_*.yaml"))
SKETCH = sorted((PROJECT / "configs").glob("sketch_*.yaml"))
CAPTION = sorted((PROJECT / "configs").glob("caption_*.yaml"))
CHARACTERS = 67  # of tinyshakespeare
LABELS = 2  # of imdb; the files say which


@pytest.mark.parametrize("path", SENTIMENT, ids=lambda path: path.stem)
def test_a_sentiment_config_builds_its_network(path: Path) -> None:
    config = load_task_config(path)
    assert isinstance(config, SentimentConfig)
    assert config.data.path.name in {entry.name for entry in CATALOGUE}
    text = config.text
    source = Source(text.max_len, text.embedding, text.max_words)
    network = build(config.model, source, Head(LABELS))
    assert network.input_shape == (None, text.max_len)
    assert network.output_shape == (None, 2)


@pytest.mark.parametrize("path", GENERATION, ids=lambda path: path.stem)
def test_a_generation_config_builds_its_network(path: Path) -> None:
    config = load_task_config(path)
    assert isinstance(config, GenerationConfig)
    assert config.data.path.name in {entry.name for entry in CATALOGUE}
    source = Source(config.text.length, config.text.embedding, CHARACTERS)
    network = build(config.model, source, Head(CHARACTERS, "linear", every_step=True))
    assert network.output_shape == (None, config.text.length, CHARACTERS)


@pytest.mark.parametrize("path", TRANSLATION, ids=lambda path: path.stem)
def test_a_translation_config_builds_its_network(path: Path) -> None:
    config = load_task_config(path)
    assert isinstance(config, TranslationConfig)
    size = config.text.max_tokens
    network = build_network(config, source_of(config, size), size)
    written = config.text.max_written
    assert network.output_shape == (None, written, config.text.max_tokens)


@pytest.mark.parametrize("path", SKETCH, ids=lambda path: path.stem)
def test_a_sketch_config_builds_its_network(path: Path) -> None:
    config = load_task_config(path)
    assert isinstance(config, SketchConfig)
    network = build_sketch(config.model, config.data.max_points)
    most = config.data.max_points
    assert network.output_shape == (None, most, 6 * config.model.mixtures + 3)


@pytest.mark.parametrize("path", CAPTION, ids=lambda path: path.stem)
def test_a_caption_config_builds_its_network(path: Path) -> None:
    config = load_task_config(path)
    assert isinstance(config, CaptionConfig)
    length = nearest_window(config.model.encoder, 400)
    network = build_network(config, Source(length, 6), 20)
    assert network.output_shape == (None, config.text.max_written, 20)


def test_networks_differ_in_what_their_names_say() -> None:
    configs = {path.stem.removeprefix("sentiment_"): load_task_config(path) for path in SENTIMENT}
    assert {name: kind_and_depth(config) for name, config in configs.items()} == {
        "board": ("gru", 1),
        "conv1d": ("conv1d", 1),
        "deep_rnn": ("simple_rnn", 3),
        "gru": ("gru", 1),
        "lstm": ("lstm", 1),
        "simple_rnn": ("simple_rnn", 1),
        "stacked_gru": ("gru", 2),
    }


def kind_and_depth(config: object) -> tuple[str, int]:
    assert isinstance(config, SentimentConfig)
    network = config.model
    if isinstance(network, ConvolutionalConfig):
        return network.kind, len(network.convolutions)
    assert isinstance(network, RecurrentConfig)
    return network.kind, len(network.units)
