"""An encoder of samples, and a decoder that writes about them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.caption_settings import CaptionConfig
from pipeline.config.file import load_section
from pipeline.core.errors import PipelineError
from pipeline.core.pairs import CaptionDataset, before
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import UNKNOWN
from pipeline.datasets.captions import caption_dataset
from pipeline.datasets.simulate import simulate_dataset
from pipeline.training.caption_task import train_captions
from pipeline.training.encoder_decoder import Translator
from pipeline.training.fit import quiet_keras
from pipeline.training.models import Source, nearest_window
from pipeline.training.pairs_task import build_network

pytestmark = pytest.mark.xdist_group("tensorflow")

SMALL = (  # a gesture, or two of them, at 25 Hz
    "data.labels=[punch, wave]",
    "data.rate_hz=25",
    "bouts={seconds: 6, parts: 1, repeats: 2, training: 240, testing: 40}",
    "model.encoder={kind: conv_gru, units: [24], convolutions: [{filters: 12, pool: 4}]}",
    "model.context=16",
    "model.decoder.units=[24]",
    "text.max_written=8",
)
ENCODERS = {
    "conv_gru": (),
    "conv_gru from both ends": ("model.bidirectional=true",),
    "lstm of averages": ("model.encoder={kind: lstm, downsample: 5, units: [9]}",),
    "conv1d": ("model.encoder={kind: conv1d}", "model.attention=false"),
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "data"
    simulate_dataset(folder, people=4, takes=3, seed=1)
    return folder


def config_of(path: Path, *settings: str) -> CaptionConfig:
    file = path.parent / "caption.yaml"
    file.write_text(f"{{task: caption, data: {{path: {path}}}}}", "utf-8")
    return load_section(file, CaptionConfig, settings)


def dataset_of(path: Path, *settings: str) -> tuple[CaptionDataset, CaptionConfig]:
    config = config_of(path, *settings)
    return caption_dataset(config, partial(nearest_window, config.model.encoder)), config


def network_of(dataset: CaptionDataset, config: CaptionConfig) -> Any:
    window = dataset.pairs.sources["test"].shape[1]
    source = Source(window, len(dataset.channels))
    return build_network(config, source, dataset.pairs.vocabulary.size)


def test_bouts_of_a_stranger_are_described(simulated: Path, tmp_path: Path) -> None:
    settings = ("fit.epochs=12", "fit.learning_rate=0.01", "fit.batch_size=32")
    dataset, config = dataset_of(simulated, *SMALL, *settings)
    trained = train_captions(dataset, config, RunFolder(tmp_path / "run"), lambda _: None)
    figures = {figure.name: figure.value for figure in trained.figures}
    captions = [pair.target for pair in dataset.pairs.pairs]
    most = max(map(captions.count, captions)) / len(captions)
    assert figures["exact match"] > 2 * most
    assert figures["perplexity"] < 2
    assert trained.split_note.startswith("bouts of people left out: sim")


@pytest.mark.parametrize("name", ENCODERS)
def test_steps_give_what_was_trained(simulated: Path, name: str) -> None:
    """A word at a time, the network gives the probabilities that its training is judged by."""
    few = "bouts={seconds: 6, parts: 1, training: 8, testing: 5}"
    dataset, config = dataset_of(simulated, *SMALL, few, *ENCODERS[name])
    quiet_keras(1)
    model = network_of(dataset, config)
    samples, targets = dataset.pairs.sources["test"], dataset.pairs.targets["test"]
    logits = np.asarray(model([samples, before(targets)]))
    translator = Translator(model, config.model)
    encoded, states = translator._repeated(samples, 1), translator._first_states(len(samples))
    for step in range(targets.shape[1]):
        likelihoods, states = translator._after(before(targets)[:, step], states, encoded)
        expected = logits[:, step] - np.log(np.exp(logits[:, step]).sum(axis=1, keepdims=True))
        known = np.arange(likelihoods.shape[1]) != UNKNOWN
        np.testing.assert_allclose(likelihoods[:, known], expected[:, known], atol=1e-4)


COLOURS = ("red", "green", "blue")


def described(folder: Path, shape: tuple[int, ...] = (3,), count: int = 60) -> Path:
    """Features that say a colour, and captions that do."""
    folder.mkdir()
    random = np.random.default_rng(4)
    lines = ["file\tcaption\n"]
    for number in range(count):
        colour = number % len(COLOURS)
        features = random.normal(0, 0.1, shape)
        features[..., colour] += 1
        np.save(folder / f"{number}.npy", features)
        lines += [f"{number}.npy\tA picture: {COLOURS[colour]}.\n", f"{number}.npy\tAll is red\n"]
    (folder / "captions.tsv").write_text("".join(lines[: 1 + 2 * count]))
    return folder


DENSE = (
    "model.encoder={kind: dense, units: [16]}",
    "model.attention=false",
    "text.max_written=6",
)


def test_features_are_described(tmp_path: Path) -> None:
    folder = described(tmp_path / "pictures")
    settings = ("fit.epochs=30", "fit.learning_rate=0.02", "fit.batch_size=16")
    dataset, config = dataset_of(folder, *DENSE, *settings)
    trained = train_captions(dataset, config, RunFolder(tmp_path / "run"), lambda _: None)
    figures = {figure.name: figure.value for figure in trained.figures}
    assert figures["exact match"] > 0.9, "each file has two captions, and both are right"
    assert dataset.pairs.sources["train"].shape[1:] == (1, 3)
    assert dataset.rate_hz == 0
    assert (
        dataset.pairs.pairs[0].target
        == "a picture " + COLOURS[int(dataset.pairs.pairs[0].source.removesuffix(".npy")) % 3]
    )


def test_all_captions_of_a_file_are_in_one_part(tmp_path: Path) -> None:
    dataset, _ = dataset_of(described(tmp_path / "pictures"), *DENSE)
    rows = {part: {row.tobytes() for row in own} for part, own in dataset.pairs.sources.items()}
    assert len(set.union(*rows.values())) == sum(map(len, rows.values())) == 60


def test_features_in_time_end_together(tmp_path: Path) -> None:
    folder = described(tmp_path / "clips", shape=(40, 3), count=20)
    short = np.ones((7, 3), np.float32)
    np.save(folder / "3.npy", short)
    dataset, config = dataset_of(folder)
    lengths = {own.shape[1] for own in dataset.pairs.sources.values()}
    (length,) = lengths
    assert length >= 40
    assert nearest_window(config.model.encoder, length) == length
    rows = np.concatenate(list(dataset.pairs.sources.values()))
    ends = [row for row in rows if (row[-7:] == short).all()]
    assert len(ends) == 2
    assert not ends[0][:-7].any()


FAULTS = {
    "is missing": "There is no file .*7.npy",
    "has other features": "has 4 features, and 0.npy has 3",
    "is a text": "7.npy is no array of numpy",
    "holds objects": "7.npy is no array of numpy without Python objects",
    "has strings": "7.npy is no array of numbers",
    "has too many dimensions": r"7.npy has the shape \[2, 2, 3\]",
    "is not finite": "7.npy has a value that is not a finite number",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_cannot_be_used_is_said(tmp_path: Path, fault: str) -> None:
    folder = described(tmp_path / "pictures", count=20)
    file = folder / "7.npy"
    file.unlink()
    arrays: dict[str, Any] = {
        "has other features": np.ones(4),
        "holds objects": np.array([{"a": 1}], object),
        "has strings": np.array(["a", "b", "c"]),
        "has too many dimensions": np.ones((2, 2, 3)),
        "is not finite": np.array([1, np.nan, 0]),
    }
    if fault in arrays:
        np.save(file, arrays[fault], allow_pickle=True)
    elif fault == "is a text":
        file.write_text("1 2 3")
    with pytest.raises(PipelineError, match=FAULTS[fault]):
        dataset_of(folder, *DENSE)


@pytest.mark.parametrize(
    ("line", "said"),
    [("7.npy", "captions.tsv:42 has 1 cell"), ("../secret.npy\tA secret", "which is outside")],
)
def test_a_line_that_cannot_be_used_is_said(tmp_path: Path, line: str, said: str) -> None:
    folder = described(tmp_path / "pictures", count=20)
    with (folder / "captions.tsv").open("a") as table:
        table.write(f"{line}\n")
    with pytest.raises(PipelineError, match=said):
        dataset_of(folder, *DENSE)


def test_a_vector_has_no_steps_to_convolve(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="is one vector, and a conv_gru reads steps") as caught:
        dataset_of(described(tmp_path / "pictures", count=20))
    assert "kind: dense" in caught.value.next_step
