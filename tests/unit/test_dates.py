"""Dates are written as people type them, and each text still has one answer."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from pipeline.datasets.dates import LANGUAGES, date_pairs

DAYS = list(range(0, 36_500, 9))


def texts(slips: float, times: int = 1) -> list[str]:
    random = np.random.default_rng(1)
    return [pair.source for pair in date_pairs(LANGUAGES, DAYS * times, random, slips)]


def words(text: str) -> list[str]:
    """In small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(one for one in decomposed if not unicodedata.combining(one))
    return re.findall(r"[^\W\d_]+", plain)


def test_most_long_words_have_a_slip_and_keep_the_beginning_that_names_the_month() -> None:
    known = {word for text in texts(0.0, 8) for word in words(text)}
    known_beginnings = {word[:3] for word in known}
    unknown = [word for text in texts(1.0) for word in words(text) if word not in known]
    assert len(unknown) > len(DAYS) / 4
    assert {word[:3] for word in unknown} <= known_beginnings
    assert min(map(len, unknown)) >= 5


def test_a_slip_is_in_letters_never_in_numbers() -> None:
    random = np.random.default_rng(2)
    for pair in date_pairs(LANGUAGES, DAYS, random, 1.0):
        day = str(int(pair.target[-2:]))
        year = pair.target[:4]
        assert day in pair.source
        assert year in pair.source or year[2:] in pair.source


def test_accents_are_left_out_now_and_then() -> None:
    plain = sum(text.isascii() for text in texts(0.0))
    decomposed = [unicodedata.normalize("NFKD", text) for text in texts(0.0)]
    accented = sum(any(map(unicodedata.combining, text)) for text in decomposed)
    assert accented > len(DAYS) / 20
    assert plain > len(DAYS) / 2
    assert "fevrier" in " ".join(texts(0.0)).lower()
