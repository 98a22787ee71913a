"""Teaching a board: it can be stopped, and what was learned is listed."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from pipeline.core.enrolment import EnrolledCentre, Enrolment
from pipeline.core.original_names import OriginalNames
from pipeline.core.run_folder import RunFolder
from pipeline.workflows import learn
from pipeline.workflows.capture import Captured
from pipeline.workflows.enrol import _interrupted, _people_of
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


@pytest.mark.parametrize(("takes", "says"), [(0, "no take yet"), (2, "--dataset data/enrolled")])
def test_a_stopped_capture_is_gone_on_with_where_it_has_takes(takes: int, says: str) -> None:
    files = (Path("take.csv"),) * takes
    captured = Captured(files, {}, {}, (), True, Path("data/enrolled"))
    assert says in _interrupted(RunFolder(Path("run")), "bea", captured).next_step


def test_all_that_was_learned_is_listed() -> None:
    known, new = 1, len(CONTRACT.labels)
    centres = [EnrolledCentre(known, POINT, "bea")] * 2
    centres += [EnrolledCentre(known, POINT), EnrolledCentre(new, POINT)]
    enrolment = Enrolment(CONTRACT.hash(), new, ("bea",), ("jump",), tuple(centres))
    listed = _people_of(enrolment, CONTRACT, OriginalNames())
    assert (set(listed.people), listed.learned) == ({"bea"}, ("jump",))
    assert listed.ways == (CONTRACT.labels[known],)
