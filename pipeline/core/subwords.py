"""Pieces of words as tokens: byte pair encoding (Sennrich et al. 2016, arXiv:1508.07909).

The library `tokenizers` finds and splits them. A board does not have it, so a model of subwords
runs on this computer.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pipeline.core.artifacts import Int32
from pipeline.core.contract import VocabularyFacts
from pipeline.core.errors import MismatchError, PipelineError
from pipeline.core.files import atomic_write, regular
from pipeline.core.tokens import FIRST, PADDING, UNKNOWN, Vocabulary

SPECIAL = ("[END]", "[UNKNOWN]")  # with the numbers PADDING and UNKNOWN


class Subwords:
    """A vocabulary of pieces of words; as `Vocabulary`."""

    level: Literal["subwords"] = "subwords"

    def __init__(self, content: str) -> None:
        """Of the content of vocabulary.json, which is that of the library."""
        _require_library()
        self._content = content

    @classmethod
    def fit(cls, texts: Iterable[str], size: int) -> Subwords:
        """The most frequent pairs of pieces become pieces, until there are `size` of them."""
        _require_library()
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the same pieces each time
        tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL[UNKNOWN]))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
        )
        tokenizer.decoder = decoders.Metaspace()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=list(SPECIAL), show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer.to_str(pretty=True) + "\n")

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self._content)

    @property
    def size(self) -> int:
        """How many numbers there are, with PADDING and UNKNOWN."""
        return int(self._tokenizer.get_vocab_size())

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """The pieces, the first with the number FIRST."""
        return tuple(map(self._tokenizer.id_to_token, range(FIRST, self.size)))

    def encode(self, text: str) -> Int32:
        """The numbers of the tokens of a text: int32 [tokens]."""
        return np.array(self._tokenizer.encode(text).ids, np.int32)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers, without padding and UNKNOWN."""
        shown = [int(number) for number in numbers if number not in (PADDING, UNKNOWN)]
        return str(self._tokenizer.decode(shown))

    def unseen(self, text: str) -> list[str]:
        """The parts of a text of which no piece is known, each once."""
        encoding = self._tokenizer.encode(text)
        places = zip(encoding.ids, encoding.offsets, strict=True)
        return list(dict.fromkeys(text[slice(*at)] for number, at in places if number == UNKNOWN))

    def json(self) -> str:
        """The content of vocabulary.json."""
        return self._content

    def sha256(self) -> str:
        """SHA-256 of vocabulary.json, in hex."""
        return hashlib.sha256(self._content.encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write vocabulary.json."""
        with atomic_write(path) as unfinished:
            unfinished.write_text(self._content, "utf-8")


def fit_vocabulary(texts: Iterable[str], level: str, size: int) -> Vocabulary | Subwords:
    """The vocabulary of training texts, at most `size` tokens."""
    if level == "subwords":
        return Subwords.fit(texts, size)
    return Vocabulary.fit(texts, "words" if level == "words" else "characters", size)


def load_vocabulary(path: Path, facts: VocabularyFacts) -> Vocabulary | Subwords:
    """Read vocabulary.json; MISMATCH where it is not the one that the contract names."""
    if facts.level != "subwords":
        return Vocabulary.load(path, facts.sha256)
    content = regular(path).read_text("utf-8")
    if hashlib.sha256(content.encode()).hexdigest() != facts.sha256:
        raise MismatchError(
            f"{path} is not the vocabulary that the run was trained with.",
            "it was edited, or is of another run",
            "train again; generated files are never edited by hand",
        )
    return Subwords(content)


def _require_library() -> None:
    if find_spec("tokenizers") is None:
        raise PipelineError(
            "`tokenizers` is not installed, and text.level: subwords needs it.",
            "it splits words into pieces; other tasks do not need it",
            "run: pip install 'gesture-pipeline[translation]' (or: pip install tokenizers)",
        )
