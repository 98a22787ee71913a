"""`auto` is the only board there is, plugged in or emulated, and one that is about to be."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.core.board_slots import Slot, announce_start, is_board_starting
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.workflows import boards
from pipeline.workflows.boards import board_at
from tests.refusals import refuses

LIMIT_S = 300.0

ECHO = Path(__file__).parent.parent / "fixtures" / "echo_board.py"


@pytest.fixture(autouse=True)
def none_plugged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(boards, "is_board_plugged_in", lambda: False)


def running(stack: ExitStack, board: str) -> str:
    slot = Slot(board)
    stack.callback(slot.release)
    slot.publish("/dev/null")
    return str(slot.link)


def test_the_only_emulated_board_is_found() -> None:
    with ExitStack() as stack:
        name = running(stack, "native")
        assert board_at("auto") == name
    assert board_at("auto") == "auto"  # it has ended


def test_between_two_emulated_boards_nobody_chooses() -> None:
    with ExitStack() as stack:
        names = [running(stack, board) for board in ("native", "virtual")]
        with pytest.raises(PipelineError, match="2 emulated boards run") as refused:
            board_at("auto")
    assert refused.value.exit_code == ExitCode.NO_BOARD
    assert all(name in refused.value.what for name in names)


def test_a_board_that_is_named_or_plugged_in_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        running(stack, "native")
        assert board_at("id:AB12") == "id:AB12"
        assert board_at("/dev/ttyACM0") == "/dev/ttyACM0"
        monkeypatch.setattr(boards, "is_board_plugged_in", lambda: True)
        assert board_at("auto") == "auto"


def test_a_board_that_is_being_started_is_waited_for() -> None:
    """It is ready once somebody has been told that they have to wait."""
    waiting = threading.Event()
    said: list[str] = []

    def tell(text: str) -> None:
        said.append(text)
        waiting.set()

    with ExitStack() as stack:
        names: list[str] = []

        def start() -> None:
            with announce_start():
                begun.set()
                waiting.wait(LIMIT_S)
                names.append(running(stack, "native"))

        begun = threading.Event()
        thread = threading.Thread(target=start)
        thread.start()
        begun.wait(LIMIT_S)
        assert is_board_starting()
        assert board_at("auto", tell) == names[0]
        thread.join()
    assert "being started" in said[0]
    assert not is_board_starting()


def test_several_may_be_started_at_once() -> None:
    with announce_start(), announce_start():
        assert is_board_starting()
    assert not is_board_starting()


def test_a_board_is_announced_while_it_is_built_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    announced_while_building: list[bool] = []
    said: list[str] = []

    def build(_board: str) -> SimpleNamespace:
        announced_while_building.append(is_board_starting())
        assert said == ["building the firmware for native"]
        return SimpleNamespace(path=ECHO)

    monkeypatch.setattr(boards, "build_without_model", build)
    with boards.start_board("native", None, None, None, True, on_step=said.append) as board:
        assert board_at("auto") == board.port
    assert announced_while_building == [True]


def test_nothing_is_not_played_again_and_again() -> None:
    with (
        refuses("no recording to repeat", ExitCode.USAGE),
        boards.start_board("native", None, None, None, False, loop=True),
    ):
        pass
