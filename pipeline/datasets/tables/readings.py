"""The rows of a series while it is read: in order of time, perhaps with some missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import Float64, Int64
from pipeline.datasets.recording_file import bad_file
from pipeline.datasets.tables.steps import Step


@dataclass(frozen=True)
class Readings:
    """Rows of a series in order of time.

    Args:
        names: of channels.
        lines: int64 [n], the number of each row's line in the file.
        times_us: int64 [n], rising.
        values: float64 [n, channels], NaN where a reading is missing.
        words: a column of n words for each category.
        step: from one row to the next, where none is missing.
    """

    path: Path
    names: tuple[str, ...]
    lines: Int64
    times_us: Int64
    values: Float64
    words: tuple[tuple[str, ...], ...]
    step: Step

    def __len__(self) -> int:
        return len(self.lines)

    def part(self, first: int, end: int) -> Readings:
        """The rows from `first` to before `end`."""
        return replace(
            self,
            lines=self.lines[first:end],
            times_us=self.times_us[first:end],
            values=self.values[first:end],
            words=tuple(column[first:end] for column in self.words),
        )


def oldest_first(rows: Readings) -> tuple[Readings, tuple[str, ...]]:
    """Rows that were written newest first, turned round; and a note if they were."""
    if not (np.diff(rows.times_us) < 0).all():
        return rows, ()
    turned = replace(
        rows,
        lines=rows.lines[::-1],
        times_us=rows.times_us[::-1],
        values=rows.values[::-1],
        words=tuple(column[::-1] for column in rows.words),
    )
    return turned, ("the newest row comes first: the rows were turned round",)


def require_rising(rows: Readings, or_else: str) -> None:
    """Check that times rise; or_else: what else the user may do."""
    steps = np.diff(rows.times_us)
    back = np.flatnonzero(steps <= 0)
    if not len(back):
        return
    before = rows.lines[back[0]]
    again = steps[back[0]] == 0
    raise bad_file(
        rows.path,
        "the row "
        + (f"has the time of line {before} again" if again else f"is earlier than line {before}"),
        "the rows are not sorted by time, or some are there twice",
        "sort the rows by time and keep one of each, or name all columns of the time in data.time"
        f"{or_else}",
        line=int(rows.lines[back[0] + 1]),
    )
