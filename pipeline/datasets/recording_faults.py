"""What is wrong with a recording's file, told so that it can be mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Gap, Int64
from pipeline.errors import PipelineError

# Below it float32 holds every multiple of 0.001 exactly enough to survive a round trip.
LARGEST_READING = 16_384
LARGEST_COUNT = 2**53  # whole numbers below it survive being parsed as float64


@dataclass(frozen=True)
class Noted:
    """Something about a file that its owner should know; line counts from 1, None for all of it."""

    file: Path
    line: int | None
    what: str

    def __str__(self) -> str:
        place = f"{self.file}" if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.what}"


def bad_file(path: Path, line: int | None, what: str, why: str, next_step: str) -> PipelineError:
    """An error about `path`; line counts from 1, None where it is about the whole file."""
    place = f"{path}" if line is None else f"{path}:{line}"
    separator = " " if line is None and not what.startswith("`") else ": "
    return PipelineError(f"{place}{separator}{what}.", why, next_step)


def first_unordered(column: str, clock: NDArray[Any]) -> int | None:
    """Index of the first value that is not above (t_us: below) the one before it."""
    steps = np.diff(clock)
    wrong = np.flatnonzero(steps < 0 if column == "t_us" else steps <= 0)
    return int(wrong[0]) + 1 if len(wrong) else None


def gaps_in(seq: Int64) -> tuple[Gap, ...]:
    """Where the running number jumps: seq int64 [n], increasing."""
    jumps = np.flatnonzero(np.diff(seq) > 1) + 1
    return tuple(Gap(int(at), int(seq[at] - seq[at - 1] - 1)) for at in jumps)


def first_bad_row(
    path: Path, rows: Sequence[str], first_line: int, columns: Sequence[str]
) -> PipelineError:
    """The fault of the first of `rows` that is not a sample; called when there is one."""
    before: list[int] | None = None
    for line, row in enumerate(rows, first_line):
        if not row.strip():
            continue
        fault = row_fault(row, columns)
        if fault is None:
            clock = [int(float(cell)) for cell in row.split(",")[:2]]
            fault = _clock_fault(columns, before, clock)
            before = clock
        if fault is not None:
            return bad_file(
                path,
                line,
                fault,
                "the file was edited or damaged",
                "mend or delete that line, or delete the file; the other recordings are not "
                "affected",
            )
    return bad_file(
        path,
        first_line,
        "the rows from here on cannot be read as numbers",
        "the file was edited or damaged",
        "delete the file, or record the take again",
    )


def row_fault(row: str, columns: Sequence[str], integers: int = 2) -> str | None:
    """Why `row` is no row of numbers under `columns`, of which the first are `integers`."""
    cells = row.split(",")
    if len(cells) != len(columns):
        return f"has {len(cells)} cells where {len(columns)} belong"
    for index, (cell, column) in enumerate(zip(cells, columns, strict=True)):
        fault = _cell_fault(cell, whole=index < integers)
        if fault is not None:
            return f"{column} is {cell.strip()[:40]!r}, {fault}"
    return None


def _cell_fault(cell: str, whole: bool) -> str | None:
    try:
        value = float(cell if cell.isascii() and "_" not in cell else "")
    except ValueError:
        return "not a number" if cell.strip() else "an empty cell"
    if not np.isfinite(value):
        return "not a finite number"
    if whole:
        usable = value.is_integer() and 0 <= value < LARGEST_COUNT
        return None if usable else "not a whole number from 0 to 2^53"
    if abs(value) <= LARGEST_READING:
        return None
    if value in (-32768, 32767):
        return "an end of 16-bit integers: the sensor was saturated, and these are raw counts"
    return f"beyond +-{LARGEST_READING}: no reading"


def _clock_fault(columns: Sequence[str], before: list[int] | None, now: list[int]) -> str | None:
    for column, earlier, later in zip(columns, before or now, now, strict=False):
        if later < earlier or (before and column == "seq" and later == earlier):
            return f"{column} goes from {earlier} to {later}; it must rise"
    return None


def no_recording(
    path: Path, lines: Sequence[str], header: dict[str, str], known: int
) -> PipelineError:
    """Why `path` is not of format `known`."""
    if not any(lines):
        return bad_file(
            path,
            None,
            "is empty",
            "writing it was cut short, or it was never filled",
            "delete the file",
        )
    if "format" in header:
        return bad_file(
            path,
            list(header).index("format") + 1,
            f"format {header['format']!r} is not known here",
            f"this version reads format {known}; the file is of a later version, or was edited",
            "update the tool, or record again",
        )
    return bad_file(
        path,
        1,
        f"a recording starts with `# format: {known}`, this file does not",
        "it is a CSV file that something else wrote",
        "`gesture data import` turns such files into recordings",
    )
