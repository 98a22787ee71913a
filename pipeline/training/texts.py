"""What the runs of all text tasks have in common."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.artifacts import Float32, Int32, atomic_write
from pipeline.contract import Channel, Hashes, Scaling, VocabularyFacts
from pipeline.run_folder import RunFolder
from pipeline.tokens import End, TokenDataset
from pipeline.training.fit import Fitted
from pipeline.training.models import Source
from pipeline.training.train import versions

CALIBRATION_TEXTS = 512


def source_of(dataset: TokenDataset, embedding: int) -> Source:
    length = dataset.inputs["train"].shape[1]
    return Source(length, embedding, dataset.vocabulary.size)


def save_tokens(run: RunFolder, calibration: Int32, test: Int32, **more: Any) -> None:
    """windows.npz of texts: tokens, int32 [n, T], which conversion embeds."""
    with atomic_write(run.windows_file) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, calibration=calibration, test=test, **more)


def spread(rows: Int32, count: int) -> Int32:
    """At most `count` of them, from beginning to end."""
    chosen: Int32 = rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.int64)]
    return chosen


def learned(dataset: TokenDataset, fitted: Fitted) -> dict[str, Any]:
    """What metrics.json says of any text task."""
    return {
        "labels": list(dataset.labels),
        "split": dataset.split_note,
        "epochs": [asdict(epoch) for epoch in fitted.epochs],
        "parameters": int(fitted.model.count_params()),
        "vocabulary": dataset.vocabulary.size,
        "versions": versions(),
    }


def text_facts(
    dataset: TokenDataset, embedding: int, padding: End, truncating: End, config_hash: str
) -> dict[str, Any]:
    """Of a contract: the columns of the embedding are the channels, and are not scaled."""
    return {
        "channels": tuple(Channel(name=f"e{i}", unit="") for i in range(embedding)),
        "rate_hz": 0.0,
        "labels": dataset.labels,
        "scaling": Scaling(mean=(0.0,) * embedding, std=(1.0,) * embedding),
        "vocabulary": VocabularyFacts(
            level=dataset.vocabulary.level,
            size=dataset.vocabulary.size,
            padding=padding,
            truncating=truncating,
            sha256=dataset.vocabulary.sha256(),
        ),
        "hashes": Hashes(data=dataset.fingerprint, config=config_hash),
    }


def predicted(model: Any, inputs: Int32) -> Float32:
    found: Float32 = model.predict(inputs, batch_size=256, verbose=0)
    return found
