"""Recognizes the sender from its stream, so that any sketch can be recorded. Pure.

Besides our firmware, two formats are understood. One is the IMU_Capture sketch of the 2019 Arduino
tutorial: a header aX,aY,aZ,gX,gY,gZ, then bursts of 119 rows, with a blank line after each. The
other is rows of three or six numbers, separated by commas, tabs or semicolons, as for the data
forwarder of Edge Impulse. Neither has a count, a clock or a checksum;
`Sender.not_guaranteed` names the consequences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.capture.protocol import LONGEST_READING, MAX_LINE_BYTES, Damaged
from pipeline.core.artifacts import IMU_CHANNELS

BURST_ROWS = 119
TUTORIAL_RATE_HZ = 119.0
TUTORIAL_HEADER = b"ax,ay,az,gx,gy,gz"
LEAST_ROWS = 3  # rows of one shape before a stream of numbers is recognized
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
    """A kind of stream; rate_hz is 0 if only times of arrival show the rate."""

    name: str
    channels: tuple[str, ...]
    rate_hz: float
    bursts: bool  # sends one movement at a time, with a blank line after it
    not_guaranteed: tuple[str, ...]  # what this format does not guarantee


BOARD = Sender("our firmware", IMU_CHANNELS, 0.0, False, ())

_NO_COUNT = "lost samples cannot be detected: rows have no number"
_NO_CLOCK = "times are those of arrival at this computer: rows have no time"
_NO_CHECK = "a damaged digit cannot be detected: rows have no checksum"
_NO_UNIT = "units are assumed to be g and deg/s: rows have no unit"

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


ParsedLine = Numbers | Pause | Damaged


@dataclass(frozen=True)
class Shape:
    """The format of a row."""

    separator: bytes
    width: int

    def parse(self, line: bytes) -> ParsedLine:
        """Parse a line without its line end. Never raises."""
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
    """The format of `line`; None if it is no row of numbers."""
    return next((Shape(*key) for key, row in _ROWS.items() if row.fullmatch(line)), None)


def recognize_sender(
    lines: list[bytes], waited_s: float, patience_s: float
) -> tuple[Sender, Shape] | None:
    """The sender of these whole lines; None while it is not known yet.

    Rows without a header may be the tutorial's, because we may have missed the header. Only the
    blank line after a burst shows it. So rows count as plain only when there are more than a burst
    has, or after `patience_s`.
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
