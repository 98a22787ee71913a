"""The numbers of channels, and where readings are missing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from pipeline.core.artifacts import Float64
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.plurals import counted
from pipeline.datasets.recording_file import bad_file
from pipeline.datasets.tables.table import Table

LARGEST_VALUE = 2_000_000  # its thousandths fit 32 bits on a board
MOST_LOST = 0.1  # largest rounding error, as a share of the standard deviation of a column
MISSING = re.compile(r"[?.*]?|-+|#?n\.?/?a\.?|-?nan|n\.?d\.?|null|nil|none|missing", re.IGNORECASE)
THOUSANDS = (
    (re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?"), ",", "."),
    (re.compile(r"-?\d{1,3}(\.\d{3})+,\d+"), ".", ","),
)
# Numbers that loggers write where a reading is missing, if nothing else is near them.
STAND_INS = (-9999.0, -9999.9, -999.9, -999.0, -99999.0, 9999.0, 99999.0, 999999.0, -200.0)
FAR = 3.0  # a stand-in is this many times the range of all others away from them


def channel_values(table: Table, names: Sequence[str]) -> tuple[Float64, tuple[str, ...]]:
    """The numbers of columns, float64 [n, len(names)], NaN where one is missing; and notes."""
    places = [table.columns.index(name) for name in names]
    values = np.ascontiguousarray(table.numbers(places))  # sums depend on the order in memory
    noted = []
    for name, place, column in zip(names, places, values.T, strict=True):
        if not np.isfinite(column).all():
            column[:] = _with_thousands(table.words(place), column)
            _check_words(table, name, place, column)
        if (stand_in := _stand_in(column)) is not None:
            rows = np.flatnonzero(column == stand_in)
            column[rows] = np.nan
            where = f"{counted(len(rows), 'row')}, from line {table.lines[rows[0]]} on"
            noted.append(f"{name} is {stand_in:g} in {where}: taken for missing")
    return values, tuple(noted)


def _with_thousands(words: Sequence[str], column: Float64) -> Float64:
    """A column, float64 [n], with the numbers that are written as 1,234.5 or 1.234,5."""
    for pattern, between, decimal in THOUSANDS:
        for row in np.flatnonzero(np.isnan(column)).tolist():
            if pattern.fullmatch(words[row]):
                plain = words[row].replace(between, "").replace(decimal, ".")
                column[row] = float(plain)
    return column


def _check_words(table: Table, name: str, place: int, column: Float64) -> None:
    """Words in place of numbers must be words for a missing reading."""
    words = table.words(place)
    for row in np.flatnonzero(~np.isfinite(column)).tolist():
        fault = _fault(words[row], float(column[row]))
        if fault is not None:
            raise _bad_cell(table, row, f"{name} is {words[row][:40]!r}, {fault}")


def _fault(word: str, value: float) -> str | None:
    if math.isnan(value):
        return None if MISSING.fullmatch(word.strip()) else "not a number"
    return "not a finite number"


def _stand_in(column: Float64) -> float | None:
    """The number that stands for a missing reading, if there is one: float64 [n]."""
    for number in STAND_INS:
        others = column[np.isfinite(column) & (column != number)]
        if len(others) and len(others) < np.isfinite(column).sum():
            least, most = float(others.min()), float(others.max())
            distance = max(least - number, number - most)
            if distance > FAR * max(most - least, 1.0):
                return number
    return None


def checked(table: Table, names: Sequence[str], values: Float64) -> Float64:
    """Values as a board gets them, multiples of 0.001: float64 [n, len(names)], NaN stays."""
    for name, column in zip(names, values.T, strict=True):
        beyond = np.flatnonzero(np.abs(column) > LARGEST_VALUE)
        if len(beyond):
            row = int(beyond[0])
            raise _bad_cell(table, row, f"{name} is {column[row]:g}, beyond +-{LARGEST_VALUE:,}")
        known = column[np.isfinite(column)]
        if not len(known):
            raise _bad_cell(table, 0, f"{name} has no number in any row")
        if _is_lost_by_rounding(known):
            raise _too_fine(table, name, known)
    rounded: Float64 = np.round(values * UNITS_PER_SAMPLE_STEP) / UNITS_PER_SAMPLE_STEP
    return rounded


def _bad_cell(table: Table, row: int, what: str) -> PipelineError:
    return bad_file(
        table.place,
        what,
        "a reading is missing or damaged there, or the column has other data",
        "correct it, start the file after it, or leave the column out of data.channels",
        line=int(table.lines[row]),
    )


def _is_lost_by_rounding(values: Float64) -> bool:
    """Whether rounding to thousandths changes a column, float64 [n], too much."""
    error = values - np.round(values * UNITS_PER_SAMPLE_STEP) / UNITS_PER_SAMPLE_STEP
    changes = float(values.std())
    if changes == 0:
        return bool(error[0] == values[0] != 0)
    return float(np.sqrt(np.square(error).mean())) > MOST_LOST * changes


def _too_fine(table: Table, column: str, values: Float64) -> PipelineError:
    return UsageError(
        f"{table.place}: {column} is between {values.min():.3g} and {values.max():.3g}, and would "
        "be rounded away.",
        "a board gets values in thousandths of their unit, and these differ by less",
        "write that column in a smaller unit, such as mV for V, or leave it out of data.channels",
    )
