"""Files of recordings as people write them, made from a grammar, with what is in them.

Each number gives one data set: an accelerometer with or without gyroscope, moved by a hand, written
in some units, columns, separators, encodings and folders, with or without a fault.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, count
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import Float64

GRAVITY_M_S2 = 9.80665
DEGREES = 180 / np.pi
RATES_HZ = (20.0, 25.0, 50.0, 62.5, 100.0, 119.0, 200.0, 400.0)
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
NO_HEADER = "no header"
COLUMNS_OF_WORDS = (  # of labels, takes and people
    ("label", "sample_id", "subject"),
    ("gesture", "take", "person"),
    ("Activity", "trial", "user"),
    ("class", "recording_id", "participant_id"),
)
KINDS = (
    *("blank lines", "ids", "a file a take", "a folder a label", "a person's folder", "a day"),
    *("a file with an id", "folders in folders", "a split"),
)


CLOCK_NAMES = {  # with the unit, and without
    "ms": ("timestamp_ms", "time"),
    "us": ("t_us", "micros"),
    "s": ("Time (s)", "seconds_elapsed"),
    "ns": ("time_ns", "timestamp"),
    "jitter": ("t_ms", "Timestamp"),
    "date": ("datetime", "Date Time"),
    "time": ("time of day", "time"),
    "epoch": ("timestamp [ms]", "timestamp"),
    "german": ("Zeit", "date"),
}
CLOCKS_SAID = {"ms": "t_ms", "us": "t_us", "s": "t_s", "ns": "t_ns", "jitter": "t_ms"}
SIGNS = {"m/s2": "m/s²", "deg/s": "°/s"}
BEGAN = datetime(2024, 5, 3, 12)
Cells = tuple[str, list[str]]  # the name of a column, and what is in it


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
    before: str  # the lines before the header; NO_HEADER for none
    axes: str  # their order
    turning_first: bool
    beside: str  # a column that says nothing: "index", "device" or ""
    names: int  # of the columns of labels, takes and people
    are_counts_said: bool
    is_moved: bool  # else the board lies still
    is_open: bool  # each row ends with a separator
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
        clock=one((*CLOCKS, "ms", "ms", "date", "time", "epoch", "jitter", "german", "")),
        separator=separator,
        decimal="," if separator in ";\t" and random.random() < 0.5 else ".",
        encoding=one(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252")),
        newline=one(("\n", "\n", "\r\n")),
        quoted=bool(random.random() < 0.1),
        more=bool(random.random() < 0.3),
        before=one(("", "", "", "# by hand\n", "Device: phone\n\n", "sep", NO_HEADER)),
        axes=one(("xyz", "xyz", "xyz", "zyx", "yxz")),
        turning_first=bool(random.random() < 0.2),
        beside=one(("", "", "", "index", "device")),
        names=int(random.integers(len(COLUMNS_OF_WORDS))),
        are_counts_said=bool(random.random() < 0.7),
        is_moved=bool(random.random() < 0.85),
        is_open=bool(random.random() < 0.1),
        fault=one(FAULTS) if random.random() < 0.4 else "",
    )


def motion(rows: int, rate_hz: float, strength: float, random: np.random.Generator) -> Float64:
    """A hand that rests, turns and pushes a board, and rests again: float64 [rows, 6].

    strength: of the motion; 0 for a board that lies on a table.

    The direction of gravity turns as the gyroscope says.
    """
    time_s = np.arange(rows) / rate_hz
    middle = np.exp(-(((time_s - time_s[-1] / 2) / (0.22 * time_s[-1])) ** 2))[:, None]
    waves = 2 * np.pi * random.uniform(0.8, 2.5, 6) * time_s[:, None] + random.uniform(0, 6, 6)
    turning = 3.5 * strength * middle * np.sin(waves[:, :3])  # rad/s
    direction = random.normal(size=3)
    directions = np.array(
        list(accumulate(turning[1:] / rate_hz, _turned, initial=_unit(direction)))
    )
    pushes = strength * random.uniform(0.1, 0.5) * middle * np.sin(waves[:, 3:])
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
        self._header: tuple[str, ...] = ()
        if not way.clock:
            self.data.said["rate_hz"] = way.rate_hz
        if "counts" in way.units and way.are_counts_said:
            self.data.said["units"] = tuple(
                f"counts {_scale(role, unit):g}" if unit == "counts" else unit
                for role, unit in enumerate(way.units)
            )

    def write(self) -> None:
        """Write all files."""
        of_people = self.way.kind in ("a person's folder", "ids", "folders in folders")
        people = PEOPLE[:2] if of_people else ("",)
        if self.way.kind in ("ids", "a day"):
            takes = [rows for person in people for rows in self._of_person(person)]
            self._save(Path("recorded"), [row for rows in takes for row in rows])
        else:
            for person in people:
                for label in self._labels:
                    self._files_of(label, person)

    def _files_of(self, label: str, person: str) -> None:
        takes = [self._take(label, person, n) for n in range(self._takes_a_label)]
        if self.way.kind in ("blank lines", "a person's folder"):
            self._save(Path(person) / label, [row for rows in takes for row in (*rows, [])])
            return
        for n, rows in enumerate(takes):
            self._save(self._file(label, person, n), rows)

    def _file(self, label: str, person: str, number: int) -> Path:
        if self.way.kind == "folders in folders":
            return Path(person) / label / f"take{number}"
        if self.way.kind == "a split":
            return Path("train" if number else "test") / label / f"{label}_{number}"
        if self.way.kind == "a folder a label":
            return Path(label) / f"{number:03d}"
        if self.way.kind == "a file with an id":
            return Path(f"{label}.{self._random.integers(16**7, 16**8):08x}")
        return Path(f"{label}_{number:03d}")

    def _of_person(self, person: str) -> list[list[list[str]]]:
        places = range(self._takes_a_label)
        return [self._take(label, person, n) for label in self._labels for n in places]

    def _take(self, label: str, person: str, number: int) -> list[list[str]]:
        way = self.way
        rows = self._rows + int(self._random.integers(-3, 4))
        moved = motion(rows, way.rate_hz, float(way.is_moved), self._random)
        sensors = self._sensors(moved)
        columns = [*self._beside(rows), *self._clock(rows), *sensors, *self._more(rows)]
        columns += self._words(label, person, rows)
        self._header = tuple(name for name, _ in columns)
        fault = way.fault if number == self._broken else ""
        self._note(dict(sensors), label, person, fault)
        table = [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]
        first = len(columns) - len(self._words(label, person, 0)) - len(self._more(0))
        return _broken(table, fault, first - len(sensors))

    def _note(self, sensors: dict[str, list[str]], label: str, person: str, fault: str) -> None:
        """Keep what is in a take, in g and deg/s, in the order of the channels."""
        way = self.way
        names = [self._name(role, axis) for role in range(len(way.units)) for axis in "xyz"]
        samples = np.array([[float(cell) for cell in sensors[name]] for name in names]).T
        scales = np.repeat([_scale(role, unit) for role, unit in enumerate(way.units)], 3)
        readable = samples[_rows_with(fault, len(samples))] / scales
        is_seen = way.clock or fault not in OF_ROWS
        self.data.takes.append(Made(readable, label, person, way.rate_hz, fault if is_seen else ""))

    def _name(self, role: int, axis: str) -> str:
        unit = self.way.units[role]
        written = unit if self.way.named and unit != "counts" else ""
        if self.way.encoding != "cp1252" and self.way.names % 2:
            written = SIGNS.get(written, written)
        return _column(self.way.style, ("acc", "gyr")[role], axis, written)

    def _sensors(self, moved: Float64) -> list[Cells]:
        roles = list(enumerate(self.way.units))
        columns = []
        for role, unit in reversed(roles) if self.way.turning_first else roles:
            for axis in self.way.axes:
                values = moved[:, 3 * role + "xyz".index(axis)] * _scale(role, unit)
                cells = [f"{value:.{DECIMALS[unit]}f}" for value in values]
                columns.append((self._name(role, axis), cells))
        return columns

    def _beside(self, rows: int) -> list[Cells]:
        if self.way.beside == "index":
            return [("", [str(row) for row in range(rows)])]
        return [("device", ["nano"] * rows)] if self.way.beside else []

    def _more(self, rows: int) -> list[Cells]:
        if not self.way.more:
            return []
        field_ut = self._random.normal([20, -10, 40], 1, (rows, 3)).T
        fields = zip("xyz", field_ut, strict=True)
        columns = [(f"mag_{axis}", [f"{value:.1f}" for value in part]) for axis, part in fields]
        return [*columns, ("temperature", ["21.5"] * rows)]

    def _words(self, label: str, person: str, rows: int) -> list[Cells]:
        names = COLUMNS_OF_WORDS[self.way.names]
        if self.way.kind == "a day":
            return [(names[0], [label] * rows)]
        if self.way.kind != "ids":
            return []
        place = str(next(self._written)) if rows else ""
        words = (label, place, person)
        return [(name, [word] * rows) for name, word in zip(names, words, strict=True)]

    def _clock(self, rows: int) -> list[Cells]:
        clock = self.way.clock
        if not clock:
            return []
        seconds = self._day_s + np.arange(rows) / self.way.rate_hz
        if self.way.kind == "a day":
            self._day_s += rows / self.way.rate_hz
        if clock == "jitter":
            seconds = seconds + self._random.uniform(-0.1, 0.1, rows) / self.way.rate_hz + 1
        name = CLOCK_NAMES[clock][not self.way.named]
        return [(name, [_time(clock, second) for second in seconds.tolist()])]

    def _line(self, cells: Sequence[str]) -> str:
        sign = self.way.decimal
        written = [cell.replace(".", sign) if _is_number(cell) else cell for cell in cells]
        quoted = [f'"{cell}"' for cell in written] if self.way.quoted else written
        return self.way.separator.join([*quoted, *[""] * (self.way.is_open and len(cells) > 0)])

    def _save(self, name: Path, rows: Sequence[Sequence[str]]) -> None:
        way = self.way
        lines = [self._line(row) for row in rows]
        if way.before == NO_HEADER:
            self.data.said["columns"] = tuple(map(self._said, self._header))
        else:
            before = f"sep={way.separator}\n" if way.before == "sep" else way.before
            lines = [*before.split("\n")[:-1], self._line(self._header), *lines]
        content = way.newline.join([*lines, ""]).encode(way.encoding)
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

    def _said(self, name: str) -> str:
        """A column of a file without a header, as a person says it."""
        channels = {
            self._name(role, axis): f"{'ag'[role]}{axis}"
            for role in range(len(self.way.units))
            for axis in "xyz"
        }
        label, take, person = COLUMNS_OF_WORDS[self.way.names]
        words = {label: "label", take: "take", person: "person"}
        clock = self.way.clock
        names = CLOCK_NAMES.get(clock, ())
        clocks = dict.fromkeys(names, CLOCKS_SAID.get(clock, "time"))
        return {**clocks, **words, **channels}.get(name, "-")


def _broken(table: Sequence[Sequence[str]], fault: str, first: int) -> list[list[str]]:
    """The rows of a take with a fault in the middle of it; first: the first column of a sensor."""
    rows = [list(row) for row in table]
    at = len(rows) // 2
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


def _time(clock: str, second: float) -> str:
    if clock in ("date", "time"):
        when = BEGAN + timedelta(microseconds=round(second * 1e6))
        return when.isoformat(" ", "microseconds") if clock == "date" else f"{when.time()}"
    if clock == "german":
        return (BEGAN + timedelta(microseconds=round(second * 1e6))).strftime(
            "%d.%m.%Y %H:%M:%S.%f"
        )
    if clock == "s":
        return f"{second:.4f}"
    if clock == "epoch":
        return str(round((BEGAN.timestamp() + second) * 1e3))
    return str(round(second * CLOCKS.get(clock, 1e3)))


def _scale(role: int, unit: str) -> float:
    return (ACCELERATION, TURNING)[role][unit]


def _is_number(cell: str) -> bool:
    return cell.replace(".", "").lstrip("-").isdigit()
