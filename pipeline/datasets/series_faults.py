"""What is wrong with a series, told by line so that it can be mended."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from pipeline.artifacts import Int64
from pipeline.datasets.recording_faults import bad_file
from pipeline.errors import ExitCode, PipelineError
from pipeline.forecasts import span

LARGEST_VALUE = 2_000_000  # its thousandths fit 32 bits on a board
UNEVEN = 0.25  # of a step, by which one may be longer or shorter than the others


def require_file(path: Path) -> None:
    if not path.is_file():
        raise PipelineError(
            f"There is no series {path}.",
            "the path is misspelt, relative to another folder, or nothing was fetched yet",
            "name a CSV file; `gesture data get weather` fetches one",
            ExitCode.USAGE,
        )


def number_fault(cell: str) -> str | None:
    """Why a cell is no value of a series."""
    try:
        value = float(cell if "_" not in cell else "")
    except ValueError:
        return "not a number" if cell.strip() else "empty"
    if not math.isfinite(value):
        return "not a finite number"
    return None if abs(value) <= LARGEST_VALUE else f"beyond +-{LARGEST_VALUE:,}"


def bad_cell(path: Path, line: int, column: str, cell: str, fault: str) -> PipelineError:
    told = f"{column} is {fault}" if not cell.strip() else f"{column} is {cell[:40]!r}, {fault}"
    return bad_file(
        path,
        line,
        told,
        "a reading is missing there, or the column holds something else",
        "fill it in, begin the file after it, or leave the column out of data.channels",
    )


def missing_column(path: Path, line: int, column: str, there: list[str]) -> PipelineError:
    return bad_file(
        path,
        line,
        f"there is no column {column!r}, only {', '.join(there)}",
        "the config names a column that this file does not have",
        "name columns as the header does, in data.channels, data.categories and data.time",
    )


def check_steps(path: Path, times_us: Int64, lines: list[int]) -> float:
    """The length of a step in seconds, the same all along.

    times_us: int64 [n], n >= 2; lines: where each row stands.
    Raises PipelineError that names the first line where time stands still, goes back or jumps.
    """
    steps = np.diff(times_us)
    back = np.flatnonzero(steps <= 0)
    if len(back):
        raise _not_rising(path, lines[back[0] + 1], lines[back[0]], doubled=steps[back[0]] == 0)
    usual = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - usual) > UNEVEN * usual)
    if len(uneven):
        raise _hole(path, lines[uneven[0] + 1], float(steps[uneven[0]]), usual, len(uneven))
    return float(times_us[-1] - times_us[0]) / len(steps) / 1e6


def _not_rising(path: Path, line: int, before: int, doubled: bool) -> PipelineError:
    what = f"has the time of line {before} again" if doubled else f"is earlier than line {before}"
    return bad_file(
        path,
        line,
        f"the row {what}",
        "the rows are not sorted by time, or some stand there twice",
        "sort the rows by time and keep one of each",
    )


def _hole(path: Path, line: int, step_us: float, usual_us: float, others: int) -> PipelineError:
    took, usual = span(step_us / 1e6), span(usual_us / 1e6)
    steps = round(step_us / usual_us)
    missing = steps - 1 if steps > 1 and abs(step_us / usual_us - steps) <= UNEVEN else 0
    holes = f"{missing} rows are missing" if missing > 1 else "a row is missing"
    what = f"{holes} before it" if missing else "the step before it is uneven"
    more = f"; {others} places are like this" if others > 1 else ""
    return bad_file(
        path,
        line,
        f"{what}: {took} since the row above, a step is {usual}{more}",
        "readings were lost, and what never was measured is not made up",
        "fill the hole in, or cut the file there and use the longer part",
    )


def too_short(path: Path, part: str, rows: int, needed: int) -> PipelineError:
    return PipelineError(
        f"{path} is too short: its {part} part has {rows} rows, and two windows with what "
        f"they forecast take {needed}.",
        "the window or the furthest horizon is long for this series, or the part is a small share",
        "record longer, or lower window.length and window.horizons",
        ExitCode.USAGE,
    )
