"""The units of motion: by option, by the header, by the readings, or by the tutorial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.artifacts import Float64
from pipeline.core.imu_columns import KNOWN_UNITS, Role, factor_of
from pipeline.core.imu_units import (
    UnitByData,
    acceleration_unit,
    gravity_length,
    turning_unit,
)
from pipeline.core.unit_names import is_counts
from pipeline.core.units_option import unit_factor
from pipeline.datasets.importers.columns import Sensor
from pipeline.datasets.importers.findings import OpenError, Question
from pipeline.datasets.importers.motion import Motion
from pipeline.datasets.importers.options import SENSORS, ImportOptions

USUAL = {Role.ACCELERATION: "g", Role.TURNING: "deg/s"}
EXAMPLES = {Role.ACCELERATION: '"m/s2,rad/s"', Role.TURNING: '"g,deg/s"'}
ROWS_OF_A_FILE, MOST_ROWS = 6_000, 120_000  # that are looked at
GUESSED_RATE_HZ = 100.0  # turning tells its unit at any rate that is about so
BY_HEADER, BY_DATA, BY_OPTION, BY_TUTORIAL = "header", "data", "option", "tutorial"


@dataclass(frozen=True)
class Unit:
    """The unit of a sensor, and how it is known.

    Args:
        factor: to g or deg/s.
        by: header, data, option or tutorial.
    """

    name: str
    factor: float
    by: str
    why: str = ""


Units = dict[Role, Unit]


def alike(motions: Sequence[Motion], options: ImportOptions) -> list[list[Motion]]:
    """Files with the same columns, apart by unit: two boards may have written them.

    Files whose readings tell no unit are with the others, if these agree.
    """
    groups = [list(motions)]
    for at, role in enumerate(SENSORS):
        sensor = motions[0].layout.sensor(role)
        if sensor is None or at < len(options.units) or _by_header(motions, sensor) is not None:
            continue
        own = _own_acceleration if role is Role.ACCELERATION else _own_turning
        groups = [part for group in groups for part in _by_own_unit(group, own)]
    return groups


def _by_own_unit(
    motions: Sequence[Motion], own: Callable[[Motion], str | None]
) -> list[list[Motion]]:
    by_unit: dict[str | None, list[Motion]] = {}
    for motion in motions:
        by_unit.setdefault(own(motion), []).append(motion)
    told = [unit for unit in by_unit if unit is not None]
    if len(told) == 1:
        return [list(motions)]
    return list(by_unit.values())


def _own_acceleration(motion: Motion) -> str | None:
    """The unit that a file tells by itself; None where the sensor does not rest."""
    parts = [_numbers(motion, Role.ACCELERATION, rows) for _, rows in _looked_at([motion])]
    return None if gravity_length(parts) is None else acceleration_unit(parts).unit


def _own_turning(motion: Motion) -> str | None:
    """The unit that a file tells by itself; None where it turns too little."""
    parts = [_numbers(motion, Role.ACCELERATION, rows) for _, rows in _looked_at([motion])]
    acceleration = acceleration_unit(parts)
    if not acceleration.factor:
        return None
    found = _by_turning([motion], Unit(acceleration.unit, acceleration.factor, BY_DATA))
    is_told = found.sure and found.unit and not found.is_zero
    return found.unit if is_told else None


def units_of(motions: Sequence[Motion], options: ImportOptions) -> Units:
    """The units of files that have the same columns.

    Raises:
        OpenError: a unit is not told.
    """
    units: Units = {}
    for at, role in enumerate(SENSORS):
        sensor = motions[0].layout.sensor(role)
        if sensor is None:
            continue
        said = options.units[at] if at < len(options.units) else None
        if said is not None:
            units[role] = Unit(said, unit_factor(role, said) or 1.0, BY_OPTION)
        else:
            units[role] = _by_header(motions, sensor) or _by_data(motions, sensor, units)
    return units


def _by_header(motions: Sequence[Motion], sensor: Sensor) -> Unit | None:
    names = {column.unit for column in sensor.columns}
    said = sorted(names - {""})
    if not said or is_counts(said[0]):
        return None
    factors = {factor_of(sensor.role, name) for name in names}
    factor = factors.pop() if len(factors) == 1 else None
    if factor is None:
        known = KNOWN_UNITS[sensor.role]
        what = f"{sensor.columns[0].name} is in {said[0]!r}; known are {known}"
        raise OpenError(_question(motions[0], sensor.role, what))
    return Unit(said[0], factor, BY_HEADER)


def _by_data(motions: Sequence[Motion], sensor: Sensor, units: Units) -> Unit:
    found = (
        _acceleration(motions, sensor) if sensor.role is SENSORS[0] else _turning(motions, units)
    )
    of_acceleration = units.get(Role.ACCELERATION)
    tutorial = motions[0].layout.is_tutorial and (
        of_acceleration is None or of_acceleration.name == "g"
    )
    if found.unit and (found.sure or not tutorial):
        is_said = tutorial and found.unit == USUAL[sensor.role]
        return Unit(found.unit, found.factor, BY_TUTORIAL if is_said else BY_DATA, found.why)
    if tutorial:
        return Unit(USUAL[sensor.role], 1.0, BY_TUTORIAL, found.why)
    what = f"the unit of its {sensor.role.value} is unclear: {found.why}"
    counts = of_acceleration is not None and of_acceleration.name.startswith("counts")
    example = f'"{of_acceleration.name},counts 131"' if counts and of_acceleration else None
    raise OpenError(_question(motions[0], sensor.role, what, example))


def _acceleration(motions: Sequence[Motion], sensor: Sensor) -> UnitByData:
    if sensor.columns[0].without_gravity:
        return UnitByData("", 0.0, "by its name it has no gravity")
    return acceleration_unit(
        [_numbers(motion, sensor.role, rows) for motion, rows in _looked_at(motions)]
    )


def _turning(motions: Sequence[Motion], units: Units) -> UnitByData:
    acceleration = units.get(Role.ACCELERATION)
    if acceleration is None:
        return UnitByData("", 0.0, "there is no acceleration beside it")
    if acceleration.name.startswith("counts"):
        found = _by_turning(motions, acceleration)
        return found if found.factor == 0 else UnitByData("", 0.0, "it is in counts possibly")
    return _by_turning(motions, acceleration)


def _by_turning(motions: Sequence[Motion], acceleration: Unit) -> UnitByData:
    parts = []
    for motion, rows in _looked_at(motions):
        rate_hz = motion.clock.rate_hz if motion.clock else GUESSED_RATE_HZ
        both = np.hstack([_numbers(motion, role, rows, is_whole=False) for role in SENSORS])
        both = both[np.isfinite(both).all(axis=1)]
        parts.append((both[:, :3] * acceleration.factor, both[:, 3:], rate_hz))
    return turning_unit(parts)


def _looked_at(motions: Sequence[Motion]) -> Iterator[tuple[Motion, slice]]:
    """Parts of some files, from the first to the last: enough to tell a unit."""
    some = motions[:: max(1, len(motions) * ROWS_OF_A_FILE // MOST_ROWS // 4)]
    for motion in some[: MOST_ROWS // ROWS_OF_A_FILE * 4]:
        start = max(0, (len(motion) - ROWS_OF_A_FILE) // 2)
        yield motion, slice(start, start + ROWS_OF_A_FILE)


def _numbers(motion: Motion, role: Role, rows: slice, is_whole: bool = True) -> Float64:
    first = 0 if motion.layout.sensors[0].role is role else 3
    values = motion.samples[rows, first : first + 3]
    return values[np.isfinite(values).all(axis=1)] if is_whole else values


def _question(motion: Motion, role: Role, what: str, example: str | None = None) -> Question:
    lines = motion.table.first_lines
    return Question(motion.place, what, "--units", example or EXAMPLES[role], "units", lines)
