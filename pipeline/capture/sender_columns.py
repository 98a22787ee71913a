"""Finds what each number of a sketch's rows is: by its name in the row, a header, or its place.

A sketch may print one sample in several lines, such as one for each sensor; its forms then repeat
in a cycle. A record is all numbers of one cycle. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.capture.sender_lines import SEPARATORS, Meaning, meanings_of, separator_of
from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.core.imu_columns import (
    AXES,
    Column,
    Role,
    factor_of,
    read_column,
    read_columns,
    sensor_of,
)

LEAST_RECORDS = 3  # of one kind in a row before a stream is recognized
MOST_LINES = 16  # of one record
ACCELERATION = IMU_CHANNELS[:3]
SENSORS = (Role.ACCELERATION, Role.TURNING, Role.MAGNETOMETER)
NINE_AXES = (*IMU_CHANNELS, "mx", "my", "mz")
_WIDTH = "its rows have {} numbers without names"
UNNAMED = {3: NINE_AXES[:3], 6: NINE_AXES[:6], 9: NINE_AXES}


@dataclass(frozen=True)
class Columns:
    """The numbers of a record: which are channels, and which show the time.

    Args:
        channels: the channels that are recorded, in the order of a recording.
        places: of the channels in a record.
        units: of the channels, as written; "" where nothing names them.
        clocks: places of columns that may be a clock, by their names.
        counts: places of columns that may be a running number, by their names.
        unnamed: places of columns that nothing names, and that are no channels.
        left_out: names of the other columns.
        names: all names in lower case, "" for those without.
        without_gravity: the acceleration is one from which gravity was taken off.
    """

    channels: tuple[str, ...]
    places: tuple[int, ...]
    units: tuple[str, ...]
    clocks: tuple[int, ...]
    counts: tuple[int, ...]
    unnamed: tuple[int, ...]
    left_out: tuple[str, ...]
    names: tuple[str, ...]
    clock_units: tuple[str, ...] = ()
    without_gravity: bool = False

    @property
    def of_width(self) -> str:
        """For people."""
        return _WIDTH.format(len(self.names))


def cycle_of(forms: Sequence[str]) -> tuple[str, ...]:
    """The forms of one record, from the newest rows; () where they do not repeat."""
    for lines in range(1, min(MOST_LINES, len(forms) // LEAST_RECORDS) + 1):
        newest = forms[-lines * LEAST_RECORDS :]
        cycle = tuple(newest[-lines:])
        if len(set(cycle)) == lines and newest == list(cycle) * LEAST_RECORDS:
            return cycle
    return ()


def columns_of(cycle: Sequence[str], texts: Sequence[str]) -> Columns | str:
    """The columns of a record, or why they are not understood.

    Args:
        texts: the lines without rows before them, where a header may be; the newest last.
    """
    meanings = [meaning for form in cycle for meaning in meanings_of(form)]
    meanings = _with_units_of_sensors(_without_general_name(meanings))
    if not any(meaning.name for meaning in meanings):
        header = header_of(cycle[0], texts) if len(cycle) == 1 else None
        if header is None:
            return _by_place(meanings)
        names = [column.name for column in header]
        return _by_name(header, meanings, names)
    names = [meaning.name for meaning in meanings]
    with_units = [f"{m.name} ({m.unit})" if m.unit and m.name else m.name for m in meanings]
    return _by_name([*map(_by_unit, read_columns(with_units))], meanings, names)


def _by_unit(column: Column) -> Column:
    """`Rotation X: 0.1 rad/s` is of a gyroscope, though rotation alone may be an angle."""
    is_rate = column.axis and factor_of(Role.TURNING, column.unit) is not None
    return replace(column, role=Role.TURNING) if is_rate and column.role is Role.OTHER else column


def header_of(form: str, texts: Sequence[str]) -> list[Column] | None:
    """The columns that the newest header among the texts gives to rows of a form."""
    for at in range(len(texts) - 1, -1, -1):
        for names in _names_in(texts[at], form):
            columns = read_columns(names, texts[at - 1] if at else "")
            is_next = at == len(texts) - 1 and len(names) > 1 and "," in texts[at]
            if is_next or sum(column.role in SENSORS for column in columns) >= len(AXES):
                return columns
    return None


def is_header(text: str) -> bool:
    """Whether a line names the columns of motion, whatever rows follow."""
    return any(
        has_acceleration(read_columns(cells))
        for cells in _splits(text)
        if len(cells) >= len(ACCELERATION)
    )


def has_acceleration(columns: Sequence[Column]) -> bool:
    """Whether all three axes of an acceleration are among the columns."""
    return set(ACCELERATION) <= {column.channel for column in columns}


def _splits(text: str) -> list[list[str]]:
    text = re.sub(r"^[#%/]+\s*", "", text)
    return [
        [cell.strip() for cell in (text.split() if mark == " " else text.split(mark))]
        for mark in SEPARATORS
        if mark in text
    ]


def _names_in(text: str, form: str) -> list[list[str]]:
    """The names of a form's numbers, for each way in which a text can be split."""
    cells = form.split(separator_of(form))
    places = [at for at, cell in enumerate(cells) if "#" in cell]
    found = []
    for names in _splits(text):
        if len(names) == len(places) == form.count("#"):
            found.append(names)
        elif len(names) == len(cells):  # some are words, as the DATA,TIME of PLX-DAQ
            found.append([names[at] for at in places])
    return found


def _without_general_name(meanings: list[Meaning]) -> list[Meaning]:
    """Without a name of all numbers, as in `IMU: 1,2,3` or `a/g: 1 2 3 4 5 6`."""
    names = [meaning.name for meaning in meanings]
    if not names[0] or any(names[1:]) or len(names) not in UNNAMED:
        return meanings
    is_general = read_column(f"{names[0]} x").role is Role.AXIS
    is_of_both = len(names) > len(ACCELERATION) and sensor_of(names[0]) is not Role.OTHER
    return [m._replace(name="") for m in meanings] if is_general or is_of_both else meanings


def _with_units_of_sensors(meanings: list[Meaning]) -> list[Meaning]:
    """A unit after the last axis holds for all axes: `Rotation X: 1, Y: 2, Z: 3 rad/s`."""
    sensors = [re.sub(r"\W*[xyz]$", "", meaning.name, flags=re.IGNORECASE) for meaning in meanings]
    units = {sensor: m.unit for sensor, m in zip(sensors, meanings, strict=True) if m.unit}
    return [
        meaning._replace(unit=meaning.unit or units.get(sensor, ""))
        for sensor, meaning in zip(sensors, meanings, strict=True)
    ]


def _by_place(meanings: Sequence[Meaning]) -> Columns | str:
    """Columns without any name: their number says what they are, once clock and count are off."""
    width = len(meanings)
    for extra in (0, 1, 2):
        wanted = UNNAMED.get(width - extra)
        if wanted is None:
            continue
        places = tuple(range(extra, width))
        channels = tuple(name for name in wanted if name in IMU_CHANNELS)
        return Columns(
            channels,
            places[: len(channels)],
            tuple(meanings[place].unit for place in places[: len(channels)]),
            (),
            (),
            tuple(range(extra)),
            tuple(wanted[len(channels) :]),
            ("",) * width,
        )
    return (
        f"{_WIDTH.format(width)}; three are taken for acceleration, six for "
        "acceleration and turning, nine for those and a magnetometer, and a clock or a count may "
        "be before them"
    )


def _by_name(
    columns: Sequence[Column], meanings: Sequence[Meaning], names: Sequence[str]
) -> Columns | str:
    usable = [_usable(column, columns) for column in columns]
    by_channel: dict[str, list[int]] = {}
    for place, channel in enumerate(usable):
        by_channel.setdefault(channel, []).append(place)
    found = [name for name in IMU_CHANNELS if name in by_channel]
    twice = [name for name in found if len(by_channel[name]) > 1]
    known = ", ".join(filter(None, names))
    if twice:
        return f"several of its columns are {', '.join(twice)}: {known}"
    if not set(ACCELERATION) <= set(found):
        return f"its columns are {known}: no acceleration of three axes is among them"
    channels = tuple(IMU_CHANNELS if set(IMU_CHANNELS) <= set(found) else ACCELERATION)
    places = tuple(by_channel[name][0] for name in channels)
    units = [meanings[place].unit or columns[place].unit for place in places]
    clocks = [at for at, column in enumerate(columns) if column.role is Role.CLOCK]
    counts = [at for at, c in enumerate(columns) if c.role in (Role.COUNT, Role.TAKE)]
    others = sorted(set(range(len(columns))) - {*places, *clocks, *counts})
    return Columns(
        channels,
        places,
        tuple(units),
        tuple(clocks),
        tuple(counts),
        (),
        tuple(names[at] for at in others if names[at]),
        tuple(name.lower() for name in names),
        tuple(meanings[at].unit or columns[at].unit for at in clocks),
        any(columns[place].without_gravity for place in places),
    )


def _usable(column: Column, columns: Sequence[Column]) -> str:
    """Its channel; "" for the acceleration without gravity where the whole one is there too."""
    whole = [other for other in columns if not other.without_gravity]
    return "" if column.without_gravity and has_acceleration(whole) else column.channel
