"""What is printed is what was meant: no text of a user's is read as markup, and long work says
what it does."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from pipeline.cli import app
from pipeline.cli.console import show_failure, show_table, steps
from pipeline.cli.text import show_judgements, show_written
from pipeline.core.errors import ExitCode, PipelineError, StoppedError
from pipeline.workflows.predict import Judgement, Written
from tests.takes import save_all, takes

ODD = "a\tb :heart: [red]x[/red] [/b] \\[y]\\"


def test_what_is_written_is_printed_to_the_character(capsys: pytest.CaptureFixture[str]) -> None:
    prompt, text = "see [", "/b] " + ODD + "\n" + "z" * 300
    show_written(Written(prompt, text, 1.0, 1, 2.0, int8=False), as_json=False)
    assert capsys.readouterr().out == prompt + text + "\n"


def test_a_text_that_is_classified_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = ODD.replace("\t", " ")
    show_judgements(
        [Judgement(text, "[/b]", {"[/b]": 1.0}, "words", 3, (), 0, int8=True)], as_json=False
    )
    assert capsys.readouterr().out == f"[/b] 100.0%  {text}\n"


def test_what_was_cut_off_is_counted_in_what_the_network_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    judged = Judgement("texts", "good", {"good": 1.0}, "characters", 5, (), 2, int8=True)
    show_judgements([judged], as_json=False)
    assert "2 of 5 characters were cut off" in capsys.readouterr().err


def test_a_table_shows_names_and_units_in_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("of [/a]", [("T [degC] 1 ahead, mean error", "0.5 [K]"), ("v [/h]", ":heart:")])
    said = capsys.readouterr().out
    for words in ("of [/a]", "T [degC] 1 ahead, mean error", "0.5 [K]", "v [/h]", ":heart:"):
        assert words in said


def test_a_step_may_name_a_file_with_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    with steps(as_json=False) as on_step:
        on_step("reading a[/b].csv")
    assert "reading a[/b].csv" in capsys.readouterr().err


def commands(group: Any) -> list[Any]:
    inner = [
        commands(one) if hasattr(one, "commands") else [one] for one in group.commands.values()
    ]
    return [command for some in inner for command in some]


@pytest.mark.parametrize(
    "command", commands(typer.main.get_command(app.app)), ids=lambda command: command.name
)
def test_no_command_is_ended_by_ctrl_c_without_a_word(
    command: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "callback", interrupted)
    with pytest.raises(StoppedError) as left:
        command.invoke(typer.Context(command))
    assert show_failure(left.value, as_json=False) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "stopped\n"


def test_what_was_stopped_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    stopped = PipelineError("It was.", "Ctrl-C", "go on", ExitCode.INTERRUPTED)
    assert show_failure(stopped, as_json=False) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.startswith("stopped It was.")


WORDS = (
    "data import data/mine --dataset other",
    "data stream data/mine stream.csv",
    "data lint data/mine",
    "data show data/mine --out mine.png",
    "data export data/mine out --format tutorial",
)


def work(folder: Path, words: str) -> None:
    save_all(folder / "data" / "mine", takes(["flex", "punch"], ("anna", "bo")))
    app.app(shlex.split(words), standalone_mode=False)


@pytest.mark.parametrize("words", WORDS)
def test_it_says_what_it_does(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    work(tmp_path, words)
    said = capsys.readouterr()
    assert "…" in said.err
    assert "data/mine" in said.err
    assert "…" not in said.out


@pytest.mark.parametrize("words", WORDS)
def test_for_a_program_there_is_json_only(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    work(tmp_path, f"{words} --json")
    said = capsys.readouterr()
    assert said.err == ""
    assert json.loads(said.out)
