"""Which columns of a table are the time, where no config names them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from pipeline.core.artifacts import Float64
from pipeline.datasets.tables.clock_numbers import since_1970
from pipeline.datasets.tables.dates import clock_us, is_date, is_of_digits, parts_of
from pipeline.datasets.tables.table import Table

Kind = Literal["date and clock", "date", "clock", "since 1970", "number", "unknown"]

PARTS = ("year", "month", "day", "hour", "minute", "second")
FEWEST_PARTS = 2  # a year and a month
DIGITS_OF_A_DAY = 8
LAST_HOUR = 24
LOOKED_AT = 50  # rows, over all of the table
MOSTLY = 0.8  # of the cells of a column
# Names of a time in some languages.
NAMED = re.compile(
    r"(?:^|[\W_])(?:t|ts|time|when|times?tamp|date|datetime|datum|zeit|uhrzeit|temps|heure|fecha|hora|"
    r"clock|elapsed|epoch|millis|micros|year|month|jahr|monat|ann[eé]e|mois|año|mes|anno|mese)"
    r"(?:$|[\W_\d])"
)
HOURS = re.compile(r"hours?|hr|stunde|heure|hora|ora|uur")  # of a day, beside a date
SHORT = "t"  # may be a temperature


def time_columns(table: Table, others: Collection[str]) -> list[tuple[str, ...]]:
    """The columns that may be the time, the likeliest ones alone.

    Args:
        others: columns that are something else.

    Returns:
        One tuple where it is clear, several where it is not, none without a time.
    """
    parts = parts_in(table.columns, others)
    if len(parts) >= FEWEST_PARTS:
        return [parts]
    found: dict[Kind, list[str]] = {}
    for place, name in enumerate(table.columns):
        kind = None if name in others else _kind(name, _some(table.words(place)))
        if kind is not None:
            found.setdefault(kind, []).append(name)
    return _likeliest(found)


def parts_in(columns: Sequence[str], others: Collection[str] = ()) -> tuple[str, ...]:
    """The columns `year`, `month` and so on, as far as the table has them; () without a year."""
    names = {name.strip().lower(): name for name in columns if name not in others}
    length = next((n for n, part in enumerate(PARTS) if part not in names), len(PARTS))
    return tuple(names[part] for part in PARTS[:length])


def _likeliest(found: Mapping[Kind, Sequence[str]]) -> list[tuple[str, ...]]:
    if whole := found.get("date and clock"):
        return [(name,) for name in whole]
    if dates := found.get("date"):
        clocks = found.get("clock", ())
        return [(date, clock) for date in dates for clock in clocks] or [(date,) for date in dates]
    rest: tuple[Kind, ...] = ("since 1970", "clock", "number", "unknown")
    return next(([(name,) for name in found[kind]] for kind in rest if kind in found), [])


def _some(words: Sequence[str]) -> list[str]:
    return [words[at] for at in np.linspace(0, len(words) - 1, LOOKED_AT).astype(int).tolist()]


def _kind(name: str, words: Sequence[str]) -> Kind | None:
    """What most of the words of a column are; None for no time."""
    name = name.strip().lower()
    numbers = _numbers(words)
    if np.isfinite(numbers).mean() >= MOSTLY:
        return _kind_of_numbers(name, words, numbers[np.isfinite(numbers)])
    if _mostly(":" in word and clock_us(word) is not None for word in words):
        return "clock"
    parts = [parts_of(word) for word in words]
    if not _mostly(is_date(date) for date, _, _ in parts):
        return "unknown" if NAMED.search(name) and name != SHORT else None
    return "date and clock" if any(clock for _, clock, _ in parts) else "date"


def _mostly(answers: Iterable[bool]) -> bool:
    return bool(np.mean(list(answers)) >= MOSTLY)


def _numbers(words: Sequence[str]) -> Float64:
    """float64 [n]; NaN for words that are no numbers."""
    return np.array([_number(word.replace(",", ".")) for word in words])


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


def _kind_of_numbers(name: str, words: Sequence[str], numbers: Float64) -> Kind | None:
    """Numbers are a time if they rise, and their size or the name of the column says so."""
    if HOURS.fullmatch(name) and numbers.min() >= 0 and numbers.max() <= LAST_HOUR:
        return "clock"
    if not _rise(numbers):
        return "unknown" if NAMED.search(name) and name != SHORT else None
    if _mostly(map(is_of_digits, words)):
        return "date and clock" if len(words[0]) > DIGITS_OF_A_DAY else "date"
    if since_1970(numbers) is not None:
        return "since 1970"
    return "number" if NAMED.search(name) else None


def _rise(numbers: Float64) -> bool:
    steps = np.diff(numbers)
    return bool((steps != 0).any() and ((steps >= 0).all() or (steps <= 0).all()))
