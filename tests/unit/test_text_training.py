"""Learning text on the one core: it learns, goes on after a kill, and leaves what is next."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.file import load_section
from pipeline.config.text_settings import GenerationConfig, SentimentConfig
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import WriteError
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import FIRST, Vocabulary
from pipeline.datasets.characters import generation_dataset
from pipeline.datasets.sentiment import sentiment_dataset
from pipeline.training.fit import Epoch
from pipeline.training.run_files import load_network
from pipeline.training.text_task import (
    TextGenerator,
    log_softmax,
    train_generation,
    train_sentiment,
)
from tests.refusals import refuses
from tests.texts import GENERATION, SENTIMENT, write_reviews, write_rhymes

pytestmark = pytest.mark.xdist_group("tensorflow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("texts")
    write_reviews(made / "reviews", {"train": 200, "val": 40, "test": 60})
    write_rhymes(made / "rhymes.txt", 2500)
    (made / "sentiment.yaml").write_text(SENTIMENT, "utf-8")
    (made / "generation.yaml").write_text(GENERATION, "utf-8")
    return made


def sentiment_config(folder: Path, *settings: str) -> SentimentConfig:
    where = f"data.path={folder / 'reviews'}"
    return load_section(folder / "sentiment.yaml", SentimentConfig, [where, *settings])


def generation_config(folder: Path, *settings: str) -> GenerationConfig:
    where = f"data.path={folder / 'rhymes.txt'}"
    return load_section(folder / "generation.yaml", GenerationConfig, [where, *settings])


def write(config: GenerationConfig, run: Path, on_epoch: Callable[[Epoch], None]) -> RunFolder:
    folder = RunFolder(run)
    train_generation(generation_dataset(config), config, folder, on_epoch)
    return folder


def quietly(_: Epoch) -> None:
    pass


def metrics_of(run: RunFolder) -> Any:
    return json.loads(run.metrics_file.read_text("utf-8"))


@pytest.fixture(scope="module")
def classifier(folder: Path) -> RunFolder:
    run = RunFolder(folder / "classifier")
    config = sentiment_config(folder)
    trained = train_sentiment(sentiment_dataset(config), config, run, quietly)
    assert trained.test_windows == 60
    return run


@pytest.fixture(scope="module")
def writer(folder: Path) -> RunFolder:
    return write(generation_config(folder, "fit.tensorboard=true"), folder / "writer", quietly)


def test_it_learns_which_words_say_it(classifier: RunFolder) -> None:
    metrics = metrics_of(classifier)
    assert metrics["accuracy"] >= 0.95
    assert sum(map(sum, metrics["confusion"])) == 60
    assert metrics["labels"] == ["negative", "positive"]


def test_a_contract_of_text_says_what_makes_its_input(
    classifier: RunFolder, writer: RunFolder
) -> None:
    contract = classifier.contract()
    facts = contract.vocabulary
    assert facts is not None
    vocabulary = Vocabulary.load(classifier.vocabulary_file, facts.sha256)
    assert (facts.level, facts.size) == ("words", vocabulary.size)
    assert (contract.task, contract.window, contract.rate_hz) == ("sentiment", 12, 0)
    assert [channel.name for channel in contract.channels] == ["e0", "e1", "e2", "e3"]
    contract = writer.contract()
    assert (contract.task, contract.mode, contract.hop) == ("generation", "streaming", 1)
    assert contract.labels == ()


def test_what_conversion_needs_are_tokens_of_the_training_part(classifier: RunFolder) -> None:
    with np.load(classifier.windows_file) as windows:
        assert windows["calibration"].shape == (200, 12)
        assert windows["calibration"].dtype == np.int32
        assert windows["test"].shape == (60, 12)
        called = windows["test_scores"].argmax(axis=1)
        assert np.mean(called == windows["test_targets"]) >= 0.95


def test_it_learns_a_rhyme_by_heart(writer: RunFolder) -> None:
    metrics = metrics_of(writer)
    assert metrics["loss"] < 0.3
    assert metrics["bits_per_character"] == pytest.approx(metrics["loss"] / math.log(2))
    cold = metrics["samples"][0]
    assert cold["temperature"] == 0.0001
    assert "cat sat on the mat.\nthe quick " in cold["text"]


def test_the_loss_is_that_of_every_character_of_the_end_read_in_one_go(writer: RunFolder) -> None:
    """Told again with nothing but the saved network, a step at a time."""
    network = load_network(writer.keras_file)
    config = load_section(writer.config_file, GenerationConfig)
    with np.load(writer.windows_file) as windows:
        tokens, targets = windows["test"].ravel(), windows["test_targets"].ravel()
    logits = TextGenerator(network, config.model).read(tokens.tolist())
    likelihoods = log_softmax(logits)[np.arange(len(targets)), targets]
    assert metrics_of(writer)["loss"] == pytest.approx(-likelihoods.mean(), rel=1e-4)


def test_padding_and_the_unknown_are_never_written(writer: RunFolder) -> None:
    network = load_network(writer.keras_file)
    config = load_section(writer.config_file, GenerationConfig)
    generator = TextGenerator(network, config.model)
    written = generator.generate([FIRST], 300, temperature=5.0, seed=1)
    assert min(written) >= FIRST
    assert len(set(written)) > 8  # it is hot
    assert generator.generate([FIRST], 300, temperature=5.0, seed=1) == written


class KilledError(Exception):
    pass


def kill_after(number: int) -> Callable[[Epoch], None]:
    def on_epoch(epoch: Epoch) -> None:
        if epoch.number == number:
            raise KilledError

    return on_epoch


def test_where_it_was_broken_off_it_goes_on_to_the_same_weights(folder: Path) -> None:
    """In the order of the text there is nothing to shuffle: the two must be equal to the bit."""
    config = generation_config(folder, "fit.epochs=4", "text.stateful=true", "model.dropout=0.2")
    whole = write(config, folder / "whole", quietly)
    losses = [epoch["validation_loss"] for epoch in metrics_of(whole)["epochs"]]
    assert losses == sorted(losses, reverse=True)
    with pytest.raises(KilledError):
        write(config, folder / "broken", kill_after(3))
    assert not (folder / "broken" / "contract.json").exists()
    refuse_other_data(config, folder)
    refuse_other_settings(config, folder)
    refuse_half_a_checkpoint(config, folder)
    said: list[int] = []
    in_the_way = RunFolder(folder / "broken").keras_file
    in_the_way.mkdir()  # it learns to the end, and fails as it saves what it has learned
    with pytest.raises(WriteError, match=in_the_way.name):
        write(config, folder / "broken", lambda epoch: said.append(epoch.number))
    in_the_way.rmdir()
    broken = write(config, folder / "broken", lambda epoch: said.append(epoch.number))
    assert said == [3, 4]
    assert metrics_of(broken)["epochs"] == metrics_of(whole)["epochs"]
    ours, theirs = (load_network(run.keras_file).get_weights() for run in (broken, whole))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not broken.checkpoint_file.exists()
    told_epochs = broken.epochs_file.read_text("utf-8").splitlines()
    assert [line.split(",")[0] for line in told_epochs] == ["number", "1", "2", "3", "4"]


def refuse_other_data(config: GenerationConfig, folder: Path) -> None:
    other = write_rhymes(folder / "other.txt", 3000)
    changed = config.model_copy(update={"data": config.data.model_copy(update={"path": other})})
    with refuses("its data have changed", ExitCode.MISMATCH):
        write(changed, folder / "broken", quietly)


def refuse_other_settings(config: GenerationConfig, folder: Path) -> None:
    text = config.text.model_copy(update={"embedding": 1 + config.text.embedding})
    changed = config.model_copy(update={"text": text})
    with refuses("its settings have changed", ExitCode.MISMATCH):
        write(changed, folder / "broken", quietly)


def refuse_half_a_checkpoint(config: GenerationConfig, folder: Path) -> None:
    checkpoint = RunFolder(folder / "broken").checkpoint_file
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:100])
    with pytest.raises(PipelineError, match=r"checkpoint\.npz cannot be read"):
        write(config, folder / "broken", quietly)
    checkpoint.write_bytes(whole)


def test_the_best_epoch_is_kept_over_a_kill(folder: Path) -> None:
    """A learning rate that ruins it: an early epoch stays the best, and patience runs out."""
    config = sentiment_config(folder, "fit.epochs=8", "fit.learning_rate=3.0", "fit.patience=4")
    dataset = sentiment_dataset(config)
    run = RunFolder(folder / "ruined")
    with pytest.raises(KilledError):
        train_sentiment(dataset, config, run, kill_after(3))
    train_sentiment(dataset, config, run, quietly)
    metrics = metrics_of(run)
    losses = [epoch["validation_loss"] for epoch in metrics["epochs"]]
    best = int(np.argmin(losses))
    assert len(losses) == min(8, best + 1 + 4)
    inputs, targets = dataset.inputs["validation"], dataset.targets["validation"]
    scores = load_network(run.keras_file).predict(inputs, verbose=0)
    loss = -np.log(scores[np.arange(len(targets)), targets]).mean()
    assert loss == pytest.approx(losses[best], rel=1e-3)
    surest = [mistake["score"] for mistake in metrics["mistakes"]]
    assert 0 < len(surest) <= 10
    assert surest == sorted(surest, reverse=True)
    assert all(mistake["true"] != mistake["called"] for mistake in metrics["mistakes"])


def test_tensorboard_finds_every_epoch(writer: RunFolder) -> None:
    """Read with TensorFlow's own reader of event files."""
    from tensorflow import make_ndarray
    from tensorflow.core.util.event_pb2 import Event
    from tensorflow.data import TFRecordDataset

    (log,) = (writer.training / "tensorboard").iterdir()
    events = [Event.FromString(record.numpy()) for record in TFRecordDataset(str(log))]
    said = {
        (value.tag, event.step): float(make_ndarray(value.tensor))
        for event in events
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "scalars"
    }
    for epoch in metrics_of(writer)["epochs"]:
        assert said["epoch_val_loss", epoch["number"]] == pytest.approx(epoch["validation_loss"])
