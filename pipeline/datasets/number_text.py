"""Numbers as text, whole columns at a time: as `"%d"` and `"%.3f"`, several times faster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Int32, Int64

GROUP = 10_000  # four digits are looked up at once
Words = NDArray[np.uint32]  # four characters each


def _words(numbers: NDArray[np.int64], form: str) -> Words:
    """uint32 [n], numbers as text with zero bytes in front."""
    text = b"".join((form % number).encode().rjust(4, b"\0") for number in numbers)
    return np.frombuffer(text, np.uint32)


ALL_DIGITS = _words(np.arange(GROUP), "%04d")
NO_ZEROS = _words(np.arange(GROUP), "%d")  # in front
NO_ZERO = np.where(np.arange(GROUP) == 0, np.uint32(0), NO_ZEROS)  # nor as the number
DECIMALS = _words(np.arange(1000), ".%03d")
_COMMA, _NEWLINE = np.frombuffer(b",\n", np.uint8)
SMALL = 32_000  # thousandths: an acceleration has so many, and its text eight characters
SIGNS = np.frombuffer(b",\0,-", np.uint16)  # after a comma


def rows_text(clock: Int64, thousandths: Int32) -> bytearray:
    """Rows of whole numbers, then of numbers with three decimals, with commas between them.

    Args:
        clock: int64 [n, columns], none negative.
        thousandths: int32 [n, columns].
    """
    whole = [[_COMMA, *_whole(column)] for column in np.ascontiguousarray(clock.T)]
    decimal = [_decimal(column) for column in np.ascontiguousarray(thousandths.T)]
    parts = [part for column in (*whole, *decimal) for part in column][1:]
    parts.append(_NEWLINE)
    kinds = np.dtype([(f"{at}", part.dtype) for at, part in enumerate(parts)])
    text = bytearray(len(clock) * kinds.itemsize)
    rows = np.frombuffer(text, kinds)
    for name, part in zip(kinds.names or (), parts, strict=True):
        rows[name] = part
    return text.translate(None, b"\0")


def _whole(values: NDArray[np.integer]) -> list[NDArray[np.unsignedinteger]]:
    """The groups of digits of numbers."""
    if len(values) and values.max() < 2**31:
        values = values.astype(np.int32)  # which is divided faster
    groups: list[NDArray[np.unsignedinteger]] = []
    foremost = NO_ZEROS
    while True:
        values, digits = _divided(values, GROUP)
        group = foremost.take(digits)
        if not values.any():
            return [group, *groups]
        groups.insert(0, np.where(values > 0, ALL_DIGITS.take(digits), group))
        foremost = NO_ZERO


def _decimal(thousandths: Int32) -> list[NDArray[np.unsignedinteger]]:
    """A comma and the sign, the groups of digits and the decimals of numbers."""
    if len(thousandths) and max(thousandths.max(), -thousandths.min()) <= SMALL:
        return [_SMALL_ONES.take(thousandths + SMALL)]
    whole, rest = _divided(np.abs(thousandths), 1000)
    return [SIGNS.take(thousandths < 0), *_whole(whole), DECIMALS.take(rest)]


def _divided(
    values: NDArray[np.integer], by: int
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """As `np.divmod` of numbers that are not negative, several times faster."""
    whole = values // by
    return whole, values - whole * by


def _small_ones() -> NDArray[np.uint64]:
    """uint64 [2 * SMALL + 1], the numbers from -SMALL thousandths on, each with a comma."""
    numbers = np.arange(-SMALL, SMALL + 1)
    whole, rest = _divided(np.abs(numbers), 1000)
    text = np.empty(len(numbers), "u2, u2, u4")
    text["f0"] = SIGNS.take(numbers < 0)
    text["f1"] = NO_ZEROS.view(np.uint16)[1::2].take(whole)  # two digits are enough
    text["f2"] = DECIMALS.take(rest)
    return text.view(np.uint64)


_SMALL_ONES = _small_ones()
