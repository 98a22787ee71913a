"""The file of a recording: a header of `# key: value` lines, then a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import (
    ENVIRONMENT_UNITS,
    IMU_UNITS,
    PULLED,
    Fault,
    Float32,
    Gap,
    HostClock,
    Int64,
    Interval,
    Recording,
    thousandths,
)
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import atomic_write, regular, why_missing, write_new
from pipeline.core.plurals import counted
from pipeline.datasets.number_text import rows_text

LONGEST_NAME = 32
_WITH_HYPHEN = ("A-Za-z0-9_-", "letters (a-z, A-Z), digits, _ and -")
_NO_HYPHEN = ("A-Za-z0-9_", "letters (a-z, A-Z), digits and _")
_NAME_CHARACTERS = {
    "dataset": _WITH_HYPHEN,
    "snapshot": _WITH_HYPHEN,
    "label": _WITH_HYPHEN,
    "person": _NO_HYPHEN,  # a hyphen separates it from the session in a file's name
    "session": _NO_HYPHEN,
}


def is_name(kind: str, text: str) -> bool:
    """Whether a text fits a file name and a word on the serial line."""
    characters, _ = _NAME_CHARACTERS[kind]
    return bool(re.fullmatch(f"[A-Za-z0-9][{characters}]{{0,{LONGEST_NAME - 1}}}", text))


def check_name(kind: str, text: str) -> str:
    """The name of a kind, unless it does not fit a file name and a word on the serial line."""
    if is_name(kind, text):
        return text
    characters, in_words = _NAME_CHARACTERS[kind]
    strange = sorted(set(re.sub(f"[{characters}]", "", text)))
    if strange:
        reason = "it contains " + " ".join(map(repr, strange))
    elif not text:
        reason = "it is empty"
    elif len(text) > LONGEST_NAME:
        reason = f"it has {counted(len(text), 'character')}"
    else:
        reason = f"it starts with {text[0]!r}"
    raise UsageError(
        f"{text!r} cannot be used as a {kind}: {reason}.",
        f"a {kind} becomes part of a file's path, and a label a word the board prints",
        f"use 1 to {LONGEST_NAME} {in_words}, beginning with a letter or digit",
    )


def recording_path(folder: Path, label: str, person: str, session: str, n: int) -> Path:
    """The path of take `n` (from 1) in a dataset; raises as check_name does."""
    check_name("label", label)
    name = f"{check_name('person', person)}-{check_name('session', session)}-{n:03d}.csv"
    return folder / label / name


def new_recording_paths(folder: Path, label: str, person: str, session: str) -> Iterator[Path]:
    """The paths after the last take of a person and session: no number is used twice."""
    recording_path(folder, label, person, session, 1)  # raises for impossible names
    yield from unused_paths(folder / label, f"{person}-{session}")


def unused_paths(folder: Path, name: str) -> Iterator[Path]:
    """`NAME-N.csv` in a folder, from the number after the last one on."""
    numbers = (path.stem.rpartition("-")[2] for path in folder.glob(f"{name}-*.csv"))
    taken = [int(number) for number in numbers if number.isdigit()]
    for number in count(max(taken, default=0) + 1):
        yield folder / f"{name}-{number:03d}.csv"


def save_recording(recording: Recording, path: Path) -> None:
    """Write a recording atomically. Samples are rounded to 0.001.

    Raises:
        PipelineError: samples are no possible readings, the rate is not positive, or `seq` or
            `t_us` run backwards: such a file could not be loaded again.
    """
    write_table(recording, recording_header(recording), path)


def save_new_recording(recording: Recording, paths: Iterator[Path]) -> Path:
    """As `save_recording`, to the first free path; returns this path."""
    return write_new_table(recording, recording_header(recording), paths)


def load_recording(path: Path) -> Recording:
    """Read a recording. Gaps come from `seq`; those in the header are for people."""
    table = read_table(path)
    header = table.header
    if "series" in header:
        raise bad_file(
            path,
            f"is a series of the {header['series']}",
            "it has no motion and no label; it is for forecasts, not for gestures",
            "name a recording; an emulated board plays a series with --environment",
        )
    take = _entry_in(path, header, "take", r"\d+", "no number")
    pulled = _entry_in(path, header, "pulled", "|".join(PULLED), f"not {' or '.join(PULLED)}")
    return table.recording(
        path,
        rate_hz=positive_in(path, header, "rate_hz", "sampling rate", "rate in Hz", "119"),
        label=name_in(path, header, "label"),
        person=name_in(path, header, "person"),
        intervals=_intervals_in(path, header, len(table.seq)),
        take=int(take[0]) if take else None,
        pulled=pulled[0] if pulled else None,
    )


FORMAT = 1

_CLOCK = r"offset_us=(-?\d+) drift_ppm=(-?\d+(?:\.\d+)?) at_us=(\d+)"


def recording_header(recording: Recording) -> str:
    """The header of a recording."""
    intervals = "; ".join(
        f"{part.start}-{part.stop} {check_name('label', part.label)}"
        for part in recording.intervals
    )
    entries = {
        "format": FORMAT,
        "label": check_name("label", recording.label),
        "person": check_name("person", recording.person),
        "session": check_name("session", recording.session),
        "board": recording.board,
        "source": recording.source,
        "rate_hz": f"{recording.rate_hz:.10g}",
        "measured_rate_hz": f"{recording.measured_rate_hz:.3f}",
        "channels": channels_text(recording),
        "gaps": gaps_text(recording),
        "intervals": intervals,
        **of_capture(recording),
    }
    return header_lines(entries)


def header_lines(entries: Mapping[str, object]) -> str:
    """Header entries as lines `# key: value`."""
    return "".join(
        f"# {key}: {' '.join(str(text).split())}".rstrip() + "\n" for key, text in entries.items()
    )


def channels_text(recording: Recording) -> str:
    """The channels with their units, for a header."""
    units = IMU_UNITS | ENVIRONMENT_UNITS
    return ", ".join(f"{name} [{units.get(name, '?')}]" for name in recording.channels)


def gaps_text(recording: Recording) -> str:
    """The gaps, for a header."""
    return "; ".join(f"{gap.missing} before row {gap.index}" for gap in gaps_in(recording.seq))


def of_capture(recording: Recording) -> dict[str, str]:
    """Header entries that only a captured recording has."""
    clock = recording.clock
    entries = {
        "faults": "; ".join(f"{f.kind} {f.count} before row {f.index}" for f in recording.faults),
        "take": "" if recording.take is None else str(recording.take),
        "pulled": recording.pulled or "",
        "clock": ""
        if clock is None
        else f"offset_us={clock.offset_us} drift_ppm={clock.drift_ppm:.3f} at_us={clock.at_us}",
    }
    return {key: text for key, text in entries.items() if text}


def parse_header(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """Read `# key: value` lines; returns the entries, and the index of the line after them."""
    header: dict[str, str] = {}
    for index, line in enumerate(lines):
        if not line.startswith("#"):
            return header, index
        key, _, value = line[1:].partition(":")
        header[key.strip()] = value.strip()
    return header, len(lines)


def positive_in(
    path: Path, header: Mapping[str, str], key: str, what: str, wanted: str, example: str
) -> float:
    """The number above 0 in a header; what, wanted, example: of it, for people."""
    try:
        number = float(header[key])
    except (KeyError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise bad_file(
            path,
            f"`# {key}: {header.get(key, '')}` is no {what}",
            "the line is missing or was edited",
            f"write the {wanted}, such as `# {key}: {example}`",
        )
    return number


def name_in(path: Path, header: Mapping[str, str], kind: str) -> str:
    """The name of a kind (see check_name) in a header."""
    text = header.get(kind, "1" if kind == "session" else "")
    try:
        return check_name(kind, text)
    except PipelineError as error:
        raise bad_file(
            path, f"`# {kind}:` {error.what.rstrip('.')}", error.why, error.next_step
        ) from None


def _intervals_in(path: Path, header: Mapping[str, str], n: int) -> tuple[Interval, ...]:
    intervals = []
    for part in _parts(header, "intervals"):
        match = re.fullmatch(r"(\d+)-(\d+) ([\w-]+)", part, re.ASCII)
        if not match or not int(match[1]) < int(match[2]) <= n:
            raise bad_file(
                path,
                f"interval {part!r} is not START-STOP LABEL within {n} samples",
                "the header was edited, or rows were deleted",
                "correct the `# intervals:` line; rows count from 0, STOP is not included",
            )
        intervals.append(Interval(int(match[1]), int(match[2]), match[3]))
    return tuple(intervals)


def _faults_in(path: Path, header: Mapping[str, str], n: int) -> tuple[Fault, ...]:
    faults = []
    for part in _parts(header, "faults"):
        match = re.fullmatch(r"([a-z-]+) (\d+) before row (\d+)", part)
        if not match or int(match[3]) > n:
            raise bad_file(
                path,
                f"fault {part!r} is not KIND COUNT before row N, with N up to {n}",
                "the header was edited, or rows were deleted",
                "correct or delete the `# faults:` line; rows count from 0",
            )
        faults.append(Fault(match[1], int(match[2]), int(match[3])))
    return tuple(faults)


def _clock_in(path: Path, header: Mapping[str, str]) -> HostClock | None:
    match = _entry_in(path, header, "clock", _CLOCK, "not offset_us=… drift_ppm=… at_us=…")
    return HostClock(int(match[1]), float(match[2]), int(match[3])) if match else None


def _entry_in(
    path: Path, header: Mapping[str, str], key: str, pattern: str, fault: str
) -> re.Match[str] | None:
    text = header.get(key, "")
    match = re.fullmatch(pattern, text)
    if text and not match:
        what = f"`# {key}: {text}` is {fault}"
        raise bad_file(path, what, "the header was edited", "correct or delete that line")
    return match


def _parts(header: Mapping[str, str], key: str) -> list[str]:
    return [part for text in header.get(key, "").split(";") if (part := text.strip())]


ROWS_AT_ONCE = 4096
CLOCK_COLUMNS = ("seq", "t_us")


class RecordingTable(NamedTuple):
    """The content of a file.

    Args:
        columns: names of the columns of `samples`.
        seq: int64 [n].
        t_us: int64 [n].
        samples: float32 [n, columns].
    """

    header: dict[str, str]
    columns: tuple[str, ...]
    seq: Int64
    t_us: Int64
    samples: Float32

    def recording(self, path: Path, **own: Any) -> Recording:
        """The recording or series of a file; own: what the other kind does not have."""
        return Recording(
            samples=self.samples,
            seq=self.seq,
            t_us=self.t_us,
            session=name_in(path, self.header, "session"),
            board=self.header.get("board", "unknown"),
            source=self.header.get("source", "unknown"),
            channels=self.columns,
            gaps=gaps_in(self.seq),
            faults=_faults_in(path, self.header, len(self.seq)),
            clock=_clock_in(path, self.header),
            name=f"{path.parent.name}/{path.stem}",
            **own,
        )


def write_table(recording: Recording, header: str, path: Path) -> None:
    """Write a header and the rows of a recording; as `save_recording`."""
    _check_samples(recording, path)
    with atomic_write(path) as unfinished:
        _write(recording, header, unfinished)


def write_new_table(recording: Recording, header: str, paths: Iterator[Path]) -> Path:
    """As `write_table`, to the first free path; returns this path."""
    first = next(paths)
    _check_samples(recording, first)
    return write_new(chain([first], paths), partial(_write, recording, header))


def has_rows_of(path: Path, recording: Recording) -> bool:
    """Whether a file has exactly the rows of a recording."""
    try:
        with path.open("rb") as stream:
            header = takewhile(lambda line: line.startswith(b"#"), stream)
            stream.seek(sum(map(len, header)))
            return all(
                stream.read(len(rows)) == rows for rows in _rows(recording)
            ) and not stream.read(1)
    except OSError:
        return False


def _write(recording: Recording, header: str, path: Path) -> None:
    with path.open("wb") as stream:
        stream.write(header.encode())
        stream.writelines(_rows(recording))


def _rows(recording: Recording) -> Iterator[bytes | bytearray]:
    """The line of column names and the rows, in pieces."""
    yield ",".join((*CLOCK_COLUMNS, *recording.channels)).encode() + b"\n"
    for start in range(0, len(recording), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        clock = np.column_stack([recording.seq[part], recording.t_us[part]])
        yield rows_text(clock, thousandths(recording.samples[part]))


def read_table(path: Path) -> RecordingTable:
    """Read the header and the rows of a file; an error has the line of the first fault."""
    lines = _read_lines(path)
    header, columns_at = parse_header(lines)
    columns = _check_columns(path, lines, header, columns_at)
    rows = _parse_rows(path, lines, columns, columns_at)
    return RecordingTable(
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
    if not 0 < recording.rate_hz < float("inf"):
        raise PipelineError(
            f"{path} was not written: {recording.rate_hz:g} Hz is no sampling rate.",
            "the board, or the file of the samples, gave no usable rate",
            "record the take again",
        )
    usable = np.abs(recording.samples) <= LARGEST_READING  # False for NaN
    if not usable.all():
        row, column = np.argwhere(~usable)[0]
        raise PipelineError(
            f"{path} was not written: sample {row} has "
            f"{recording.channels[column]} = {recording.samples[row, column]}.",
            "the sensor, or the file of the samples, gave no usable number there",
            "record the take again, or leave that sample out",
        )
    for name, clock in zip(CLOCK_COLUMNS, (recording.seq, recording.t_us), strict=True):
        at = _first_unordered(name, clock)
        if at is not None:
            raise PipelineError(
                f"{path} was not written: {name} goes from {clock[at - 1]} to {clock[at]} "
                f"at sample {at}.",
                "the board restarted, or two recordings were joined",
                "save the parts before and after as two recordings",
            )


def _read_lines(path: Path) -> list[str]:
    try:
        return regular(path).read_text(encoding="utf-8-sig").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise bad_file(
            path,
            f"is not a text file: byte {error.start} is no UTF-8",
            "it is an image, an archive, or text in another encoding",
            "save it as UTF-8 text; if a dataset has it, take it out of its folder",
        ) from None
    except OSError as error:
        raise PipelineError(
            f"{path} cannot be read: {error.strerror or error}.",
            why_missing(path, "file", "it does not exist, or you may not read it"),
            "check the path; a recording is a .csv file",
        ) from None


def _check_columns(
    path: Path, lines: Sequence[str], header: dict[str, str], columns_at: int
) -> tuple[str, ...]:
    """The names of the channels, from the line of column names."""
    if header.get("format") != str(FORMAT):
        raise _no_recording(path, lines, header, FORMAT)
    if columns_at == len(lines):
        raise bad_file(
            path,
            "the file ends before its line of column names",
            "it was cut short",
            "record or import the take again",
            line=len(lines),
        )
    columns = tuple(name.strip() for name in lines[columns_at].split(","))
    promised = re.findall(r"(\w+) \[", header.get("channels", ""))
    missing = [name for name in (*CLOCK_COLUMNS, *promised) if name not in columns]
    channels = columns[len(CLOCK_COLUMNS) :]
    if missing or columns[: len(CLOCK_COLUMNS)] != CLOCK_COLUMNS or not channels:
        what = f"column {', '.join(missing)} is missing" if missing else "columns are in disorder"
        raise bad_file(
            path,
            f"{what}: the columns are {','.join(columns)[:80]}",
            "the file was edited, or has another separator than commas",
            f"the line should read {','.join((*CLOCK_COLUMNS, *(promised or IMU_UNITS)))}",
            line=columns_at + 1,
        )
    if len(set(channels)) < len(channels):
        raise bad_file(
            path,
            "two columns have the same name",
            "the file was edited",
            "name every column once",
            line=columns_at + 1,
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
            "no sample follows",
            "the recording ended before it began",
            "delete the file",
            line=columns_at + 1,
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
        or any(_first_unordered(name, clock[:, i]) for i, name in enumerate(CLOCK_COLUMNS))
    ):
        raise _first_bad_row(path, rows, columns_at + 2, (*CLOCK_COLUMNS, *columns))
    return table


# Below it, multiples of 0.001 survive a round trip through float32.
LARGEST_READING = 16_384
LARGEST_COUNT = 2**53  # whole numbers below it are exact in float64


@dataclass(frozen=True)
class Noted:
    """A note about a file, for its owner; line counts from 1, None for the whole file."""

    file: Path
    line: int | None
    what: str

    def __str__(self) -> str:
        place = f"{self.file}" if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.what}"


def bad_file(
    path: Path, what: str, why: str, next_step: str, line: int | None = None
) -> PipelineError:
    """An error about a file; line counts from 1, None for the whole file."""
    place = f"{path}" if line is None else f"{path}:{line}"
    separator = " " if line is None and not what.startswith("`") else ": "
    return PipelineError(f"{place}{separator}{what}.", why, next_step)


def _first_unordered(column: str, clock: NDArray[Any]) -> int | None:
    """The index of the first value that does not rise; t_us may stay the same."""
    steps = np.diff(clock)
    wrong = np.flatnonzero(steps < 0 if column == "t_us" else steps <= 0)
    return int(wrong[0]) + 1 if len(wrong) else None


def gaps_in(seq: Int64) -> tuple[Gap, ...]:
    """The gaps of running numbers: seq int64 [n], rising."""
    jumps = np.flatnonzero(np.diff(seq) > 1) + 1
    return tuple(Gap(int(at), int(seq[at] - seq[at - 1] - 1)) for at in jumps)


def _first_bad_row(
    path: Path, rows: Sequence[str], first_line: int, columns: Sequence[str]
) -> PipelineError:
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
                fault,
                "the file was edited or damaged",
                "correct or delete that line, or delete the file; the other recordings are not "
                "affected",
                line=line,
            )
    return bad_file(
        path,
        "the rows from here on cannot be read as numbers",
        "the file was edited or damaged",
        "delete the file, or record the take again",
        line=first_line,
    )


def row_fault(row: str, columns: Sequence[str], integers: int = 2) -> str | None:
    """Why a row is no row of numbers, the first `integers` of them whole; None where it is one."""
    cells = row.split(",")
    if len(cells) != len(columns):
        return f"has {counted(len(cells), 'cell')} where {len(columns)} belong"
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


def _no_recording(
    path: Path, lines: Sequence[str], header: dict[str, str], known: int
) -> PipelineError:
    if not any(lines):
        return bad_file(
            path, "is empty", "it was cut short while it was written", "delete the file"
        )
    if "format" in header:
        return bad_file(
            path,
            f"format {header['format']!r} is not known here",
            f"this version reads format {known}; the file is of a later version, or was edited",
            "update the tool, or record again",
            line=list(header).index("format") + 1,
        )
    return bad_file(
        path,
        f"a recording starts with `# format: {known}`, this file does not",
        "it is a CSV file that something else wrote",
        "`gesture data import` turns such files into recordings",
        line=1,
    )
