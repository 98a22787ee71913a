"""`gesture ports`: what is told of the ports of emulated boards, and where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.boards.pseudo_terminal import PseudoPort
from pipeline.core.board_slots import Slot
from tests.cli.commands import gesture


@pytest.fixture(autouse=True)
def own_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boards that run elsewhere on this computer are not seen."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def emulated(work: Path) -> list[dict[str, object]]:
    ports = gesture("ports", "--json", cwd=work).json["ports"]
    return [port for port in ports if str(port["what"]).startswith("emulated")]


def test_emulated_boards_are_listed_with_who_holds_them_while_they_run(tmp_path: Path) -> None:
    assert emulated(tmp_path) == []
    port, slot = PseudoPort(), Slot("native")
    slot.publish(port.path)
    (found,) = emulated(tmp_path)
    assert found["device"] == str(slot.link)
    assert found["what"] == "emulated board (native)"
    assert (found["held_by"], found["fix"]) == ([], None)

    client = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
    (found,) = emulated(tmp_path)
    assert f"({os.getpid()})" in str(found["held_by"])
    said = gesture("ports", cwd=tmp_path).said
    assert "emulated board (native)" in said
    assert f"({os.getpid()})" in said
    os.close(client)

    slot.release()
    port.close()
    slot.link.symlink_to("/dev/null")  # as a board leaves its name that was killed
    assert emulated(tmp_path) == []


def test_without_any_port_it_says_how_to_get_one(tmp_path: Path) -> None:
    if gesture("ports", "--json", cwd=tmp_path).json["ports"]:
        pytest.skip("something is plugged in here")
    assert "gesture board start native" in gesture("ports", cwd=tmp_path).said


def test_a_path_is_reported_in_one_piece_however_long_it_is(tmp_path: Path) -> None:
    port, slot = PseudoPort(), Slot("native")
    slot.publish(port.path)
    said = gesture("ports", cwd=tmp_path)
    slot.release()
    port.close()
    assert str(slot.link) in said.out.splitlines()
