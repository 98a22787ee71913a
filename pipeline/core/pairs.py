"""Pairs of sequences: what a network reads, tokens or samples, and the tokens that it writes.

END, the number 0, stands after the last token of what is written, and before the first one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.core.artifacts import Float32, Int32
from pipeline.core.contract import Channel
from pipeline.core.subwords import Subwords
from pipeline.core.tokens import PADDING, Vocabulary, padded

END = PADDING

# Names of layers, by which conversion finds the two networks in the one that is trained.
SOURCE_EMBEDDING, ENCODER, CONTEXT = "source_embedding", "encoder", "context"
TARGET_EMBEDDING, DECODER, LOGITS = "target_embedding", "decoder", "logits"


class Pair(NamedTuple):
    """A text and its translation; or the name of what is described, and its caption."""

    source: str
    target: str


@dataclass(frozen=True)
class PairDataset:
    """Pairs for training, by part: train, validation and test.

    Args:
        sources: what is read: int32 [n, S] tokens with PADDING after them, or float32
            [n, S, channels].
        targets: int32 [n, T], what is written, with END after it.
        pairs: the texts of the test part.
        split_note: how the test part was chosen, for people.
        note: what was found out about the files, for people.
    """

    sources: Mapping[str, Int32 | Float32]
    targets: Mapping[str, Int32]
    vocabulary: Vocabulary | Subwords
    pairs: tuple[Pair, ...]
    fingerprint: str
    split_note: str
    note: str = ""


@dataclass(frozen=True)
class CaptionDataset:
    """Samples, or features, and captions of them.

    Args:
        pairs: their sources are not scaled.
        channels: of the sources.
        rate_hz: of the samples; 0 of features, which have no time.
    """

    pairs: PairDataset
    channels: tuple[Channel, ...]
    rate_hz: float


def numbered(
    texts: Sequence[str], vocabulary: Vocabulary | Subwords, length: int
) -> tuple[Int32, int]:
    """Texts as numbers, int32 [n, length], and how many of them were cut."""
    encoded = [vocabulary.encode(text) for text in texts]
    return padded(encoded, length, "post", "post"), sum(len(one) > length for one in encoded)


def before(targets: Int32) -> Int32:
    """The token before each: int32 [n, T], END before the first."""
    shifted = np.full_like(targets, END)
    shifted[:, 1:] = targets[:, :-1]
    return shifted


def written_weights(targets: Int32) -> Float32:
    """1 for each token and for the END after them, 0 for what follows: float32 [n, T].

    Scaled so that the mean over a dataset is 1, as a loss over all places then is one a token.
    """
    ended = np.cumsum(before(targets) == END, axis=1) > 1  # more than the END before the first
    weights = (~ended).astype(np.float32)
    scaled: Float32 = weights / weights.mean()
    return scaled


def until_end(tokens: Sequence[int]) -> list[int]:
    """The tokens before the first END."""
    numbers = list(tokens)
    return numbers[: numbers.index(END)] if END in numbers else numbers
