"""Recordings made of the pieces of files, grouped by sitting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from pipeline.core.artifacts import Float32, Int64, Recording
from pipeline.core.imu_columns import Role
from pipeline.datasets.importers.clocks import sequence_of
from pipeline.datasets.importers.naming import COLUMN, DEFAULT_PERSON, REST, STREAM
from pipeline.datasets.importers.pieces import Piece, scaled
from pipeline.datasets.importers.understanding import Understanding, Understood
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.streams import even_clock


@dataclass(frozen=True)
class Take:
    """A piece of a file that becomes a recording; number: in its sitting, of its label."""

    file: Understood
    piece: Piece
    label: str
    person: str
    number: int

    def samples(self) -> Float32:
        """In g and deg/s, float32 [n, channels], as a file has them."""
        samples = scaled(self.file.motion, self.piece, self.file.units)
        samples += np.float32(0)  # no negative zero
        return samples

    def recording(self, session: str) -> Recording:
        """The recording, in a session."""
        motion = self.file.motion
        seq, t_us = _clock(self.file, self.piece)
        line = int(motion.lines[self.piece.start])
        return Recording(
            samples=self.samples(),
            seq=seq,
            t_us=t_us,
            rate_hz=self.file.rate_hz,
            label=self.label,
            person=self.person,
            session=session,
            source=f"imported from {motion.place.name}, take {self.piece.number}, line {line}",
            channels=motion.channels,
            intervals=self.piece.intervals,
        )


def _clock(file: Understood, piece: Piece) -> tuple[Int64, Int64]:
    clock = file.motion.clock
    if clock is None:
        seq, t_us = even_clock(piece.stop - piece.start, file.rate_hz)
        there = np.delete(seq, np.array(piece.bad, np.int64) - piece.start)
        return there, t_us[there]
    seconds = clock.seconds[piece.rows()]
    t_us = np.rint((seconds - seconds[0]) * 1e6).astype(np.int64)
    return sequence_of(seconds, clock), t_us


@dataclass(frozen=True)
class Sitting:
    """Takes that are in one session; session: as the files name it, None where they do not."""

    session: str | None
    takes: tuple[Take, ...]


def sittings_of(
    understanding: Understanding, name: Callable[[str, str], str]
) -> tuple[list[Sitting], list[Noted]]:
    """The takes of all files by sitting, and what is left out.

    Args:
        name: gives a name that files can carry, for a kind and a text.
    """
    groups: dict[tuple[object, ...], list[Take]] = {}
    left_out: list[Noted] = []
    for file in understanding.files:
        for piece in file.pieces.pieces:
            label, person = _who(file, piece, understanding)
            if not label:
                line = int(file.motion.lines[piece.start])
                left_out.append(Noted(file.motion.place, line, f"take {piece.number} has no label"))
                continue
            label, person = name("label", label), name("person", person)
            session = piece.session or file.motion.facts.get("session")
            key = (person, session, *_sitting(file, piece, understanding, label))
            takes = groups.setdefault(key, [])
            number = piece.number if file.motion.place in key else len(takes) + 1
            takes.append(Take(file, _named(piece, name), label, person, number))
    sittings = [
        Sitting(None if key[1] is None else name("session", str(key[1])), tuple(takes))
        for key, takes in groups.items()
    ]
    return sittings, left_out


def labels_of(understanding: Understanding) -> list[str]:
    """The labels of takes and of intervals, as people wrote them."""
    sittings, _ = sittings_of(understanding, lambda _, text: text)
    takes = [take for sitting in sittings for take in sitting.takes]
    inside = {interval.label for take in takes for interval in take.piece.intervals}
    return sorted(inside | {take.label for take in takes})


def _who(file: Understood, piece: Piece, understanding: Understanding) -> tuple[str, str]:
    """The label and the person of a piece, as people wrote them."""
    options, naming, facts = understanding.options, understanding.naming, file.motion.facts
    assert naming is not None
    names = naming.names[file.motion.name]
    words = file.motion.words
    in_column = naming.label_from == COLUMN and Role.LABEL in words
    label = piece.label if in_column else facts.get("label", names.label)
    if piece.is_stream:
        label = STREAM if piece.intervals else REST
    in_column = naming.person_from == COLUMN and Role.PERSON in words
    person = piece.person if in_column else facts.get("person", names.person)
    return options.label or label or "", options.person or person or DEFAULT_PERSON


def _sitting(
    file: Understood, piece: Piece, understanding: Understanding, label: str
) -> tuple[object, ...]:
    """What takes of one sitting have in common: the file, or numbered files of one take each."""
    assert understanding.naming is not None
    names = understanding.naming.names[file.motion.name]
    one_take = len(file.pieces.pieces) == 1 and not piece.is_stream
    if one_take and names.is_numbered:
        return (file.motion.name.parent, names.base, label)
    return (file.motion.place,)


def _named(piece: Piece, name: Callable[[str, str], str]) -> Piece:
    intervals = tuple(replace(i, label=name("label", i.label)) for i in piece.intervals)
    return replace(piece, intervals=intervals)


class Duplicates:
    """Takes that have the samples of another take of their file."""

    def __init__(self) -> None:
        """No take yet."""
        self._lines: dict[tuple[object, bytes], int] = {}

    def fault(self, take: Take, samples: Float32) -> Noted | None:
        """A note about a take that is there twice; the first one stays."""
        motion = take.file.motion
        line = int(motion.lines[take.piece.start])
        digest = sha256(samples.data).digest()
        earlier = self._lines.setdefault((motion.place, digest), line)
        if earlier == line:
            return None
        what = f"the same samples as the take that starts on line {earlier}"
        return Noted(motion.place, line, what)
