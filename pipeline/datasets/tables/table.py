"""A table of any program: columns by name, numbers and words, and the line of each row."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pipeline.core.artifacts import Float64, Int64
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.encodings import as_utf8
from pipeline.datasets.tables.layout import (
    ARRIVAL,
    COMMENTS,
    SEPARATORS,
    Layout,
    is_number,
    layout_of,
    without_thousands,
)
from pipeline.datasets.tables.rows import BLANK, Body, Lines, Rows, lines_of, rows_of
from pipeline.datasets.tables.sources import THREADS, Content, Source, forget

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = 300  # lines that show the layout
QUOTED = 3  # lines for an error message
LONGEST_LINE = 1_000_000  # bytes; no row is so long
AT_ONCE = 2**16  # rows
NO_NUMBERS = ["", "nan", "NaN", "NAN", "NA", "N/A", "null"]
ARRIVAL_COLUMN = "arrival time"


# Which word each row has, int64 [rows], and the words, in the order of their first rows.
Coded = tuple[Int64, list[str]]


class Cells(Protocol):
    """Where the cells of a table are."""

    def parsed(self, numbers: Sequence[int], coded: Sequence[int]) -> tuple[Float64, list[Coded]]:
        """Columns as numbers, float64 [rows, len(numbers)], and columns as words."""

    def words(self, place: int) -> list[str]:
        """The cells of a column, as they are written."""

    def split(self, text: str) -> list[str]:
        """The cells of a row."""


@dataclass(frozen=True)
class Table:
    """Rows and columns of a file.

    Args:
        place: the file, for people.
        columns: the cells of its header; () without one.
        width: how many cells a row has.
        lines: int64 [n], the number of each row's line in the file, from 1.
        breaks: int64 [k], rows, not the first, that follow a blank line, a row of empty cells, or
            the header again.
        ragged: rows with more or fewer cells, with their text; they have no numbers and no words.
        comments: comment lines, and lines before the header.
        first_lines: of the file, for error messages.
        noted: what was unusual.
        facts: what a format that is no text says of its table, such as "rate_hz" or "label".
    """

    place: Path
    columns: tuple[str, ...]
    width: int
    lines: Int64
    breaks: Int64
    ragged: Mapping[int, str]
    comments: tuple[str, ...]
    first_lines: tuple[str, ...]
    noted: tuple[Noted, ...]
    cells: Cells
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def numbers(self, places: Sequence[int]) -> Float64:
        """The numbers of columns, float64 [n, len(places)]; NaN where a cell is no number."""
        return self.parsed(places, ())[0]

    def words(self, place: int) -> list[str]:
        """The cells of a column as they are written, without white space around them."""
        return self.cells.words(place)

    def coded(self, place: int) -> Coded:
        """The cells of a column as they are written; it needs less memory than `words`."""
        return self.parsed((), (place,))[1][0]

    def parsed(self, numbers: Sequence[int], coded: Sequence[int]) -> tuple[Float64, list[Coded]]:
        """Several columns at once, which is faster: as `numbers` and as `coded` give them."""
        return self.cells.parsed(numbers, coded)

    def split(self, text: str) -> list[str]:
        """The cells of the text of a row, such as a ragged one."""
        return self.cells.split(text)

    def cell(self, row: int, place: int) -> str:
        """One cell, for error messages."""
        return self.words(place)[row] if row not in self.ragged else ""


def read_table(source: Source, separator: str | None = None) -> Table | Noted:
    """Read a text as a table, or say why it is none.

    Args:
        separator: of cells; None finds it.
    """
    try:
        text, words = as_utf8(source.content())
        return _table(source.place, text, words, separator)
    except OSError as error:
        return Noted(source.place, None, f"cannot be read: {error.strerror or error}")
    except ValueError as error:
        return Noted(source.place, None, str(error))


def table_of(
    place: Path, columns: Sequence[str], frame: pd.DataFrame, facts: Mapping[str, Any]
) -> Table:
    """A table of a format that is no text."""
    none = np.zeros(0, np.int64)
    lines = np.arange(1, len(frame) + 1)
    return Table(
        place, tuple(columns), len(columns), lines, none, {}, (), (), (), _Frame(frame), facts
    )


def _table(place: Path, text: Content, words: list[str], separator: str | None) -> Table:
    lines = lines_of(text)
    looked_at = _looked_at(lines)
    if not looked_at:
        raise ValueError("is empty")
    lines, layout = _understood(lines, looked_at, separator)
    header = None if layout.header is None else lines.raw(layout.header)
    rows = rows_of(lines, layout.first_row, layout, header)
    if not len(rows):
        raise ValueError("holds a header and nothing else")
    before = [lines[at] for at in looked_at if at < layout.first_row and at != layout.header]
    return Table(
        place,
        layout.columns or _commented_header(before, layout),
        layout.width,
        rows.lines,
        rows.breaks,
        rows.ragged,
        tuple(before),
        tuple(lines[at][:200] for at in looked_at[:QUOTED]),
        _noted(place, [*words, *_about(layout)], rows),
        _Text(lines.text, rows, layout),
    )


def _looked_at(lines: Lines) -> list[int]:
    """The first lines that are not blank."""
    found: list[int] = []
    for at in range(len(lines)):
        if lines.stops[at] - lines.starts[at] > LONGEST_LINE:
            raise ValueError(f"is no table: line {at + 1} has more than {LONGEST_LINE:,} bytes")
        if lines.raw(at).strip(BLANK):
            found.append(at)
        if len(found) == LOOKED_AT:
            break
    return found


def _understood(
    lines: Lines, looked_at: Sequence[int], separator: str | None
) -> tuple[Lines, Layout]:
    """Lines that have nothing but cells, and their layout, whose places are numbers of lines."""
    texts = [lines[at] for at in looked_at]
    if len(texts) == 1 and not any(map(str.isdigit, texts[0])):
        raise ValueError("holds a header and nothing else")
    arrival = sum(ARRIVAL.match(text) is not None for text in texts) > len(texts) / 2
    if arrival:
        texts = [ARRIVAL.sub("", text, count=1) for text in texts]
    for marks in (COMMENTS, ()):
        used = [n for n, text in enumerate(texts) if text and not text.startswith(marks)]
        layout = layout_of([texts[n] for n in used], separator) if used else None
        if layout is not None and (layout.is_numeric or not marks):
            break
    if layout is None:
        raise ValueError("is no table: its lines have different numbers of cells")
    places = [looked_at[n] for n in used]
    layout = replace(
        layout,
        first_row=places[layout.first_row],
        header=None if layout.header is None else places[layout.header],
    )
    return _only_cells(lines, layout, arrival)


def _only_cells(lines: Lines, layout: Layout, arrival: bool) -> tuple[Lines, Layout]:
    """Take off what ends each row; a time of arrival becomes the first cell."""
    text = lines.text
    if layout.end:
        text = re.sub(rb";+[ \t]*(?=\r?\n|\Z)", b"", text)
        layout = replace(layout, end="")
    if arrival:
        times = re.compile(ARRIVAL.pattern.encode().join([b"(?m)^", b""]))
        text = times.sub(rb"\1" + layout.separator.encode(), text)
        columns = (ARRIVAL_COLUMN, *layout.columns) if layout.columns else ()
        layout = replace(layout, width=layout.width + 1, columns=columns)
    return (lines if text is lines.text else lines_of(text)), layout


def _commented_header(before: Sequence[str], layout: Layout) -> tuple[str, ...]:
    """The cells of the last comment before the rows, if it has as many as a row, and no number."""
    comments = [line for line in before if line.startswith(COMMENTS)]
    cells = layout.split(comments[-1].lstrip("#%/ ")) if comments else []
    named = len(cells) == layout.width and not any(is_number(c, ".") for c in cells)
    return tuple(cells) if named else ()


def _about(layout: Layout) -> list[str]:
    """What is unusual about a layout, in words."""
    words = []
    if layout.separator != "," and layout.width > 1:
        words.append(f"cells are separated by {SEPARATORS.get(layout.separator, layout.separator)}")
    if layout.decimal == ",":
        words.append("numbers have decimal commas")
    if layout.has_thousands:
        words.append("numbers are taken to have marks between thousands: 1,004 is 1004")
    return words


def _noted(place: Path, words: Sequence[str], rows: Rows) -> tuple[Noted, ...]:
    notes = [Noted(place, None, what) for what in words]
    if rows.words:
        line, text = rows.words[0]
        count = len(rows.words)
        lines = "a line of words was" if count == 1 else f"{count} lines of words were"
        notes.append(Noted(place, line + 1, f"{lines} left out, from this one on: {text[:60]!r}"))
    return tuple(notes)


@dataclass(frozen=True)
class _Text:
    """Cells of a text; a column is parsed when it is asked for."""

    text: Content
    rows: Rows
    layout: Layout

    def parsed(self, numbers: Sequence[int], coded: Sequence[int]) -> tuple[Float64, list[Coded]]:
        values = np.empty((len(numbers), len(self.rows))).T  # columns in one piece
        words = [_Coding(len(self.rows)) for _ in coded]

        def read(start: int, stop: int) -> None:
            part = replace(self, rows=self.rows.part(start, stop))
            for frame in part._frames((*numbers, *coded), coded):
                rows = slice(start, start + len(frame))
                for column, place in enumerate(numbers):
                    values[rows, column] = _numeric(frame[place], self.layout)
                for coding, place in zip(words, coded, strict=True):
                    coding.add(rows, frame[place])
                start = rows.stop
                forget(self.text)

        # The parser of pandas lets other threads work meanwhile.
        parts = np.linspace(0, len(self.rows), 1 + min(THREADS, 1 + len(self.rows) // AT_ONCE))
        with ThreadPoolExecutor() as pool:
            list(pool.map(read, *zip(*pairwise(parts.astype(int).tolist()), strict=True)))
        return values, [coding.coded() for coding in words]

    def words(self, place: int) -> list[str]:
        frames = self._frames([place], [place])
        return [word.strip() for frame in frames for word in frame[place].to_numpy(object)]

    def split(self, text: str) -> list[str]:
        return self.layout.split(text)

    def _frames(self, places: Sequence[int], of_words: Sequence[int]) -> Iterator[pd.DataFrame]:
        """Pieces of some columns; those of words keep their cells as they are."""
        import pandas as pd

        separator = r"\s+" if self.layout.separator == " " else self.layout.separator
        yield from pd.read_csv(
            io.BufferedReader(Body(self.text, self.rows), 2**20),
            sep=separator,
            header=None,
            names=range(self.layout.width),
            usecols=sorted(set(places)),
            decimal=self.layout.decimal,
            dtype=dict.fromkeys(of_words, object),  # str takes twice the time
            keep_default_na=False,
            na_values=dict.fromkeys(set(places) - set(of_words), NO_NUMBERS),
            index_col=False,
            skipinitialspace=self._has_spaces(),  # which takes a third of the time
            skip_blank_lines=False,
            chunksize=AT_ONCE,
            encoding="utf-8",
            encoding_errors="replace",
        )

    def _has_spaces(self) -> bool:
        return self.text.find(b" ", int(self.rows.starts[0]), int(self.rows.stops[-1])) >= 0


class _Coding:
    """The words of a column, which come in pieces in any order."""

    def __init__(self, rows: int) -> None:
        self._codes = np.zeros(rows, np.int32)
        self._known: dict[str, int] = {}
        self._first: dict[str, tuple[int, int]] = {}  # the piece of its first row, its place there
        self._lock = Lock()

    def add(self, rows: slice, cells: pd.Series[Any]) -> None:
        codes, uniques = cells.factorize()
        words = [word.strip() for word in uniques]
        with self._lock:
            numbers = [self._known.setdefault(word, len(self._known)) for word in words]
            for at, word in enumerate(words):
                place = (rows.start, at)
                self._first[word] = min(place, self._first.get(word, place))
        self._codes[rows] = np.array(numbers, np.int32).take(codes)

    def coded(self) -> Coded:
        """With the words in the order of their first rows."""
        words = sorted(self._known, key=self._first.__getitem__)
        places = np.argsort([self._known[word] for word in words])
        return places.take(self._codes), words


@dataclass(frozen=True)
class _Frame:
    """Cells of a data frame, whose columns count from 0."""

    frame: pd.DataFrame

    def parsed(self, numbers: Sequence[int], coded: Sequence[int]) -> tuple[Float64, list[Coded]]:
        values = np.empty((len(numbers), len(self.frame))).T
        for column, place in enumerate(numbers):
            values[:, column] = _numeric(self.frame.iloc[:, place], None)
        return values, [self._coded(place) for place in coded]

    def words(self, place: int) -> list[str]:
        return ["" if cell is None else str(cell) for cell in self.frame.iloc[:, place]]

    def _coded(self, place: int) -> Coded:
        known: dict[str, int] = {}
        codes = [known.setdefault(word, len(known)) for word in self.words(place)]
        return np.array(codes, np.int64), list(known)

    def split(self, text: str) -> list[str]:
        return [text]


def _numeric(column: pd.Series[Any], layout: Layout | None) -> Float64:
    """float64 [n]; NaN for cells that are no numbers."""
    import pandas as pd

    if column.dtype.kind in "iuf":
        return np.asarray(column, np.float64)
    texts = column.astype("string").str.strip()
    if layout is not None and layout.has_thousands:
        texts = texts.map(without_thousands, na_action="ignore")
    if layout is not None and layout.decimal == ",":
        texts = texts.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(texts, errors="coerce")
    return np.asarray(numbers.to_numpy(np.float64, na_value=np.nan), np.float64)
