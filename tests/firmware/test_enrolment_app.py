"""People and gestures over the serial line: what a board learns, keeps, says and refuses."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core.artifacts import EMBEDDING_DIMENSIONS, Recording
from pipeline.core.enrolment import SIZE, EnrolledCentre, Enrolment
from pipeline.twin.library import Twin
from tests.firmware.building import link_native
from tests.firmware.talking import Talk, start
from tests.tiny_model import CONTRACT, RATE_HZ
from tests.toy_centres import moves, write_toy_centres

CLASSES = len(CONTRACT.labels)
LOAD_BYTES = 112
SAMPLES_A_LINE = 3
SHAKES = moves([1.2, 1.25, 1.3], axis=1)
BEA = EnrolledCentre(1, (0, 45, *[0] * (EMBEDDING_DIMENSIONS - 2)), "bea")

pytestmark = pytest.mark.usefixtures("host_compiler")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_centres(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def program(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return link_native(tmp_path_factory.mktemp("board") / "native", sources)


@contextmanager
def started(program: Path, flash: Path) -> Iterator[Talk]:
    with start([str(program)], GESTURE_FLASH_FILE=str(flash)) as talk:
        assert talk.ask(f"inject {round(RATE_HZ * 1000)}") == "ok"
        yield talk


@pytest.fixture
def board(program: Path, tmp_path: Path) -> Iterator[Talk]:
    with started(program, tmp_path / "flash") as talk:
        yield talk


def enrolled(*people: str, **changes: object) -> Enrolment:
    centres = tuple(replace(BEA, owner=person) for person in people)
    whole = Enrolment(CONTRACT.hash(), CLASSES, people, (), centres, people[0])
    return replace(whole, **changes)  # type: ignore[arg-type]


def send(board: Talk, content: bytes) -> str:
    for at in range(0, len(content), LOAD_BYTES):
        assert board.ask(f"enrol {at} {content[at : at + LOAD_BYTES].hex().upper()}") == "ok"
    return board.ask("enrol-save")


def kept(board: Talk) -> bytes:
    return b"".join(
        bytes.fromhex(board.ask(f"enrolment {at}").split()[1]) for at in range(0, SIZE, 64)
    )


def move(board: Talk, recording: Recording) -> list[str]:
    """All that the board says of samples that the host sends in its sensor's place."""
    said = []
    rows = list(zip(recording.t_us.tolist(), recording.thousandths.tolist(), strict=True))
    for at in range(0, len(rows), SAMPLES_A_LINE):
        part = b"".join(struct.pack("<Q6i", t, *row) for t, row in rows[at : at + SAMPLES_A_LINE])
        board.send(f"sample {part.hex().upper()}")
        said += board.until("ok", "err")[:-1]
    return said


def test_an_enrolment_is_kept_over_a_restart_and_removed_by_one_command(
    program: Path, tmp_path: Path
) -> None:
    flash = tmp_path / "flash"
    with started(program, flash) as board:
        assert board.ask("people") == "ok active=- people=- learned=-"
        assert send(board, enrolled("bea", "tom").to_bytes()) == "ok number=1"
    with started(program, flash) as board:
        assert board.ask("people") == "ok active=bea people=bea,tom learned=-"
        assert board.ask("info").endswith(" person=bea people=2 learned=0")
        assert Enrolment.from_bytes(kept(board), CONTRACT.hash(), CLASSES).number == 1
        assert board.ask("person tom") == "ok number=2"
        assert board.ask("remove bea") == "ok number=3"
    with started(program, flash) as board:
        assert board.ask("people") == "ok active=tom people=tom learned=-"
        assert board.ask("person -") == "ok number=4"


def test_a_person_is_recognized_by_their_own_way(board: Talk) -> None:
    """For nobody in particular, what goes along ay is no gesture."""
    assert not move(board, SHAKES)
    assert send(board, enrolled("bea").to_bytes()).startswith("ok")
    said = move(board, moves([1.2, 1.2], axis=1))
    assert [line.split()[2] for line in said] == ["up", "up"]


def test_three_takes_teach_a_gesture_and_the_twin_learns_the_same_bytes(
    sources: Path, program: Path, tmp_path: Path
) -> None:
    flash = tmp_path / "flash"
    with started(program, flash) as board:
        assert board.ask("learn jump") == "ok"
        said = move(board, SHAKES)
        assert said[:3] == [f"learning take={take} of=3" for take in (1, 2, 3)]
        assert said[3].startswith("learned jump like=idle likeness=0.1")
        content = kept(board)
    twin = Twin(sources, tmp_path)
    takes, learned = twin.learn("jump", SHAKES)
    assert takes == 3
    board_way = Enrolment.from_bytes(content, CONTRACT.hash(), CLASSES)
    twin_way = Enrolment.from_bytes(learned, CONTRACT.hash(), CLASSES)
    assert replace(board_way, number=0) == replace(twin_way, number=0)
    with started(program, flash) as board:
        assert board.ask("people") == "ok active=- people=- learned=jump"
        assert [line.split()[2] for line in move(board, moves([1.25], axis=1))] == ["jump"]
        assert board.ask("forget jump").startswith("ok")
        assert not move(board, moves([1.25], axis=1))


def test_another_way_of_a_known_gesture_counts_though_nobody_is_chosen(board: Talk) -> None:
    assert board.ask("learn up") == "ok"
    assert any(line.startswith("learned up ") for line in move(board, SHAKES))
    assert board.ask("people") == "ok active=- people=- learned=-"
    said = move(board, moves([1.25], axis=1))  # the clock goes back, which is a hole
    assert [line.split()[2] for line in said if line.startswith("event")] == ["up"]
    assert board.ask("forget up").startswith("ok")
    assert not [line for line in move(board, moves([1.25], axis=1)) if "event" in line]


def test_a_way_of_the_person_is_forgotten_before_that_of_everybody(board: Talk) -> None:
    """What they were enrolled with is their way too."""
    assert board.ask("learn up") == "ok"
    move(board, SHAKES)
    everybodys = Enrolment.from_bytes(kept(board), CONTRACT.hash(), CLASSES).centres
    both = enrolled("bea", centres=(*everybodys, BEA))
    assert send(board, both.to_bytes()).startswith("ok")
    assert board.ask("forget up").startswith("ok")
    left = Enrolment.from_bytes(kept(board), CONTRACT.hash(), CLASSES)
    assert (left.people, left.centres) == (("bea",), everybodys)
    assert board.ask("forget up").startswith("ok")
    assert board.ask("forget up") == "err unknown-name"


def test_learning_can_be_stopped(board: Talk) -> None:
    assert board.ask("learn jump") == "ok"
    move(board, moves([1.2], axis=1))
    assert board.ask("learn -") == "ok"
    assert not [line for line in move(board, SHAKES) if line.startswith("learn")]
    assert board.ask("people") == "ok active=- people=- learned=-"


def test_what_is_like_another_gesture_is_said(board: Talk) -> None:
    assert board.ask("learn jump") == "ok"
    move(board, SHAKES)
    assert board.ask("learn hop") == "ok"
    said = move(board, SHAKES)
    (learned,) = (place for place, line in enumerate(said) if line.startswith("learned hop"))
    assert "like=jump likeness=1.000" in said[learned]
    assert said[learned + 1] == "warn too-like jump"


def test_without_moves_nothing_is_learned_after_a_minute(board: Talk) -> None:
    assert board.ask("learn jump") == "ok"
    assert move(board, moves([0.0] * 40, axis=1)) == ["warn not-learned timeout"]
    assert board.ask("people") == "ok active=- people=- learned=-"


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"contract": "f" * 64}, "err wrong-contract"),
        ({"classes": CLASSES + 1, "centres": (replace(BEA, class_index=3),)}, "err bad-enrolment"),
    ],
)
def test_an_enrolment_that_does_not_fit_is_refused(
    change: dict[str, object], answer: str, board: Talk
) -> None:
    assert send(board, enrolled("bea").to_bytes()) == "ok number=1"
    assert send(board, enrolled("bea", **change).to_bytes()) == answer
    assert board.ask("people") == "ok active=bea people=bea learned=-"


def test_a_damaged_enrolment_is_refused(board: Talk) -> None:
    content = bytearray(enrolled("bea").to_bytes())
    content[300] ^= 1
    assert send(board, bytes(content)) == "err bad-enrolment"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("person bea", "err unknown-name"),
        ("remove bea", "err unknown-name"),
        ("forget up", "err unknown-name"),
        ("learn idle", "err background"),
        ("learn a+b", "err bad-argument"),
        ("learn", "err bad-argument"),
        ("learn a_name_of_16_byt", "err bad-argument"),
        ("enrol 3676 00", "err out-of-range"),
        ("enrol 3675 0000", "err out-of-range"),
        ("enrolment 3676", "err out-of-range"),
        ("enrol-save", "err bad-enrolment"),
        ("people all", "err bad-argument"),
    ],
)
def test_wrong_commands_are_refused(command: str, answer: str, board: Talk) -> None:
    assert board.ask(command) == answer
