"""Requests of several commands: text, drawings, injected samples, an enrolment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

import numpy as np

from pipeline.capture.client import LINE_CHARACTERS, LOAD_BYTES, BoardClient, require_fits
from pipeline.capture.protocol import Message, int8_of, move_of, number_in, unexpected_answer
from pipeline.core.artifacts import IMU_CHANNELS, Int8, Recording
from pipeline.core.contract import Level
from pipeline.core.sketches import BoardDrawing
from pipeline.core.tokens import MOST_BYTES, for_board
from pipeline.core.words import pieces_of, small

LONGEST_PIECE = 64  # characters; of a longer word, what no vocabulary has is not sent
JUDGING_TIMEOUT_S = 30.0
DRAWING_TIMEOUT_S = 120.0  # a thousand moves of a large network
CHARACTERS_A_SECOND = 20.0  # of the slowest board


def classify_text(board: BoardClient, text: str, level: Level) -> Int8:
    """Classify a text of any length with a board's sentiment model: int8 [labels]."""
    answers = [board.command(line, JUDGING_TIMEOUT_S) for line in text_lines(text, level)]
    try:
        return int8_of(answers[-1].words[2])
    except (IndexError, ValueError):
        raise unexpected_answer(answers[-1]) from None


def write_text(board: BoardClient, prompt: str, count: int, temperature: float, seed: int) -> str:
    """Generate `count` characters with a board's model; the prompt must fit in one line."""
    command = f"generate {count} {temperature:.4f} {seed} {escaped(prompt)}"
    require_fits(command, "The prompt")
    return _written(board, command, JUDGING_TIMEOUT_S + count / CHARACTERS_A_SECOND)[0]


def translate_text(board: BoardClient, text: str, temperature: float, seed: int) -> str:
    """Translate a text of one line, with a word or character, with a board's model."""
    command = f"translate {temperature:.4f} {seed} {escaped(for_board(text))}"
    require_fits(command, "The text")
    return _written(board, command, JUDGING_TIMEOUT_S)[0]


def describe_last(board: BoardClient, temperature: float, seed: int) -> tuple[str, int]:
    """What a board writes about its last samples, and of how many: it may have just started."""
    text, answer = _written(board, f"caption {temperature:.4f} {seed}", JUDGING_TIMEOUT_S)
    return text, int(number_in(answer, "samples"))


def describe_recording(
    board: BoardClient, recording: Recording, temperature: float, seed: int
) -> str:
    """What a board writes about a recording, which it takes in place of its sensor's samples."""
    with injecting(board, recording.rate_hz):
        send(board, recording)
        return describe_last(board, temperature, seed)[0]


def board_drawing(board: BoardClient, temperature: float, seed: int) -> BoardDrawing:
    """What a board draws."""
    board.take_pending("move")
    answer = board.command(f"draw {temperature:.4f} {seed}", DRAWING_TIMEOUT_S)
    moves = [move_of(message) for message in board.take_pending("move")]
    ended = answer.fields.get("ended")
    if answer.fields.get("moves") != str(len(moves)) or ended not in ("0", "1"):
        raise unexpected_answer(answer)
    return BoardDrawing(np.array(moves, np.int32).reshape(-1, 3), ended == "1")


def _written(board: BoardClient, command: str, timeout_s: float) -> tuple[str, Message]:
    """What a board writes after a command, and its answer."""
    board.take_pending("text")
    answer = board.command(command, timeout_s)
    lines = [" ".join(message.words) for message in board.take_pending("text")]
    try:
        text = unescaped("".join(lines))
    except ValueError:
        raise unexpected_answer(answer) from None
    if answer.fields.get("characters") != str(len(text)):
        raise unexpected_answer(answer)
    return text, answer


def text_lines(text: str, level: Level) -> list[str]:
    """The commands that send a text, split between words or characters."""
    parts = enumerate(_parts(text, level))
    return [f"{'more' if number else 'text'} {part}" for number, part in parts]


def escaped(text: str) -> str:
    """The text with escapes as in JSON."""
    return json.dumps(text)[1:-1]


def unescaped(text: str) -> str:
    """The inverse of `escaped`; ValueError for another text."""
    found: str = json.loads(f'"{text}"')
    return found


def _parts(text: str, level: Level) -> Iterator[str]:
    """Escaped parts that fit in a line; an empty text becomes a space."""
    room = LINE_CHARACTERS - len("text ")
    part = ""
    text = for_board(text)
    for piece in list(text) if level == "characters" else pieces_of(text):
        more = escaped(piece)
        if len(more) > LONGEST_PIECE:
            more = escaped(_start_of(piece))
        if len(part) + len(more) > room:
            yield part
            part = ""
        part += more
    yield part or " "


def _start_of(word: str) -> str:
    """The start of a long word, in small letters: no vocabulary has words of so many bytes."""
    letters = small(word)
    sizes = accumulate(len(letter.encode()) for letter in letters)
    end = next((n for n, size in enumerate(sizes, start=1) if size > MOST_BYTES), len(letters))
    return letters[:end]


SAMPLE_RECORD = np.dtype([("t_us", "<u8"), ("value", "<i4", (len(IMU_CHANNELS),))])
SAMPLES_A_LINE = LOAD_BYTES // SAMPLE_RECORD.itemsize
LINES_AT_ONCE = 8  # sent before an answer, so that the line is not idle


@contextmanager
def injecting(client: BoardClient, rate_hz: float) -> Iterator[None]:
    """Let the board take injected samples at `rate_hz` during the block."""
    client.command(f"inject {round(rate_hz * 1000)}")
    try:
        yield
    finally:
        client.command("inject 0")


def send(client: BoardClient, recording: Recording) -> None:
    """Inject the samples of a recording; the board's events are among the client's items."""
    records = np.zeros(len(recording), SAMPLE_RECORD)
    records["t_us"], records["value"] = recording.t_us, recording.thousandths
    lines = [
        f"sample {records[start : start + SAMPLES_A_LINE].tobytes().hex().upper()}"
        for start in range(0, len(records), SAMPLES_A_LINE)
    ]
    for start in range(0, len(lines), LINES_AT_ONCE):
        client.commands(lines[start : start + LINES_AT_ONCE])


def send_enrolment(client: BoardClient, content: bytes) -> None:
    """Let a board keep an enrolment in its flash and recognize by it from now on.

    Raises:
        PipelineError: the board refuses it; the one before is still active.
    """
    pieces = range(0, len(content), LOAD_BYTES)
    lines = [f"enrol {at} {content[at : at + LOAD_BYTES].hex().upper()}" for at in pieces]
    for start in range(0, len(lines), LINES_AT_ONCE):
        client.commands(lines[start : start + LINES_AT_ONCE])
    client.command("enrol-save")


def read_enrolment(client: BoardClient, size: int) -> bytes:
    """The `size` bytes of the enrolment by which a board recognizes."""
    content = b""
    while len(content) < size:
        answer = client.command(f"enrolment {len(content)}")
        try:
            piece = bytes.fromhex(answer.words[0])
        except (IndexError, ValueError):
            raise unexpected_answer(answer) from None
        if not piece:
            raise unexpected_answer(answer)
        content += piece
    return content
