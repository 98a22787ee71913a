"""Where takes begin and end in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Int64, Interval
from pipeline.core.imu_columns import Role
from pipeline.core.plurals import counted
from pipeline.datasets.importers.motion import Motion, Words
from pipeline.datasets.importers.units import Units
from pipeline.datasets.recording_file import LARGEST_READING, Noted, row_fault
from pipeline.datasets.streams import runs_of, thousandths_of

# Cells of a label column that are no label.
NOTHING = {"", "idle", "none", "null", "nan", "nothing", "unlabeled", "unlabelled", "background"}
LONG_HOLE_S, LONG_HOLE_STEPS = 1.0, 10  # a longer hole in time ends a take
NEAR = 0.05  # a take may be so much longer or shorter than asked
SHORT = 0.25  # of the usual length: less is no take
LEAST_ROWS = 2
MOST_BAD = 0.02  # of the rows of a long recording; they become missing samples
LONG_ROWS = 200
SATURATED = (-32768, 32767)
BY_FILE, BY_BLANK, BY_ROWS = "a file each", "between blank lines", "by their length"
BY_LABEL, BY_TIME, BY_WHOLE = "by label", "at holes in time", "one recording"


@dataclass(frozen=True)
class Piece:
    """A take, or a recording with labelled intervals: rows [start, stop) of a motion.

    Args:
        number: of the take in its file, from 1; those left out count too.
        bad: rows that it does not have.
        label: None takes the one of the file.
        is_stream: its gestures are intervals.
    """

    start: int
    stop: int
    number: int
    bad: tuple[int, ...] = ()
    label: str | None = None
    person: str | None = None
    session: str | None = None
    intervals: tuple[Interval, ...] = ()
    is_stream: bool = False

    def rows(self) -> Int64 | slice:
        """The rows of the motion that it has: int64 [n], or a slice, which copies nothing."""
        if not self.bad:
            return slice(self.start, self.stop)
        return np.delete(np.arange(self.start, self.stop), np.array(self.bad) - self.start)

    def __len__(self) -> int:
        return self.stop - self.start - len(self.bad)


@dataclass(frozen=True)
class Pieces:
    """The pieces of a motion.

    Args:
        how: they were cut, for people.
        left_out: what is in no piece, and why.
    """

    pieces: tuple[Piece, ...]
    how: str
    left_out: tuple[Noted, ...]


def pieces_of(motion: Motion, units: Units, take_rows: int | None, is_cut: bool) -> Pieces:
    """Cut a motion into takes.

    Args:
        take_rows: rows of a take; None where the file tells where takes end.
        is_cut: take_rows was found, so blocks are cut to it without a rest.
    """
    cuts, how = _cuts(motion)
    cuts, how, is_stream = _at_labels(motion, cuts, how)
    spans = _spans(cuts, len(motion))
    if take_rows is not None and not is_stream:
        spans, how = _cut_to(spans, take_rows), BY_ROWS if len(spans) == 1 or is_cut else how
    bad = _bad_rows(motion, units)
    pieces, left_out = _checked(motion, spans, bad, take_rows)
    pieces = [_with_words(motion, piece, is_stream) for piece in pieces]
    if len(spans) == 1 and how != BY_ROWS:
        how = BY_FILE
    return Pieces(tuple(pieces), how, tuple(left_out))


def blocks_of(motion: Motion) -> list[tuple[int, int]]:
    """The parts of a file between blank lines, ids and holes: [start, stop)."""
    return _spans(_cuts(motion)[0], len(motion))


def _spans(cuts: NDArray[np.bool_], rows: int) -> list[tuple[int, int]]:
    starts = np.flatnonzero(cuts)
    return list(zip(starts.tolist(), [*starts[1:].tolist(), rows], strict=True))


def _cuts(motion: Motion) -> tuple[NDArray[np.bool_], str]:
    """Where takes begin, bool [n], and how that is told."""
    cuts = np.zeros(len(motion), bool)
    cuts[:1] = True
    how = BY_WHOLE
    for at, word in ((_holes(motion), BY_TIME), (_blank_lines(motion), BY_BLANK)):
        if len(at):
            cuts[at], how = True, word
    for role in (Role.SESSION, Role.PERSON, Role.TAKE):
        at = _changes(motion.words.get(role))
        if role is Role.TAKE and len(at) > len(motion) / 2:
            continue  # a running number of rows
        if len(at):
            name = motion.layout.columns[motion.layout.words[role]].name
            cuts[at], how = True, f"by {name}"
    return cuts, how


def _changes(words: Words | None) -> Int64:
    """Rows whose word differs from that of the row before, int64 [k]."""
    if words is None:
        return np.zeros(0, np.int64)
    codes = words[0]
    return np.flatnonzero(codes[1:] != codes[:-1]) + 1


def _blank_lines(motion: Motion) -> Int64:
    """Rows after a blank line; where one follows every row, after more of them than usual."""
    breaks = motion.breaks
    if len(breaks) < len(motion) / 2 or len(motion) < 3:
        return breaks
    apart = np.diff(motion.lines)
    return np.flatnonzero(apart > np.median(apart)) + 1


def _holes(motion: Motion) -> Int64:
    """Rows before which the clock jumps, forwards or backwards."""
    if motion.clock is None:
        return np.zeros(0, np.int64)
    steps = np.diff(motion.clock.seconds)
    long = max(LONG_HOLE_S, LONG_HOLE_STEPS * motion.clock.step_s)
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((steps < 0) | (steps > long)) + 1


def _at_labels(
    motion: Motion, cuts: NDArray[np.bool_], how: str
) -> tuple[NDArray[np.bool_], str, bool]:
    """Cut at labels too, unless they are marks in a recording that goes on."""
    if Role.LABEL not in motion.words:
        return cuts, how, False
    words = motion.words[Role.LABEL][1]
    changes = _changes(motion.words[Role.LABEL])
    inside = changes[~cuts[changes]]
    if not len(inside):
        return cuts, how, False
    has_rest = any(word.strip().lower() in NOTHING for word in words)
    if has_rest or (motion.clock is not None and not len(_holes(motion))):
        return cuts, how, True
    both = cuts.copy()
    both[inside] = True
    return both, BY_LABEL if how == BY_WHOLE else f"{how} and label", False


def _cut_to(spans: Sequence[tuple[int, int]], take_rows: int) -> list[tuple[int, int]]:
    """A block of about `take_rows` rows is a take; a longer one is cut.

    A longer block is cut if it is a whole number of takes, or the only block. Other lengths are
    not cut, and refused later.
    """
    cut: list[tuple[int, int]] = []
    for start, stop in spans:
        rows = stop - start
        if is_near(rows, take_rows) or (rows % take_rows and len(spans) > 1):
            cut.append((start, stop))
        else:
            edges = [*range(start, stop, take_rows), stop]
            cut += list(pairwise(edges))
    return cut


def is_near(rows: int, take_rows: int) -> bool:
    """Whether a take is about as long as asked."""
    return abs(rows - take_rows) <= NEAR * take_rows


def _bad_rows(motion: Motion, units: Units) -> NDArray[np.bool_]:
    """Rows whose readings are none, bool [n]."""
    bad = np.zeros(len(motion), bool)
    for at, sensor in enumerate(motion.layout.sensors):
        unit = units[sensor.role]
        for column in motion.samples.T[3 * at : 3 * at + 3]:
            largest = max(column.max(), -column.min())
            if largest < min(LARGEST_READING / unit.factor, SATURATED[1]):
                continue  # none is NaN either
            size = np.abs(column)
            bad |= ~(size <= LARGEST_READING / unit.factor)  # also NaN
            if not unit.name.startswith("count") and (size >= SATURATED[1]).any():
                bad |= (column == SATURATED[0]) | (column == SATURATED[1])
    if motion.clock is not None:
        bad |= ~np.isfinite(motion.clock.seconds)
    bad[list(motion.ragged)] = True
    return bad


def _checked(
    motion: Motion, spans: Sequence[tuple[int, int]], bad: NDArray[np.bool_], take_rows: int | None
) -> tuple[list[Piece], list[Noted]]:
    lengths = [stop - start for start, stop in spans]
    usual = float(np.median(lengths))
    pieces: list[Piece] = []
    left_out: list[Noted] = []
    faults = RowFaults(motion)
    for number, (start, stop) in enumerate(spans, 1):
        piece = Piece(start, stop, number)
        count = int(bad[start:stop].sum())
        if count:
            rows = tuple((np.flatnonzero(bad[start:stop]) + start).tolist())
            row = rows[0]
            what = faults.of(row)
            if len(piece) >= LONG_ROWS and len(spans) == 1 and count <= MOST_BAD * len(piece):
                piece = replace(piece, bad=rows)
                rest = f", with {count - 1} more" if count > 1 else ""
                what = f"{what}; the row is left out as a missing sample{rest}"
            else:
                what = _whole_fault(what, number, int(motion.lines[start]), len(spans))
                piece = replace(piece, stop=piece.start)
            left_out.append(Noted(motion.place, int(motion.lines[row]), what))
        reason = None if len(piece) == 0 else _length_fault(motion, piece, take_rows, usual)
        if reason is not None:
            left_out.append(Noted(motion.place, int(motion.lines[start]), reason))
        elif len(piece):
            pieces.append(piece)
    return pieces, left_out


def _whole_fault(what: str, number: int, line: int, count: int) -> str:
    if count == 1:
        return f"{what}; the whole file is left out"
    return f"{what}; take {number}, from line {line}, is left out"


def _length_fault(motion: Motion, piece: Piece, take_rows: int | None, usual: float) -> str | None:
    rows = len(piece)
    until = f"up to line {motion.lines[piece.stop - 1]}"
    if take_rows is not None:
        if is_near(rows, take_rows):
            return None
        length = "short" if rows < take_rows else "long"
        return (
            f"take {piece.number} is too {length}: {counted(rows, 'row')} {until}, not {take_rows}"
        )
    if rows < max(LEAST_ROWS, SHORT * usual):
        return (
            f"take {piece.number} is too short: {counted(rows, 'row')} {until}, where {usual:.0f} "
            "are usual"
        )
    return None


class RowFaults:
    """Why rows of a motion are no readings, in words; columns are read once."""

    def __init__(self, motion: Motion) -> None:
        """Of a motion."""
        self._motion = motion
        self._words: dict[int, list[str]] = {}

    def of(self, row: int) -> str:
        """The first fault of a row."""
        motion = self._motion
        text = motion.ragged.get(row)
        if text is not None:
            found = counted(len(motion.table.split(text)), "cell")
            return f"has {found} where {motion.table.width} belong"
        for place, name in zip(motion.places, motion.names, strict=True):
            if place not in self._words:
                self._words[place] = motion.table.words(place)
            cell = self._words[place][row].replace(",", ".")
            fault = row_fault(cell, (name,), integers=0)
            if fault is not None:
                return fault
        return "a reading is beyond all sensors, or its time is none"


def _with_words(motion: Motion, piece: Piece, is_stream: bool) -> Piece:
    """With the label, the person and the session of its rows."""
    said = {role: words[codes[piece.start]] for role, (codes, words) in motion.words.items()}
    piece = replace(
        piece,
        person=said.get(Role.PERSON) or None,
        session=said.get(Role.SESSION) or None,
    )
    if is_stream:
        return replace(piece, intervals=_intervals(motion, piece), is_stream=True)
    return replace(piece, label=said.get(Role.LABEL))


def _intervals(motion: Motion, piece: Piece) -> tuple[Interval, ...]:
    codes, words = motion.words[Role.LABEL]
    mine = codes[piece.rows()]
    intervals = [
        Interval(start, stop, word)
        for code, word in enumerate(words)
        if word.strip().lower() not in NOTHING
        for start, stop in runs_of(mine == code)
    ]
    return tuple(sorted(intervals, key=lambda interval: interval.start))


def scaled(motion: Motion, piece: Piece, units: Units) -> Float32:
    """Samples in g and deg/s as a recording has them, multiples of 0.001: float32 [n, channels]."""
    factors = [units[sensor.role].factor for sensor in motion.layout.sensors for _ in range(3)]
    samples = np.empty((len(piece), len(factors)), np.float32)
    rows = piece.rows()
    for at, factor in enumerate(factors):  # column by column: a copy of all may be large
        samples[:, at] = thousandths_of(motion.samples[rows, at] * factor)
    return samples
