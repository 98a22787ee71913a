"""The units of a sketch's rows: by the option, by their names, or by what was measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.capture.sender_columns import Columns
from pipeline.core.artifacts import Float64
from pipeline.core.imu_columns import Role, factor_of
from pipeline.core.imu_units import UnitByData, acceleration_unit, turning_unit
from pipeline.core.unit_names import STANDARD_GRAVITY
from pipeline.core.units_option import EXAMPLE, EXAMPLE_OF_COUNTS

AGAINST = 3.0  # a named unit differs from what gravity shows by more than this factor
MOVING = (0.6, 2.5)  # the usual length of the acceleration of a moving hand, in g
LEAST_MOVING_ROWS = 50
AXES = 3


class Question(NamedTuple):
    """Why rows cannot be recorded; is_unit: because a unit is not known."""

    what: str
    is_unit: bool = False


@dataclass(frozen=True)
class Units:
    """Factors of the channels to g and deg/s, and how they are known.

    Args:
        words: for each sensor, such as "acceleration in m/s2 (gravity is 9.81 long)".
        assumed: what is only usual for such a sketch.
    """

    factors: tuple[float, ...]
    words: tuple[str, ...]
    assumed: tuple[str, ...]


class _Unit(NamedTuple):
    factor: float
    words: str
    is_assumed: bool = False


@dataclass(frozen=True)
class Readings:
    """What came from a sketch so far.

    Args:
        parts: float64 [n, channels] each, bursts or one part of all; in the sketch's units.
        rate_hz: of the samples, about.
        usual: the units of a sketch that is known by its header or its bursts.
    """

    parts: Sequence[Float64]
    rate_hz: float
    usual: Mapping[Role, str]


def find_units(
    columns: Columns, readings: Readings, option: Mapping[Role, float]
) -> Units | Question:
    """The units of acceleration and turning, or why one of them is not known."""
    acceleration = _acceleration(columns, readings, option)
    if isinstance(acceleration, Question):
        return acceleration
    if len(columns.channels) == AXES:
        return _together([acceleration])
    turning = _turning(columns, readings, acceleration, option)
    return turning if isinstance(turning, Question) else _together([acceleration, turning])


def _together(units: Sequence[_Unit]) -> Units:
    return Units(
        tuple(unit.factor for unit in units for _ in range(AXES)),
        tuple(unit.words for unit in units),
        tuple(unit.words for unit in units if unit.is_assumed),
    )


def _acceleration(
    columns: Columns, readings: Readings, option: Mapping[Role, float]
) -> _Unit | Question:
    role, unit = Role.ACCELERATION, columns.units[0]
    if role in option:
        return _Unit(option[role], "acceleration by --units")
    seen = acceleration_unit([part[:, :AXES] for part in readings.parts])
    named = factor_of(role, unit)
    if named is not None:
        if seen.factor and not columns.without_gravity and _differ(named, seen.factor):
            return Question(f"its acceleration is named as {unit}, but {seen.why}", is_unit=True)
        return _Unit(named, f"acceleration in {unit}")
    if columns.without_gravity:
        return Question(
            "its acceleration is without gravity, and nothing else shows its unit", is_unit=True
        )
    if not seen.factor and "long" not in seen.why:
        seen = _by_moving(readings.parts)
    usual = readings.usual.get(role)
    if seen.factor:
        return _Unit(seen.factor, f"acceleration in {seen.unit} ({seen.why})", not seen.sure)
    if usual is not None and not _is_large(readings.parts):
        return _Unit(factor_of(role, usual) or 1.0, f"acceleration in {usual}", is_assumed=True)
    return Question(f"the unit of its acceleration cannot be told: {seen.why}", is_unit=True)


def _differ(one: float, other: float) -> bool:
    return not 1 / AGAINST < one / other < AGAINST


def _by_moving(parts: Sequence[Float64]) -> UnitByData:
    """By the usual length while the hand moves and never rests, as in bursts of gestures."""
    lengths = np.concatenate([np.linalg.norm(part[:, :AXES], axis=1) for part in parts])
    usual = float(np.median(lengths)) if len(lengths) >= LEAST_MOVING_ROWS else 0.0
    least, most = MOVING
    why = f"it is usually {usual:.3g} long"
    for unit, length in (("g", 1.0), ("m/s2", STANDARD_GRAVITY)):
        if least < usual / length < most:
            return UnitByData(unit, 1 / length, why)
    return UnitByData("", 0.0, f"{why}, and the board is nowhere at rest")


def _is_large(parts: Sequence[Float64]) -> bool:
    """Whether readings are no accelerations in g: no sensor of a hand measures so much."""
    return max((float(np.abs(part[:, :AXES]).max()) for part in parts if len(part)), default=0) > 32


def _turning(
    columns: Columns, readings: Readings, acceleration: _Unit, option: Mapping[Role, float]
) -> _Unit | Question:
    role, unit = Role.TURNING, columns.units[AXES]
    if role in option:
        return _Unit(option[role], "turning by --units")
    seen = turning_unit(
        [
            (part[:, :AXES] * acceleration.factor, part[:, AXES:], readings.rate_hz)
            for part in readings.parts
        ]
    )
    named = factor_of(role, unit)
    if named is not None:
        if seen.factor and seen.why.startswith("gravity") and _differ(named, seen.factor):
            return Question(
                f"its turning is named as {unit}, but {seen.why} as with {seen.unit}", is_unit=True
            )
        return _Unit(named, f"turning in {unit}")
    if seen.factor:
        return _Unit(seen.factor, f"turning in {seen.unit} ({seen.why})", not seen.sure)
    usual = readings.usual.get(role)
    if usual is not None and acceleration.factor == _usual_acceleration(readings):
        return _Unit(factor_of(role, usual) or 1.0, f"turning in {usual}", is_assumed=True)
    return Question(f"the unit of its turning cannot be told: {seen.why}", is_unit=True)


def _usual_acceleration(readings: Readings) -> float | None:
    """A sketch whose acceleration is not in its usual unit is another one."""
    return factor_of(Role.ACCELERATION, readings.usual.get(Role.ACCELERATION, ""))


NEXT_STEP = (
    f"say the units: {EXAMPLE}, or for whole numbers of a sensor what is 1 g and 1 deg/s: "
    f"{EXAMPLE_OF_COUNTS}"
)
