"""Text to a board and back: what it says to one, and what it writes.

Inside lines text is escaped as in a JSON string (docs/serial-protocol.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pipeline.artifacts import Int8
from pipeline.capture.board_info import not_understood
from pipeline.capture.client import LINE_CHARACTERS, BoardClient, require_fits
from pipeline.capture.protocol import Message, int8_of
from pipeline.contract import Level
from pipeline.tokens import without_nul

LONGEST_WORD = 65  # of a longer one so much is sent: no model knows words of more than 64 bytes
JUDGING_TIMEOUT_S = 30.0
CHARACTERS_A_SECOND = 20.0  # of the slowest board that is waited for

_PIECES = {
    "words": re.compile(r"[A-Za-z0-9']+|[^A-Za-z0-9']"),  # that are not cut in two
    "characters": re.compile(r"(?s:.)"),
}


def judge_text(board: BoardClient, text: str, level: Level) -> Int8:
    """What the network of a board with a sentiment model of this level answers to a text, however
    long it is: int8 [labels].

    Raises PipelineError for a board without one.
    """
    answers = [board.command(line, JUDGING_TIMEOUT_S) for line in text_lines(text, level)]
    return _scores_in(answers[-1])


def write_text(board: BoardClient, prompt: str, count: int, temperature: float, seed: int) -> str:
    """What a board with a model that generates writes after a prompt that fits a line.

    Raises PipelineError for a board without one, and a prompt it cannot read.
    """
    command = f"generate {count} {temperature:.4f} {seed} {escaped(prompt)}"
    require_fits(command, "The prompt")
    board.take_kept("text")
    limit_s = JUDGING_TIMEOUT_S + count / CHARACTERS_A_SECOND
    answer = board.command(command, limit_s)
    lines = [" ".join(message.words) for message in board.take_kept("text")]
    try:
        text = unescaped("".join(lines))
    except ValueError:
        raise not_understood(answer) from None
    if answer.fields.get("characters") != str(len(text)):
        raise not_understood(answer)
    return text


def text_lines(text: str, level: Level) -> list[str]:
    """The commands that bring a text, broken between words or characters."""
    parts = enumerate(_parts(text, level))
    return [f"{'more' if number else 'text'} {part}" for number, part in parts]


def escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def unescaped(text: str) -> str:
    """Raises ValueError for what is not escaped."""
    found: str = json.loads(f'"{text}"')
    return found


def _parts(text: str, level: Level) -> Iterator[str]:
    """Escaped; a text of nothing is a space."""
    room = LINE_CHARACTERS - len("text ")
    part = ""
    for piece in _PIECES[level].findall(without_nul(text)):
        more = escaped(piece[:LONGEST_WORD])
        if len(part) + len(more) > room:
            yield part
            part = ""
        part += more
    yield part or " "


def _scores_in(answer: Message) -> Int8:
    """An answer begins with the likeliest label, its score and all scores in hexadecimal."""
    try:
        return int8_of(answer.words[2])
    except (IndexError, ValueError):
        raise not_understood(answer) from None
