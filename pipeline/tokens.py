"""What a text becomes: numbers of a vocabulary, as they go from the datasets to the core."""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast, get_args

import numpy as np

from pipeline.artifacts import Int32
from pipeline.contract import End, Level
from pipeline.errors import ExitCode, PipelineError
from pipeline.files import atomic_write

PADDING = 0  # stands for no text
UNKNOWN = 1  # for a word or character that training has not seen often enough
FIRST = 2  # the first that stands for a word or character
MOST_BYTES = 64  # of a word that a board looks up; a longer one is unknown to it

SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
WORD = re.compile(r"[a-z0-9']+")
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # a board's texts end at a NUL; half a character is none


def tokens_of(text: str, level: Level) -> list[str]:
    """Characters as they are; words of a to z, 0 to 9 and ', in small letters: all else, letters
    beyond ASCII too, separates them. A board does the same (firmware/lib/text)."""
    return list(text) if level == "characters" else WORD.findall(text.translate(SMALL))


def without_nul(text: str) -> str:
    """For C, where a text ends at a NUL, which is of no vocabulary: U+FFFD stands for it."""
    return text.replace("\0", "\ufffd")


def no_text_in(text: str) -> tuple[int, str] | None:
    """The line of the first character that no vocabulary can have, and what it is."""
    found = NO_TEXT.search(text)
    if found is None:
        return None
    told = "a NUL" if found[0] == "\0" else f"half a character (\\u{ord(found[0]):04x})"
    return text.count("\n", 0, found.start()) + 1, told


@dataclass(frozen=True)
class Vocabulary:
    """entries: the words or characters with the numbers 2, 3 and so on, the most frequent first."""

    level: Level
    entries: tuple[str, ...]

    @classmethod
    def fit(cls, texts: Iterable[str], level: Level, size: int | None) -> Vocabulary:
        """Of training texts: the most frequent, `size` numbers in all; equal ones by alphabet."""
        counts = Counter(token for text in texts for token in tokens_of(text, level))
        known = [token for token in counts if len(token.encode()) <= MOST_BYTES]
        ordered = sorted(known, key=lambda token: (-counts[token], token))
        return cls(level, tuple(ordered[: None if size is None else size - FIRST]))

    @property
    def size(self) -> int:
        """Numbers in all, with those of padding and of what is not known."""
        return FIRST + len(self.entries)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {entry: number for number, entry in enumerate(self.entries, start=FIRST)}

    def encode(self, text: str) -> Int32:
        """int32 [tokens of the text]."""
        numbers = self._numbers
        found = [numbers.get(token, UNKNOWN) for token in tokens_of(text, self.level)]
        return np.array(found, dtype=np.int32)

    def decode(self, numbers: Iterable[int]) -> str:
        """Padding is left out, and what is not known is U+FFFD."""
        names = ("", "\ufffd", *self.entries)
        separator = " " if self.level == "words" else ""
        return separator.join(names[number] for number in numbers if number != PADDING)

    def unseen(self, text: str) -> list[str]:
        """The words or characters of a text that have no number, each once."""
        tokens = dict.fromkeys(tokens_of(text, self.level))
        return [token for token in tokens if token not in self._numbers]

    def json(self) -> str:
        content = {"level": self.level, "entries": self.entries}
        return json.dumps(content, ensure_ascii=False, indent=0) + "\n"

    def sha256(self) -> str:
        """Of vocabulary.json."""
        return hashlib.sha256(self.json().encode()).hexdigest()

    def save(self, path: Path) -> None:
        with atomic_write(path) as unfinished:
            unfinished.write_text(self.json(), "utf-8")

    @classmethod
    def load(cls, path: Path, sha256: str) -> Vocabulary:
        """Raises PipelineError where the file is not the one that has this SHA-256."""
        try:
            content = json.loads(path.read_text("utf-8"))
            level, entries = content["level"], tuple(map(str, content["entries"]))
            found = cls(cast(Level, level), entries)
            is_it = level in get_args(Level) and found.sha256() == sha256
        except (OSError, ValueError, KeyError, TypeError):
            is_it = False
        if not is_it:
            raise PipelineError(
                f"{path} is not the vocabulary that the run was trained with.",
                "it is missing, was edited, or is of another run",
                "train again; generated files are never edited by hand",
                ExitCode.MISMATCH,
            )
        return found


def padded(texts: Sequence[Int32], length: int, padding: End, truncating: End) -> Int32:
    """int32 [n, length]: short texts filled up with padding, long ones cut, at the end named."""
    filled = np.full((len(texts), length), PADDING, np.int32)
    for row, text in zip(filled, texts, strict=True):
        kept = text[-length:] if truncating == "pre" else text[:length]
        if padding == "post":
            row[: len(kept)] = kept
        elif len(kept):
            row[-len(kept) :] = kept
    return filled


@dataclass(frozen=True)
class TokenDataset:
    """Texts ready for the training core.

    inputs: of `train`, `validation` and `test` int32 [n, T]. targets: int32 [n], an index into
    `labels`; or, where the next characters are learned, int32 [n, T], of each the one after it.
    texts: what the test part was before it became numbers; empty where that is one long text.
    fingerprint: SHA-256 of the data; split_note: how the test part was chosen, for people.
    """

    inputs: Mapping[str, Int32]
    targets: Mapping[str, Int32]
    labels: tuple[str, ...]
    vocabulary: Vocabulary
    texts: tuple[str, ...]
    fingerprint: str
    split_note: str
