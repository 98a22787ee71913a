"""The CSV file that the 2019 Arduino tutorial's sketch prints: its takes, and what is no take.

A file holds one label's takes, one after the other, under the header aX,aY,aZ,gX,gY,gZ.
Blank lines and repeated headers end a take and nothing ever joins what they separate; where
there are none, every `take_rows` rows are a take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.artifacts import IMU_CHANNELS, IMU_UNITS, Float32, Interval
from pipeline.datasets.foreign_text import Row, read_rows, with_commas
from pipeline.datasets.recording_faults import Noted, row_fault
from pipeline.datasets.sensor_range import (
    ACCELERATION,
    END_OF_RANGE,
    FULL_SCALES,
    is_beyond_all,
    reached_full_scale,
)

TUTORIAL_COLUMNS = ("aX", "aY", "aZ", "gX", "gY", "gZ")
LONE_END_OF_RANGE = 0.9999  # a single reading has to be nearer than many to be one cut off
NEAR = 0.05  # a take set off by blank lines may be this much longer or shorter


@dataclass(frozen=True)
class Take:
    """number: from 1 in its file, counting those left out; line: of its first row."""

    number: int
    line: int
    samples: Float32  # [rows, channels] in g and deg/s
    channels: tuple[str, ...] = IMU_CHANNELS
    intervals: tuple[Interval, ...] = ()


class Found(NamedTuple):
    """What became of a file: its takes, what is in none of them, and what was odd about it."""

    takes: list[Take]
    left_out: list[Noted]
    noted: list[Noted]


def read_takes(file: Path, take_rows: int) -> Found:
    """Every row of `file` is in one of the takes, or in a stretch that is left out."""
    table = _read_table(file)
    if isinstance(table, Noted):
        return Found([], [table], [])
    rows, noted = table
    takes: list[Take] = []
    left_out: list[Noted] = []
    for number, take_of in enumerate(_cut_into_takes(_blocks(rows), take_rows), 1):
        reason = _take_fault(number, take_of, take_rows)
        if reason is None:
            take = _take(number, take_of)
            twin = next((t for t in takes if np.array_equal(t.samples, take.samples)), None)
            if twin is None:
                takes.append(take)
                continue
            reason = (take.line, f"the same samples as the take that starts on line {twin.line}")
        left_out.append(Noted(file, *reason))
    if not takes and not left_out:
        left_out.append(Noted(file, None, "holds a header and nothing else"))
    return Found(takes, left_out, [*noted, *_out_of_range(file, takes)])


def _read_table(file: Path) -> tuple[list[Row], list[Noted]] | Noted:
    """The lines of a file that has the tutorial's header, else why it has not."""
    read = read_rows(file)
    if isinstance(read, Noted):
        return read
    rows, separated = with_commas(read[0], file, TUTORIAL_COLUMNS)
    first = next(row for row in rows if row.text)
    if not is_header(first.text):
        return Noted(file, first.line, _header_fault(first.text))
    return rows, [*read[1], *separated]


def is_header(line: str) -> bool:
    cells = [cell.strip().lower() for cell in line.split(",")]
    return cells == [name.lower() for name in TUTORIAL_COLUMNS]


def _header_fault(text: str) -> str:
    wanted = ",".join(TUTORIAL_COLUMNS)
    if row_fault(text, TUTORIAL_COLUMNS, integers=0) is None:
        return f"there is no header: the first line must be {wanted}"
    return f"the header must be {wanted}, it is {text[:60]!r}"


def _blocks(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows between blank lines and headers."""
    blocks: list[list[Row]] = [[]]
    for row in rows:
        if row.text and not is_header(row.text):
            blocks[-1].append(row)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _cut_into_takes(blocks: Sequence[list[Row]], take_rows: int) -> Iterator[list[Row]]:
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


def _take_fault(number: int, rows: Sequence[Row], take_rows: int) -> tuple[int, str] | None:
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


def _take(number: int, rows: Sequence[Row]) -> Take:
    values = [[float(cell) for cell in row.text.split(",")] for row in rows]
    return Take(number, rows[0].line, np.array(values, dtype=np.float32))


def _out_of_range(file: Path, takes: Sequence[Take]) -> list[Noted]:
    """Readings at the end of a range that the sensor has, or beyond all of them."""
    noted: list[Noted] = []
    for axes in FULL_SCALES if takes else ():
        at = slice(0, 3) if axes == ACCELERATION else slice(3, 6)
        readings = np.abs(np.concatenate([take.samples[:, at] for take in takes]))  # [n, 3]
        lines = [take.line + row for take in takes for row in range(len(take.samples))]
        noted += _range_fault(file, axes, readings, lines)
    return noted


def _range_fault(
    file: Path, axes: tuple[str, ...], readings: Float32, lines: Sequence[int]
) -> Iterator[Noted]:
    """readings: float32 [n, 3], without sign; lines: that each row stands on."""
    peak, unit = float(readings.max()), IMU_UNITS[axes[0]]
    full_scale = reached_full_scale(axes, peak)
    if is_beyond_all(axes, peak):
        row, column = divmod(int(np.argmax(readings)), len(axes))
        what = f"{axes[column]} reaches {peak:g} {unit}, farther than any sensor measures"
        yield Noted(file, lines[row], f"{what}: raw counts, or another unit")
    elif full_scale is not None:
        cut_off = (readings >= END_OF_RANGE * full_scale).any(axis=1)
        rows, first = int(cut_off.sum()), lines[int(np.argmax(cut_off))]
        if rows > 1 or peak >= LONE_END_OF_RANGE * full_scale:
            what = f"{rows} rows stand at the end of the sensor's range, {full_scale:g} {unit}"
            yield Noted(file, first, f"{what}, from this one on: cut off")
