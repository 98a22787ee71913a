"""Where the rows of a text are, found without reading each of them."""

from __future__ import annotations

import csv
import io
from bisect import bisect
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Int64
from pipeline.datasets.tables.layout import COMMENTS, Layout
from pipeline.datasets.tables.sources import THREADS, Block, Content, in_blocks

LINES_AT_ONCE = 2**13
AROUND = b" \r\v\f"  # a line; a tab may stand between two cells
BLANK = AROUND + b"\t"
NEWLINE, QUOTE = 10, 34

Bool = NDArray[np.bool_]
Places = NDArray[np.signedinteger]  # in a text, int32 where that is enough


@dataclass(frozen=True)
class Lines:
    """The lines of a text.

    Args:
        starts, stops: int [n], of each line in `text`, without its line end.
    """

    text: Content
    starts: Places
    stops: Places

    def __len__(self) -> int:
        return len(self.starts)

    def raw(self, at: int) -> bytes:
        """A line without spaces around it."""
        return self.text[int(self.starts[at]) : int(self.stops[at])].strip(AROUND)

    def __getitem__(self, at: int) -> str:
        return self.raw(at).decode("utf-8", "replace")


def lines_of(text: Content) -> Lines:
    """Find the lines of a text whose lines end in a newline, or in CR LF."""
    kind = np.int32 if len(text) < 2**31 else np.int64

    def ends_in(block: Block, start: int) -> Places:
        return (np.flatnonzero(block == NEWLINE) + start).astype(kind)

    ends = np.concatenate([np.zeros(0, kind), *in_blocks(text, ends_in)])
    if len(text) and (not len(ends) or ends[-1] != len(text) - 1):
        ends = np.append(ends, np.array([len(text)], kind))
    starts = np.empty_like(ends)
    starts[:1], starts[1:] = 0, ends[:-1] + 1
    return Lines(text, starts, ends)


@dataclass(frozen=True)
class Rows:
    """The rows of a table: lines, or several lines where a quoted cell holds line ends.

    Args:
        lines: int [n], the first line of each row, from 1.
        starts, stops: int [n], of each row in the text.
        breaks: int64 [k], rows that follow a line without cells, or the header again.
        ragged: rows with another number of cells, with their text.
        words: lines between the rows that hold no number and are no row, such as an echo.
    """

    lines: Int64
    starts: Places
    stops: Places
    breaks: Int64
    ragged: dict[int, str]
    words: tuple[tuple[int, str], ...]

    def __len__(self) -> int:
        return len(self.lines)

    def part(self, start: int, stop: int) -> Rows:
        """The rows from `start` to before `stop`."""
        ragged = {row - start: text for row, text in self.ragged.items() if start <= row < stop}
        breaks = self.breaks[(self.breaks > start) & (self.breaks < stop)] - start
        lines, starts, stops = (
            places[start:stop] for places in (self.lines, self.starts, self.stops)
        )
        return Rows(lines, starts, stops, breaks, ragged, ())


def rows_of(lines: Lines, first: int, layout: Layout, header: bytes | None) -> Rows:
    """Find the rows of a table.

    Args:
        first: the line of the first row.
        header: the line of the header, which may come again.

    Raises:
        ValueError: a quoted cell never ends.
    """
    has_quotes = lines.text.find(b'"', int(lines.starts[first])) >= 0
    is_break = _breaks(lines, first, layout, header, has_quotes)
    is_left_out = is_break | _comments(lines, layout)
    if has_quotes and layout.separator != " ":
        at, ends, widths = _quoted(lines, first, layout)
        is_break &= np.isin(np.arange(len(lines)), at)  # not where it is a part of a cell
        stays = ~is_left_out[at]
        at, ends, is_ragged = at[stays], ends[stays], widths[stays] != layout.width
    else:
        is_left_out[:first] = True
        at = ends = np.flatnonzero(~is_left_out)
        is_ragged = _are_ragged(lines, at, layout)
    if len(at) == len(lines) - first:
        places = (at, lines.starts[first:], lines.stops[first:])  # which copies nothing
    else:
        places = (at, lines.starts[at], lines.stops[ends])
    return _rows(lines, places, np.flatnonzero(is_ragged), is_break)


def _rows(
    lines: Lines,
    places: tuple[Int64, Places, Places],
    ragged: Int64,
    is_break: Bool,
) -> Rows:
    texts = {int(row): lines[int(places[0][row])] for row in ragged}
    no_rows = [row for row, text in texts.items() if not any(map(str.isdigit, text))]
    words = tuple((int(places[0][row]), texts.pop(row)) for row in no_rows)
    at, starts, stops = (np.delete(place, no_rows) for place in places) if words else places
    breaks = np.searchsorted(at, np.flatnonzero(is_break))
    at += 1
    return Rows(
        at,
        starts,
        stops,
        np.unique(breaks[(breaks > 0) & (breaks < len(at))]),
        {row - bisect(no_rows, row): text for row, text in texts.items()},
        words,
    )


def _breaks(
    lines: Lines, first: int, layout: Layout, header: bytes | None, has_quotes: bool
) -> Bool:
    """Which lines have no filled cell, or are the header again."""
    lengths = lines.stops - lines.starts
    is_break = np.zeros(len(lines), bool)
    empty = BLANK + b'"' + layout.separator.encode()
    longest = layout.width * (3 if has_quotes else 1) + 1
    for at in np.flatnonzero(lengths <= longest):
        is_break[at] = at >= first and not lines.raw(int(at)).strip(empty)
    if header is not None:
        for at in np.flatnonzero((lengths >= len(header) - 2) & (lengths <= len(header) + 2)):
            is_break[at] |= bool(at >= first and lines.raw(int(at)).lower() == header.lower())
    return is_break


def _comments(lines: Lines, layout: Layout) -> Bool:
    """Which lines begin as a comment, and have not the cells of a row."""
    is_comment = np.zeros(len(lines), bool)
    first = np.frombuffer(lines.text, np.uint8)[lines.starts]
    for mark in COMMENTS:
        for at in np.flatnonzero(first == ord(mark[0])):
            line = lines[int(at)]
            is_comment[at] |= line.startswith(mark) and len(layout.split(line)) != layout.width
    return is_comment


def _are_ragged(lines: Lines, at: Int64, layout: Layout) -> Bool:
    """Which rows have another number of cells, bool [rows]."""
    separator = layout.separator.encode()
    if len(separator) == 1 and separator != b" ":
        is_ragged: Bool = _counts(lines, separator[0])[at] != layout.width - 1
        return is_ragged
    rows = (lines.raw(int(line)) for line in at)
    cells = (row.split(None if separator == b" " else separator) for row in rows)
    return np.array([len(row) != layout.width for row in cells], bool)


def _counts(lines: Lines, byte: int) -> NDArray[np.unsignedinteger]:
    """How often a byte is in each line, uint8 [lines], or wider where a line is long."""
    data = np.frombuffer(lines.text, np.uint8)

    def counts_from(first: int) -> NDArray[np.unsignedinteger]:
        starts = lines.starts[first : first + LINES_AT_ONCE]
        stops = lines.stops[first : first + LINES_AT_ONCE]
        is_byte = data[starts[0] : stops[-1] + 1] == byte
        kind = np.min_scalar_type((stops - starts).max())  # the smallest is the fastest
        return np.add.reduceat(is_byte.view(np.uint8), starts - starts[0], dtype=kind)

    with ThreadPoolExecutor(THREADS) as pool:
        return np.concatenate(list(pool.map(counts_from, range(0, len(lines), LINES_AT_ONCE))))


def _quoted(lines: Lines, first: int, layout: Layout) -> tuple[Int64, Int64, Int64]:
    """The first line, the last line and the width of rows that may hold quoted line ends."""
    texts = (lines[at] + "\n" for at in range(first, len(lines)))
    reader = csv.reader(texts, delimiter=layout.separator, skipinitialspace=True, strict=True)
    ends, widths = [0], []  # of rows, in lines
    try:
        for cells in reader:
            ends.append(reader.line_num)
            widths.append(len(cells))
    except csv.Error as error:
        line = first + ends[-1] + 1
        raise ValueError(f"cannot be read from line {line} on: a quote there has no end") from error
    limits = first + np.array(ends, np.int64)
    return limits[:-1], limits[1:] - 1, np.array(widths, np.int64)


class Body(io.RawIOBase):
    """The rows as a stream of bytes, one after the other; ragged ones are empty lines."""

    def __init__(self, text: Content, rows: Rows) -> None:
        self._text = memoryview(text)
        self._spans = iter(_spans(rows, len(text)))
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer; returns how many bytes."""
        while not self._piece:
            span = next(self._spans, None)
            if span is None:
                return 0
            self._piece = self._text[slice(*span)] if span[1] >= 0 else memoryview(b"\n")
        count = min(len(buffer), len(self._piece))
        buffer[:count], self._piece = self._piece[:count], self._piece[count:]
        return count


def _spans(rows: Rows, length: int) -> Iterator[tuple[int, int]]:
    """The parts of the text that hold rows, in pieces; (0, -1) stands for an empty line."""
    follows = np.append(rows.starts[1:], length)
    ends = rows.stops + 1  # with the line end
    cuts = set((np.flatnonzero(ends != follows) + 1).tolist())
    cuts |= {at + step for at in rows.ragged for step in (0, 1)}
    places = sorted({0, *cuts, len(rows)})
    for begin, end in pairwise(places):
        if begin in rows.ragged:
            yield 0, -1
            continue
        yield int(rows.starts[begin]), min(int(ends[end - 1]), length)
        if ends[end - 1] > length:
            yield 0, -1  # the last line has no line end
