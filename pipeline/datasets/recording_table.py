"""The rows of a recording's or series' file, below its header: checked, written and read here.

A file is `# key: value` lines, a line of column names, then one line a sample, values with
three decimals. data/README.md describes it for people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import IMU_UNITS, Float32, Int64, Recording
from pipeline.datasets.recording_faults import (
    LARGEST_COUNT,
    LARGEST_READING,
    bad_file,
    first_bad_row,
    first_unordered,
    no_recording,
)
from pipeline.datasets.recording_header import FORMAT, parse_header
from pipeline.errors import PipelineError
from pipeline.files import atomic_write

CLOCK_COLUMNS = ("seq", "t_us")


class Table(NamedTuple):
    """header: by key. columns: of `samples`, float32 [n, columns]."""

    header: dict[str, str]
    columns: tuple[str, ...]
    seq: Int64
    t_us: Int64
    samples: Float32


def write_table(recording: Recording, header: str, path: Path) -> None:
    """Write header and rows to `path`, all of it or nothing. Samples are rounded to 0.001.

    Raises PipelineError for samples that are not numbers a sensor can give, and for `seq` or
    `t_us` that run backwards: such a file could not be loaded again.
    """
    _check_samples(recording, path)
    row = "%d,%d" + ",%.3f" * len(recording.channels) + "\n"
    clock = zip(recording.seq.tolist(), recording.t_us.tolist(), strict=True)
    values = (recording.thousandths / 1000).tolist()
    with (
        atomic_write(path) as unfinished,
        unfinished.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        stream.write(header)
        stream.write(",".join((*CLOCK_COLUMNS, *recording.channels)) + "\n")
        stream.writelines(
            row % (seq, t_us, *sample) for (seq, t_us), sample in zip(clock, values, strict=True)
        )


def read_table(path: Path) -> Table:
    """Raises PipelineError that names the file and the line of the first fault."""
    lines = _read_lines(path)
    header, columns_at = parse_header(lines)
    columns = _check_columns(path, lines, header, columns_at)
    rows = _parse_rows(path, lines, columns, columns_at)
    return Table(
        header,
        columns,
        rows[:, 0].astype(np.int64),
        rows[:, 1].astype(np.int64),
        rows[:, len(CLOCK_COLUMNS) :].astype(np.float32),
    )


def _check_samples(recording: Recording, path: Path) -> None:
    shape = (len(recording.seq), len(recording.channels))
    if recording.samples.shape != shape or recording.t_us.shape != recording.seq.shape:
        raise ValueError(f"samples {recording.samples.shape}, seq and channels {shape}")
    usable = np.abs(recording.samples) <= LARGEST_READING  # False for NaN
    if not usable.all():
        row, column = np.argwhere(~usable)[0]
        raise PipelineError(
            f"{path} was not written: sample {row} has "
            f"{recording.channels[column]} = {recording.samples[row, column]}.",
            "the sensor, or the file the samples come from, gave no usable number there",
            "record the take again, or leave that sample out",
        )
    for name, clock in zip(CLOCK_COLUMNS, (recording.seq, recording.t_us), strict=True):
        at = first_unordered(name, clock)
        if at is not None:
            raise PipelineError(
                f"{path} was not written: {name} goes from {clock[at - 1]} to {clock[at]} "
                f"at sample {at}.",
                "the board restarted, or two recordings were put behind one another",
                "save what comes before and after as recordings of their own",
            )


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise bad_file(
            path,
            None,
            f"is not a text file: byte {error.start} is no UTF-8",
            "it is an image, an archive, or text in another encoding",
            "save it as UTF-8 text, or take it out of the dataset",
        ) from None
    except OSError as error:
        raise PipelineError(
            f"{path} cannot be read: {error.strerror or error}.",
            "it does not exist, is a folder, or may not be read by you",
            "check the path; a recording is a .csv file",
        ) from None


def _check_columns(
    path: Path, lines: Sequence[str], header: dict[str, str], columns_at: int
) -> tuple[str, ...]:
    """The channels' names, as the column line has them."""
    if header.get("format") != str(FORMAT):
        raise no_recording(path, lines, header, FORMAT)
    if columns_at == len(lines):
        raise bad_file(
            path,
            len(lines),
            "the file ends before its line of column names",
            "it was cut short",
            "record or import the take again",
        )
    columns = tuple(name.strip() for name in lines[columns_at].split(","))
    promised = re.findall(r"(\w+) \[", header.get("channels", ""))
    missing = [name for name in (*CLOCK_COLUMNS, *promised) if name not in columns]
    channels = columns[len(CLOCK_COLUMNS) :]
    if missing or columns[: len(CLOCK_COLUMNS)] != CLOCK_COLUMNS or not channels:
        what = f"column {', '.join(missing)} is missing" if missing else "columns are in disorder"
        raise bad_file(
            path,
            columns_at + 1,
            f"{what}: the columns are {','.join(columns)[:80]}",
            "the file was edited, or separated by something else than commas",
            f"the line should read {','.join((*CLOCK_COLUMNS, *(promised or IMU_UNITS)))}",
        )
    if len(set(channels)) < len(channels):
        raise bad_file(
            path,
            columns_at + 1,
            "two columns have the same name",
            "the file was edited",
            "name every column once",
        )
    return channels


def _parse_rows(
    path: Path, lines: Sequence[str], columns: tuple[str, ...], columns_at: int
) -> NDArray[np.float64]:
    """float64 [n, 2 + channels]: seq, t_us, then the channels."""
    rows = lines[columns_at + 1 :]
    if not any(row.strip() for row in rows):
        raise bad_file(
            path,
            columns_at + 1,
            "no sample follows",
            "the recording ended before it began",
            "delete the file",
        )
    width = len(CLOCK_COLUMNS) + len(columns)
    try:
        table = np.loadtxt(rows, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        table = np.empty((0, 0))
    readings = table[:, len(CLOCK_COLUMNS) :]
    clock = table[:, : len(CLOCK_COLUMNS)]
    if (
        table.shape[1] != width
        or not (np.abs(readings) <= LARGEST_READING).all()
        or not ((clock >= 0) & (clock < LARGEST_COUNT) & (np.floor(clock) == clock)).all()
        or any(first_unordered(name, clock[:, i]) for i, name in enumerate(CLOCK_COLUMNS))
    ):
        raise first_bad_row(path, rows, columns_at + 2, (*CLOCK_COLUMNS, *columns))
    return table
