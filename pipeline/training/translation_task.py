"""The task of translation: texts in, other texts out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.config.translation_settings import TranslationConfig
from pipeline.core.contract import Contract, Encoder
from pipeline.core.pairs import SOURCE_EMBEDDING, TARGET_EMBEDDING, PairDataset
from pipeline.core.run_folder import RunFolder
from pipeline.training.fit import Epoch
from pipeline.training.models import Source
from pipeline.training.pairs_task import (
    build_network,
    pairs_contract,
    save_pairs,
    train_pairs,
)
from pipeline.training.run_files import Trained
from pipeline.training.text_task import read_vectors, with_vectors


def train_translation(
    dataset: PairDataset,
    config: TranslationConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train an encoder and a decoder, and leave the run folder complete for conversion."""
    save_pairs(run, dataset)

    def build_model(any_length: bool) -> Any:
        size = dataset.vocabulary.size
        network = build_network(config, source_of(config, size), size, any_length)
        vectors, layers = read_vectors(config.text.vectors), [SOURCE_EMBEDDING, TARGET_EMBEDDING]
        return with_vectors(network, dataset.vocabulary, vectors, layers)

    return train_pairs(dataset, config, build_model, _contract(dataset, config), run, on_epoch)


def source_of(config: TranslationConfig, vocabulary: int) -> Source:
    """What the network of a config reads."""
    return Source(config.text.max_len, config.text.embedding, vocabulary)


def _contract(dataset: PairDataset, config: TranslationConfig) -> Contract:
    vectors = read_vectors(config.text.vectors)
    encoder = Encoder(channels=config.text.embedding, features=config.model.context)
    return pairs_contract(dataset, config, encoder, None if vectors is None else vectors.facts)
