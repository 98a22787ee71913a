"""What a sender is, and what its format does not guarantee. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.capture.sender_clock import RowClock
from pipeline.capture.sender_columns import Columns
from pipeline.capture.sender_lines import SEPARATORS, has_names, separator_of
from pipeline.capture.sender_units import Units
from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.core.imu_columns import Role

BURST_ROWS = 119
TUTORIAL_RATE_HZ = 119.0
TUTORIAL_COLUMNS = tuple(name.lower() for name in IMU_CHANNELS)
COLLECTOR_COLUMNS = ("timestamp", "accx", "accy", "accz", "gyrx", "gyry", "gyrz")


@dataclass(frozen=True)
class Sender:
    """A kind of stream; rate_hz is 0 if only times of arrival show the rate."""

    name: str
    channels: tuple[str, ...]
    rate_hz: float
    bursts: bool  # sends one movement at a time, with a blank line or a header between them
    not_guaranteed: tuple[str, ...]  # what this format does not guarantee
    has_clock: bool = False  # in its rows
    burst_rows: int = 0  # usual; 0 where they are not known


BOARD = Sender("our firmware", IMU_CHANNELS, 0.0, False, (), has_clock=True)

TUTORIAL = "the 2019 tutorial's IMU_Capture sketch"
COLLECTOR = "a data collector's sketch for Edge Impulse"
USUAL_UNITS: Mapping[str, Mapping[Role, str]] = {
    TUTORIAL: {Role.ACCELERATION: "g", Role.TURNING: "deg/s"},
    COLLECTOR: {Role.ACCELERATION: "m/s2", Role.TURNING: "deg/s"},
}

_NO_COUNT = "lost samples cannot be detected: rows have no number and no regular clock"
_NO_CLOCK = (
    "times are those of arrival at this computer: rows have no time; rows that come all at once "
    "are taken for 119 Hz"
)
_NO_CHECK = "a damaged digit cannot be detected: rows have no checksum"
_ASSUMED = "units are assumed, as the rows do not tell them: {}; --units names others"
_NO_GRAVITY = "gravity is not in the acceleration: models that know gravity do not fit it"


def kind_of(columns: Columns, cycle: Sequence[str], bursts: bool) -> str:
    """The name of a kind of sketch, for people."""
    mark = SEPARATORS[separator_of(cycle[0])]
    is_plain = len(cycle) == 1 and not has_names(cycle[0])
    if bursts and is_plain and mark == "commas":
        if columns.names in (TUTORIAL_COLUMNS, ("",) * len(TUTORIAL_COLUMNS)):
            return TUTORIAL
        if columns.names == COLLECTOR_COLUMNS:
            return COLLECTOR
    how = "bursts of rows" if bursts else "rows"
    if is_plain:
        return f"{how} of {len(columns.names)} numbers separated by {mark}"
    if cycle[0].startswith(">"):
        return "lines for Teleplot"
    of = f", {len(cycle)} lines a sample" if len(cycle) > 1 else ""
    return f"{how} of names and numbers{of}"


def sender_of(kind: str, columns: Columns, clock: RowClock, units: Units, bursts: bool) -> Sender:
    """The sender whose rows are understood so."""
    said = [*_time_words(clock), *units.words]
    if columns.left_out:
        said.append(f"left out: {', '.join(columns.left_out)}")
    is_tutorial = kind == TUTORIAL
    missing = [] if clock.shows_losses else [_NO_COUNT]
    missing += [] if clock.place is not None else [_NO_CLOCK]
    missing.append(_NO_CHECK)
    if units.assumed:
        missing.append(_ASSUMED.format(" and ".join(units.assumed)))
    if columns.without_gravity:
        missing.append(_NO_GRAVITY)
    rate_hz = clock.rate_hz or (TUTORIAL_RATE_HZ if is_tutorial else 0.0)
    return Sender(
        f"{kind}: {', '.join(said)}",
        columns.channels,
        rate_hz,
        bursts,
        tuple(missing),
        clock.place is not None,
        BURST_ROWS if is_tutorial else 0,
    )


_TICKS = {1.0: "s", 1e-3: "ms", 1e-6: "us", 1e-9: "ns"}


def _time_words(clock: RowClock) -> list[str]:
    words = []
    if clock.count is not None:
        words.append("a running number")
    if clock.place is not None:
        tick = {1.0: "s", 1e-3: "ms", 1e-6: "us", 1e-9: "ns"}.get(
            clock.tick_s, f"{clock.tick_s:g} s"
        )
        rate = f", {clock.rate_hz:g} Hz" if clock.rate_hz else ", not regular"
        words.append(f"a clock in {tick}{rate}")
    return words
