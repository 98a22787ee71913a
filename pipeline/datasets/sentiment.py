"""The dataset of sentiment: texts with labels, in JSON lines `{"label": …, "text": …}`.

A folder has train.jsonl, and possibly val.jsonl and test.jsonl; missing parts are split from
train.jsonl. Files may be gzipped.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.text_settings import SentimentConfig
from pipeline.core.artifacts import Int32
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import gunzipped, regular, why_missing
from pipeline.core.tokens import TokenDataset, Vocabulary, no_text_in, padded

FILES = {"train": "train", "validation": "val", "test": "test"}
SUFFIXES = (".jsonl.gz", ".jsonl")
LINE_BREAK = "<br />"  # reviews are pieces of web pages


@dataclass(frozen=True)
class LabelledTexts:
    """Texts and their targets: int32 [n], an index into the labels."""

    texts: tuple[str, ...]
    targets: Int32

    def chosen(self, rows: Any) -> LabelledTexts:
        """Some of the rows."""
        return LabelledTexts(tuple(self.texts[row] for row in rows), self.targets[rows])


def sentiment_dataset(config: SentimentConfig) -> TokenDataset:
    """Read texts and split them. The vocabulary is that of the training part."""
    read, fingerprint = _read_folder(config.data.path, config.data.labels)
    note = _split_note(config, read)
    parts = _split(read, config)
    _require_every_label(parts["train"], config)
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
        labels=config.data.labels,
        vocabulary=vocabulary,
        texts=parts["test"].texts,
        fingerprint=fingerprint,
        split_note=note,
    )


def _read_folder(folder: Path, labels: tuple[str, ...]) -> tuple[dict[str, LabelledTexts], str]:
    paths = {
        part: path
        for part, name in FILES.items()
        for path in [folder / f"{name}{suffix}" for suffix in SUFFIXES]
        if path.is_file()
    }
    if "train" not in paths:
        raise UsageError(
            f"There are no texts in {folder}: it has no train.jsonl or train.jsonl.gz.",
            why_missing(
                folder,
                "folder",
                "the path is misspelt, relative to another folder, or nothing was fetched yet",
            ),
            "`gesture data get imdb` fetches film reviews; docs/text.md shows the format",
        )
    digest = hashlib.sha256()
    for part, path in sorted(paths.items()):
        digest.update(part.encode())
        digest.update(regular(path).read_bytes())
    return {part: _read(path, labels) for part, path in paths.items()}, digest.hexdigest()


def _read(path: Path, labels: tuple[str, ...]) -> LabelledTexts:
    texts, targets = [], []
    try:
        plain = gunzipped(path) if path.suffix == ".gz" else regular(path).read_bytes()
        lines = plain.decode("utf-8").split("\n")
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _unusable(str(path), f"it cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            text, target = _parsed(f"{path}:{number}", line, labels)
            texts.append(text)
            targets.append(target)
    if not texts:
        raise _unusable(str(path), "it has no text")
    return LabelledTexts(tuple(texts), np.array(targets, np.int32))


def _parsed(place: str, line: str, labels: tuple[str, ...]) -> tuple[str, int]:
    try:
        entry = json.loads(line)
        text, label = entry["text"], entry["label"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _unusable(place, 'a line is {"label": …, "text": "…"}') from None
    if not isinstance(text, str):
        raise _unusable(place, "its text is no string")
    if (odd := no_text_in(text)) is not None:
        raise _unusable(place, f"its text contains {odd[1]}")
    known: dict[str | int, int] = {name: index for index, name in enumerate(labels)}
    known |= {index: index for index in range(len(labels))}
    if isinstance(label, bool) or not isinstance(label, str | int) or label not in known:
        names = ", ".join(f"{i} or {name}" for i, name in enumerate(labels))
        raise _unusable(place, f"its label is {label!r}; data.labels has {names}")
    return text.replace(LINE_BREAK, " "), known[label]


def _unusable(place: str, why: str) -> PipelineError:
    return PipelineError(
        f"{place} cannot be used: {why}.",
        "it was cut short, edited, or has another format",
        "correct it; docs/text.md shows the format",
    )


def _split(read: Mapping[str, LabelledTexts], config: SentimentConfig) -> dict[str, LabelledTexts]:
    """Parts without a file are split from train.jsonl, at random, by the seed."""
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


def _require_every_label(train: LabelledTexts, config: SentimentConfig) -> None:
    missing = [name for index, name in enumerate(config.data.labels) if index not in train.targets]
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
            "words consist of a to z, 0 to 9 and ': texts in other letters or empty ones have none",
            "set text.level: characters, or use texts that are not empty",
        )
