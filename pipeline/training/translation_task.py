"""The task of translation: texts in, other texts out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.config.translation_settings import TranslationConfig
from pipeline.core.contract import Channel, Contract, Encoder, Hashes, Scaling
from pipeline.core.files import save_arrays
from pipeline.core.pairs import SOURCE_EMBEDDING, TARGET_EMBEDDING, PairDataset
from pipeline.core.run_folder import RunFolder
from pipeline.training.fit import Epoch
from pipeline.training.models import Source
from pipeline.training.pairs_task import build_network, train_pairs, vocabulary_facts
from pipeline.training.run_files import CALIBRATION_WINDOWS, Trained, evenly_spaced
from pipeline.training.text_task import read_vectors, with_vectors


def train_translation(
    dataset: PairDataset,
    config: TranslationConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train an encoder and a decoder, and leave the run folder complete for conversion."""
    _save_tokens(run, dataset)

    def build_model(any_length: bool) -> Any:
        size = dataset.vocabulary.size
        network = build_network(config, source_of(config, size), size, any_length)
        vectors, layers = read_vectors(config.text.vectors), [SOURCE_EMBEDDING, TARGET_EMBEDDING]
        return with_vectors(network, dataset.vocabulary, vectors, layers)

    return train_pairs(dataset, config, build_model, _contract(dataset, config), run, on_epoch)


def source_of(config: TranslationConfig, vocabulary: int) -> Source:
    """What the network of a config reads."""
    return Source(config.text.max_len, config.text.embedding, vocabulary)


def _save_tokens(run: RunFolder, dataset: PairDataset) -> None:
    """Write windows.npz: tokens, int32 [n, S] and [n, T], and the texts of the test, [n, 2]."""
    chosen = evenly_spaced(np.arange(len(dataset.sources["train"])), CALIBRATION_WINDOWS)
    save_arrays(
        run.windows_file,
        calibration=dataset.sources["train"][chosen],
        calibration_targets=dataset.targets["train"][chosen],
        test=dataset.sources["test"],
        test_targets=dataset.targets["test"],
        test_texts=np.array(dataset.pairs),
    )


def _contract(dataset: PairDataset, config: TranslationConfig) -> Contract:
    """The inputs of the decoder are the columns of its embedding, and the context."""
    text, context = config.text, config.model.context
    vectors = read_vectors(text.vectors)
    names = [f"e{i}" for i in range(text.embedding)] + [f"c{i}" for i in range(context)]
    return Contract(
        task=config.task,
        channels=tuple(Channel(name=name, unit="") for name in names),
        rate_hz=0.0,
        window=text.max_written,
        hop=1,
        mode="streaming",
        labels=(),
        scaling=Scaling(mean=(0.0,) * len(names), std=(1.0,) * len(names)),
        vocabulary=vocabulary_facts(dataset.vocabulary, None if vectors is None else vectors.facts),
        encoder=Encoder(channels=text.embedding, features=context),
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )
