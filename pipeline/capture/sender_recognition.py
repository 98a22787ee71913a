"""Recognizes a sender from its first lines. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np

from pipeline.capture.clock import rate_of_arrival
from pipeline.capture.sender_clock import RowClock, find_clock
from pipeline.capture.sender_columns import Columns, columns_of, cycle_of
from pipeline.capture.sender_lines import Row, meanings_of, row_of, text_of
from pipeline.capture.sender_rows import Pause, Records, RowFormat, pause_of
from pipeline.capture.sender_units import Question, Readings, find_units
from pipeline.capture.senders import USUAL_UNITS, Sender, kind_of, sender_of
from pipeline.core.artifacts import Float64, Int64
from pipeline.core.imu_columns import Role, read_columns

LEAST_BURST_ROWS = 16  # fewer rows between blank lines are no movement
REST_US = 150_000  # between bursts that only a header separates
PATIENCE_S = 2.5  # a blank line within this time shows that the rows come in bursts
US = 1_000_000
AGAIN_S = 0.25  # between two attempts
MOST_LINES = 20_000  # that are looked at until the sender is known
QUOTED_LINES = 4
QUOTED_CHARACTERS = 100
CLEARLY = 1.5  # a wait is the longest of all by this factor
USUAL_RATE_HZ = 119.0  # where arrivals do not tell


@dataclass(frozen=True)
class _Line:
    text: str
    row: Row | None
    arrived_us: int


class Recognized(NamedTuple):
    """A sender, and the format of its rows."""

    sender: Sender
    format: RowFormat


class Unrecognized(NamedTuple):
    """What came from a sender: why its rows are not understood, if there are any."""

    question: Question | None
    first_lines: tuple[str, ...]


class _Heard(NamedTuple):
    """The records of a stream, and how many came before each blank line and each header."""

    records: Float64  # [n, numbers]
    arrived_us: Int64
    blanks: list[int]
    headers: list[int]

    def bursts(self, now_us: int) -> list[int]:
        """The first record of each burst after the first one; [] where the rows are no bursts.

        The newest burst may have ended just now, so that its successor has no record yet.
        """
        blanks = sorted({at for at in self.blanks if at})
        if _are_long(blanks):
            return blanks
        rests = np.diff(self.arrived_us, append=now_us) >= REST_US
        headers = sorted({at for at in self.headers if at})
        return headers if _are_long([at for at in headers if rests[at - 1]]) else []


def _are_long(ends: Sequence[int]) -> bool:
    """Whether one of the parts up to each end is as long as a movement."""
    return any(stop - start >= LEAST_BURST_ROWS for start, stop in pairwise([0, *ends]))


class Recognizer:
    """Takes the lines of a stream until it is recognized.

    Attributes:
        question: why the rows cannot be recorded so far; None while they are too few.
        saw_header: names of columns have come, and no row yet.
    """

    def __init__(self, units: Mapping[Role, float] | None = None) -> None:
        """`units` are those of the option, factors to g and deg/s."""
        self._units = units or {}
        self._lines: deque[_Line] = deque(maxlen=MOST_LINES)
        self._tried_us = 0
        self.question: Question | None = None
        self.saw_header = False

    def add(self, line: bytes, arrived_us: int) -> None:
        """Add a line without its line end."""
        text = text_of(line)
        row = row_of(text)
        self._lines.append(_Line(text, row, arrived_us))
        if row is not None:
            self.saw_header = False
        elif pause_of(text) == Pause(is_header=True):
            self.saw_header = True

    def unrecognized(self) -> Unrecognized:
        """What is known of a sender that is not recognized."""
        texts = (line.text[:QUOTED_CHARACTERS] for line in self._lines if line.text)
        return Unrecognized(self.question, tuple(islice(texts, QUOTED_LINES)))

    def recognize(self, now_us: int) -> Recognized | None:
        """The sender of the lines so far; None while it is not known.

        Rows without a pause may be a burst, so they are no plain rows before PATIENCE_S.
        """
        if not self._ended_burst and now_us - self._tried_us < AGAIN_S * US:
            return None
        self._tried_us = now_us
        rows = [(line.row.form, line.arrived_us) for line in self._lines if line.row]
        cycle = _begun_right(cycle_of([form for form, _ in rows]), rows)
        heard = self._heard(cycle)
        if not len(heard.records):
            return None
        starts = heard.bursts(now_us)
        first_us = next(arrived_us for form, arrived_us in rows if form in cycle)
        if not starts and now_us - first_us < PATIENCE_S * US:
            return None
        known = self._known(cycle, heard, starts)
        self.question = None if isinstance(known, Recognized) else known
        return known if isinstance(known, Recognized) else None

    @property
    def _ended_burst(self) -> bool:
        """Whether the newest line ends what may be a burst."""
        newest = list(islice(reversed(self._lines), LEAST_BURST_ROWS + 1))
        is_long = len(newest) > LEAST_BURST_ROWS and all(line.row for line in newest[1:])
        return is_long and pause_of(newest[0].text) is not None

    def _heard(self, cycle: tuple[str, ...]) -> _Heard:
        records: list[tuple[float, ...]] = []
        arrived_us: list[int] = []
        reader = Records(cycle)
        pauses: dict[bool, list[int]] = {False: [], True: []}
        for line in self._lines:
            pause = None if line.row else pause_of(line.text)
            if pause:
                pauses[pause.is_header].append(len(records))
            record = reader.add(*line.row) if line.row else None
            if isinstance(record, tuple):
                records.append(record)
                arrived_us.append(line.arrived_us)
        return _Heard(
            np.array(records), np.array(arrived_us, np.int64), pauses[False], pauses[True]
        )

    def _known(
        self, cycle: tuple[str, ...], heard: _Heard, starts: Sequence[int]
    ) -> Recognized | Question:
        columns = columns_of(cycle, self._texts_between(cycle))
        if isinstance(columns, str):
            return Question(columns)
        clock = find_clock(columns, heard.records, heard.arrived_us, starts)
        if clock is None:
            return Question(
                f"{columns.of_width}, and the first is neither a clock nor a running number"
            )
        kind = kind_of(columns, cycle, bool(starts))
        readings = _readings(heard, columns, clock, starts, USUAL_UNITS.get(kind, {}))
        units = find_units(columns, readings, self._units)
        if isinstance(units, Question):
            return units
        sender = sender_of(kind, columns, clock, units, bool(starts))
        return Recognized(
            sender, RowFormat(cycle, columns.places, units.factors, clock, bool(starts))
        )

    def _texts_between(self, cycle: tuple[str, ...]) -> list[str]:
        """The lines with words that are no rows."""
        others = (line for line in self._lines if line.row is None or line.row.form not in cycle)
        return [line.text for line in others if any(map(str.isalpha, line.text))]


def _begun_right(cycle: tuple[str, ...], rows: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """The cycle from the line before which the sender waits longest, else from the acceleration."""
    if len(cycle) < 2:
        return cycle
    waits: dict[str, list[int]] = {form: [] for form in cycle}
    for (_, before_us), (form, arrived_us) in pairwise(rows):
        if form in waits:
            waits[form].append(arrived_us - before_us)
    mean_us = [float(np.mean(waits[form] or [0])) for form in cycle]
    *_, second, longest = sorted(mean_us)
    if longest > CLEARLY * second:
        first = mean_us.index(longest)
    else:
        first = next((at for at, form in enumerate(cycle) if _begins_with_ax(form)), 0)
    return cycle[first:] + cycle[:first]


def _begins_with_ax(form: str) -> bool:
    columns = read_columns([meaning.name for meaning in meanings_of(form)])
    return any(column.channel == "ax" for column in columns)


def _readings(
    heard: _Heard,
    columns: Columns,
    clock: RowClock,
    starts: Sequence[int],
    usual: Mapping[Role, str],
) -> Readings:
    parts = np.split(heard.records[:, list(columns.places)], starts)
    finite = [part[np.isfinite(part).all(axis=1)] for part in parts]
    longest_us = max(np.split(heard.arrived_us, starts), key=len)
    rate_hz = clock.rate_hz or rate_of_arrival(longest_us.tolist()) or USUAL_RATE_HZ
    return Readings([part for part in finite if len(part)], rate_hz, usual)
