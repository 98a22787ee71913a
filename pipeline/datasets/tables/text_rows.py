"""Rows of words from any table: CSV, TSV, JSON lines or JSON, with texts that hold separators."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline.core.plurals import counted
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.encodings import as_utf8
from pipeline.datasets.tables.sources import Source

SEPARATORS = ("\t", ",", ";", "|")
Quoting = Literal[0, 3]  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE
LOOKED_AT = 200  # rows that show the separator
LONGEST_CELL = 2**24  # characters
LEAST_AGREEMENT = 0.9  # of the rows in their number of cells
FASTTEXT = "__label__"


@dataclass(frozen=True)
class TextRows:
    """Rows of words.

    Args:
        columns: the names of the first row, which may be a header; of JSON, that of its keys.
        rows: all rows, without the keys of JSON, but with the first row of other tables.
        lines: of each row in the file, from 1.
        has_keys: whether `columns` are names for certain.
        noted: what was unusual.
    """

    place: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    has_keys: bool
    noted: tuple[str, ...] = ()

    def without_header(self) -> TextRows:
        """The rows below the first one."""
        return TextRows(self.place, self.rows[0], self.rows[1:], self.lines[1:], True, self.noted)


def text_rows(source: Source) -> TextRows | Noted:
    """Read a table of words, or say why it is none."""
    try:
        content, noted = as_utf8(source.content())
        text = bytes(content).decode("utf-8", "replace")
        if not text.strip():
            return Noted(source.place, None, "it has no text")
        if text.lstrip()[0] in "[{":
            return _json_rows(source.place, text, noted)
        if text.lstrip().startswith(FASTTEXT):
            return _fasttext_rows(source.place, text, noted)
        return _separated_rows(source.place, text, noted)
    except OSError as error:
        return Noted(source.place, None, f"it cannot be read: {error}")
    except (ValueError, RecursionError) as error:
        return Noted(source.place, None, str(error))


def _separated_rows(place: Path, text: str, noted: Sequence[str]) -> TextRows | Noted:
    separator = _separator(text)
    if separator is None:
        return Noted(place, 1, "no tab, comma, semicolon or | splits its rows into as many cells")
    # A quote that is a mark of inches has no end: it would swallow the rows up to the next one.
    read = [_split(text, separator, quoting) for quoting in get_args(Quoting)]
    rows = max(read, key=lambda rows: (rows.agreement >= LEAST_AGREEMENT, rows.even))
    for cells, line in zip(rows.cells, rows.lines, strict=True):
        if len(cells) != rows.width:
            what = f"this row has {counted(len(cells), 'cell')}, most have {rows.width}"
            return Noted(place, line, f"{what}: a text with {separator!r} in it must be in quotes")
    return TextRows(place, rows.cells[0], rows.cells, rows.lines, False, tuple(noted))


@dataclass(frozen=True)
class _Split:
    """The rows of a text that are not empty, with the line of each."""

    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    @cached_property
    def width(self) -> int:
        """The usual number of cells."""
        return Counter(map(len, self.cells)).most_common(1)[0][0]

    @property
    def even(self) -> int:
        """How many rows have the usual number of cells."""
        return sum(len(cells) == self.width for cells in self.cells)

    @property
    def agreement(self) -> float:
        """The share of these rows."""
        return self.even / len(self.cells)


def _split(text: str, separator: str, quoting: Quoting, most: int | None = None) -> _Split:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting)
    rows, lines, line = [], [], 1
    for cells in islice(reader, most):
        if any(cell.strip() for cell in cells):
            rows.append(tuple(cell.strip() for cell in cells))
            lines.append(line)
        line = reader.line_num + 1
    return _Split(tuple(rows), tuple(lines))


def _separator(text: str) -> str | None:
    """The separator with which most of the first rows have one number of cells, two or more.

    Where none is, that of the first row, which may be a header over texts without quotes.
    """
    best, most, first = None, 0, None
    for separator in SEPARATORS:
        for quoting in get_args(Quoting):
            rows = _split(text, separator, quoting, LOOKED_AT)
            if rows.width > 1 and rows.agreement >= LEAST_AGREEMENT and rows.even > most:
                best, most = separator, rows.even
            if len(rows.cells[0]) > 1:
                first = first or separator
    return best or first


def _fasttext_rows(place: Path, text: str, noted: Sequence[str]) -> TextRows | Noted:
    """Lines `__label__good a text`."""
    rows, lines = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        label, _, rest = line.strip().partition(" ")
        if not label.startswith(FASTTEXT):
            return Noted(place, number, f"this line does not begin with {FASTTEXT}")
        rows.append((label.removeprefix(FASTTEXT), rest))
        lines.append(number)
    return TextRows(place, ("label", "text"), tuple(rows), tuple(lines), True, tuple(noted))


def _json_rows(place: Path, text: str, noted: Sequence[str]) -> TextRows | Noted:
    entries, lines = [], []
    if text.lstrip().startswith("["):
        entries = json.loads(text)
        lines = [1] * len(entries)
    else:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                entries.append(_entry(line))
                lines.append(number)
    bad = next((at for at, entry in enumerate(entries) if not isinstance(entry, dict)), None)
    if bad is not None:
        return Noted(place, lines[bad], 'a line is {"label": …, "text": "…"}')
    columns = tuple(dict.fromkeys(key for entry in entries for key in entry))
    rows = tuple(tuple(_word(entry.get(key)) for key in columns) for entry in entries)
    return TextRows(place, columns, rows, tuple(lines), True, tuple(noted))


def _entry(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _word(value: Any) -> str:
    """A value of JSON as a word; "" for none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
