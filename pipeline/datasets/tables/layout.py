"""How a table is written, from its first lines: separator, decimal sign, header, width."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from pipeline.core.unit_names import ACCELERATION_UNITS, CLOCK_UNITS, TURNING_UNITS, unit_key

SEPARATORS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars", " ": "spaces"}
COMMENTS = ("#", "%", "//")
NO_HEADER, OTHER_WIDTH = 0.7, 0.5  # weights of a table without one, or with one of another width
ONE_COLUMN = 0.6  # weight of a table of one column: any text is one
MOSTLY = 0.8  # of the cells of a column
LONGEST_NAME = 60  # characters of a cell of a header
# The serial monitor of the Arduino IDE can print when a line arrived.
ARRIVAL = re.compile(r"(\d\d:\d\d:\d\d\.\d{3}) -> ?")
_POINT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
# What may stand between thousands; a comma in other tables is a decimal sign.
THOUSANDS = {",": ",", ";": "'", "\t": "'", "|": "'"}
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3}|'\d{3})+(\.\d+)?")
_SMALL = re.compile(r"[-+]?\d{1,3}(\.\d+)?")
_MISSING = ("", "nan", "na", "null", "none", "?", "-")


@dataclass(frozen=True)
class Layout:
    """How a table is written.

    Args:
        separator: a space stands for any white space.
        decimal: the decimal sign of its numbers.
        header: the place of the header among the lines that were looked at; None without one.
        first_row: the place of the first row.
        columns: the cells of the header; () without one.
        is_numeric: some columns have numbers.
        end: what each row has after its last cell, to be taken off.
        has_thousands: its numbers have commas or apostrophes between thousands.
    """

    separator: str
    decimal: str
    header: int | None
    first_row: int
    width: int
    columns: tuple[str, ...]
    is_numeric: bool
    end: str = ""
    has_thousands: bool = False

    def split(self, line: str) -> list[str]:
        """The cells of a line."""
        return cells_of(line.removesuffix(self.end), self.separator)


def layout_of(lines: Sequence[str], separator: str | None) -> Layout | None:
    """The layout of a table; None if no separator makes rows of one width.

    Args:
        lines: its first lines that are not blank and no comments.
        separator: None finds it.
    """
    layouts = [_layout(lines, each) for each in ([separator] if separator else SEPARATORS)]
    scored = [layout for layout in layouts if layout is not None]
    return max(scored, key=lambda pair: pair[0], default=(0.0, None))[1]


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line, without quotes and without white space around them."""
    if separator == " ":
        return [cell.strip('"') for cell in line.split()]
    if '"' not in line:
        return [cell.strip() for cell in line.split(separator)]
    rows = list(csv.reader([line], delimiter=separator, skipinitialspace=True))
    return [cell.strip() for cell in rows[0]] if rows else []


def is_number(cell: str, decimal: str) -> bool:
    """Whether a cell is a number, written with this decimal sign or as a whole number."""
    pattern = _COMMA if decimal == "," and "," in cell else _POINT
    return pattern.fullmatch(cell) is not None


def _layout(lines: Sequence[str], separator: str) -> tuple[float, Layout] | None:
    """A layout, and how well it fits."""
    end = ";" if separator == "," and _mostly(line.endswith(";") for line in lines[1:]) else ""
    rows = [cells_of(line.removesuffix(end), separator) for line in lines]
    has_thousands = separator in THOUSANDS and _have_thousands(rows, THOUSANDS[separator])
    if has_thousands:
        rows = [[without_thousands(cell) for cell in cells] for cells in rows]
    width = _usual_width(rows)
    body = [cells for cells in rows if len(cells) == width]
    decimal = _decimal(body)
    # Rows without a digit are headers, or echoes, and the first row may be a header with digits.
    body = [row for row in body if any(map(str.isdigit, "".join(row)))] or body
    body = body[1:] or body
    is_numeric = [_mostly(is_number(c, decimal) for c in _filled(body, at)) for at in range(width)]
    first = _first_row(rows, width, is_numeric, decimal)
    if first is None:
        return None
    header, columns = _header(rows, first, width, is_numeric, decimal)
    first = _first_torn(rows, header, first, decimal)
    fits = sum(len(cells) == width for cells in rows[first:]) / len(rows[first:])
    agrees = _agrees(rows, header, first, not _filled(body, -1))
    score = fits * agrees * (0.5 + sum(is_numeric) / width) * (ONE_COLUMN if width == 1 else 1.0)
    first += header == first
    if first == len(rows):
        return None
    return score, Layout(
        separator, decimal, header, first, width, columns, any(is_numeric), end, has_thousands
    )


def without_thousands(cell: str) -> str:
    """A number without the commas or apostrophes between its thousands; other cells as they are."""
    return re.sub("[,']", "", cell) if _THOUSANDS.fullmatch(cell) else cell


def _have_thousands(rows: Sequence[Sequence[str]], mark: str) -> bool:
    """Whether a column has 998 and 1,004: each number with the mark has three digits after it."""
    columns = [[cell for cell in cells if cell] for cells in zip_longest(*rows, fillvalue="")]
    marked = [[c for c in cells if mark in c and any(map(str.isdigit, c))] for cells in columns]
    return all(_THOUSANDS.fullmatch(cell) for cells in marked for cell in cells) and any(
        cells and any(_SMALL.fullmatch(cell) for cell in column)
        for column, cells in zip(columns, marked, strict=True)
    )


def _agrees(rows: Sequence[Sequence[str]], header: int | None, first: int, is_open: bool) -> float:
    """A weight of the layout by its header: lines before the rows should be or hold one."""
    if header is None:
        return 1.0 if first == 0 else NO_HEADER
    return 1.0 if len(rows[header]) == len(rows[first]) or is_open else OTHER_WIDTH


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    """The commonest number of cells in the later half of the rows: a file may begin with words."""
    later = rows[len(rows) // 2 :]
    return Counter(len(cells) for cells in later).most_common(1)[0][0]


def _decimal(body: Sequence[Sequence[str]]) -> str:
    cells = [cell for row in body for cell in row]
    commas = sum("," in cell and is_number(cell, ",") for cell in cells)
    points = sum("." in cell and is_number(cell, ".") for cell in cells)
    return "," if commas > points else "."


def _filled(body: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at] for row in body if row[at].lower() not in _MISSING]


def _mostly(answers: Iterable[bool]) -> bool:
    answers = list(answers)
    return bool(answers) and sum(answers) >= MOSTLY * len(answers)


def _first_row(
    rows: Sequence[Sequence[str]], width: int, is_numeric: Sequence[bool], decimal: str
) -> int | None:
    """The place of the first row of a width whose numeric columns have numbers."""
    for at, cells in enumerate(rows):
        numbers = [
            is_number(cell, decimal)
            for cell, numeric in zip(cells, is_numeric, strict=False)
            if numeric and cell.lower() not in _MISSING
        ]
        if len(cells) == width and all(numbers) and (numbers or not any(is_numeric)):
            return at
    return None


def _first_torn(rows: Sequence[Sequence[str]], header: int | None, first: int, decimal: str) -> int:
    """The place of the first row: one with numbers after the header, though a cell is none."""
    least = 1 if header is not None else len(rows[first]) / 2
    for at in range(0 if header is None else header + 1, first):
        if sum(is_number(cell, decimal) for cell in rows[at]) >= least:
            return at
    return first


def _header(
    rows: Sequence[Sequence[str]],
    first: int,
    width: int,
    is_numeric: Sequence[bool],
    decimal: str,
) -> tuple[int | None, tuple[str, ...]]:
    """The place of the header and its cells, as many as a row has."""
    if not any(is_numeric):
        return (first, tuple(rows[first])) if _are_names(rows, first) else (None, ())
    at = first - 1
    while at >= 0 and not (
        len(rows[at]) in (width, width - 1) and not any(is_number(c, decimal) for c in rows[at])
    ):
        at -= 1
    if at < 0:
        return None, ()
    if len(rows[at]) == width and at and len(rows[at - 1]) == width and _are_units(rows[at]):
        pairs = zip(rows[at - 1], rows[at], strict=True)
        return at, tuple(f"{name} ({unit.strip('()[]')})" if unit else name for name, unit in pairs)
    if len(rows[at]) == width:
        return at, tuple(rows[at])
    # R leaves out the name of the first column, of row names; others end rows with a separator.
    is_open = not _filled([row for row in rows[first:] if len(row) == width], -1)
    return at, (*rows[at], "") if is_open else ("", *rows[at])


def _are_units(cells: Sequence[str]) -> bool:
    """Whether a row names the units of the columns above it."""
    filled = [cell.strip("()[]") for cell in cells if cell]
    known = {*ACCELERATION_UNITS, *TURNING_UNITS, *CLOCK_UNITS}
    return len(filled) > 1 and sum(unit_key(cell) in known for cell in filled) > len(filled) / 2


def _are_names(rows: Sequence[Sequence[str]], first: int) -> bool:
    """Whether the first row of a table of words holds names: none comes again in its column."""
    names, rest = rows[first], rows[first + 1 :]
    again = any(
        name == cells[at]
        for at, name in enumerate(names)
        for cells in rest
        if len(cells) == len(names)
    )
    short = all(0 < len(name) <= LONGEST_NAME for name in names)
    return bool(rest) and short and len(set(names)) == len(names) and not again
