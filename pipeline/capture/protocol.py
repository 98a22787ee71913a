"""The serial protocol's lines, from bytes to values (docs/serial-protocol.md). Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from zlib import crc32

import numpy as np

from pipeline.artifacts import Event, Int8

MAX_LINE_BYTES = 2048  # lines have at most 255 characters, but for `labels` of many long ones
MESSAGE_KINDS = frozenset(
    {"hello", "event", "score", "forecast", "past", "reading", "text", "warn", "layer", "ok", "err"}
)

SENSOR_STOPPED = "sensor-stopped"  # warned of by a board whose IMU gives no more samples

_SAMPLE = re.compile(rb"\d{1,10},\d{1,20}(?:,-?\d{1,7}\.\d{3}){6}")
_READING = re.compile(rb"\d{1,10},\d{1,20}(?:,-?\d{1,7}\.\d{3}){3}")
_ROWS = {"past": _SAMPLE, "reading": _READING}  # messages that hold one, by their first word
_PRINTABLE = re.compile(rb"[ -~]+")


class Sample(NamedTuple):
    """The sensor's count, the board's clock, values in thousandths: six of an IMU, three of the
    environment's sensors."""

    seq: int
    t_us: int
    values: tuple[int, ...]


class Message(NamedTuple):
    """A line that starts with a letter: its first word, and the others."""

    kind: str
    words: tuple[str, ...]

    @property
    def fields(self) -> dict[str, str]:
        """The words of the form key=value."""
        return dict(word.split("=", 1) for word in self.words if "=" in word)

    @property
    def text(self) -> str:
        return " ".join((self.kind, *self.words))


class Damaged(NamedTuple):
    """A line that is no sample and no message; at most MAX_LINE_BYTES of it."""

    line: bytes


Item = Sample | Message | Damaged


def parse_line(line: bytes) -> Item:
    """A line without its line end. Never raises."""
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


def event_of(message: Message) -> Event | None:
    """The event that an `event` message tells of; None where it is another or is cut."""
    try:
        t_us, label, score = message.words
        return Event(int(t_us), label, float(score)) if message.kind == "event" else None
    except ValueError:
        return None


def scores_of(message: Message) -> tuple[int, Int8] | None:
    """A `score` message's t_us and the network's output, int8 [classes]; else None."""
    try:
        t_us, digits = message.words
        return (int(t_us), int8_of(digits)) if message.kind == "score" else None
    except ValueError:
        return None


def past_of(message: Message) -> Sample | None:
    """The sample that a `past` message holds; None for another message."""
    return _row_of(message, "past")


def reading_of(message: Message) -> Sample | None:
    """The reading of the environment that a `reading` message holds; None for another message."""
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
    """The board says that its sensor gives no more samples."""
    return warning_of(message) == SENSOR_STOPPED


def int8_of(digits: str) -> Int8:
    """Bytes in hexadecimal as int8 [n]. Raises ValueError for anything else."""
    return np.frombuffer(bytes.fromhex(digits), np.int8)


class LineReader:
    """Cuts a stream of bytes into lines and parses them, however the bytes arrive."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Item]:
        """What the chunk completes, in order; empty lines are skipped."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        # One byte more than allowed is kept, so that the line still counts as too long.
        self._rest = rest[: MAX_LINE_BYTES + 1]
        return [parse_line(line) for line in lines if line and line != b"\r"]
