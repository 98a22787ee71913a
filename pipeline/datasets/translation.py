"""The dataset of translation: pairs of texts, split and numbered with one vocabulary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.config.translation_settings import PairsTextConfig, TranslationConfig
from pipeline.core.artifacts import Int32
from pipeline.core.errors import UsageError
from pipeline.core.pairs import Pair, PairDataset, numbered
from pipeline.core.plurals import counted
from pipeline.core.subwords import Subwords, fit_vocabulary
from pipeline.core.tokens import Vocabulary
from pipeline.datasets.text_pairs import ReadPairs, read_pairs

FEWEST_PAIRS = 10


def translation_dataset(config: TranslationConfig) -> PairDataset:
    """Read pairs and split them. The vocabulary is that of the training part."""
    read = read_pairs(config.data)
    _require_enough(read, config)
    parts = _split(read.parts, config)
    text = config.text
    texts = [side for pair in parts["train"] for side in pair]
    vocabulary = fit_vocabulary(texts, text.level, text.max_tokens)
    sources, read_cut = _numbered(parts, 0, vocabulary, text.max_len)
    targets, written_cut = _numbered(parts, 1, vocabulary, text.max_written)
    return PairDataset(
        sources=sources,
        targets=targets,
        vocabulary=vocabulary,
        pairs=tuple(parts["test"]),
        fingerprint=_fingerprint(read.parts),
        split_note="the pairs of the dataset's own test file"
        if "test" in read.parts
        else f"{config.split.test:.0%} of the different texts, at random",
        note=_note(config, [*read.noted, *_cuts(read_cut, written_cut, text)]),
    )


def _numbered(
    parts: Mapping[str, Sequence[Pair]], side: int, vocabulary: Vocabulary | Subwords, length: int
) -> tuple[dict[str, Int32], int]:
    """One side of all parts as numbers, and how many texts were cut."""
    rows = {
        part: numbered([pair[side] for pair in pairs], vocabulary, length)
        for part, pairs in parts.items()
    }
    return {part: row for part, (row, _) in rows.items()}, sum(cut for _, cut in rows.values())


def _split(
    read: Mapping[str, Sequence[Pair]], config: TranslationConfig
) -> dict[str, Sequence[Pair]]:
    """Parts without a file are split from the training part, at random, by the seed.

    Pairs with the same source or the same target stay together: else a translation that was
    learned would be in the test.
    """
    groups = _groups(read["train"])
    order = np.random.default_rng(config.split.seed).permutation(len(groups))
    parts = dict(read)
    for part, share in (("test", config.split.test), ("validation", config.split.validation)):
        if part not in read:
            count = max(1, round(share * len(groups)))
            parts[part] = [pair for index in np.sort(order[:count]) for pair in groups[index]]
            order = order[count:]
    parts["train"] = [pair for index in np.sort(order) for pair in groups[index]]
    return parts


def _groups(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Pairs that share a text with another of their group, in the order of their first one."""
    parents = list(range(len(pairs)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    seen: dict[tuple[int, str], int] = {}
    for index, pair in enumerate(pairs):
        for side in enumerate(pair):
            other = seen.setdefault(side, index)
            first, second = sorted((root(other), root(index)))
            parents[second] = first
    groups: dict[int, list[Pair]] = {}
    for index, pair in enumerate(pairs):
        groups.setdefault(root(index), []).append(pair)
    return list(groups.values())


def _fingerprint(read: Mapping[str, Sequence[Pair]]) -> str:
    return hashlib.sha256(json.dumps(sorted(read.items())).encode()).hexdigest()


def _cuts(read: int, written: int, text: PairsTextConfig) -> list[str]:
    """How many texts are longer than the settings let them be, in words."""
    unit = text.level.removesuffix("s")
    sides = ((read, text.max_len, "max_len"), (written, text.max_written, "max_written"))
    return [
        f"cut to {counted(most, unit)} (text.{key}): {counted(count, 'text')}"
        for count, most, key in sides
        if count
    ]


def _note(config: TranslationConfig, noted: Sequence[str]) -> str:
    return f"In {config.data.path}: {'; '.join(noted)}." if noted else ""


def _require_enough(read: ReadPairs, config: TranslationConfig) -> None:
    count = len(set(read.parts["train"]))
    if count < FEWEST_PAIRS:
        raise UsageError(
            f"{config.data.path} has {count} different pairs; {FEWEST_PAIRS} are needed at least.",
            "possibly most lines have no text on one of the two sides",
            "add pairs: a translation needs thousands of them to be of use",
        )
