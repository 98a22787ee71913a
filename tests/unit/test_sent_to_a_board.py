"""What is sent to a board: text, escaped and in lines, and rows of a series; and what it says."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.client import BoardClient
from pipeline.capture.requests import (
    board_drawing,
    escaped,
    read_enrolment,
    send_enrolment,
    text_lines,
    translate_text,
    unescaped,
    write_text,
)
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.tokens import MOST_BYTES, tokens_of
from tests.refusals import refuses

MOST_CHARACTERS = 255
plain = st.text(st.characters(exclude_categories=("Cs",)))
LONG = ["it's", "film", "x" * 64, "y" * 65, "z" * 900, "\u00e9" * 90, "\u212a" * 70, "語" * 90]
words = st.lists(st.one_of(plain, st.sampled_from(LONG)))


@given(words.map(" ".join))
def test_lines_hold_all_words_of_a_text_and_none_is_too_long(text):
    lines = text_lines(text, "words")
    kinds, parts = zip(*(line.split(" ", 1) for line in lines), strict=True)
    assert kinds == ("text", *["more"] * (len(lines) - 1))
    assert all(len(line) <= MOST_CHARACTERS and line.isascii() for line in lines)
    assert all(parts)
    brought = [word for part in parts for word in tokens_of(unescaped(part), "words")]
    known = [word if len(word.encode()) <= MOST_BYTES else None for word in brought]
    words = tokens_of(text, "words")
    assert known == [word if len(word.encode()) <= MOST_BYTES else None for word in words]


@given(words.map(" ".join).filter(bool))
def test_lines_hold_all_characters_of_a_text_and_none_is_too_long(text):
    lines = text_lines(text, "characters")
    assert all(len(line) <= MOST_CHARACTERS and line.isascii() for line in lines)
    brought = "".join(unescaped(line.split(" ", 1)[1]) for line in lines)
    assert brought == unicodedata.normalize("NFC", text).replace("\0", "\ufffd")


@given(plain)
def test_what_is_escaped_comes_back(text):
    assert unescaped(escaped(text)) == text
    assert all(" " <= character <= "~" or character == "\x7f" for character in escaped(text))


class NoBoard:
    device = "nowhere"

    def read(self) -> bytes:
        raise AssertionError("nothing was to be read")

    def write(self, data: bytes) -> None:
        raise AssertionError(f"{data!r} was not to be written")


def test_a_prompt_that_does_not_fit_a_line_is_refused_before_it_is_sent():
    with refuses("does not fit a line", ExitCode.USAGE):
        write_text(BoardClient(NoBoard()), "\n" * 120, 500, 0.5, 1)


class Answering:
    """The far end of a line that says `told` to each command."""

    device = "a line"

    def __init__(self, said: bytes) -> None:
        self.said, self.heard, self._waiting = said, b"", b""

    def read(self) -> bytes:
        waiting, self._waiting = self._waiting, b""
        return waiting

    def write(self, data: bytes) -> None:
        self.heard += data
        self._waiting += self.said


def test_a_row_is_reported_in_as_few_digits_as_it_needs() -> None:
    line = Answering(b"forecast 9 20.500 -0.001\nok rows=3\n")
    assert BoardClient(line).forecast([[0, 100_000, -12_340, 5]], 2) == (20_500, -1)
    assert line.heard == b"observe 0 100 -12.34 0.005\n"


def test_a_row_that_does_not_fit_a_line_is_refused_before_it_is_sent() -> None:
    line = Answering(b"")
    with pytest.raises(PipelineError, match="A row of 32 channels does not fit") as caught:
        BoardClient(line).observe([-12_345] * 32)
    assert (caught.value.exit_code, line.heard) == (ExitCode.USAGE, b"")


@pytest.mark.parametrize("said", [b"", b"forecast 9 1.000\n", b"forecast\n", b"forecast 9 1.0 x\n"])
def test_a_forecast_that_is_missing_or_damaged_is_reported(said: bytes) -> None:
    board = BoardClient(Answering(said + b"ok rows=3\n"))
    with refuses(code=ExitCode.MISMATCH):
        board.forecast([[1, 2]], 2)


def test_a_text_is_translated_in_one_line() -> None:
    line = Answering(b"text 2021-\ntext 05-03\nok characters=10 unknown=0\n")
    assert translate_text(BoardClient(line), "3. ma\u0308rz\n", 0.5, 7) == "2021-05-03"
    assert line.heard == b"translate 0.5000 7 3. m\\u00e4rz\\n\n"


def test_a_translation_that_lost_a_line_is_reported() -> None:
    board = BoardClient(Answering(b"text 05-03\nok characters=10 unknown=0\n"))
    with refuses(code=ExitCode.MISMATCH):
        translate_text(board, "3. Mai", 0, 1)


def test_a_text_that_does_not_fit_a_line_is_refused_before_it_is_sent() -> None:
    with refuses("The text does not fit a line", ExitCode.USAGE):
        translate_text(BoardClient(NoBoard()), "\n" * 120, 0, 1)


class Keeping:
    """A board that keeps what it is sent, piece by piece, and gives it back."""

    device = "a line"

    def __init__(self, content: bytes) -> None:
        self.content, self.saved, self._waiting = bytearray(content), False, b""

    def read(self) -> bytes:
        waiting, self._waiting = self._waiting, b""
        return waiting

    def write(self, data: bytes) -> None:
        for line in data.decode("ascii").splitlines():
            assert len(line) <= MOST_CHARACTERS
            self._waiting += self._answer(*line.split()).encode()

    def _answer(self, command: str, at: str = "0", piece: str = "") -> str:
        start = int(at)
        if command == "enrol":
            self.content[start : start + len(piece) // 2] = bytes.fromhex(piece)
        self.saved = command == "enrol-save"
        given = self.content[start : start + 64].hex() if command == "enrolment" else ""
        return f"ok {given}\n"


def test_an_enrolment_is_kept_and_read_whole() -> None:
    content = bytes(number * 7 % 256 for number in range(3676))
    board = Keeping(bytes(len(content)))
    send_enrolment(BoardClient(board), content)
    assert board.saved
    assert bytes(board.content) == content
    assert read_enrolment(BoardClient(board), len(content)) == content


@pytest.mark.parametrize("said", [b"ok\n", b"ok 0x\n"])
def test_a_board_that_answers_no_bytes_is_not_asked_without_end(said: bytes) -> None:
    with pytest.raises(PipelineError):
        read_enrolment(BoardClient(Answering(said)), 3676)


def test_a_drawing_is_asked_for_in_one_line() -> None:
    line = Answering(b"move -12.345 0.007 down\nmove -0.005 2.000 lifted\nok moves=2 ended=1\n")
    found = board_drawing(BoardClient(line), 0.5, 7)
    assert found.moves.tolist() == [[-12345, 7, 0], [-5, 2000, 1]]
    assert found.has_ended
    assert line.heard == b"draw 0.5000 7\n"


def test_a_drawing_of_no_move_is_one() -> None:
    found = board_drawing(BoardClient(Answering(b"ok moves=0 ended=1\n")), 1, 1)
    assert (found.moves.shape, found.drawing.shape) == ((0, 3), (0, 3))


@pytest.mark.parametrize(
    "said",
    [
        b"ok moves=1 ended=1\n",
        b"move 1.000 2.000 down\nok moves=2 ended=0\n",
        b"move 1.000 2.000 down\nok moves=1 ended=2\n",
        b"move 1.000 2.000 down\nok\n",
        b"move 1.000 2.000\nok moves=1 ended=1\n",
        b"move 1.000 2.000 up\nok moves=1 ended=1\n",
        b"move 1.000 2.00 down\nok moves=1 ended=1\n",
        b"move\nok moves=1 ended=1\n",
        b"move 1.000 2000000.001 down\nok moves=1 ended=1\n",
    ],
)
def test_a_drawing_that_lost_a_line_or_has_an_impossible_one_is_reported(said: bytes) -> None:
    board = BoardClient(Answering(said))
    with refuses(code=ExitCode.MISMATCH):
        board_drawing(board, 1, 1)
