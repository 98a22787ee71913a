"""Every command, given names and files that hold a terminal's commands, prints none of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.hostile_world import RAW, all_commands, calls, make_world, run

COMMANDS = list(all_commands())
pytestmark = pytest.mark.xdist_group("hostile world")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    before, folder = Path.cwd(), tmp_path_factory.mktemp("world")
    os.chdir(folder)
    yield make_world(folder)
    os.chdir(before)


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[" ".join(one) for one, _ in COMMANDS])
def test_no_command_prints_what_a_terminal_obeys(
    world: list[str], words: list[str], command: Any
) -> None:
    with_options, *alone = [list(calls(words, command, word)) for word in world]
    for call in [*with_options, *(each[0] for each in alone)]:
        said = run(call)
        assert not RAW.search(said), call
        assert "should not have" not in said, call
