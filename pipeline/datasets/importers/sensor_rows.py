"""Tables whose rows are of one sensor each: apart, so that they can be joined on time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.artifacts import Int64
from pipeline.core.imu_columns import Role, sensor_of
from pipeline.datasets.importers.clocks import of_rows
from pipeline.datasets.importers.columns import Sensor
from pipeline.datasets.importers.findings import UnusableError
from pipeline.datasets.importers.motion import Motion, has_numbers
from pipeline.datasets.tables.table import Coded

BY_TURNS = 0.3  # the share of rows of another device than the row before
MOST_DEVICES = 16  # a column of more words is a text: another clock, a checksum
LEAST_HALF = 0.3  # the share of rows that have one sensor alone


def separated(motion: Motion) -> list[Motion]:
    """The motion, or one for each sensor where each row is of one of them.

    Raises:
        UnusableError: its rows are of several devices.
    """
    parts = [] if motion.clock is None else _by_name(motion) or _by_empty_cells(motion)
    if not parts:
        _refuse_several_devices(motion)
    return parts or [motion]


def _refuse_several_devices(motion: Motion) -> None:
    """Rows of two devices by turns are no motion of one."""
    for place, column in enumerate(motion.layout.columns):
        if column.role is not Role.OTHER or column.axis or has_numbers(motion.table, place):
            continue
        codes, words = motion.table.coded(place)
        if 1 < len(words) <= MOST_DEVICES and (codes[1:] != codes[:-1]).mean() > BY_TURNS:
            shown = ", ".join(words[:3])
            raise UnusableError(
                f"has rows of several devices by turns, by its column {column.name!r} ({shown}): "
                "save those of each in a file of its own"
            )


def _by_name(motion: Motion) -> list[Motion]:
    """Rows whose sensor a column names, as in `time,sensor,x,y,z`."""
    if len(motion.layout.sensors) != 1:
        return []
    named = _sensor_column(motion)
    if named is None:
        return []
    codes, words = named
    roles = [sensor_of(word) for word in words]
    parts = []
    for role in (Role.ACCELERATION, Role.TURNING):
        rows = np.flatnonzero(np.isin(codes, [at for at, r in enumerate(roles) if r is role]))
        if len(rows) > 1:
            parts.append(_only(motion, rows, _as(motion.layout.sensors[0], role), slice(0, 3)))
    return parts


def _sensor_column(motion: Motion) -> Coded | None:
    """A column whose words are sensors, and one is the acceleration."""
    for place, column in enumerate(motion.layout.columns):
        if column.role is Role.OTHER and not column.axis and not has_numbers(motion.table, place):
            codes, words = motion.table.coded(place)
            if Role.ACCELERATION in {sensor_of(word) for word in words}:
                return codes, words
    return None


def _as(sensor: Sensor, role: Role) -> Sensor:
    x, y, z = (replace(column, role=role) for column in sensor.columns)
    return Sensor(role, sensor.places, (x, y, z))


def _by_empty_cells(motion: Motion) -> list[Motion]:
    """Rows of two sensors, each with the cells of the other one empty."""
    if len(motion.layout.sensors) < 2:
        return []
    missing = np.isnan(motion.samples)
    first, second = missing[:, :3].all(axis=1), missing[:, 3:].all(axis=1)
    if (first ^ second).mean() < LEAST_HALF or first.all() or second.all():
        return []
    acceleration, turning = motion.layout.sensors
    return [
        _only(motion, np.flatnonzero(~first), acceleration, slice(0, 3)),
        _only(motion, np.flatnonzero(~second), turning, slice(3, 6)),
    ]


def _only(motion: Motion, rows: Int64, sensor: Sensor, at: slice) -> Motion:
    """Some rows and one sensor of a motion."""
    assert motion.clock is not None
    return replace(
        motion,
        layout=replace(motion.layout, sensors=(sensor,)),
        channels=sensor.channels,
        samples=motion.samples[rows, at],
        places=motion.places[at],
        lines=motion.lines[rows],
        breaks=np.zeros(0, np.int64),
        ragged={},
        clock=of_rows(motion.clock, rows),
        words={role: (codes[rows], words) for role, (codes, words) in motion.words.items()},
        noted=motion.noted if sensor.role is Role.ACCELERATION else (),
    )
