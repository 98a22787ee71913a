"""The command line tells how it is used, and tells it at once."""

from __future__ import annotations

import json
import subprocess
import sys
from unittest.mock import patch

import pytest
import typer
from typer.testing import CliRunner

from pipeline import __version__
from pipeline.cli.app import COMMANDS, app, main
from pipeline.core.board_profiles import BOARDS
from pipeline.core.errors import ExitCode

HEAVY = ("tensorflow", "keras", "numpy", "pandas", "matplotlib", "pydantic", "rich.console")


def commands() -> list[list[str]]:
    """Every command as the words that call it."""
    found = []
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found += [[name, below] for below in inner] if inner else [[name]]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(words: list[str]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    assert f"Example: gesture {' '.join(words)}" in result.output


@pytest.mark.parametrize("words", [["deploy"], ["board", "build"]], ids=" ".join)
def test_help_names_every_board(words: list[str]) -> None:
    said = " ".join(CliRunner().invoke(app, [*words, "--help"]).output.split())
    assert all(board in said for board in BOARDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_first_line_of_their_help(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    assert command.help.split("\n")[0] == COMMANDS[name][1]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom pipeline.cli.app import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_help_names_the_version_and_completion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main_with("--help") == 0
    said = capsys.readouterr().out
    assert "--version" in said
    assert "--install-completion" in said


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main_with("--version") == 0
    assert capsys.readouterr().out == f"gesture {__version__}\n"


@pytest.mark.parametrize("words", [[], *commands()], ids=" ".join)
def test_a_wrong_word_is_reported_as_json_where_that_is_asked_for(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_with(*words, "--no-such-option", "--json") == ExitCode.USAGE
    printed = capsys.readouterr()
    assert printed.err == ""
    error = json.loads(printed.out)["error"]
    assert "--no-such-option" in error["what"]
    assert f"`{' '.join(['gesture', *words])} --help`" in error["next"]
    assert error["exit_code"] == ExitCode.USAGE


def main_with(*words: str) -> int:
    """The exit code of the whole program, in this process."""
    with patch.object(sys, "argv", ["gesture", *words]), pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)
