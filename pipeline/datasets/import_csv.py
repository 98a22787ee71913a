"""Foreign CSV: the files of the 2019 Arduino tutorial, and plain tables."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import IMU_CHANNELS, IMU_UNITS, Float32, Interval
from pipeline.core.errors import PipelineError
from pipeline.core.files import regular
from pipeline.core.unit_names import STANDARD_GRAVITY
from pipeline.datasets.lint import (
    ACCELERATION,
    END_OF_RANGE,
    FULL_SCALES,
    is_beyond_all,
    reached_full_scale,
)
from pipeline.datasets.recording_file import Noted, check_name, row_fault
from pipeline.datasets.streams import intervals_of, thousandths_of

ACCELERATION_CHANNELS, TURNING = IMU_CHANNELS[:3], IMU_CHANNELS[3:]
LABEL = "label"
NOTHING = ("", "idle")  # cells of the label column
FACTORS: Mapping[str, Mapping[str, float]] = {
    "a": {"g": 1.0, "m/s2": 1 / STANDARD_GRAVITY, "m/s^2": 1 / STANDARD_GRAVITY, "mg": 0.001},
    "g": {"deg/s": 1.0, "dps": 1.0, "rad/s": 180 / np.pi, "mdps": 0.001},
}
_CELL = re.compile(r"([A-Za-z_]\w*)\s*(?:[\[(]\s*([^\])]*?)\s*[\])])?")


def is_plain(header: str) -> bool:
    """Whether a first line names the axes of an accelerometer: ax, ay and az."""
    return set(ACCELERATION_CHANNELS) <= {name for name, _ in _columns(header)} and not _is_header(
        header
    )


def read_plain(file: Path) -> Found:
    """Read a plain table as one take, with intervals if it has a column of labels."""
    read = read_rows(file)
    if isinstance(read, Noted):
        return Found([], [read], [])
    first, header = next(pair for pair in enumerate(read[0]) if pair[1].text)
    rows = read[0][first + 1 :]
    columns = _columns(header.text)
    names = [name for name, _ in columns]
    channels = IMU_CHANNELS if set(TURNING) <= set(names) else ACCELERATION_CHANNELS
    places = [names.index(channel) for channel in channels]
    try:
        factors = [_factor(*columns[place]) for place in places]
        samples = thousandths_of(_values(rows, places, channels) * factors)
        line = next(_filled(rows)).line
        take = ImportedTake(1, line, samples, channels, _labels(rows, names))
    except _RowError as error:
        return Found([], [Noted(file, error.line, error.reason)], [])
    return Found([take], [], read[1])


class _RowError(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def _columns(header: str) -> list[tuple[str, str]]:
    """The name, in small letters, and the unit of each column."""
    columns = []
    for cell in header.split(","):
        match = _CELL.fullmatch(cell.strip().strip('"'))
        columns.append((match[1].lower(), (match[2] or "").strip()) if match else ("", ""))
    return columns


def _factor(channel: str, unit: str) -> float:
    known = FACTORS[channel[0]]
    if unit and unit not in known:
        raise _RowError(1, f"{channel} is in {unit!r}; known are {', '.join(known)}")
    return known[unit] if unit else 1.0


def _filled(rows: Rows) -> Iterator[TextRow]:
    return (row for row in rows if row.text)


def _values(rows: Rows, places: Sequence[int], channels: Sequence[str]) -> NDArray[np.float64]:
    """float64 [n, channels]."""
    values = array("d")
    for row in _filled(rows):
        cells = row.text.split(",")
        if len(cells) <= max(places):
            raise _RowError(row.line, f"has {len(cells)} cells, too few")
        fault = row_fault(",".join(cells[place] for place in places), channels, integers=0)
        if fault is not None:
            raise _RowError(row.line, f"{fault}; the whole file is left out")
        values.extend(float(cells[place]) for place in places)
    if len(values) < 2 * len(places):
        raise _RowError(1, "fewer than two rows follow the header")
    return np.frombuffer(values).reshape(-1, len(places))


def _labels(rows: Rows, names: Sequence[str]) -> tuple[Interval, ...]:
    if LABEL not in names:
        return ()
    at = names.index(LABEL)
    cells = [
        sys.intern((row.text.split(",") + [""] * len(names))[at].strip()) for row in _filled(rows)
    ]
    for label in sorted(set(cells) - set(NOTHING)):
        try:
            check_name("label", label)
        except PipelineError as error:
            raise _RowError(1, error.what) from None
    return intervals_of([None if label in NOTHING else label for label in cells])


TUTORIAL_COLUMNS = ("aX", "aY", "aZ", "gX", "gY", "gZ")
LONE_END_OF_RANGE = 0.9999  # a single reading counts as clipped only from here on
NEAR = 0.05  # a take between blank lines may be so much longer or shorter


@dataclass(frozen=True)
class ImportedTake:
    """A take of a file; its number counts those left out too; samples: float32 [n, channels]."""

    number: int
    line: int
    samples: Float32
    channels: tuple[str, ...] = IMU_CHANNELS
    intervals: tuple[Interval, ...] = ()


class Found(NamedTuple):
    """The takes of a file, what was left out, and what was unusual."""

    takes: list[ImportedTake]
    left_out: list[Noted]
    noted: list[Noted]


def read_takes(file: Path, take_rows: int) -> Found:
    """Read the takes of a tutorial file; every row is in a take, or reported as left out."""
    table = _read_table(file)
    if isinstance(table, Noted):
        return Found([], [table], [])
    rows, noted = table
    takes: list[ImportedTake] = []
    left_out: list[Noted] = []
    lines: dict[bytes, int] = {}  # of takes, by their samples
    for number, take_of in enumerate(_cut_into_takes(_blocks(rows), take_rows), 1):
        reason = _take_fault(number, take_of, take_rows)
        if reason is None:
            take = _take(number, take_of)
            earlier = lines.setdefault(sha256(take.samples.tobytes()).digest(), take.line)
            if earlier == take.line:
                takes.append(take)
                continue
            reason = (take.line, f"the same samples as the take that starts on line {earlier}")
        left_out.append(Noted(file, *reason))
    if not takes and not left_out:
        left_out.append(Noted(file, None, "holds a header and nothing else"))
    return Found(takes, left_out, [*noted, *_out_of_range(file, takes)])


def _read_table(file: Path) -> tuple[Rows, list[Noted]] | Noted:
    """The lines of a file with the tutorial's header, else the reason."""
    read = read_rows(file)
    if isinstance(read, Noted):
        return read
    rows, separated = _with_commas(read[0], file, TUTORIAL_COLUMNS)
    first = next(row for row in rows if row.text)
    if not _is_header(first.text):
        return Noted(file, first.line, _header_fault(first.text))
    return rows, [*read[1], *separated]


def _is_header(line: str) -> bool:
    cells = [cell.strip().lower() for cell in line.split(",")]
    return cells == [name.lower() for name in TUTORIAL_COLUMNS]


def _header_fault(text: str) -> str:
    wanted = ",".join(TUTORIAL_COLUMNS)
    if row_fault(text, TUTORIAL_COLUMNS, integers=0) is None:
        return f"there is no header: the first line must be {wanted}"
    return f"the header must be {wanted}, it is {text[:60]!r}"


def _blocks(rows: Rows) -> list[Rows]:
    blocks, start = [], 0
    for at, row in enumerate(rows):
        if not row.text or _is_header(row.text):
            blocks.append(rows[start:at])
            start = at + 1
    return [block for block in (*blocks, rows[start:]) if block]


def _cut_into_takes(blocks: Sequence[Rows], take_rows: int) -> Iterator[Rows]:
    """A block of about `take_rows` rows is a take; a longer one is cut.

    A longer block is cut if it is a whole number of takes, or the only block. Other lengths are
    not cut, and refused later.
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


def _take_fault(number: int, rows: Rows, take_rows: int) -> tuple[int, str] | None:
    for row in rows:
        fault = row_fault(row.text, TUTORIAL_COLUMNS, integers=0)
        if fault is not None:
            return row.line, f"{fault}; take {number}, from line {rows[0].line}, is left out"
    if _near(len(rows), take_rows):
        return None
    length = "short" if len(rows) < take_rows else "long"
    until = f"up to line {rows[-1].line}"
    return rows[0].line, f"take {number} is too {length}: {len(rows)} rows {until}, not {take_rows}"


def _take(number: int, rows: Rows) -> ImportedTake:
    values = [[float(cell) for cell in row.text.split(",")] for row in rows]
    samples = np.array(values, dtype=np.float32) + np.float32(0)  # no negative zero
    return ImportedTake(number, rows[0].line, samples)


def _out_of_range(file: Path, takes: Sequence[ImportedTake]) -> list[Noted]:
    """Readings at the end of a sensor's range, or beyond all ranges."""
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
    """readings: float32 [n, 3], absolute values; lines: of each row."""
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


BYTE_ORDER_MARK = "\ufeff"
LINE_END = re.compile(r"\r\n|\r|\n")
SEPARATORS = {";": "semicolons", "\t": "tabs"}
# Colours, erasing, modes, character sets, bells: they move no text. Other codes may have replaced
# digits, so they stay, and their cell is no number.
HARMLESS_CODES = re.compile(r"\x1b\[[0-9;?]*[mKJhl]|\x1b[()][0AB]|\x1b\][^\x07\x1b]*\x07|\x07")


class TextRow(NamedTuple):
    """A line of a text; line counts from 1, cells have commas between them."""

    line: int
    text: str


@dataclass(frozen=True)
class Rows:
    """The lines of a text, possibly millions: a TextRow is made when it is used.

    Args:
        spans: int64 [n, 2], the start and the end of each line in `text`.
        clean: applied to the text of each line.
    """

    text: str
    spans: NDArray[np.int64]
    first: int
    clean: Callable[[str], str]

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[TextRow]:
        return (self[at] for at in range(len(self)))

    @overload
    def __getitem__(self, at: int) -> TextRow: ...
    @overload
    def __getitem__(self, at: slice) -> Rows: ...
    def __getitem__(self, at: int | slice) -> TextRow | Rows:
        places = range(len(self))[at]
        if isinstance(places, range):
            first = self.first + places.start
            return Rows(self.text, self.spans[at], first, self.clean)
        begin, end = self.spans[places]
        return TextRow(self.first + places, self.clean(self.text[begin:end]))


def read_rows(file: Path) -> tuple[Rows, list[Noted]] | Noted:
    """Read all lines of a file, also empty ones, with notes; or why it is no text."""
    text = _decode(file)
    if isinstance(text, Noted):
        return text
    noted = []
    if text.startswith(BYTE_ORDER_MARK):
        noted.append(Noted(file, 1, "starts with a byte-order mark"))
    if "\r" in text:
        noted.append(Noted(file, None, _line_ends(text)))
    rows = Rows(text, _spans(text), 1, str.strip)
    if HARMLESS_CODES.search(text):
        codes = [row.line for row in rows if HARMLESS_CODES.search(row.text)]
        what = f"terminal control codes were taken off {len(codes)} lines, from this one on"
        noted.append(Noted(file, codes[0], what))
        rows = replace(rows, clean=lambda line: HARMLESS_CODES.sub("", line).strip())
    if not any(row.text for row in rows):
        return Noted(file, None, "is empty")
    return rows, noted


def _with_commas(rows: Rows, file: Path, columns: Sequence[str]) -> tuple[Rows, list[Noted]]:
    """Rows with commas instead of semicolons or tabs between their cells.

    Numbers in such tables may have decimal commas, by the language of the program.
    """
    header = next(_filled(rows))
    separator = next((s for s in SEPARATORS if header.text.count(s) == len(columns) - 1), None)
    if separator is None:
        return rows, []
    what = f"cells are separated by {SEPARATORS[separator]}"
    if any("," in row.text for row in rows):
        what += ", numbers have decimal commas"

    def clean(line: str) -> str:
        return rows.clean(line).replace(",", ".").replace(separator, ",")

    return replace(rows, clean=clean), [Noted(file, header.line, what)]


def _decode(file: Path) -> str | Noted:
    try:
        content = regular(file).read_bytes()
        text = content.decode("utf-8")
    except OSError as error:
        return Noted(file, None, f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return Noted(file, None, "is UTF-16 text; save it as UTF-8")
        return Noted(file, None, f"is not a text file (byte {error.start} is no UTF-8)")
    if "\0" in text:
        return Noted(file, None, "is not a text file (it holds zero bytes)")
    return text


def _spans(text: str) -> NDArray[np.int64]:
    """The start and the end of each line, int64 [lines, 2], without its line end."""
    spans = array("q", [len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0])
    for end in LINE_END.finditer(text):
        spans.extend(end.span())
    spans.append(len(text))
    return np.frombuffer(spans, np.int64).reshape(-1, 2)


def _line_ends(text: str) -> str:
    windows, lone, unix = (
        len(re.findall(end, text)) for end in (r"\r\n", r"\r(?!\n)", r"(?<!\r)\n")
    )
    if lone or unix:
        return f"line ends are mixed: {windows} of Windows, {unix} of Unix, {lone} of old Macs"
    return "has Windows line ends"
