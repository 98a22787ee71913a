"""Where the rows of a text are, found without reading each of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Int64
from pipeline.datasets.tables.layout import COMMENTS, Layout
from pipeline.datasets.tables.sources import Content

AT_ONCE = 2**22  # bytes
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
    found = [np.zeros(0, kind)]
    for start in range(0, len(text), AT_ONCE):
        part = np.frombuffer(text[start : start + AT_ONCE], np.uint8)
        found.append((np.flatnonzero(part == NEWLINE) + start).astype(kind))
    ends = np.concatenate(found)
    if len(text) and (not len(ends) or ends[-1] != len(text) - 1):
        ends = np.append(ends, np.array([len(text)], kind))
    starts = np.empty_like(ends)
    starts[:1], starts[1:] = 0, ends[:-1] + 1
    return Lines(text, starts, ends)


@dataclass(frozen=True)
class Rows:
    """The rows of a table: lines, or several lines where a quoted cell holds line ends.

    Args:
        lines: int [n], the first line of each row, from 0.
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
    is_break = _breaks(lines, first, layout, header)
    is_left_out = is_break | _comments(lines, layout)
    if _has_quotes(lines, first) and layout.separator != " ":
        at, ends, widths = _quoted(lines, first, layout)
        is_break &= np.isin(np.arange(len(lines)), at)  # not where it is a part of a cell
        stays = ~is_left_out[at]
        at, ends, widths = at[stays], ends[stays], widths[stays]
    else:
        at = ends = first + np.flatnonzero(~is_left_out[first:])
        widths = _widths(lines, at, layout)
    wrong = np.flatnonzero(widths != layout.width)
    return _rows(lines, (at, lines.starts[at], lines.stops[ends]), wrong, is_break)


def _rows(
    lines: Lines,
    places: tuple[Int64, Places, Places],
    wrong: Int64,
    is_break: Bool,
) -> Rows:
    at, starts, stops = places
    texts = {int(row): lines[int(at[row])] for row in wrong}
    words = {row for row, text in texts.items() if not any(c.isdigit() for c in text)}
    keep = np.ones(len(at), bool)
    keep[list(words)] = False
    place = np.cumsum(keep) - 1  # of each row among those that stay
    breaks = np.searchsorted(at[keep], np.flatnonzero(is_break))
    return Rows(
        at[keep],
        starts[keep],
        stops[keep],
        np.unique(breaks[(breaks > 0) & (breaks < keep.sum())]),
        {int(place[row]): text for row, text in texts.items() if row not in words},
        tuple((int(at[row]), texts[row]) for row in sorted(words)),
    )


def _breaks(lines: Lines, first: int, layout: Layout, header: bytes | None) -> Bool:
    """Which lines have no filled cell, or are the header again."""
    lengths = lines.stops - lines.starts
    is_break = np.zeros(len(lines), bool)
    empty = BLANK + b'"' + layout.separator.encode()
    longest = layout.width * (3 if _has_quotes(lines, first) else 1) + 1
    for at in np.flatnonzero(lengths <= longest):
        is_break[at] = at >= first and not lines.raw(int(at)).strip(empty)
    if header is not None:
        for at in np.flatnonzero(np.abs(lengths - len(header)) <= 2):
            is_break[at] |= bool(at >= first and lines.raw(int(at)).lower() == header.lower())
    return is_break


def _comments(lines: Lines, layout: Layout) -> Bool:
    """Which lines begin as a comment, and have not the cells of a row."""
    is_comment = np.zeros(len(lines), bool)
    first = _first_bytes(lines)
    for mark in COMMENTS:
        for at in np.flatnonzero(first == ord(mark[0])):
            line = lines[int(at)]
            is_comment[at] |= line.startswith(mark) and len(layout.split(line)) != layout.width
    return is_comment


def _first_bytes(lines: Lines) -> NDArray[np.uint8]:
    """uint8 [n]; 0 for empty lines."""
    first = np.zeros(len(lines), np.uint8)
    for start in range(0, len(lines.text), AT_ONCE):
        part = np.frombuffer(lines.text[start : start + AT_ONCE], np.uint8)
        ends = np.array((start, start + len(part)), lines.starts.dtype)  # of its type: no copy
        low, high = np.searchsorted(lines.starts, ends)
        first[low:high] = part[lines.starts[low:high] - start]
    return first


def _has_quotes(lines: Lines, first: int) -> bool:
    return len(lines) > first and lines.text.find(b'"', int(lines.starts[first])) >= 0


def _widths(lines: Lines, at: Int64, layout: Layout) -> Int64:
    """int64 [rows], the number of cells of each."""
    if layout.separator == " ":
        return np.array([len(lines.raw(int(line)).split()) for line in at], np.int64)
    separator = layout.separator.encode()
    starts, stops = lines.starts[at], lines.stops[at]
    if _all_have(lines.text, starts, stops, separator, layout.width - 1):
        return np.full(len(at), layout.width)
    counts = [lines.text[a:b].count(separator) for a, b in zip(starts, stops, strict=True)]
    return np.array(counts, np.int64) + 1


def _all_have(text: Content, starts: Places, stops: Places, separator: bytes, count: int) -> bool:
    """Whether each row has `count` separators, and there are no others from the first row on.

    Then the first and the last of each `count` separators are in one row. This is much faster than
    counting in each row.
    """
    if not count:
        return text.find(separator, int(starts[0]) if len(starts) else 0) < 0
    passed = 0
    begin = int(starts[0]) if len(starts) else len(text)
    for start in range(begin, len(text), AT_ONCE):
        part = np.frombuffer(text[start : start + AT_ONCE], np.uint8)
        places = np.flatnonzero(part == separator[0]) + start
        for of_row in (0, count - 1):
            skipped = (of_row - passed) % count
            some = places[skipped::count]
            rows = (passed + skipped) // count + np.arange(len(some))
            if len(some) and rows[-1] >= len(starts):
                return False
            if not ((starts[rows] <= some) & (some < stops[rows])).all():
                return False
        passed += len(places)
    return passed == count * len(starts)


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
        self._text = text
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
            self._piece = memoryview(self._text[slice(*span)] if span[1] >= 0 else b"\n")
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
        yield from _pieces(int(rows.starts[begin]), min(int(ends[end - 1]), length))
        if ends[end - 1] > length:
            yield 0, -1  # the last line has no line end


def _pieces(start: int, stop: int) -> Iterator[tuple[int, int]]:
    for at in range(start, stop, AT_ONCE):
        yield at, min(at + AT_ONCE, stop)
