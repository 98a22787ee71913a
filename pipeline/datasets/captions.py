"""The dataset of captions: what is described, samples or features, and the words about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np

from pipeline.config.caption_settings import CaptionConfig
from pipeline.core.artifacts import IMU_UNITS, Float32
from pipeline.core.contract import Channel
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.pairs import CaptionDataset, Pair, PairDataset, numbered
from pipeline.core.plurals import counted
from pipeline.core.tokens import Vocabulary
from pipeline.core.words import words_of
from pipeline.datasets.bout_words import caption_of
from pipeline.datasets.bouts import Bouts, FitLength, make_bouts, random_parts
from pipeline.datasets.feature_files import TABLE, DescribedFeatures, read_described

FEWEST_DESCRIBED = 10


def caption_dataset(config: CaptionConfig, fit_length: FitLength) -> CaptionDataset:
    """Bouts with their captions; or the features of a folder that has captions.tsv.

    Args:
        config: the settings.
        fit_length: the nearest length that the encoder takes.

    Raises:
        PipelineError: the data cannot be used.
    """
    if (config.data.path / TABLE).is_file():
        return _of_features(read_described(config.data.path), config, fit_length)
    return _of_bouts(make_bouts(config, fit_length), config)


def _of_bouts(bouts: Bouts, config: CaptionConfig) -> CaptionDataset:
    pairs = {
        part: [
            Pair(f"bout {number} of {person}", caption_of(parts))
            for number, (person, parts) in enumerate(
                zip(bouts.people[part], own, strict=True), start=1
            )
        ]
        for part, own in bouts.parts.items()
    }
    channels = tuple(Channel(name=name, unit=IMU_UNITS[name]) for name in config.data.channels)
    found = (bouts.fingerprint, bouts.split_note, bouts.note)
    return CaptionDataset(_numbered(bouts.samples, pairs, config, *found), channels, bouts.rate_hz)


def _numbered(
    sources: Mapping[str, Float32],
    pairs: Mapping[str, Sequence[Pair]],
    config: CaptionConfig,
    fingerprint: str,
    split_note: str,
    note: str,
) -> PairDataset:
    """Captions as numbers. The vocabulary is that of the training part."""
    text = config.text
    vocabulary = Vocabulary.fit((pair.target for pair in pairs["train"]), "words", text.max_words)
    rows = {
        part: numbered([pair.target for pair in own], vocabulary, text.max_written)
        for part, own in pairs.items()
    }
    cut = sum(count for _, count in rows.values())
    is_cut = f"Cut to {counted(text.max_written, 'word')}: {counted(cut, 'caption')}."
    return PairDataset(
        sources=sources,
        targets={part: row for part, (row, _) in rows.items()},
        vocabulary=vocabulary,
        pairs=tuple(_as_written(pair) for pair in pairs["test"]),
        fingerprint=fingerprint,
        split_note=split_note,
        note=" ".join(filter(None, (note, is_cut if cut else ""))),
    )


def _as_written(pair: Pair) -> Pair:
    """A caption as a network writes it: words, without signs."""
    return Pair(pair.source, " ".join(words_of(pair.target)))


def _of_features(
    described: DescribedFeatures, config: CaptionConfig, fit_length: FitLength
) -> CaptionDataset:
    names = list(dict.fromkeys(pair.source for pair in described.pairs))
    if len(names) < FEWEST_DESCRIBED:
        raise PipelineError(
            f"{config.data.path / TABLE} describes {len(names)} files; {FEWEST_DESCRIBED} are "
            "needed at least.",
            "some of them are for training, some for validation and some for the test",
            "add files and their captions: a network needs hundreds of them to be of use",
        )
    length = _room_for(described, config, fit_length)
    part_of = _parts_of_files(names, config)
    rows: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for row, pair in enumerate(described.pairs):
        rows[part_of[pair.source]].append(row)
    sources = {
        part: np.stack([at_the_end(described.features[row], length) for row in own])
        for part, own in rows.items()
    }
    pairs = {part: [described.pairs[row] for row in own] for part, own in rows.items()}
    share = f"{config.split.test:.0%} of the files, at random"
    dataset = _numbered(sources, pairs, config, _fingerprint(described), share, "")
    width = described.features[0].shape[1]
    channels = tuple(Channel(name=f"feature{number}", unit="") for number in range(1, width + 1))
    return CaptionDataset(dataset, channels, 0.0)


def _room_for(described: DescribedFeatures, config: CaptionConfig, fit_length: FitLength) -> int:
    """The length of the longest, or the next one that the encoder takes."""
    longest = max(map(len, described.features))
    kind = config.model.encoder.kind
    if longest == 1 and kind != "dense":
        raise UsageError(
            f"Each file of {config.data.path} is one vector, and a {kind} reads steps in time.",
            "a vector has no time",
            "set model.encoder={kind: dense, units: [64]} and model.attention=false",
        )
    return next(length for length in map(fit_length, count(longest)) if length >= longest)


def at_the_end(features: Float32, length: int) -> Float32:
    """The last `length` steps; fewer have zeros before them: float32 [length, C]."""
    rows = np.zeros((length, features.shape[1]), np.float32)
    last = features[-length:]
    rows[length - len(last) :] = last
    return rows


def _parts_of_files(names: Sequence[str], config: CaptionConfig) -> dict[str, str]:
    """The part of each file: all captions of a file are in one."""
    random = np.random.default_rng(config.split.seed)
    return dict(zip(names, random_parts(len(names), config.split, random), strict=True))


def _fingerprint(described: DescribedFeatures) -> str:
    digest = hashlib.sha256()
    for pair, features in sorted(
        zip(described.pairs, described.features, strict=True), key=lambda one: one[0]
    ):
        digest.update("\t".join(pair).encode())
        digest.update(features.astype("<f4").tobytes())
    return digest.hexdigest()
