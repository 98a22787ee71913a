"""Names of units, as people write them, and their factors to g, deg/s and seconds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

STANDARD_GRAVITY = 9.80665  # m/s^2 in 1 g
DEGREES = 57.29577951308232  # in one radian
METRE = 1 / STANDARD_GRAVITY


def unit_key(unit: str) -> str:
    """The letters and digits that tell units apart: "m/s²", "m/s^2" and "ms2" are one."""
    words = re.findall(r"[a-z]+|\d+", plain_letters(unit).lower())
    return "".join(_SHORT.get(word, word) for word in words)


_SHORT = {
    **dict.fromkeys(("second", "seconds", "sec", "secs", "sek"), "s"),
    **dict.fromkeys(("metre", "metres", "meter", "meters"), "m"),
    **dict.fromkeys(("radian", "radians", "rads"), "rad"),
    **dict.fromkeys(("degree", "degrees", "degs", "grad"), "deg"),
    **dict.fromkeys(("millisecond", "milliseconds", "millis", "msec", "msecs"), "ms"),
    **dict.fromkeys(("microsecond", "microseconds", "micros", "usec"), "us"),
    **dict.fromkeys(("nanosecond", "nanoseconds", "nanos", "nsec"), "ns"),
    **dict.fromkeys(("minute", "minutes"), "min"),
    "per": "",
    "squared": "2",
    "milli": "m",
}


def plain_letters(text: str) -> str:
    """Without accents; raised digits become digits, ° the letters deg, and µ the letter u."""
    decomposed = unicodedata.normalize("NFKD", text.replace("º", "°"))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return letters.replace("μ", "u").replace("°", " deg ")


def _all(names: str, factor: float) -> dict[str, float]:
    return dict.fromkeys(names.split(), factor)


# The keys are what `unit_key` makes of a unit.
ACCELERATION_UNITS: Mapping[str, float] = {
    **_all("g gs gn g0 gforce", 1.0),
    **_all("mg mgs", 1e-3),
    **_all("ms2 mss mps2 mpss", METRE),
    **_all("cms2 gal", METRE / 100),
    **_all("fts2", 0.3048 * METRE),
}
TURNING_UNITS: Mapping[str, float] = {
    **_all("degs degs1 dps degps degpersec", 1.0),
    **_all("mdps mdegs", 1e-3),
    **_all("rads rads1 rps radps radpersec", DEGREES),
    **_all("mrads", DEGREES / 1000),
    **_all("rpm", 6.0),
    **_all("revs", 360.0),
}
CLOCK_UNITS: Mapping[str, float] = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_COUNTS = frozenset(("counts", "count", "lsb", "raw", "adc", "digits", "bits", "ticks"))


def is_counts(unit: str) -> bool:
    """Whether a unit is the whole numbers of a sensor, whose size only its range tells."""
    return unit_key(unit) in _COUNTS
