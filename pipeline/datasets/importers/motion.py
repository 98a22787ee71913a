"""The motion of a table: samples in the unit of the file, its clock, and words of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from pipeline.core.artifacts import Float64, Int64
from pipeline.core.imu_columns import Role, sensor_of
from pipeline.datasets.importers.clocks import Clock, clock_of
from pipeline.datasets.importers.columns import Layout, layout_of
from pipeline.datasets.importers.findings import OpenError, Question
from pipeline.datasets.importers.options import ImportOptions
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.layout import is_number
from pipeline.datasets.tables.table import Table

Words = tuple[Int64, list[str]]  # which word each row has, and the words
MOST_LABELS = 60
LEAST_REPEATS = 4  # rows of a word, on average, if the words are labels


@dataclass(frozen=True)
class Motion:
    """The motion of one table.

    Args:
        name: folders and name of the file, beneath what is imported.
        samples: float64 [n, channels], in the unit of the file; NaN where a cell is no number.
        places: of the columns of `samples` in the table, for messages.
        lines: int64 [n], of each row in the file.
        breaks: int64 [k], rows that follow a blank line.
        ragged: text of rows with other numbers of cells.
        words: of rows, by role: label, person, session, take.
    """

    place: Path
    name: PurePath
    table: Table
    layout: Layout
    channels: tuple[str, ...]
    samples: Float64
    places: tuple[int, ...]
    lines: Int64
    breaks: Int64
    ragged: Mapping[int, str]
    clock: Clock | None
    words: Mapping[Role, Words]
    noted: tuple[Noted, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def layout_key(self) -> tuple[str, ...]:
        """What files have in common whose readings are in the same units."""
        return tuple(column.name for sensor in self.layout.sensors for column in sensor.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of `samples`, as the file has them."""
        return tuple(self.layout.columns[place].name for place in self.places)


def about_clock(motion: Motion) -> Iterator[Noted]:
    """What is unusual about the clock of a motion."""
    clock = motion.clock
    if clock is not None and clock.wrapped:
        yield Noted(motion.place, None, f"its clock {clock.name!r} began again at 0; it counts on")
    if clock is not None and not clock.is_steady:
        what = f"its clock {clock.name!r} is uneven: the rate is its mean, and whether samples "
        yield Noted(motion.place, None, what + "are missing cannot be seen")


def motion_of(table: Table, name: PurePath, options: ImportOptions) -> Motion:
    """The motion of a table, not yet in g and deg/s.

    Raises:
        OpenError: something about it is not told.
        UnusableError: it has no motion.
    """
    layout = layout_of(table, options)
    places = tuple(place for sensor in layout.sensors for place in sensor.places)
    channels = tuple(channel for sensor in layout.sensors for channel in sensor.channels)
    clocks = () if options.rate_hz is not None else layout.clocks
    numbers, coded = table.parsed((*places, *clocks), tuple(layout.words.values()))
    times = dict(zip(clocks, numbers.T[len(places) :], strict=True))
    clock = clock_of(table, layout.columns, times)
    pairs = zip(layout.words, coded, strict=True)
    words = {role: (_of_rows(table, codes), known) for role, (codes, known) in pairs}
    if options.label is None and options.label_from in (None, "column") and Role.LABEL not in words:
        _ask_about_words(table, layout)
    return Motion(
        table.place,
        name,
        table,
        layout,
        channels,
        numbers[:, : len(places)],
        places,
        table.lines,
        table.breaks,
        table.ragged,
        clock,
        words,
        table.noted,
        table.facts,
    )


def _of_rows(table: Table, codes: Int64) -> Int64:
    """The codes of words, int64 [rows]; rows that are torn have those of the row before."""
    for row in sorted(table.ragged):
        at = row - 1 if row else next((r for r in range(len(table)) if r not in table.ragged), 0)
        codes[row] = codes[at]
    return codes


def has_numbers(table: Table, place: int) -> bool:
    """Whether a column has numbers; mostly its last cell that is quoted shows it."""
    cells = table.split(table.first_lines[-1]) if table.first_lines else []
    if len(cells) == table.width and is_number(cells[place].replace(",", "."), "."):
        return True
    return bool(np.isfinite(table.numbers([place])).any())


def _ask_about_words(table: Table, layout: Layout) -> None:
    """A column of few words may be the label, whatever its name."""
    for place, column in enumerate(layout.columns):
        if column.role is not Role.OTHER or column.axis or has_numbers(table, place):
            continue
        _, words = table.coded(place)
        filled = [word for word in words if word]
        if any(sensor_of(word) is Role.ACCELERATION for word in filled):
            continue  # it names the sensor of each row
        if 2 <= len(filled) <= min(MOST_LABELS, len(table) // LEAST_REPEATS):
            shown = ", ".join(filled[:4])
            what = f"its column {column.name!r} has words ({shown}): they may be the labels"
            names = [
                "label" if at == place else c.name or "-" for at, c in enumerate(layout.columns)
            ]
            example = f"{','.join(names)} (or --label-from name if they are not)"
            raise OpenError(
                Question(table.place, what, "--columns", example, "columns", table.first_lines)
            )
