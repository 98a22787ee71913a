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


def rows_text(clock: Int64, thousandths: Int32) -> bytes:
    """Rows of whole numbers, then of numbers with three decimals, with commas between them.

    Args:
        clock: int64 [n, columns], none negative.
        thousandths: int32 [n, columns].
    """
    columns = [_whole(column) for column in clock.T]
    columns += [_decimal(column) for column in np.ascontiguousarray(thousandths.T)]
    kinds = [kind for column in columns for kind in (*(part.dtype for part in column), np.uint8)]
    rows = np.empty(len(clock), [(f"{at}", kind) for at, kind in enumerate(kinds)])
    parts = [part for column in columns for part in (*column, ord(","))]
    for name, part in zip(rows.dtype.names or (), [*parts[:-1], ord("\n")], strict=True):
        rows[name] = part
    return rows.tobytes().translate(None, b"\0")


def _whole(values: NDArray[np.integer]) -> list[NDArray[np.unsignedinteger]]:
    """The groups of digits of numbers."""
    if len(values) and values.max() < 2**31:
        values = values.astype(np.int32)  # which is divided faster
    rest, digits = np.divmod(values, GROUP)
    groups = [np.where(rest > 0, ALL_DIGITS[digits], NO_ZEROS[digits])]
    while rest.any():
        rest, digits = np.divmod(rest, GROUP)
        groups.insert(0, np.where(rest > 0, ALL_DIGITS[digits], NO_ZERO[digits]))
    return groups


def _decimal(thousandths: Int32) -> list[NDArray[np.unsignedinteger]]:
    """The sign, the groups of digits and the decimals of numbers."""
    whole, rest = np.divmod(np.abs(thousandths), 1000)
    sign = np.where(thousandths < 0, np.uint8(ord("-")), np.uint8(0))
    return [sign, *_whole(whole), DECIMALS[rest]]
