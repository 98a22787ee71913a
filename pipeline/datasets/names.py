"""What labels, people and sessions may be called, and where their recordings lie."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.errors import ExitCode, PipelineError

LONGEST_NAME = 32
_WITH_HYPHEN = ("A-Za-z0-9_-", "letters (a-z, A-Z), digits, _ and -")
_NO_HYPHEN = ("A-Za-z0-9_", "letters (a-z, A-Z), digits and _")
_NAME_CHARACTERS = {
    "dataset": _WITH_HYPHEN,
    "label": _WITH_HYPHEN,
    "person": _NO_HYPHEN,  # a hyphen separates it from the session in a file's name
    "session": _NO_HYPHEN,
}


def check_name(kind: str, text: str) -> str:
    """`text`, fit to be a file name and a word on the serial line.

    kind: `dataset`, `label`, `person` or `session`. Raises PipelineError (USAGE) that says
    which characters may be used.
    """
    characters, in_words = _NAME_CHARACTERS[kind]
    if re.fullmatch(f"[A-Za-z0-9][{characters}]{{0,{LONGEST_NAME - 1}}}", text):
        return text
    strange = sorted(set(re.sub(f"[{characters}]", "", text)))
    if strange:
        reason = "it contains " + " ".join(ascii(character) for character in strange)
    elif not text:
        reason = "it is empty"
    elif len(text) > LONGEST_NAME:
        reason = f"it has {len(text)} characters"
    else:
        reason = f"it starts with {text[0]!r}"
    raise PipelineError(
        f"{text!a} cannot be used as a {kind}: {reason}.",
        f"a {kind} becomes part of a file's path, and a label a word the board prints",
        f"use 1 to {LONGEST_NAME} {in_words}, beginning with a letter or digit",
        ExitCode.USAGE,
    )


def recording_path(folder: Path, label: str, person: str, session: str, n: int) -> Path:
    """Where take `n` (from 1) lies in the dataset `folder`. Raises as check_name does."""
    check_name("label", label)
    name = f"{check_name('person', person)}-{check_name('session', session)}-{n:03d}.csv"
    return folder / label / name


def person_of(name: str) -> str:
    """Who made a recording, by its name, "label/person-session-n" as recording_path has it."""
    return name.rpartition("/")[2].split("-")[0]


def next_recording_path(folder: Path, label: str, person: str, session: str) -> Path:
    """The path after the last take of this person and session: no number is used twice."""
    first = recording_path(folder, label, person, session, 1)
    taken = [
        int(path.stem.rpartition("-")[2])
        for path in first.parent.glob(f"{person}-{session}-*.csv")
        if path.stem.rpartition("-")[2].isdigit()
    ]
    return recording_path(folder, label, person, session, max(taken, default=0) + 1)
