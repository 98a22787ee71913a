"""Words and characters as numbers: the same rule everywhere, learned from training text alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.tokens import MOST_BYTES, PADDING, UNKNOWN, Vocabulary, padded, tokens_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's a FILM, isn't it?", ["it's", "a", "film", "isn't", "it"]),
        ("10/10 -- would watch_again", ["10", "10", "would", "watch", "again"]),
        ("naïve Ünder café", ["na", "ve", "nder", "caf"]),
        ("\u212aelvin \u0130zmir", ["elvin", "zmir"]),  # whose small letters are ASCII in Python
        ("", []),
        (" \t\n", []),
    ],
)
def test_words_are_of_ascii_letters_digits_and_apostrophes(text: str, words: list[str]) -> None:
    assert tokens_of(text, "words") == words


def test_characters_are_as_they_are() -> None:
    assert tokens_of("Aé\n€", "characters") == ["A", "é", "\n", "€"]


def test_the_most_frequent_come_first_and_equal_ones_by_alphabet() -> None:
    vocabulary = Vocabulary.fit(["b a c", "c a c", "d"], "words", None)
    assert vocabulary.entries == ("c", "a", "b", "d")
    assert vocabulary.size == 6
    assert vocabulary.encode("D a nothing C").tolist() == [5, 3, UNKNOWN, 2]


def test_a_size_counts_padding_and_the_unknown() -> None:
    vocabulary = Vocabulary.fit(["b a c c a c d"], "words", 4)
    assert vocabulary.size == 4
    assert vocabulary.entries == ("c", "a")
    assert vocabulary.encode("b").tolist() == [UNKNOWN]


def test_a_word_that_no_board_looks_up_is_none_of_the_vocabulary() -> None:
    longest = "a" * MOST_BYTES
    vocabulary = Vocabulary.fit([f"{longest} {longest}a"], "words", None)
    assert vocabulary.entries == (longest,)


def test_characters_decode_to_the_text_again() -> None:
    text = "O, Romeo!\nWherefore"
    vocabulary = Vocabulary.fit([text], "characters", None)
    numbers = vocabulary.encode(text)
    assert vocabulary.decode([PADDING, *numbers]) == text
    assert vocabulary.decode([UNKNOWN]) == "\ufffd"
    assert vocabulary.unseen("Romeo zz€") == ["z", "€"]


@pytest.mark.parametrize(
    ("padding", "truncating", "short", "long"),
    [
        ("pre", "pre", [0, 0, 7, 8], [3, 4, 5, 6]),
        ("post", "pre", [7, 8, 0, 0], [3, 4, 5, 6]),
        ("pre", "post", [0, 0, 7, 8], [2, 3, 4, 5]),
        ("post", "post", [7, 8, 0, 0], [2, 3, 4, 5]),
    ],
)
def test_texts_are_filled_up_and_cut_at_the_ends_that_are_named(
    padding: str, truncating: str, short: list[int], long: list[int]
) -> None:
    texts = [np.array([7, 8]), np.array([2, 3, 4, 5, 6]), np.array([], int)]
    found = padded([text.astype(np.int32) for text in texts], 4, padding, truncating)
    assert found.tolist() == [short, long, [0, 0, 0, 0]]
    assert found.dtype == np.int32


def test_it_is_read_back_only_where_it_is_the_one_of_the_run(tmp_path: Path) -> None:
    file = tmp_path / "vocabulary.json"
    vocabulary = Vocabulary.fit(['über café \n\t\\ " \u2028'], "characters", None)
    vocabulary.save(file)
    assert Vocabulary.load(file, vocabulary.sha256()) == vocabulary
    for content in (file.read_bytes().replace(b"b", b"c"), b"[]", b'{"level": 3}', b"\xff"):
        file.write_bytes(content)
        with pytest.raises(PipelineError) as caught:
            Vocabulary.load(file, vocabulary.sha256())
        assert caught.value.exit_code == ExitCode.MISMATCH
    file.unlink()
    with pytest.raises(PipelineError, match="is not the vocabulary"):
        Vocabulary.load(file, vocabulary.sha256())
