"""Parses the lines of the serial protocol (docs/serial-protocol.md). Pure."""

from __future__ import annotations

import re
from dataclasses import fields
from math import isfinite
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from pipeline.core.artifacts import Event, Int8
from pipeline.core.board_profiles import BoardInfo
from pipeline.core.errors import MismatchError, PipelineError
from pipeline.core.mixture import FURTHEST_MOVE

MAX_LINE_BYTES = 2048  # only `labels` can have more than 255 characters
MESSAGE_KINDS = frozenset(
    {
        *("hello", "event", "score", "forecast", "past", "reading", "text", "move", "warn"),
        *("layer", "learning", "learned", "ok", "err"),
    }
)

COUNT_WRAP = 1 << 32  # of the board's count of samples
LATEST_US = 1 << 52  # a hundred years of a board's clock
LONGEST_READING = 16_384  # in units of the channel, as in a recording's file

SENSOR_STOPPED = "sensor-stopped"  # the warning of a board whose IMU gives no more samples

_SAMPLE = re.compile(rb"\d{1,10},\d{1,20}(?:,-?\d{1,7}\.\d{3}){6}")
_READING = re.compile(rb"\d{1,10},\d{1,20}(?:,-?\d{1,7}\.\d{3}){3}")
_ROWS = {"past": _SAMPLE, "reading": _READING}  # messages with a sample, by their first word
_PRINTABLE = re.compile(rb"[ -~]+")
_TIME = re.compile(r"\d{1,16}")
_MOVE = re.compile(r"-?\d{1,7}\.\d{3}")
_PEN = {"down": 0, "lifted": 1}  # after a move
_SCORE = re.compile(r"0\.\d{1,6}|1\.0{1,6}")


class Sample(NamedTuple):
    """A sample: the sensor's count, the board's time, and three or six values in thousandths."""

    seq: int
    t_us: int
    values: tuple[int, ...]


class Message(NamedTuple):
    """A line that starts with a letter: its first word, and the other words."""

    kind: str
    words: tuple[str, ...]

    @property
    def fields(self) -> dict[str, str]:
        """The words of the form key=value."""
        return dict(word.split("=", 1) for word in self.words if "=" in word)

    @property
    def text(self) -> str:
        """The whole line."""
        return " ".join((self.kind, *self.words))


class Damaged(NamedTuple):
    """The first MAX_LINE_BYTES of a line that is no sample and no message."""

    line: bytes


Item = Sample | Message | Damaged


def parse_line(line: bytes) -> Item:
    """Parse a line without its line end. Never raises."""
    if len(line) > MAX_LINE_BYTES:
        return Damaged(line[:MAX_LINE_BYTES])
    line = line.rstrip(b"\r")
    if line[:1].isdigit():
        return _parse_sample(line)
    return _parse_message(line)


def _parse_sample(line: bytes, form: re.Pattern[bytes] = _SAMPLE) -> Sample | Damaged:
    text, _, crc = line.rpartition(b",")
    if crc != b"%08X" % crc32(text) or not form.fullmatch(text):
        return Damaged(line)
    # Three decimals each: without the point a value is its thousandths.
    seq, t_us, *values = map(int, text.replace(b".", b"").split(b","))
    return Sample(seq, t_us, tuple(values))


def _parse_message(line: bytes) -> Message | Damaged:
    if not _PRINTABLE.fullmatch(line):
        return Damaged(line)
    kind, *words = line.decode("ascii").split(" ")
    form = _ROWS.get(kind)
    if form and isinstance(_parse_sample(line[len(kind) + 1 :], form), Damaged):
        return Damaged(line)
    return Message(kind, tuple(words)) if kind in MESSAGE_KINDS else Damaged(line)


def steps_between(earlier: int, later: int) -> int:
    """How far two sample numbers lie apart, across the wrap of the count; negative backwards."""
    half = COUNT_WRAP // 2
    return (later - earlier + half) % COUNT_WRAP - half


def is_possible(sample: Sample) -> bool:
    """Whether a board can count so far and a sensor can measure such values.

    If not, the CRC is right by chance, or the firmware is not ours.
    """
    return (
        sample.seq < COUNT_WRAP
        and sample.t_us < LATEST_US
        and all(abs(value) <= LONGEST_READING * 1000 for value in sample.values)
    )


def event_of(message: Message) -> Event | None:
    """The event of an `event` message; None for other messages and impossible values."""
    if message.kind != "event" or len(message.words) != 3:
        return None
    time, label, score = message.words
    t_us = _time_of(time)
    if t_us is None or not _SCORE.fullmatch(score):
        return None
    return Event(t_us, label, float(score))


def move_of(message: Message) -> tuple[int, int, int]:
    """Thousandths of dx and dy, and 1 if the pen is lifted; MISMATCH for another message."""
    *numbers, pen = message.words or ("",)
    are_numbers = len(numbers) == 2 and all(map(_MOVE.fullmatch, numbers))
    if message.kind != "move" or not are_numbers or pen not in _PEN:
        raise unexpected_answer(message)
    dx, dy = (int(number.replace(".", "")) for number in numbers)
    if max(abs(dx), abs(dy)) > FURTHEST_MOVE:
        raise unexpected_answer(message)
    return dx, dy, _PEN[pen]


def network_output_of(message: Message) -> tuple[int, Int8] | None:
    """Time and network output, int8 [classes], of a `score` message; None for another message."""
    if message.kind != "score" or len(message.words) != 2:
        return None
    t_us = _time_of(message.words[0])
    try:
        return None if t_us is None else (t_us, int8_of(message.words[1]))
    except ValueError:
        return None


def _time_of(word: str) -> int | None:
    t_us = int(word) if _TIME.fullmatch(word) else LATEST_US
    return t_us if t_us < LATEST_US else None


def past_of(message: Message) -> Sample | None:
    """The sample of a `past` message; None for another message or an impossible sample."""
    row = _row_of(message, "past")
    return row if row is not None and is_possible(row) else None


def reading_of(message: Message) -> Sample | None:
    """The sample of a `reading` message; None for another message."""
    return _row_of(message, "reading")


def _row_of(message: Message, kind: str) -> Sample | None:
    if message.kind != kind:
        return None
    row = _parse_sample(message.words[0].encode("ascii"), _ROWS[kind])
    return row if isinstance(row, Sample) else None


def warning_of(message: Message) -> str | None:
    """The reason of a `warn` message; None for another message."""
    return message.words[0] if message.kind == "warn" and message.words else None


def is_sensor_stopped(message: Message) -> bool:
    """Whether the board warns that its sensor gives no more samples."""
    return warning_of(message) == SENSOR_STOPPED


def int8_of(digits: str) -> Int8:
    """Decode hexadecimal digits to int8 [n]; ValueError for others."""
    return np.frombuffer(bytes.fromhex(digits), np.int8)


class LineReader:
    """Splits a stream of bytes into lines, and parses them."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Item]:
        """Add bytes; return the items that they complete. Empty lines are skipped."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        # One byte more than allowed stays, so that the line still counts as too long.
        self._rest = rest[: MAX_LINE_BYTES + 1]
        return [parse_line(line) for line in lines if line and line != b"\r"]


FASTEST_HZ = 100_000.0  # no such sensor is faster
FARTHEST = 2.0  # maximum ratio of reported and measured rate
MOST = 1 << 32  # maximum of a board's counters
COUNTERS = ("tick_hz", "overruns", "dropped")
MOST_IN_A_WINDOW = 1 << 20  # samples: some hours


def board_info(answer: Message) -> BoardInfo:
    """Parse an answer to `info`; MISMATCH if a field is missing or impossible."""
    found: dict[str, Any] = {}
    for field in fields(BoardInfo):
        name = field.name
        if field.type == "str":
            found[name] = field_in(answer, name)
        elif field.type == "float":
            found[name] = _number(answer, name, FASTEST_HZ)
        else:
            most = MOST if name in COUNTERS else MOST_IN_A_WINDOW
            found[name] = int(_number(answer, name, most))
    return BoardInfo(**found)


def plausible_rate_hz(reported_hz: float, measured_hz: float) -> float:
    """The reported rate, or 0 if it differs too much from the measured one."""
    near = not measured_hz or 1 / FARTHEST < reported_hz / measured_hz < FARTHEST
    return reported_hz if near else 0.0


def number_in(answer: Message, name: str) -> float:
    """The finite number in field `name`; MISMATCH if there is none."""
    try:
        number = float(field_in(answer, name))
    except ValueError:
        raise unexpected_answer(answer) from None
    if not isfinite(number):
        raise unexpected_answer(answer)
    return number


def _number(answer: Message, name: str, most: float) -> float:
    """As number_in, from 0 to `most`."""
    number = number_in(answer, name)
    if not 0 <= number <= most:
        raise MismatchError(
            f"The board reports {name}={field_in(answer, name)[:40]}, which is impossible.",
            "its firmware is broken or of another version, or the line was damaged on its way",
            "deploy again: `gesture deploy RUN`",
        )
    return number


def field_in(answer: Message, name: str) -> str:
    """The word in field `name`; errors as in number_in."""
    try:
        return answer.fields[name]
    except KeyError:
        raise unexpected_answer(answer) from None


def unexpected_answer(answer: Message) -> PipelineError:
    """The error (MISMATCH) for an answer that is not understood."""
    return MismatchError(
        f"The board's answer is not understood: {answer.text[:120]}",
        "its firmware is of another version than this program",
        "deploy again: `gesture deploy RUN`",
    )
