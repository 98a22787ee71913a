"""The pages of docs/ come from the code, and what they name is there."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from docs import site
from pipeline.config.reference import TASKS
from pipeline.core.board_profiles import PROFILES
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


def test_the_layers_on_the_architecture_page_are_those_that_are_checked() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
    shown = page.split("```\ncli\n")[1].split("\n```")[0].splitlines()
    settings = (PROJECT / "pyproject.toml").read_text("utf-8")
    layers = settings.split('layers = [\n  "cli",')[1].split("\n]")[0]
    checked = re.findall(r'"([^"]+)"', layers)
    assert [set(layer.split()) for layer in shown] == [set(layer.split(" | ")) for layer in checked]


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


PAGE = (PROJECT / "docs" / "troubleshooting.md").read_text("utf-8")


def said() -> str:
    """All texts in the program, of f-strings what stands between the braces left out; and those
    of a board, which `gesture monitor` hands on."""
    app = sorted((PROJECT / "firmware" / "lib" / "app").glob("*.c"))
    texts = [path.read_text("utf-8") for path in app]
    for path in (PROJECT / "pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
                texts.append("{}".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def test_every_message_on_the_page_is_one_of_the_tools() -> None:
    first_cells = re.findall(r"^\| (`.*?) \|", PAGE, re.M)
    messages = [message for cell in first_cells for message in re.findall(r"`([^`]+)`", cell)]
    assert len(messages) > 20
    program = said()
    for profile in PROFILES:  # the tool fills them in
        messages = [message.replace(profile.title, "{}") for message in messages]
    assert [message for message in messages if message not in program] == []
