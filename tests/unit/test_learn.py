"""Learning a gesture on a board: it can be stopped, and what was learned is listed."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from pipeline.core.enrolment import EnrolledCentre, Enrolment
from pipeline.core.original_names import OriginalNames
from pipeline.workflows import learn
from pipeline.workflows.enrol import _people_of
from tests.fixtures.board_lines import INFO
from tests.tiny_model import CONTRACT

POINT = (0,) * 32


class WaitingBoard:
    """It learns until Ctrl-C is pressed."""

    device = "a board"

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._answers: list[bytes] = []

    def read(self) -> bytes:
        if not self._answers:
            raise KeyboardInterrupt
        return self._answers.pop()

    def write(self, data: bytes) -> None:
        self.asked.append(data)
        self._answers.append(INFO if data == b"info\n" else b"ok\n")


def test_after_ctrl_c_a_board_does_not_learn_from_whatever_moves_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = WaitingBoard()
    monkeypatch.setattr(learn, "board_at", lambda port, _: port)
    monkeypatch.setattr(learn, "open_port", lambda _: nullcontext(board))
    with pytest.raises(KeyboardInterrupt):
        learn.learn("jump", "auto", lambda _: None)
    assert board.asked[-2:] == [b"learn jump\n", b"learn -\n"]


def test_all_that_was_learned_is_listed() -> None:
    known, new = 1, len(CONTRACT.labels)
    centres = [EnrolledCentre(known, POINT, "bea")] * 2
    centres += [EnrolledCentre(known, POINT), EnrolledCentre(new, POINT)]
    enrolment = Enrolment(CONTRACT.hash(), new, ("bea",), ("jump",), tuple(centres))
    listed = _people_of(enrolment, CONTRACT, OriginalNames())
    assert (set(listed.people), listed.learned) == ({"bea"}, ("jump",))
    assert listed.ways == (CONTRACT.labels[known],)
