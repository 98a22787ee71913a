"""What an import found: notes of one kind together, and questions that files leave open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.datasets.recording_file import Noted

SHOWN = 5  # of a kind
BEGINS = "; it begins:"


@dataclass(frozen=True)
class Question:
    """What the files do not tell, and the option that answers it.

    Args:
        what: is not known, a sentence.
        option: of the command line.
        example: of its value.
        key: its name in ImportOptions.
        first_lines: of the file.
    """

    place: Path
    what: str
    option: str
    example: str
    key: str
    first_lines: tuple[str, ...] = ()

    def noted(self) -> Noted:
        """As the reason why the file was left out."""
        quoted = "".join(f"\n      {line[:100]}" for line in self.first_lines[:3])
        begins = f"{BEGINS}{quoted}" if quoted else ""
        return Noted(self.place, None, f"{self.what}: give {self.option} {self.example}{begins}")


class OpenError(Exception):
    """A question that a table leaves open."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.what)
        self.question = question


class UnusableError(Exception):
    """Why a table cannot be imported; line counts from 1."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


def grouped(notes: Iterable[Noted], shown: int = SHOWN) -> list[str]:
    """Lines for people: of each kind the first ones, then how many more there are."""
    kinds: dict[str, list[Noted]] = {}
    for note in notes:
        kinds.setdefault(_kind(note), []).append(note)
    return [line for some in kinds.values() for line in _lines(some, shown)]


def _kind(note: Noted) -> str:
    """The words of a note without what differs from file to file."""
    return re.sub(r"'[^']*'|`[^`]*`|\d+(\.\d+)?|\n.*", "", note.what)


def _lines(notes: Sequence[Noted], shown: int) -> list[str]:
    quoted = [str(note) for note in notes[:shown]]
    lines = [quoted[0], *(text.partition(BEGINS)[0] for text in quoted[1:])]
    if len(notes) > shown:
        lines.append(f"and {len(notes) - shown} more of this kind, to {notes[-1].file.name}")
    return lines
