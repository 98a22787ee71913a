"""The dataset of sentiment: texts with a label each, split and numbered.

Parts without a file of their own are split from the training part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.config.text_settings import SentimentConfig
from pipeline.core.artifacts import Int32
from pipeline.core.errors import UsageError
from pipeline.core.tokens import TokenDataset, Vocabulary, padded
from pipeline.datasets.labelled_texts import (
    LabelledTexts,
    Labels,
    labels_of,
    read_texts,
    targets_of,
)
from pipeline.datasets.text_files import text_files


@dataclass(frozen=True)
class Numbered:
    """Texts and their targets: int32 [n], an index into the labels."""

    texts: tuple[str, ...]
    targets: Int32

    def chosen(self, rows: Any) -> Numbered:
        """Some of the rows."""
        return Numbered(tuple(self.texts[row] for row in rows), self.targets[rows])


def sentiment_dataset(config: SentimentConfig) -> TokenDataset:
    """Read texts and split them. The vocabulary is that of the training part."""
    files = text_files(config.data.path)
    read = {part: read_texts(files, part, config.data) for part in files.parts}
    labels = labels_of(read["train"], config.data)
    parts = _split(
        {part: Numbered(of.texts, targets_of(of, labels)) for part, of in read.items()}, config
    )
    _require_every_label(parts["train"], labels, config)
    text = config.text
    vocabulary = Vocabulary.fit(parts["train"].texts, text.level, text.max_words)
    _require_tokens(vocabulary, config)
    return TokenDataset(
        inputs={
            part: padded(
                [vocabulary.encode(line) for line in texts.texts],
                text.max_len,
                text.padding,
                text.truncating,
            )
            for part, texts in parts.items()
        },
        targets={part: texts.targets for part, texts in parts.items()},
        labels=labels.names,
        vocabulary=vocabulary,
        texts=parts["test"].texts,
        fingerprint=_fingerprint(read),
        split_note=_split_note(config, read),
        names=labels.originals,
        note=_note(config, (*files.noted, *_noted(read.values()), *labels.noted)),
    )


def _noted(read: Iterable[LabelledTexts]) -> Iterable[str]:
    """What was noted about the parts, each once."""
    return dict.fromkeys(note for texts in read for note in texts.noted)


def _note(config: SentimentConfig, noted: Sequence[str]) -> str:
    return f"In {config.data.path}: {'; '.join(noted)}." if noted else ""


def _fingerprint(read: Mapping[str, LabelledTexts]) -> str:
    digest = hashlib.sha256()
    for part, texts in sorted(read.items()):
        digest.update(json.dumps([part, texts.texts, texts.labels]).encode())
    return digest.hexdigest()


def _split(read: Mapping[str, Numbered], config: SentimentConfig) -> dict[str, Numbered]:
    """Parts without a file are split from the training part, at random, by the seed."""
    train = read["train"]
    order = np.random.default_rng(config.split.seed).permutation(len(train.texts))
    parts = dict(read)
    for part, share in (("test", config.split.test), ("validation", config.split.validation)):
        if part not in read:
            count = max(1, round(share * len(train.texts)))
            parts[part] = train.chosen(order[:count])
            order = order[count:]
    return {**parts, "train": train.chosen(np.sort(order))}


def _split_note(config: SentimentConfig, read: Mapping[str, LabelledTexts]) -> str:
    if "test" in read:
        return "the texts of the dataset's own test file"
    return f"{config.split.test:.0%} of the texts, at random"


def _require_every_label(train: Numbered, labels: Labels, config: SentimentConfig) -> None:
    missing = [name for index, name in enumerate(labels.names) if index not in train.targets]
    if missing:
        raise UsageError(
            f"{config.data.path} has no training text with the label {' or '.join(missing)}.",
            "all texts have the same label, or there are too few",
            "add some, or leave the label out of data.labels",
        )


def _require_tokens(vocabulary: Vocabulary, config: SentimentConfig) -> None:
    if not vocabulary.entries:
        raise UsageError(
            f"{config.data.path} has no {vocabulary.level} to train on.",
            "words consist of letters, digits and ': texts of signs alone have none",
            "set text.level: characters, or use texts that are not empty",
        )
