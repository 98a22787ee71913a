"""`gesture learn`: three moves of a board's own sensor, and it knows one gesture more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.core.errors import ExitCode
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.streams import join_takes
from tests.cli.commands import PROJECT, gesture

SAMPLE = PROJECT / "data" / "sample"
REST_S = (1.4, 1.5)


@pytest.fixture(scope="module")
def board(native_of_run: Path) -> Iterator[str]:
    """Its sensor feels the same waves again and again."""
    waves = [one for one in load_recordings(SAMPLE) if one.label == "wave"][:4]
    stream = join_takes(waves, REST_S, seed=1)
    with start("native", native_of_run, stream, loop=True) as started:
        yield started.port


def test_a_board_learns_a_gesture_and_forgets_it(board: str, tmp_path: Path) -> None:
    learned = gesture("learn", "hello", "--port", board, "--json", cwd=tmp_path).json
    assert learned["name"] == "hello"
    assert learned["like"] == "wave"
    assert 0 < learned["likeness"] <= 1
    with open_port(board) as connection:
        assert BoardClient(connection).command("people").fields["learned"] == "hello"
    assert learned["too_like"]
    gesture("learn", "hello", "--forget", "--port", board, cwd=tmp_path)
    with open_port(board) as connection:
        assert BoardClient(connection).command("people").fields["learned"] == "-"


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("a b",), "cannot be the name", ExitCode.USAGE),
        (("idle",), "its model calls it when nothing is a gesture", ExitCode.FAILED),
        (("hello", "--forget"), "it has learned nothing", ExitCode.USAGE),
        (("wave", "--forget"), "nobody and nothing of that name", ExitCode.FAILED),
    ],
)
def test_what_cannot_be_learned_is_refused(
    words: tuple[str, ...], says: str, code: ExitCode, board: str, tmp_path: Path
) -> None:
    assert says in gesture("learn", *words, "--port", board, cwd=tmp_path, code=code).said
