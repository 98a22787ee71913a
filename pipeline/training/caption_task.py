"""The task of captions: samples or features in, words about them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.config.caption_settings import CaptionConfig
from pipeline.core.contract import Contract, Hashes
from pipeline.core.pairs import CaptionDataset
from pipeline.core.run_folder import RunFolder
from pipeline.training.fit import Epoch
from pipeline.training.models import Source
from pipeline.training.pairs_task import build_network, train_pairs, vocabulary_facts
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
    contract = _contract(dataset, config)
    sources = {
        part: scale(np.asarray(own, np.float32), contract.scaling)
        for part, own in dataset.pairs.sources.items()
    }
    source = Source(contract.window, len(contract.channels))
    pairs = replace(dataset.pairs, sources=sources)

    def build_model(any_length: bool) -> Any:
        return build_network(config, source, pairs.vocabulary.size, any_length)

    return train_pairs(pairs, config, build_model, contract, run, on_epoch)


def _contract(dataset: CaptionDataset, config: CaptionConfig) -> Contract:
    samples = np.asarray(dataset.pairs.sources["train"], np.float32)  # [n, T, C]
    _, length, width = samples.shape
    rows = samples.reshape(-1, width)
    names = [channel.name for channel in dataset.channels]
    return Contract(
        task=config.task,
        channels=dataset.channels,
        rate_hz=dataset.rate_hz,
        window=length,
        hop=length,
        labels=(),
        scaling=scaling_of(rows, np.ones(len(rows), np.int32), names),
        vocabulary=vocabulary_facts(dataset.pairs.vocabulary),
        hashes=Hashes(data=dataset.pairs.fingerprint, config=config.hash()),
    )
