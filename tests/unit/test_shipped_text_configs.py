"""Every file in configs/ for text, dry: what it learns from is in the catalogue, and its network
can be built."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config.sections import ConvolutionalConfig, RecurrentConfig
from pipeline.config.text_settings import GenerationConfig, SentimentConfig
from pipeline.datasets.catalogue import CATALOGUE
from pipeline.training.models import Head, Source, build
from pipeline.workflows.train import load_task_config

PROJECT = Path(__file__).resolve().parent.parent.parent
SENTIMENT = sorted((PROJECT / "configs").glob("sentiment_*.yaml"))
GENERATION = sorted((PROJECT / "configs").glob("generation_*.yaml"))
CHARACTERS = 67  # of tinyshakespeare

pytestmark = pytest.mark.xdist_group("tensorflow")


@pytest.mark.parametrize("path", SENTIMENT, ids=lambda path: path.stem)
def test_one_that_judges(path: Path) -> None:
    config = load_task_config(path)
    assert isinstance(config, SentimentConfig)
    assert config.data.path.name in {entry.name for entry in CATALOGUE}
    text = config.text
    source = Source(text.max_len, text.embedding, text.max_words)
    network = build(config.model, source, Head(len(config.data.labels)))
    assert network.input_shape == (None, text.max_len)
    assert network.output_shape == (None, 2)


@pytest.mark.parametrize("path", GENERATION, ids=lambda path: path.stem)
def test_one_that_writes(path: Path) -> None:
    config = load_task_config(path)
    assert isinstance(config, GenerationConfig)
    assert config.data.path.name in {entry.name for entry in CATALOGUE}
    source = Source(config.text.length, config.text.embedding, CHARACTERS)
    network = build(config.model, source, Head(CHARACTERS, "linear", every_step=True))
    assert network.output_shape == (None, config.text.length, CHARACTERS)


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
