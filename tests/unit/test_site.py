"""The tables of the site come from the code, and what the architecture page names is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from docs import site
from pipeline.config.reference import TASKS
from pipeline.core.errors import ExitCode
from tests.cli.test_help import commands
from tests.conftest import PROJECT
from tests.unit.test_next_commands import require_understood

PAGES = sorted((PROJECT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_table_of_a_page_is_made(page: Path) -> None:
    made = site.rendered(page.read_text("utf-8"))
    assert "<!-- table" not in made
    assert "](../" not in made


def test_every_kind_of_table_is_on_a_page() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert set(site.MARKER.findall(text)) == set(site.TABLES)


def test_every_command_is_in_the_reference() -> None:
    page = site.commands()
    for words in commands():
        assert f"## gesture {' '.join(words)}\n" in page


def test_every_task_and_every_exit_code_is_in_the_reference() -> None:
    settings = site.rendered((PROJECT / "docs" / "configuration.md").read_text("utf-8"))
    codes = site.rendered((PROJECT / "docs" / "errors.md").read_text("utf-8"))
    assert all(f"## `task: {task}`" in settings for task in TASKS)
    assert all(f"| {code.value} |" in codes for code in ExitCode)


def test_what_the_architecture_page_names_is_there() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
    named = re.findall(r"`((?:pipeline|firmware)/[\w./]*)`", page)
    assert len(named) > 15
    assert [path for path in named if not (PROJECT / path).exists()] == []


def test_the_floors_on_the_architecture_page_are_those_that_are_checked() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
    shown = page.split("```\ncli\n")[1].split("\n```")[0].splitlines()
    settings = (PROJECT / "pyproject.toml").read_text("utf-8")
    checked = re.findall(r'"([^"]+)"', settings.split('layers = [\n  "cli",')[1])
    assert [set(floor.split()) for floor in shown] == [set(floor.split(" | ")) for floor in checked]


def typed(text: str) -> list[str]:
    """The `gesture` commands in the code blocks of a page; a command may go on after a `\\`."""
    blocks = "\n".join(re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL))
    lines = blocks.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("gesture ")]


@pytest.mark.parametrize("name", ["index.md", "data.md", *(page.name for page in PAGES)])
def test_every_command_on_a_page_can_be_typed(name: str) -> None:
    source = site.ELSEWHERE.get(name, f"docs/{name}")
    text = (PROJECT / source).read_text("utf-8")
    commands = typed(text)
    assert bool(commands) == ("\ngesture " in text)
    for command in commands:
        require_understood(shlex.join(shlex.split(command, comments=True)))
