"""Dates and clocks in the forms that people write."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

Order = Literal["day first", "month first", "year first"]

DIFFERENT = 2**17  # days and clocks of a file, which come again and again: a day has 86,400 s
DIGITS = (6, 8, 10, 12, 14)  # of a month, of a day, and of a day with a clock
FIRST_YEAR, LAST_YEAR = 1600, 2100  # seconds since 1970 look like dates of the Middle Ages
DAY_US = 86_400_000_000
MICROSECONDS = (3_600_000_000, 60_000_000, 1_000_000, 1)  # an hour, a minute, a second, itself
EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
# English, German, French, Spanish, Italian, Portuguese and Dutch, in full and shortened.
_MONTH_NAMES = (
    "jan january januar jänner janv janvier ene enero gen gennaio janeiro januari",
    "feb february februar févr février febrero febbraio fev fevereiro februari",
    "mar march mär mrz märz mars marzo março maart mrt",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio maio mei",
    "jun june juni juin junio giu giugno junho",
    "jul july juli juil juillet julio lug luglio julho",
    "aug august août ago agosto augustus",
    "sep sept september septembre septiembre set settembre setembro",
    "oct october okt oktober octobre octubre ott ottobre out outubro",
    "nov november novembre noviembre novembro",
    "dec december dez dezember déc décembre dic diciembre dicembre dezembro",
)
MONTHS: Mapping[str, int] = {
    name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()
}
_PLACES: Mapping[Order, tuple[int, int, int]] = {  # of year, month and day
    "day first": (2, 1, 0),
    "month first": (2, 0, 1),
    "year first": (0, 1, 2),
}
_BETWEEN = r"[-/. ]"
_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY = re.compile(rf"\b({'|'.join(calendar.day_abbr)})[a-z]*[,.]?\s+", re.IGNORECASE)
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE)
_THREE = re.compile(rf"(\d{{1,4}})({_BETWEEN})(\d{{1,2}})\2(\d{{1,4}})")
_Y, _M, _D = r"(?P<y>\d{4}|\d\d)", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})"
_YEAR, _NAME = r"(?P<y>\d{4})", rf"(?P<name>{_NAMES})"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_YEAR}(?P<m>\d\d)(?P<d>\d\d)",
        rf"{_YEAR} ?年 ?{_M} ?月(?: ?{_D} ?日)?",
        rf"{_YEAR}[-/ ]?(?P<day_of_year>\d{{3}})",
        rf"{_YEAR}(?:{_BETWEEN}| ?[M:] ?){_M}",
        rf"{_YEAR}(?P<m>\d\d)",
        rf"{_M}{_BETWEEN}{_YEAR}",
        rf"{_D}{_BETWEEN}*{_NAME}[-/., ]*{_Y}",
        rf"{_NAME}{_BETWEEN}*{_D},?{_BETWEEN}+{_YEAR}",
        rf"{_NAME}[-/.,' ]*{_Y}",
        rf"{_YEAR}[-/., ]*{_NAME}(?:{_BETWEEN}*{_D})?",
        rf"{_YEAR}[-/.: ]*Q(?P<quarter>[1-4])",
        rf"Q(?P<quarter>[1-4])[-/.:' ]*{_Y}",
        rf"{_YEAR}-?W(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?",
        _YEAR,
    )
)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,3})(?:[:h.](?P<minute>\d\d)(?:[:m.](?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"s?)?\s*(?P<half>[ap])?(?:\.?m\.?)?",
    re.IGNORECASE,
)
_COMPACT_CLOCK = re.compile(r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<part>)(?P<half>)")
_ZONE = re.compile(r"\s*(?P<name>Z|UTC|GMT)?(?:(?P<sign>[-+])(?P<h>\d{1,2}):?(?P<m>\d\d)?)?")
_DIGITS = re.compile(r"(?P<date>\d{8})(?P<clock>\d\d(?:\d\d){0,2})(?P<zone>)")
# A date, then a clock, then perhaps a zone.
_CELL = re.compile(
    r"(?P<date>.*?\d.*?)"
    r"(?:(?:(?<=\d)T|[\s,_]+|(?<=\d{4})[-:/](?=\d\d:))"
    r"(?P<clock>\d{1,2}[:h.]\d\d(?:[:m.]\d\d(?:[.,]\d{1,9})?)?s?\s*(?:[ap]\.?m\.?)?"
    r"|\d{1,2}\s*[ap]\.?m\.?|\d{4}|\d{6}|\d\d?)"
    r"(?P<zone>\s*(?:Z|UTC|GMT)?(?:[-+]\d{1,2}(?::?\d\d)?)?|\s+[A-Z]{3,5}))?",
    re.IGNORECASE,
)


def parts_of(cell: str) -> tuple[str, str, str]:
    """The date, the clock and the zone in a cell; "" where it has none."""
    digits = _DIGITS.fullmatch(cell)
    match = digits or _CELL.fullmatch(cell)
    if match is None or match["clock"] is None or not is_date(match["date"]):
        return cell, "", ""
    if match["clock"].isdigit() and is_date(cell):  # "Jan 05, 2009" ends in no clock
        return cell, "", ""
    return match["date"], match["clock"], match["zone"].strip()


@lru_cache(DIFFERENT)
def is_date(text: str) -> bool:
    """Whether a text is a date, in one order of day, month and year or another."""
    return any(day_of(text, order) is not None for order in _PLACES)


def is_of_digits(text: str) -> bool:
    """Whether digits alone are a date of our times, perhaps with a clock: 20090131, 2009013113."""
    if len(text) not in DIGITS or not text.isdigit():
        return False
    return FIRST_YEAR <= int(text[:4]) <= LAST_YEAR and is_date(parts_of(text)[0])


def has_order(text: str) -> bool:
    """Whether a date consists of three numbers, none of which shows by its length what it is."""
    three = _THREE.fullmatch(_plain(text))
    return three is not None and len(three[1]) < 3


@lru_cache(DIFFERENT)
def day_of(text: str, order: Order) -> int | None:
    """The days from 1970 to a date; of a month, a quarter or a year to its first day.

    Returns:
        None where the text is no date, or none in this order.
    """
    text = _plain(text)
    try:
        three = _THREE.fullmatch(text)
        if three is not None:
            return _day_of_three((three[1], three[3], three[4]), order)
        match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
        return None if match is None else _day_of_parts(match.groupdict())
    except ValueError:
        return None


def _plain(text: str) -> str:
    return _ORDINAL.sub("", _WEEKDAY.sub("", " ".join(text.split())))


def _day_of_three(cells: tuple[str, str, str], order: Order) -> int:
    year, month, day = (cells[place] for place in _PLACES[order])
    if len(cells[0]) > 2:
        year, month, day = cells
    if len(year) not in (2, 4) or len(month) > 2 or len(day) > 2:
        raise ValueError("no date")
    return _day(_year_of(year), int(month), int(day))


def _day_of_parts(parts: Mapping[str, str | None]) -> int:
    year = _year_of(parts["y"] or "")
    if (day_of_year := parts.get("day_of_year")) is not None:
        if not 1 <= int(day_of_year) <= 366:
            raise ValueError("no day of a year")
        return _day(year, 1, 1) + int(day_of_year) - 1
    if (week := parts.get("week")) is not None:
        monday = datetime.date.fromisocalendar(year, int(week), int(parts.get("weekday") or 1))
        return monday.toordinal() - EPOCH_DAY
    if (quarter := parts.get("quarter")) is not None:
        return _day(year, 3 * int(quarter) - 2, 1)
    name = parts.get("name")
    month = int(parts.get("m") or 1) if name is None else MONTHS[name.lower()]
    return _day(year, month, int(parts.get("d") or 1))


def _year_of(digits: str) -> int:
    """A year; of two digits the last one that is not in the future, since data are of the past."""
    if len(digits) != 2:
        return int(digits)
    now = datetime.datetime.now(datetime.timezone.utc).year
    return now - (now - int(digits)) % 100


def _day(year: int, month: int, day: int) -> int:
    return datetime.date(year, month, day).toordinal() - EPOCH_DAY


def has_short_year(text: str) -> bool:
    """Whether the year of a date has two digits."""
    return re.search(r"\d{4}", text) is None


@lru_cache(DIFFERENT)
def clock_us(text: str) -> int | None:
    """Microseconds from midnight to a clock, also of more than 24 hours; None for no clock."""
    text = text.strip()
    match = _COMPACT_CLOCK.fullmatch(text) or _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if minute > 59 or second > 59:
        return None
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
    part_us = int((match["part"] or "0").ljust(9, "0")[:9]) // 1000
    parts = zip((hour, minute, second, part_us), MICROSECONDS, strict=True)
    return sum(count * length_us for count, length_us in parts)


def zone_us(text: str) -> int | None:
    """Microseconds that a zone such as +01:00 is ahead of UTC; None where its name does not say."""
    match = _ZONE.fullmatch(text)
    if match is None or not text:
        return None
    ahead_us = int(match["h"] or 0) * MICROSECONDS[0] + int(match["m"] or 0) * MICROSECONDS[1]
    return -ahead_us if match["sign"] == "-" else ahead_us
