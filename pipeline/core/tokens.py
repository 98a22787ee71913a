"""Tokens: texts as numbers of a vocabulary."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast, get_args

import numpy as np

from pipeline.core.artifacts import Int32
from pipeline.core.contract import End, Level
from pipeline.core.errors import MismatchError
from pipeline.core.files import atomic_write, regular
from pipeline.core.original_names import OriginalNames
from pipeline.core.words import composed, words_of

PADDING = 0  # the number of no text
UNKNOWN = 1  # the number of a word or character that is not in the vocabulary
FIRST = 2  # the number of the first entry of the vocabulary
MOST_BYTES = 64  # of a word in the vocabulary of a board

NO_TEXT = re.compile("[\0\ud800-\udfff]")  # a NUL ends a C string; a surrogate is half a character


def tokens_of(text: str, level: Level) -> list[str]:
    """The tokens of a text, the same as on a board (firmware/lib/text): characters, or words."""
    return list(composed(text)) if level == "characters" else words_of(text)


def for_board(text: str) -> str:
    """A text for C: composed, since a board does not do it, and with U+FFFD in place of NUL.

    NUL ends a string there. No vocabulary has either.
    """
    return composed(text).replace("\0", "\ufffd")


def no_text_in(text: str) -> tuple[int, str] | None:
    """The line of the first character that no vocabulary can have, and its name; or None."""
    match = NO_TEXT.search(text)
    if match is None:
        return None
    name = "a NUL" if match[0] == "\0" else f"half a character (\\u{ord(match[0]):04x})"
    return text.count("\n", 0, match.start()) + 1, name


@dataclass(frozen=True)
class Vocabulary:
    """Words or characters, the most frequent first, with the numbers 2, 3 and so on."""

    level: Level
    entries: tuple[str, ...]

    @classmethod
    def fit(cls, texts: Iterable[str], level: Level, size: int | None) -> Vocabulary:
        """The most frequent tokens of training texts, then by alphabet; size: None for all."""
        counts = Counter(token for text in texts for token in tokens_of(text, level))
        known = [token for token in counts if len(token.encode()) <= MOST_BYTES]
        ordered = sorted(known, key=lambda token: (-counts[token], token))
        return cls(level, tuple(ordered[: None if size is None else size - FIRST]))

    @property
    def size(self) -> int:
        """How many numbers there are, with PADDING and UNKNOWN."""
        return FIRST + len(self.entries)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {entry: number for number, entry in enumerate(self.entries, start=FIRST)}

    def encode(self, text: str) -> Int32:
        """The numbers of the tokens of a text: int32 [tokens]."""
        numbers = self._numbers
        encoded = [numbers.get(token, UNKNOWN) for token in tokens_of(text, self.level)]
        return np.array(encoded, dtype=np.int32)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers, without padding; U+FFFD replaces UNKNOWN."""
        names = ("", "\ufffd", *self.entries)
        separator = " " if self.level == "words" else ""
        return separator.join(names[number] for number in numbers if number != PADDING)

    def unseen(self, text: str) -> list[str]:
        """The tokens of a text that are not in the vocabulary, each once."""
        tokens = dict.fromkeys(tokens_of(text, self.level))
        return [token for token in tokens if token not in self._numbers]

    def json(self) -> str:
        """The content of vocabulary.json."""
        content = {"level": self.level, "entries": self.entries}
        return json.dumps(content, ensure_ascii=False, indent=0) + "\n"

    def sha256(self) -> str:
        """SHA-256 of vocabulary.json, in hex."""
        return hashlib.sha256(self.json().encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write vocabulary.json."""
        with atomic_write(path) as unfinished:
            unfinished.write_text(self.json(), "utf-8")

    @classmethod
    def load(cls, path: Path, sha256: str) -> Vocabulary:
        """Read vocabulary.json; MISMATCH where it does not have this SHA-256."""
        try:
            content = json.loads(regular(path).read_text("utf-8"))
            level, entries = content["level"], tuple(map(str, content["entries"]))
            vocabulary = cls(cast(Level, level), entries)
            matches = level in get_args(Level) and vocabulary.sha256() == sha256
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            matches = False
        if not matches:
            raise MismatchError(
                f"{path} is not the vocabulary that the run was trained with.",
                "it is missing, was edited, or is of another run",
                "train again; generated files are never edited by hand",
            )
        return vocabulary


def padded(texts: Sequence[Int32], length: int, padding: End, truncating: End) -> Int32:
    """Texts of one length, int32 [n, length]; padded at one end, and too long ones cut at one."""
    rows = np.full((len(texts), length), PADDING, np.int32)
    for row, text in zip(rows, texts, strict=True):
        part = text[-length:] if truncating == "pre" else text[:length]
        if padding == "post":
            row[: len(part)] = part
        elif len(part):
            row[-len(part) :] = part
    return rows


@dataclass(frozen=True)
class TokenDataset:
    """Texts for training.

    Args:
        inputs: of `train`, `validation` and `test`: int32 [n, T].
        targets: int32 [n], an index into `labels`; for generation int32 [n, T], the next token of
            each.
        texts: of the test part; empty for generation.
        split_note: how the test part was chosen, for people.
        names: what people wrote for labels.
        note: what was found out about the files, for people.
    """

    inputs: Mapping[str, Int32]
    targets: Mapping[str, Int32]
    labels: tuple[str, ...]
    vocabulary: Vocabulary
    texts: tuple[str, ...]
    fingerprint: str
    split_note: str
    names: OriginalNames = field(default_factory=OriginalNames)
    note: str = ""
