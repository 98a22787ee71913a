"""Numbers that are a time: of a clock in a unit, or since 1970."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from pipeline.core.artifacts import Float64, Int64

# The unit at the end of a name: t_us, time (ms), seconds.
_UNIT = re.compile(
    r"(?:^|[\W_\d])(ns|us|µs|μs|micros|ms|millis|s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|d|days?)\W*$"
)
_SHORT_US: Mapping[str, float] = {
    "ns": 1e-3,
    **dict.fromkeys(("us", "µs", "μs", "micros"), 1.0),
    **dict.fromkeys(("ms", "millis"), 1e3),
}
_LENGTHS_US: Mapping[str, float] = {"s": 1e6, "m": 6e7, "h": 3.6e9, "d": 8.64e10}
SINCE_1970_US: Mapping[str, float] = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
FIRST_US, LAST_US = 315_532_800 * 10**6, 4_102_444_800 * 10**6  # 1980 and 2100


def unit_us(name: str) -> float | None:
    """The length of the unit that the name of a column ends in; None without one."""
    match = _UNIT.search(name.strip().lower())
    if match is None:
        return None
    unit = match[1]
    if unit in _SHORT_US:
        return _SHORT_US[unit]
    return _LENGTHS_US[unit[0]]


def is_since_1970(times_us: Int64) -> bool:
    """Whether all are of 1980 to 2100."""
    return bool(((times_us > FIRST_US) & (times_us < LAST_US)).all())


def since_1970(numbers: Float64) -> tuple[str, Int64] | None:
    """The unit of numbers since 1970 by their size, and their microseconds: int64 [n]."""
    for unit, length_us in SINCE_1970_US.items():
        if numbers.min() * length_us < LAST_US and numbers.max() * length_us < LAST_US:
            times_us = microseconds(numbers, length_us)
            if is_since_1970(times_us):
                return unit, times_us
    return None


def microseconds(numbers: Float64, length_us: float) -> Int64:
    """Numbers of a unit as microseconds: int64 [n]."""
    return np.rint(numbers * length_us).astype(np.int64)
