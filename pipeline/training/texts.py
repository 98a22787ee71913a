"""What the runs of all text tasks have in common."""

from __future__ import annotations

from typing import Any

from pipeline.artifacts import Float32, Int32
from pipeline.contract import Channel, End, Hashes, Scaling, VocabularyFacts
from pipeline.files import save_arrays
from pipeline.run_folder import RunFolder
from pipeline.tokens import TokenDataset
from pipeline.training.fit import Fitted
from pipeline.training.models import Source
from pipeline.training.run_files import how_it_went


def source_of(dataset: TokenDataset, embedding: int) -> Source:
    length = dataset.inputs["train"].shape[1]
    return Source(length, embedding, dataset.vocabulary.size)


def save_tokens(run: RunFolder, calibration: Int32, test: Int32, **more: Any) -> None:
    """windows.npz of texts: tokens, int32 [n, T], which conversion embeds."""
    save_arrays(run.windows_file, calibration=calibration, test=test, **more)


def learned(dataset: TokenDataset, fitted: Fitted) -> dict[str, Any]:
    """What metrics.json says of any text task."""
    return {
        **how_it_went(fitted, dataset.split_note),
        "labels": list(dataset.labels),
        "vocabulary": dataset.vocabulary.size,
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
