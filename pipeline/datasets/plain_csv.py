"""A plain CSV of one recording: a header that names the channels, then a row a sample.

Columns ax,ay,az, and gx,gy,gz if there are any, may stand in any order and among others. A unit
in brackets, `ax [m/s2]` or `gx [rad/s]`, is converted; without one it is g and deg/s. A column
`label` says what happens at each sample, and is empty, or the background, where nothing does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import IMU_CHANNELS, Interval
from pipeline.datasets.continuous import STANDARD_GRAVITY, intervals_of, thousandths_of
from pipeline.datasets.foreign_text import Row, read_rows
from pipeline.datasets.names import check_name
from pipeline.datasets.recording_faults import Noted, row_fault
from pipeline.datasets.tutorial_csv import Found, Take, is_header
from pipeline.errors import PipelineError

ACCELERATION, TURNING = IMU_CHANNELS[:3], IMU_CHANNELS[3:]
LABEL = "label"
NOTHING = ("", "idle")  # cells of the label column
FACTORS: Mapping[str, Mapping[str, float]] = {
    "a": {"g": 1.0, "m/s2": 1 / STANDARD_GRAVITY, "m/s^2": 1 / STANDARD_GRAVITY, "mg": 0.001},
    "g": {"deg/s": 1.0, "dps": 1.0, "rad/s": 180 / np.pi, "mdps": 0.001},
}
_CELL = re.compile(r"([A-Za-z_]\w*)\s*(?:[\[(]\s*([^\])]*?)\s*[\])])?")


def is_plain(header: str) -> bool:
    """Whether this first line names an accelerometer's axes, as ax, ay and az."""
    return set(ACCELERATION) <= {name for name, _ in _columns(header)} and not is_header(header)


def read_plain(file: Path) -> Found:
    """The file as one take, with intervals where it has labels, or why it is none."""
    read = read_rows(file)
    if isinstance(read, Noted):
        return Found([], [read], [])
    header, *rows = (row for row in read[0] if row.text)
    columns = _columns(header.text)
    names = [name for name, _ in columns]
    channels = IMU_CHANNELS if set(TURNING) <= set(names) else ACCELERATION
    places = [names.index(channel) for channel in channels]
    try:
        factors = [_factor(*columns[place]) for place in places]
        samples = thousandths_of(_values(rows, places, channels) * factors)
        take = Take(1, rows[0].line, samples, channels, _labels(rows, names))
    except _RowError as error:
        return Found([], [Noted(file, error.line, error.reason)], [])
    return Found([take], [], read[1])


class _RowError(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def _columns(header: str) -> list[tuple[str, str]]:
    """Name, in small letters, and unit of each column."""
    found = []
    for cell in header.split(","):
        match = _CELL.fullmatch(cell.strip().strip('"'))
        found.append((match[1].lower(), (match[2] or "").strip()) if match else ("", ""))
    return found


def _factor(channel: str, unit: str) -> float:
    known = FACTORS[channel[0]]
    if unit and unit not in known:
        raise _RowError(1, f"{channel} is in {unit!r}; known are {', '.join(known)}")
    return known[unit] if unit else 1.0


def _values(
    rows: Sequence[Row], places: Sequence[int], channels: Sequence[str]
) -> NDArray[np.float64]:
    """float64 [n, channels]."""
    if len(rows) < 2:
        raise _RowError(1, "fewer than two rows follow the header")
    values = []
    for row in rows:
        cells = row.text.split(",")
        if len(cells) <= max(places):
            raise _RowError(row.line, f"has {len(cells)} cells, too few")
        fault = row_fault(",".join(cells[place] for place in places), channels, integers=0)
        if fault is not None:
            raise _RowError(row.line, f"{fault}; the whole file is left out")
        values.append([float(cells[place]) for place in places])
    return np.array(values)


def _labels(rows: Sequence[Row], names: Sequence[str]) -> tuple[Interval, ...]:
    if LABEL not in names:
        return ()
    at = names.index(LABEL)
    said = [(row.text.split(",") + [""] * len(names))[at].strip() for row in rows]
    for label in sorted(set(said) - set(NOTHING)):
        try:
            check_name("label", label)
        except PipelineError as error:
            raise _RowError(1, error.what) from None
    return intervals_of([None if label in NOTHING else label for label in said])
