"""The task of captions: samples or features in, words about them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.config.caption_settings import CaptionConfig
from pipeline.core.contract import Encoder, Samples
from pipeline.core.pairs import CaptionDataset
from pipeline.core.run_folder import RunFolder
from pipeline.training.fit import Epoch
from pipeline.training.frozen_convolutions import FrozenConvolutions, load_convolutions
from pipeline.training.models import Source
from pipeline.training.pairs_task import (
    build_network,
    pairs_contract,
    save_pairs,
    train_pairs,
)
from pipeline.training.run_files import Trained
from pipeline.training.training_data import scale, scaling_of


def train_captions(
    dataset: CaptionDataset,
    config: CaptionConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train an encoder and a decoder, and leave the run folder complete.

    contract.json is written last: a run with a contract counts as trained.
    """
    frozen = _frozen(dataset, config)
    samples = _samples(dataset, frozen)
    sources = {
        part: scale(np.asarray(own, np.float32), samples.scaling)
        for part, own in dataset.pairs.sources.items()
    }
    pairs = replace(dataset.pairs, sources=sources)
    save_pairs(run, pairs)
    width = len(samples.channels)

    def build_model(any_length: bool) -> Any:
        source = Source(samples.window, width)
        network = build_network(config, source, pairs.vocabulary.size, any_length)
        return network if frozen is None else frozen.put_into(network)

    encoder = Encoder(channels=width, features=config.model.context, samples=samples)
    contract = pairs_contract(pairs, config, encoder)
    return train_pairs(pairs, config, build_model, contract, run, on_epoch)


def _frozen(dataset: CaptionDataset, config: CaptionConfig) -> FrozenConvolutions | None:
    """The convolutions that the config names."""
    if config.model.convolutions is None:
        return None
    frozen = load_convolutions(config.model.convolutions)
    frozen.require_inputs(dataset.channels, dataset.rate_hz)
    return frozen


def _samples(dataset: CaptionDataset, frozen: FrozenConvolutions | None) -> Samples:
    """What the encoder reads."""
    samples = np.asarray(dataset.pairs.sources["train"], np.float32)  # [n, T, C]
    _, length, width = samples.shape
    rows = samples.reshape(-1, width)
    names = [channel.name for channel in dataset.channels]
    own = scaling_of(rows, np.ones(len(rows), np.int32), names)
    return Samples(
        channels=dataset.channels,
        rate_hz=dataset.rate_hz,
        window=length,
        scaling=own if frozen is None else frozen.contract.scaling,
    )
