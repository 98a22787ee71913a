"""Reads the lines of a sketch whose format is known: samples in g and deg/s. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.capture.protocol import LONGEST_READING, MAX_LINE_BYTES
from pipeline.capture.sender_clock import Placed, RowClock, RowPlaces
from pipeline.capture.sender_columns import is_header
from pipeline.capture.sender_lines import row_of, text_of

THOUSANDTHS = 1000


@dataclass(frozen=True)
class RowFormat:
    """How a sketch writes a sample.

    Args:
        cycle: the forms of the lines of a record.
        places: of the channels in a record.
        factors: of the channels, to g and deg/s.
    """

    cycle: tuple[str, ...]
    places: tuple[int, ...]
    factors: tuple[float, ...]
    clock: RowClock = field(default_factory=RowClock)
    bursts: bool = False  # a pause is the end of a movement


class Numbers(NamedTuple):
    """A sample: its place, and its values in thousandths of g and deg/s."""

    placed: Placed
    values: tuple[int, ...]


@dataclass(frozen=True)
class Pause:
    """A line that may end a burst: a blank one, a header, or dashes."""

    is_header: bool = False


@dataclass(frozen=True)
class Unusable:
    """A row that is damaged, or part of one."""


RowItem = Numbers | Pause | Unusable


class Records:
    """Puts the lines of a record together."""

    def __init__(self, cycle: tuple[str, ...]) -> None:
        self._cycle = cycle
        self._numbers: list[float] = []
        self._next = 0  # the line of the cycle that should come

    def add(self, form: str, numbers: tuple[float, ...]) -> tuple[float, ...] | Unusable | None:
        """Add a line; returns the record that it completes. Unusable for a part of one."""
        at = self._cycle.index(form) if form in self._cycle else -1
        in_order, was_begun = at == self._next, self._next > 0
        if not in_order:
            self._numbers, self._next = [], 0
        if at < 0 or (at > 0 and not in_order):
            return Unusable()
        self._numbers += numbers
        self._next = (at + 1) % len(self._cycle)
        if self._next:
            return Unusable() if was_begun and not in_order else None
        record, self._numbers = tuple(self._numbers), []
        return record


@dataclass
class _Waiting:
    record: tuple[float, ...]
    values: tuple[int, ...]
    arrived_us: int


class RowReader:
    """Reads lines of a format. Never raises."""

    def __init__(self, form: RowFormat) -> None:
        self._form = form
        self._records = Records(form.cycle)
        self._places = RowPlaces(form.clock)
        self._begins = False  # the next row is the first of a burst
        self._waiting: _Waiting | None = None  # its time is impossible, or the board restarted

    def read(self, line: bytes, arrived_us: int) -> list[RowItem]:
        """The samples that a line without its line end completes, or what else it is."""
        if len(line) > MAX_LINE_BYTES:
            return [Unusable()]
        text = text_of(line)
        row = row_of(text)
        if row is None:
            return self._without_numbers(text)
        record = self._records.add(*row)
        if not isinstance(record, tuple):
            return [record] if record else []
        pairs = zip(self._form.places, self._form.factors, strict=True)
        values = [record[place] * factor for place, factor in pairs]
        if not all(abs(value) <= LONGEST_READING for value in values):  # NaN is no reading either
            return [Unusable()]
        return self._place(record, tuple(round(v * THOUSANDTHS) for v in values), arrived_us)

    def _without_numbers(self, text: str) -> list[RowItem]:
        if text.startswith("{"):
            return [Unusable()]
        pause = pause_of(text)
        self._begins |= pause is not None and self._form.bursts
        return [pause] if pause else []  # other words stand between the rows

    def _place(
        self, record: tuple[float, ...], values: tuple[int, ...], arrived_us: int
    ) -> list[RowItem]:
        begins, self._begins = self._begins, False
        waiting, self._waiting = self._waiting, None
        placed = self._places.place(record, arrived_us, begins)
        if placed is not None:
            return [*([Unusable()] if waiting else []), Numbers(placed, values)]
        if waiting is not None and self._places.follows(waiting.record, record):
            again = self._places.restart(waiting.record, waiting.arrived_us)
            return [Numbers(again, waiting.values), *self._place(record, values, arrived_us)]
        self._waiting = _Waiting(record, values, arrived_us)
        return [Unusable()] if waiting else []


def pause_of(text: str) -> Pause | None:
    """The pause that a line without numbers is; None for other words."""
    if not any(letter.isalnum() for letter in text):
        return Pause()
    return Pause(is_header=True) if is_header(text) else None
