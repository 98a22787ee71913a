"""Files of recordings as people write them, made from a grammar, with what is in them.

Each number gives one data set: an accelerometer with or without gyroscope, moved by a hand, written
in some units, columns, separators, encodings and folders, with or without a fault.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, count
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import Float64

GRAVITY_M_S2 = 9.80665
DEGREES = 180 / np.pi
RATES_HZ = (25.0, 50.0, 62.5, 100.0, 119.0, 200.0)
ACCENTED = "geste carré"
LABELS = ("wave", "circle", "punch", "up down", "zig-zag", ACCENTED, "idle")
PEOPLE = ("anna", "mary-jane", "bob")
OF_ROWS = ("lost rows", "rows again", "backwards")  # which only a clock shows
FAULTS = ("bad cell", "missing cell", "short row", "long row", *OF_ROWS)
LOST = 5  # rows, or that come again
ACCELERATION = {"g": 1.0, "m/s2": GRAVITY_M_S2, "mg": 1000.0, "counts": 8192.0}
TURNING = {"deg/s": 1.0, "rad/s": 1 / DEGREES, "counts": 65.5}
CLOCKS = {"ms": 1e3, "us": 1e6, "s": 1.0, "ns": 1e9}
DECIMALS = {"g": 4, "m/s2": 3, "mg": 1, "counts": 0, "deg/s": 2, "rad/s": 4}
STYLES = (  # of the columns of an axis; with a unit where the header says it
    ("{s}{axis}", "{s}{axis}_{unit}"),
    ("{s}{AXIS}", "{s}{AXIS} [{unit}]"),
    ("{sensor}{AXIS}", "{sensor}{AXIS} ({unit})"),
    ("{sensor}_{axis}", "{sensor}_{axis} [{unit}]"),
    ("{axis}_{sensor}", "{axis}_{sensor} ({unit})"),
    ("{long} {axis}", "{long} {axis} ({unit})"),
    ("{sensor}.{axis}", "{sensor}.{axis} [{unit}]"),
)
LONG = {"acc": "Acceleration", "gyr": "Gyroscope"}
KINDS = ("blank lines", "ids", "a file a take", "a folder a label", "a person's folder", "a day")


@dataclass(frozen=True)
class Made:
    """A take as it was written.

    Args:
        samples: float64 [n, channels], in g and deg/s, of all rows that can be read.
        person: "" where no file says it.
        fault: that the file shows, "" for none.
    """

    samples: Float64
    label: str
    person: str
    rate_hz: float
    fault: str = ""


@dataclass
class DataSet:
    """What is in the files that were made.

    Args:
        said: what a person says of them, as options.
        is_day: one file, in which labels change and takes do not end.
    """

    takes: list[Made] = field(default_factory=list)
    said: dict[str, object] = field(default_factory=dict)
    is_day: bool = False


@dataclass(frozen=True)
class Way:
    """How a data set is written."""

    kind: str
    rate_hz: float
    units: tuple[str, ...]  # of the acceleration, and of the turning
    named: bool  # the header says units
    style: int
    clock: str  # "" for none
    separator: str
    decimal: str
    encoding: str
    newline: str
    quoted: bool
    more: bool  # a magnetometer and a temperature
    fault: str


def way_of(random: np.random.Generator) -> Way:
    """Any way of writing."""

    def one(of: Sequence[str]) -> str:
        return str(of[int(random.integers(len(of)))])

    separator = one((",", ",", ",", ";", "\t", "|"))
    units = (one(tuple(ACCELERATION)), one(tuple(TURNING)))
    return Way(
        kind=one(KINDS),
        rate_hz=float(random.choice(RATES_HZ)),
        units=units if random.random() < 0.7 else units[:1],
        named=bool(random.random() < 0.5),
        style=int(random.integers(len(STYLES))),
        clock=one((*CLOCKS, "ms", "ms", "")),
        separator=separator,
        decimal="," if separator in ";\t" and random.random() < 0.5 else ".",
        encoding=one(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252")),
        newline=one(("\n", "\n", "\r\n")),
        quoted=bool(random.random() < 0.1),
        more=bool(random.random() < 0.3),
        fault=one(FAULTS) if random.random() < 0.4 else "",
    )


def motion(rows: int, rate_hz: float, random: np.random.Generator) -> Float64:
    """A hand that rests, turns and pushes a board, and rests again: float64 [rows, 6].

    The direction of gravity turns as the gyroscope says.
    """
    time_s = np.arange(rows) / rate_hz
    middle = np.exp(-(((time_s - time_s[-1] / 2) / (0.22 * time_s[-1])) ** 2))[:, None]
    waves = 2 * np.pi * random.uniform(0.8, 2.5, 6) * time_s[:, None] + random.uniform(0, 6, 6)
    turning = 3.5 * middle * np.sin(waves[:, :3])  # rad/s
    direction = random.normal(size=3)
    directions = np.array(
        list(accumulate(turning[1:] / rate_hz, _turned, initial=_unit(direction)))
    )
    pushes = random.uniform(0.1, 0.5) * middle * np.sin(waves[:, 3:])
    noise = random.normal(0, [0.004] * 3 + [0.3] * 3, (rows, 6))
    return np.column_stack([directions + pushes, turning * DEGREES]) + noise


def _turned(direction: Float64, angles: Float64) -> Float64:
    return _unit(direction - np.cross(angles, direction))


def _unit(vector: Float64) -> Float64:
    unit: Float64 = vector / np.linalg.norm(vector)
    return unit


def make(folder: Path, number: int) -> DataSet:
    """Write the files of a number into a folder."""
    random = np.random.default_rng(number)
    writer = _Writer(folder, way_of(random), random)
    writer.write()
    return writer.data


class _Writer:
    def __init__(self, folder: Path, way: Way, random: np.random.Generator) -> None:
        self._folder, self.way, self._random = folder, way, random
        self.data = DataSet(is_day=way.kind == "a day")
        self._takes_a_label = int(random.integers(2, 6))
        self._labels = [str(label) for label in random.permutation(LABELS)[: random.integers(1, 4)]]
        if way.encoding == "cp1252" and ACCENTED not in self._labels:
            self._labels[0] = ACCENTED
        self._rows = int(random.integers(40, 160))
        self._broken = -1 if not way.fault else int(random.integers(self._takes_a_label))
        self._written = count()
        self._day_s = 0.0
        if not way.clock:
            self.data.said["rate_hz"] = way.rate_hz
        if "counts" in way.units:  # other units are in the header, or the readings tell them
            self.data.said["units"] = tuple(
                f"counts {_scale(role, unit):g}" if unit == "counts" else unit
                for role, unit in enumerate(way.units)
            )

    def write(self) -> None:
        """Write all files."""
        people = PEOPLE[:2] if self.way.kind == "a person's folder" else ("",)
        if self.way.kind in ("ids", "a day"):
            lines = [line for label in self._labels for line in self._of_label(label, "")]
            self._save(Path("recorded"), lines)
            return
        for person in people:
            for label in self._labels:
                self._files_of(label, person)

    def _files_of(self, label: str, person: str) -> None:
        takes = [self._take(label, person, n) for n in range(self._takes_a_label)]
        if self.way.kind in ("blank lines", "a person's folder"):
            lines = [line for rows in takes for line in (*rows, "")]
            self._save(Path(person) / label, lines)
            return
        for n, rows in enumerate(takes):
            numbered = Path(label) / f"{n:03d}"
            self._save(numbered if "folder" in self.way.kind else Path(f"{label}_{n:03d}"), rows)

    def _of_label(self, label: str, person: str) -> list[str]:
        rows = [self._take(label, person, n) for n in range(self._takes_a_label)]
        return [line for take in rows for line in take]

    def _take(self, label: str, person: str, number: int) -> list[str]:
        way = self.way
        rows = self._rows + int(self._random.integers(-3, 4))
        cells = self._cells(motion(rows, way.rate_hz, self._random))
        samples = np.array([[float(cell) for cell in row] for row in cells])
        scales = np.repeat([_scale(role, unit) for role, unit in enumerate(way.units)], 3)
        fault = way.fault if number == self._broken else ""
        readable = samples[_rows_with(fault, rows), : len(scales)] / scales
        is_seen = way.clock or fault not in OF_ROWS
        self.data.takes.append(Made(readable, label, person, way.rate_hz, fault if is_seen else ""))
        place = next(self._written)
        after = {"ids": [label, str(place)], "a day": [label]}.get(way.kind, [])
        table = [[*time, *row, *after] for time, row in zip(self._times(rows), cells, strict=True)]
        return [self._line(row) for row in _broken(table, fault, len(way.clock) > 0)]

    def _cells(self, moved: Float64) -> list[list[str]]:
        columns = []
        for role, unit in enumerate(self.way.units):
            part = moved[:, 3 * role : 3 * role + 3] * _scale(role, unit)
            columns += [[f"{value:.{DECIMALS[unit]}f}" for value in column] for column in part.T]
        if self.way.more:
            field_ut = self._random.normal([20, -10, 40], 1, (len(moved), 3))
            columns += [[f"{value:.1f}" for value in column] for column in field_ut.T]
            columns.append(["21.5"] * len(moved))
        return [list(row) for row in zip(*columns, strict=True)]

    def _times(self, rows: int) -> list[list[str]]:
        if not self.way.clock:
            return [[]] * rows
        seconds = self._day_s + np.arange(rows) / self.way.rate_hz
        if self.way.kind == "a day":
            self._day_s += rows / self.way.rate_hz
        scale = CLOCKS[self.way.clock]
        digits = 4 if self.way.clock == "s" else 0
        return [[f"{value * scale:.{digits}f}"] for value in seconds]

    def _line(self, cells: Sequence[str]) -> str:
        cells = [
            cell.replace(".", self.way.decimal) if _is_number(cell) else cell for cell in cells
        ]
        quoted = [f'"{cell}"' for cell in cells] if self.way.quoted else cells
        return self.way.separator.join(quoted)

    def _header(self) -> str:
        way = self.way
        names = [_CLOCK_NAMES[way.clock]] if way.clock else []
        for sensor, unit in zip(("acc", "gyr"), way.units, strict=False):
            of = unit if way.named and unit != "counts" else ""
            names += [_column(way.style, sensor, axis, of) for axis in "xyz"]
        if way.more:
            names += [*(f"mag_{axis}" for axis in "xyz"), "temperature"]
        names += {"ids": ["label", "sample_id"], "a day": ["label"]}.get(way.kind, [])
        return way.separator.join(f'"{name}"' if way.quoted else name for name in names)

    def _save(self, name: Path, lines: Sequence[str]) -> None:
        way = self.way
        text = way.newline.join([self._header(), *lines, ""])
        content = text.encode(way.encoding)
        file = self._folder / name.parent / f"{name.name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        packed = self._random.random()
        if packed < 0.05:
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(content))
        elif packed < 0.1:
            with zipfile.ZipFile(file.with_name(f"{name.name}.zip"), "w") as archive:
                archive.writestr(f"{name.name}.csv", content)
        else:
            file.write_bytes(content)


def _broken(table: Sequence[Sequence[str]], fault: str, has_clock: bool) -> list[list[str]]:
    """The rows of a take with a fault in the middle of it."""
    rows = [list(row) for row in table]
    at, first = len(rows) // 2, int(has_clock)
    if fault == "bad cell":
        rows[at][first + 1] = "abc"
    elif fault == "missing cell":
        rows[at][first] = ""
    elif fault == "short row":
        rows[at] = rows[at][:-2]
    elif fault == "long row":
        rows[at] = [*rows[at], "1.5", "2.5"]
    elif fault in OF_ROWS:
        rows = [rows[place] for place in _rows_with(fault, len(rows))]
    return rows


def _rows_with(fault: str, rows: int) -> list[int]:
    """The rows of a take that can be read in a file, in its order."""
    at = rows // 2
    places = list(range(rows))
    if fault == "lost rows":
        return places[:at] + places[at + LOST :]
    if fault == "rows again":
        return places[:at] + places[at - LOST :]
    if fault == "backwards":
        return [*places[:at], at + 1, at, *places[at + 2 :]]
    return places[:at] + places[at + 1 :] if fault else places


def _column(style: int, sensor: str, axis: str, unit: str) -> str:
    return STYLES[style][bool(unit)].format(
        s=sensor[0], sensor=sensor, long=LONG[sensor], axis=axis, AXIS=axis.upper(), unit=unit
    )


_CLOCK_NAMES = {"ms": "timestamp_ms", "us": "t_us", "s": "Time (s)", "ns": "timestamp"}


def _scale(role: int, unit: str) -> float:
    return (ACCELERATION, TURNING)[role][unit]


def _is_number(cell: str) -> bool:
    return cell.replace(".", "").lstrip("-").isdigit()
