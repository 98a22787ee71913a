"""Who is sending: told from the stream itself, so that any sketch can be recorded. Pure.

Besides our firmware, two senders are understood: the 2019 Arduino tutorial's IMU_Capture sketch
(a header aX,aY,aZ,gX,gY,gZ, then bursts of 119 rows with a blank line after each), and rows of
three or six numbers separated by commas, tabs or semicolons, as Edge Impulse's data forwarder
takes them. Neither has a count, a clock or a checksum; `Sender.cannot` says what follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.artifacts import IMU_CHANNELS
from pipeline.capture.protocol import MAX_LINE_BYTES, Damaged

BURST_ROWS = 119
TUTORIAL_RATE_HZ = 119.0
TUTORIAL_HEADER = b"ax,ay,az,gx,gy,gz"
LEAST_ROWS = 3  # of one shape, before a stream of numbers is taken for what it looks like
LONGEST_READING = 16_384.0  # in g or deg/s, as a recording's file has it
WIDTHS = (3, 6)

_NUMBER = rb"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?\s*"
_ROWS = {
    (separator, width): re.compile(separator.join([_NUMBER] * width))
    for separator in (b",", b"\t", b";")
    for width in WIDTHS
}
_NAMES = {b",": "commas", b"\t": "tabs", b";": "semicolons"}


@dataclass(frozen=True)
class Sender:
    """What kind of stream it is. rate_hz: 0 where only the arrival of its rows can tell."""

    name: str
    channels: tuple[str, ...]
    rate_hz: float
    bursts: bool  # sends a movement at a time, with a blank line after it
    cannot: tuple[str, ...]  # guarantees that this format does not give


BOARD = Sender("our firmware", IMU_CHANNELS, 0.0, False, ())

_NO_COUNT = "samples lost on the way cannot be told: rows have no number"
_NO_CLOCK = "times are those of arrival at this computer: rows have no time"
_NO_CHECK = "a damaged digit cannot be told: rows have no checksum"
_NO_UNIT = "units are taken to be g and deg/s: the rows do not say"

TUTORIAL = Sender(
    "the 2019 tutorial's IMU_Capture sketch",
    IMU_CHANNELS,
    TUTORIAL_RATE_HZ,
    True,
    (_NO_COUNT + ", only that a burst has not 119 of them", _NO_CLOCK, _NO_CHECK),
)


class Numbers(NamedTuple):
    """A row in thousandths of its units."""

    values: tuple[int, ...]


class Pause(NamedTuple):
    """A blank line or a header: a burst has ended."""


Line = Numbers | Pause | Damaged


@dataclass(frozen=True)
class Shape:
    """How a row is written."""

    separator: bytes
    width: int

    def parse(self, line: bytes) -> Line:
        """A line without its line end. Never raises."""
        if not line.strip() or _is_header(line):
            return Pause()
        if not _ROWS[self.separator, self.width].fullmatch(line):
            return Damaged(line[:MAX_LINE_BYTES])
        numbers = [float(cell) for cell in line.split(self.separator)]
        if any(abs(number) > LONGEST_READING for number in numbers):
            return Damaged(line[:MAX_LINE_BYTES])
        return Numbers(tuple(round(number * 1000) for number in numbers))


def _is_header(line: bytes) -> bool:
    return line.replace(b" ", b"").strip().lower() == TUTORIAL_HEADER


def shape_of(line: bytes) -> Shape | None:
    """How `line` is written, where it is a row of numbers."""
    return next((Shape(*key) for key, row in _ROWS.items() if row.fullmatch(line)), None)


def recognise(
    lines: list[bytes], waited_s: float, patience_s: float
) -> tuple[Sender, Shape] | None:
    """Who sends these whole lines; None while it cannot be told yet.

    Rows without a header may be the tutorial's, whose header was sent before we listened: only
    the blank line after a burst tells. So rows are plain only once there are more than a burst
    has, or `patience_s` has passed since they began.
    """
    if any(_is_header(line) for line in lines):
        return TUTORIAL, Shape(b",", len(IMU_CHANNELS))
    shapes = [shape for line in lines if (shape := shape_of(line))]
    if len(shapes) < LEAST_ROWS or len(set(shapes[-LEAST_ROWS:])) > 1:
        return None
    shape = shapes[-1]
    blank_after_rows = not lines[-1].strip()
    if shape == Shape(b",", len(IMU_CHANNELS)) and blank_after_rows:
        return TUTORIAL, shape
    if len(shapes) <= BURST_ROWS and waited_s < patience_s:
        return None
    return _plain(shape), shape


def _plain(shape: Shape) -> Sender:
    return Sender(
        f"rows of {shape.width} numbers separated by {_NAMES[shape.separator]}",
        IMU_CHANNELS[: shape.width],
        0.0,
        False,
        (_NO_COUNT, _NO_CLOCK, _NO_CHECK, _NO_UNIT),
    )
