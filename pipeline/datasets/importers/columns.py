"""Which column of a table is what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.artifacts import Float64
from pipeline.core.imu_columns import AXES, Column, Role, read_columns
from pipeline.core.plurals import counted
from pipeline.datasets.importers.findings import OpenError, Question, UnusableError
from pipeline.datasets.importers.options import SENSORS, ImportOptions
from pipeline.datasets.tables.table import Table

TUTORIAL_COLUMNS = ("aX", "aY", "aZ", "gX", "gY", "gZ")
MAGNETIC = "magnetometer"
ROW_COUNT = 8  # columns of a table without a header that are quoted


@dataclass(frozen=True)
class Sensor:
    """The three axes of a sensor, with the places of their columns."""

    role: Role
    places: tuple[int, int, int]
    columns: tuple[Column, Column, Column]

    @property
    def channels(self) -> tuple[str, ...]:
        """Of recordings."""
        return tuple(column.channel for column in self.columns)


@dataclass(frozen=True)
class Layout:
    """What the columns of a table hold.

    Args:
        sensors: acceleration, turning, or both.
        clocks: places of columns that may be the clock.
        words: places by role: label, person, session, take.
        others: names of columns that are left out, without magnetometers.
        magnetometers: names of their columns.
        is_tutorial: the header is the tutorial's, which says rate and units.
    """

    columns: tuple[Column, ...]
    sensors: tuple[Sensor, ...]
    clocks: tuple[int, ...]
    words: dict[Role, int]
    others: tuple[str, ...]
    magnetometers: tuple[str, ...]
    is_tutorial: bool

    def sensor(self, role: Role) -> Sensor | None:
        """The sensor of a role."""
        return next((sensor for sensor in self.sensors if sensor.role is role), None)


def layout_of(table: Table, options: ImportOptions) -> Layout:
    """Find the columns of a table by name.

    Raises:
        OpenError: it has no header, or two sensors of a kind.
        UnusableError: it is no table of motion.
    """
    names = _names(table, options)
    columns = read_columns(names, table.place.stem)
    sensors = [_sensor(table, columns, role) for role in SENSORS]
    found = tuple(sensor for sensor in sensors if sensor is not None)
    if not found:
        raise _no_motion(table, names)
    used = {place for sensor in found for place in sensor.places}
    words = {
        role: _places(columns, role)[0]
        for role in (Role.LABEL, Role.PERSON, Role.SESSION, Role.TAKE)
        if _places(columns, role)
    }
    known = {*used, *words.values(), *_places(columns, Role.CLOCK), *_places(columns, Role.COUNT)}
    rest = [column for place, column in enumerate(columns) if place not in known]
    magnetic = [column.name for column in rest if column.role is Role.MAGNETOMETER]
    return Layout(
        tuple(columns),
        found,
        tuple(_places(columns, Role.CLOCK)),
        words,
        tuple(column.name for column in rest if column.name not in magnetic),
        tuple(magnetic),
        tuple(table.columns[: len(TUTORIAL_COLUMNS)]) == TUTORIAL_COLUMNS and not options.columns,
    )


def _names(table: Table, options: ImportOptions) -> Sequence[str]:
    if options.columns:
        more = table.width - len(options.columns)
        is_open = more == 1 and not any(table.coded(table.width - 1)[1])  # rows end with a comma
        if more and not is_open:
            given = len(options.columns)
            raise UnusableError(
                f"has {counted(table.width, 'column')}, and --columns names {given}"
            )
        return (*options.columns, "-") if more else options.columns
    if table.columns:
        return table.columns
    example = ",".join(("ax", "ay", "az", "gx", "gy", "gz")[: table.width])
    what = f"there is no header that names its {table.width} columns"
    raise OpenError(Question(table.place, what, "--columns", example, "columns", table.first_lines))


def _places(columns: Sequence[Column], role: Role) -> list[int]:
    return [place for place, column in enumerate(columns) if column.role is role]


def _sensor(table: Table, columns: Sequence[Column], role: Role) -> Sensor | None:
    """The axes of a sensor: with gravity before those without; None where an axis is missing."""
    kinds: dict[tuple[bool, str], dict[str, list[int]]] = {}
    for place in _places(columns, role):
        column = columns[place]
        axes = kinds.setdefault((column.without_gravity, column.place), {})
        axes.setdefault(column.axis, []).append(place)
    whole = {kind: axes for kind, axes in kinds.items() if set(axes) == set(AXES)}
    if not whole:
        return None
    without = min(kind[0] for kind in whole)
    same = {kind: axes for kind, axes in whole.items() if kind[0] is without}
    axes = same.get((without, "")) or next(iter(same.values()))
    if (len(same) > 1 and (without, "") not in same) or not _are_same(table, axes):
        raise _two_sensors(table, columns, role)
    x, y, z = (axes[axis][0] for axis in AXES)
    return Sensor(role, (x, y, z), (columns[x], columns[y], columns[z]))


def _are_same(table: Table, axes: dict[str, list[int]]) -> bool:
    """Whether columns that name the same axis hold the same."""
    return all(
        np.array_equal(*_pair(table, places[0], other), equal_nan=True)
        for places in axes.values()
        for other in places[1:]
    )


def _pair(table: Table, one: int, other: int) -> tuple[Float64, Float64]:
    numbers = table.numbers([one, other])
    return numbers[:, 0], numbers[:, 1]


def _two_sensors(table: Table, columns: Sequence[Column], role: Role) -> OpenError:
    names = ", ".join(columns[place].name for place in _places(columns, role))
    what = f"its columns {names} are of more than one sensor"
    example = ",".join(_first_of(columns))
    return OpenError(
        Question(table.place, what, "--columns", example, "columns", table.first_lines)
    )


def _first_of(columns: Sequence[Column]) -> list[str]:
    """The columns as --columns takes them, with the first of each channel."""
    names: list[str] = []
    for column in columns:
        name = column.channel or column.name.replace(",", " ")
        names.append("-" if column.channel and column.channel in names else name)
    return names


def _no_motion(table: Table, names: Sequence[str]) -> UnusableError:
    shown = ",".join(names)[:100]
    what = f"has no three axes of acceleration or turning by name; its columns are {shown!r}"
    line = next((line for line in table.first_lines), "")
    begins = f" and it begins {line[:100]!r}" if line.strip() != shown else ""
    return UnusableError(f"{what}{begins}; --columns ax,ay,az,... names them")
