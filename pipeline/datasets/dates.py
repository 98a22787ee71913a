"""Dates as people write them in many languages, with what ISO 8601 makes of them.

Words and orders are those of Unicode's CLDR, by Babel. A form that means another day elsewhere
(3/4/21) is left out, so that every text has one answer.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pipeline.core.errors import PipelineError
from pipeline.core.pairs import Pair

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "da", "sv", "pl", "tr", "fi", "cs", "hu")
FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)  # two digits say which year
CLDR_FORMS = ("medium", "long", "full")
# More ways of people, in CLDR's letters: https://unicode.org/reports/tr35/tr35-dates.html
PATTERNS = ("d MMMM y", "d MMM y", "EEE d MMM y", "d. MMMM y", "EEEE d MMMM y", "MMMM d, y")
DAY_FIRST = ("dd.MM.y", "d.M.yy", "d.M.y")  # points: the day comes first in all languages
ISO_LIKE = ("y-MM-dd", "y/MM/dd", "y.MM.dd", "yMMdd")
TRAIN = "train.tsv"
PARTS = {TRAIN: 60_000, "val.tsv": 2_000, "test.tsv": 4_000}
SLIPS = 0.3  # of the texts to learn from, with a slip of the keys
SURE = 3  # letters of a long word that are typed right: they say which month it is
SEED = 1


def write_dates(_files: Path, folder: Path) -> None:
    """Write the tables of a dataset; no date is in two of them."""
    _require_babel()
    random = np.random.default_rng(SEED)
    days = random.permutation((LAST - FIRST).days + 1)
    share = len(days) // 10
    held_out = {"val.tsv": days[:share], "test.tsv": days[share : 3 * share]}
    chosen = {**held_out, TRAIN: days[3 * share :]}
    for name, count in PARTS.items():
        own, slips = random.choice(chosen[name], count).tolist(), SLIPS if name == TRAIN else 0.0
        pairs = date_pairs(LANGUAGES, own, random, slips)
        lines = [f"{pair.source}\t{pair.target}\n" for pair in (Pair("source", "target"), *pairs)]
        (folder / name).write_text("".join(lines), "utf-8")


def date_pairs(
    languages: Sequence[str], days: Sequence[int], random: np.random.Generator, slips: float = 0.0
) -> Iterator[Pair]:
    """A pair for each day, in a language and a form by chance.

    Args:
        languages: as CLDR names them.
        days: after FIRST.
        random: chooses.
        slips: the share of texts in which a letter is missing, twice there or in the wrong place.
    """
    from babel.dates import format_date

    forms = (*CLDR_FORMS, *PATTERNS, *DAY_FIRST, *ISO_LIKE)
    for day in days:
        date = FIRST + datetime.timedelta(days=day)
        language = languages[int(random.integers(len(languages)))]
        form = forms[int(random.integers(len(forms)))]
        text = format_date(date, form, language)
        if form == "medium" and _is_numeric(text):
            text = format_date(date, "long", language)
        typed = _as_typed(text, random)
        if random.random() < slips:
            typed = _with_a_slip(typed, random)
        yield Pair(typed, date.isoformat())


def _is_numeric(text: str) -> bool:
    return not any(character.isalpha() for character in text)


def _as_typed(text: str, random: np.random.Generator) -> str:
    """With plain spaces, and sometimes in small letters or without accents."""
    plain = " ".join(text.split())
    if random.random() < 0.25:
        plain = plain.lower()
    return _without_accents(plain) if random.random() < 0.25 else plain


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(character for character in apart if not unicodedata.combining(character))


def _with_a_slip(text: str, random: np.random.Generator) -> str:
    """A letter near the end of a long word is left out, typed twice or changes its place."""
    places = [
        place
        for word in re.finditer(r"[^\W\d_]{6,}", text)
        for place in range(word.start() + SURE, word.end() - 1)
    ]
    if not places:
        return text
    at = places[int(random.integers(len(places)))]
    first, second = text[at], text[at + 1]
    typed = (first + first + second, second + first, second)[int(random.integers(3))]
    return text[:at] + typed + text[at + 2 :]


def _require_babel() -> None:
    """Refuse with the command that installs Babel, where it is missing."""
    if find_spec("babel") is None:
        raise PipelineError(
            "Babel is not installed, and the dates are made with it.",
            "it knows how dates are written in many languages; other tasks do not need it",
            "run: pip install 'gesture-pipeline[translation]' (or: pip install babel)",
        )
