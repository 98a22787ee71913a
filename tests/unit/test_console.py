"""What is printed is what was meant, no text of a user's is read as markup, and nothing that a
terminal obeys reaches it."""

from __future__ import annotations

import ast
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipeline.capture.link_statistics import LinkStatistics, MonitorEntry, monitor_entry
from pipeline.capture.protocol import LineReader
from pipeline.cli import app
from pipeline.cli.console import print_json, show_failure, show_table, steps
from pipeline.cli.monitor import _screen
from pipeline.cli.replay import show_entry
from pipeline.cli.terminal import SafeConsole, visible
from pipeline.cli.text import show_judgements, show_written
from pipeline.core.artifacts import Event
from pipeline.core.errors import ExitCode, PipelineError, StoppedError
from pipeline.core.original_names import OriginalNames
from pipeline.workflows.predict import Judgement, Written
from tests.conftest import PROJECT
from tests.fixtures.hostile_world import ESCAPES, EVIL, RAW
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
    found = Judgement("texts", "good", {"good": 1.0}, "characters", 5, (), 2, int8=True)
    show_judgements([found], as_json=False)
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


COLOURS = re.compile(r"\x1b\[[0-9;]*m")
texts = st.text(st.sampled_from(ESCAPES + "ab[]/\\ bold\n\t") | st.characters())
PRINTING = {
    name: {"print"} for name in ("console.py", "app.py", "terminal.py")
}  # of what went through `visible`


def printed(*things: object, **options: object) -> str:
    """In a terminal, colours taken out."""
    said = io.StringIO()
    SafeConsole(file=said, force_terminal=True, width=80).print(*things, **options)  # type: ignore[arg-type]
    return COLOURS.sub("", said.getvalue())


@given(texts)
def test_no_text_moves_the_terminal_however_it_is_printed(text: str) -> None:
    table = Table(escape(text), escape(text), title=escape(text))
    table.add_row(escape(text), Text(text, "bold"))
    for thing in (escape(text), Text(text), f"[bold]{escape(text)}[/]", table):
        assert not RAW.search(printed(thing))
        assert not RAW.search(printed(thing, style="red", soft_wrap=True))


@given(texts)
def test_what_is_harmless_is_shown_as_it_is(text: str) -> None:
    shown = visible(text)
    assert not RAW.search(shown)
    shown.encode("utf-8")  # halves of pairs cannot be
    if not RAW.search(text) and text.isascii():
        assert shown == text


def test_each_is_shown_by_its_code() -> None:
    assert visible("a\x1b[2J\x9b\u202eb\udcff\n\tä") == r"a\x1b[2J\x9b\u202eb\udcff" + "\n\tä"
    assert printed(escape("\x1b]52;c;aa\x07[red]x")) == r"\x1b]52;c;aa\x07[red]x" + "\n"


@given(st.lists(st.binary(max_size=60) | texts.map(lambda text: text.encode("utf-8", "ignore"))))
def test_no_line_of_a_board_moves_the_terminal(lines: list[bytes]) -> None:
    said, statistics = io.StringIO(), LinkStatistics()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", said)
        for line in lines:
            for item in LineReader().feed(b"warn " + line + b"\n" + line + b"\n"):
                statistics.add(item, 0)
                entry = monitor_entry(item, ("up",))
                if entry is not None:
                    show_entry(entry, OriginalNames(), as_json=False)
                    show_entry(entry, OriginalNames(), as_json=True)
    assert not RAW.search(said.getvalue())


def test_labels_of_a_board_do_not_move_its_live_view() -> None:
    statistics = LinkStatistics()
    statistics.scores = (0.1, 0.9)
    assert not RAW.search(printed(_screen(EVIL, EVIL, statistics, (EVIL, EVIL + "c"))))
    assert r"\x1b]52;c" in printed(_screen(EVIL, EVIL, statistics, (EVIL, EVIL + "c")))


def test_json_holds_no_control_character_and_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"event": Event(1, EVIL, float("nan")), "seen": MonitorEntry(note=EVIL)})
    said = capsys.readouterr().out
    assert not RAW.search(said)
    assert json.loads(said)["seen"]["note"] == EVIL
    assert json.loads(said)["event"]["score"] is None


words_of_cells = st.text(st.sampled_from("abc/_-.09"), min_size=1, max_size=40)
cells = st.lists(words_of_cells, min_size=1, max_size=3).map(" ".join)


@given(st.data(), st.integers(1, 8), st.integers(20, 200))
def test_a_table_of_any_width_keeps_all_cells_and_breaks_no_word(
    data: st.DataObject, columns: int, width: int
) -> None:
    rows = data.draw(
        st.lists(st.lists(cells, min_size=columns, max_size=columns), min_size=1, max_size=3)
    )
    table = Table(*(f"h{number}" for number in range(columns)), box=None, title="of a title")
    for row in rows:
        table.add_row(*row)
    said = io.StringIO()
    SafeConsole(file=said, width=width).print(table)
    shown = said.getvalue()
    for row in rows:
        for word in " ".join(row).split():
            assert word in shown.split()
    assert "…" not in shown
    longest = max(len(word) for row in rows for cell in row for word in cell.split(" "))
    if columns * (longest + 2) <= width:  # then nothing keeps it from being a table
        assert max(map(len, shown.splitlines())) <= width


def test_a_table_too_wide_for_the_terminal_is_a_list_of_its_rows() -> None:
    table = Table("layer", "operators", "flash", box=None)
    table.add_row("conv1d", "CONV_2D", "512")
    table.add_row("", "shared", "9")
    said = io.StringIO()
    SafeConsole(file=said, width=20).print(table)
    assert said.getvalue().splitlines() == [
        "layer conv1d",
        "  operators  CONV_2D",
        "  flash      512",
        "operators shared",
        "  flash      9",
    ]


def test_what_is_not_read_in_a_terminal_is_not_squeezed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table = Table(*(f"column_{number}" for number in range(20)), box=None)
    table.add_row(*("some words" for _ in range(20)))
    said = io.StringIO()
    SafeConsole(file=said).print(table)
    head, row = said.getvalue().splitlines()
    assert len(head.split()) == 20
    assert row.count("some words") == 20


@given(st.lists(words_of_cells, min_size=1, max_size=4).map(" ".join), st.integers(20, 200))
def test_an_error_names_paths_and_hashes_in_one_piece(name: str, width: int) -> None:
    said = io.StringIO()
    path = str(Path(f"/tmp/{name}/a.csv"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.cli.console.err", SafeConsole(file=said, width=width))
        patch.setattr("pipeline.cli.console.out", SafeConsole(file=said, width=width))
        show_failure(PipelineError(f"{path} is not {'0f' * 32}.", path, path), as_json=False)
        show_table(f"of {path}", [("report", Path(path)), ("hash", "0f" * 32)])
    assert said.getvalue().count(path) == 5
    assert said.getvalue().count("0f" * 32) == 2


def test_there_is_one_way_to_the_terminal() -> None:
    """No module prints by itself, or makes a console of its own."""
    for path in (PROJECT / "pipeline").rglob("*.py"):
        if path.name == "imdb.py" or path.name.endswith("_child.py"):
            continue  # these print to a file, and to the pipe of who started them
        allowed = PRINTING.get(path.name, set())
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("print", "Console", "sys.stdout.write", "sys.stderr.write", "echo"):
                assert called in allowed, f"{path}: {called}"
