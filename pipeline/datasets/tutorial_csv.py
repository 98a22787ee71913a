"""The CSV file that the 2019 Arduino tutorial's sketch prints: its takes, and what is no take.

A file holds one label's takes, one after the other, under the header aX,aY,aZ,gX,gY,gZ.
Blank lines and repeated headers end a take and nothing ever joins what they separate; where
there are none, every `take_rows` rows are a take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.artifacts import Float32
from pipeline.datasets.recording_faults import row_fault

TUTORIAL_COLUMNS = ("aX", "aY", "aZ", "gX", "gY", "gZ")
NEAR = 0.05  # a take set off by blank lines may be this much longer or shorter


@dataclass(frozen=True)
class LeftOut:
    """Something that did not become a recording; `line` counts from 1, None for all of it."""

    file: Path
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}" if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True)
class Take:
    """number: from 1 in its file, counting those left out; line: of its first row."""

    number: int
    line: int
    samples: Float32  # [rows, 6] in g and deg/s


@dataclass(frozen=True)
class _Row:
    line: int
    text: str


def read_takes(file: Path, take_rows: int) -> tuple[list[Take], list[LeftOut]]:
    """Every row of `file` is in one of the takes, or in a stretch that is left out."""
    rows = _read_rows(file)
    if isinstance(rows, LeftOut):
        return [], [rows]
    takes: list[Take] = []
    left_out: list[LeftOut] = []
    for number, take_of in enumerate(_cut_into_takes(_blocks(rows), take_rows), 1):
        reason = _take_fault(number, take_of, take_rows)
        if reason is None:
            take = _take(number, take_of)
            twin = next((t for t in takes if np.array_equal(t.samples, take.samples)), None)
            if twin is None:
                takes.append(take)
                continue
            reason = (take.line, f"the same samples as the take that starts on line {twin.line}")
        left_out.append(LeftOut(file, *reason))
    if not takes and not left_out:
        left_out.append(LeftOut(file, None, "holds a header and nothing else"))
    return takes, left_out


def _read_rows(file: Path) -> list[_Row] | LeftOut:
    """The lines of a file that has the tutorial's header, else why it has not."""
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        return LeftOut(file, None, f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return LeftOut(file, None, "is UTF-16 text; save it as UTF-8")
        return LeftOut(file, None, f"is not a text file (byte {error.start} is no UTF-8)")
    if "\0" in text:
        return LeftOut(file, None, "is not a text file (it holds zero bytes)")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = [_Row(line, content.strip()) for line, content in enumerate(lines, 1)]
    first = next((row for row in rows if row.text), None)
    if first is None:
        return LeftOut(file, None, "is empty")
    return rows if _is_header(first) else LeftOut(file, first.line, _header_fault(first.text))


def _is_header(row: _Row) -> bool:
    cells = [cell.strip().lower() for cell in row.text.split(",")]
    return cells == [name.lower() for name in TUTORIAL_COLUMNS]


def _header_fault(text: str) -> str:
    wanted = ",".join(TUTORIAL_COLUMNS)
    if text.startswith("# format:"):
        return "is a recording already; copy it into the folder of its label"
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if text.count(separator) == len(TUTORIAL_COLUMNS) - 1:
            return f"cells are separated by {name}; use commas between cells, points in numbers"
    if row_fault(text, TUTORIAL_COLUMNS, integers=0) is None:
        return f"there is no header: the first line must be {wanted}"
    return f"the header must be {wanted}, it is {text[:60]!r}"


def _blocks(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Rows between blank lines and headers."""
    blocks: list[list[_Row]] = [[]]
    for row in rows:
        if row.text and not _is_header(row):
            blocks[-1].append(row)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _cut_into_takes(blocks: Sequence[list[_Row]], take_rows: int) -> Iterator[list[_Row]]:
    """A block of about `take_rows` rows is a take; one of several takes is cut up.

    A longer block is cut where it is a whole number of takes, or the only one: then its end
    is left over. Any other length stays as it is, to be refused.
    """
    for block in blocks:
        several = len(block) % take_rows == 0 or len(blocks) == 1
        if _near(len(block), take_rows) or not several:
            yield block
        else:
            for start in range(0, len(block), take_rows):
                yield block[start : start + take_rows]


def _near(rows: int, take_rows: int) -> bool:
    return abs(rows - take_rows) <= NEAR * take_rows


def _take_fault(number: int, rows: Sequence[_Row], take_rows: int) -> tuple[int, str] | None:
    """The line and the reason why `rows` cannot be a take."""
    for row in rows:
        fault = row_fault(row.text, TUTORIAL_COLUMNS, integers=0)
        if fault is not None:
            return row.line, f"{fault}; take {number}, from line {rows[0].line}, is left out"
    if _near(len(rows), take_rows):
        return None
    length = "short" if len(rows) < take_rows else "long"
    until = f"up to line {rows[-1].line}"
    return rows[0].line, f"take {number} is too {length}: {len(rows)} rows {until}, not {take_rows}"


def _take(number: int, rows: Sequence[_Row]) -> Take:
    values = [[float(cell) for cell in row.text.split(",")] for row in rows]
    return Take(number, rows[0].line, np.array(values, dtype=np.float32))
