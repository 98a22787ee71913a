"""The pages of docs/ come from the code, and what they say of the tool and the protocol is so."""

from __future__ import annotations

import ast
import dataclasses
import re
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer.main

from docs import site
from pipeline.capture.client import LOAD_BYTES, WHY
from pipeline.capture.feedback import PULL_LINES
from pipeline.capture.protocol import MESSAGE_KINDS, BoardInfo, Sample, parse_line
from pipeline.capture.requests import SAMPLE_RECORD, SAMPLES_A_LINE
from pipeline.cli import app, console
from pipeline.config.reference import TASKS
from pipeline.conversion.contract_source import LEAST_PERIOD_MS, MOST_PERIOD_MS
from pipeline.core.board_profiles import PROFILES
from pipeline.core.contract import Task
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.catalogue import CATALOGUE, Published, SequenceEntry
from pipeline.twin.text_twin import HIGHEST_TEMPERATURE, ONE_E4
from pipeline.workflows import capture, convert, datasets, deploy, monitor, next_commands, train
from pipeline.workflows.predict import LONGEST_BY_BOARD
from pipeline.workflows.train import load_task_config
from tests.cli.test_help import commands
from tests.conftest import PROJECT
from tests.takes import RATE_HZ, save_all, take, takes
from tests.tiny_model import CONTRACT
from tests.toy_text import contract_of

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


def test_the_exit_codes_of_compile_are_complete() -> None:
    section = (PROJECT / "docs" / "compile.md").read_text("utf-8").split("## Exit codes")[1]
    of_boards_and_datasets = {ExitCode.LEFT_OUT, ExitCode.NO_BOARD, ExitCode.FINDINGS}
    shown = {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}
    assert shown == set(ExitCode) - of_boards_and_datasets


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


RUN = Path("runs/two words")
TASK_NAMES: tuple[Task, ...] = ("gesture", "forecast", "sentiment", "generation", "sketch")
BOARDS = ("nano33ble", "virtual", "native")


def require_understood(command: str) -> None:
    """It fails as the command line would for a command or an option that is not there."""
    program, *words = shlex.split(command)
    assert program == "gesture"
    known: Any = typer.main.get_command(app.app)
    context = known.make_context(program, list(words))
    while hasattr(known, "resolve_command"):
        name, known, words = known.resolve_command(context, words)
        context = known.make_context(name, list(words), parent=context)


def test_all_that_is_named_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_commands, "dataset_of", lambda _: Path("data/mine"))
    named = [*next_commands.after_conversion(RUN)]
    for task in TASK_NAMES:
        named += next_commands.after_training(RUN, task)
        for name in BOARDS:
            named += next_commands.after_deployment(RUN, task, name)
    named += next_commands.after_recording(recorded(tmp_path / "one", "idle"))
    named += next_commands.after_recording(recorded(tmp_path / "two", "idle", "flex"))
    few = save_all(tmp_path / "few", takes(["flex", "punch"], each=2))
    named += next_commands.after_recording(few)
    (tmp_path / "room").mkdir()
    named += next_commands.after_recording(tmp_path / "room", "environment")
    assert len(named) >= 18
    for command in named:
        require_understood(command)


def test_a_board_that_reads_text_is_given_one(tmp_path: Path) -> None:
    contract_of("sentiment", 9, 4).save(RunFolder(tmp_path).contract_file)
    command = next_commands.beside_board(tmp_path, "/dev/ttys1")
    assert command == f"gesture predict {tmp_path} 'A text.' --port /dev/ttys1"
    require_understood(command)
    command = next_commands.beside_board(None, "/dev/ttys1")
    assert command == "gesture monitor --port /dev/ttys1"
    require_understood(command)


IDLE = "gesture capture --label idle --mode continuous --dataset mine"


def recorded(dataset: Path, *labels: str) -> Path:
    return save_all(dataset, takes(labels))


def test_what_is_missing_is_recorded_before_it_is_trained_on(tmp_path: Path) -> None:
    dataset = tmp_path / "mine"
    train_it = f"--set data.path={dataset}"
    idle, last = next_commands.after_recording(recorded(dataset, "punch"))
    assert idle == IDLE
    assert last.endswith(train_it)
    save_all(dataset, [take("idle", n=round(11 * RATE_HZ))])  # one that is long is enough
    (only,) = next_commands.after_recording(dataset)
    assert only.endswith(train_it)
    save_all(dataset, takes(["flex"], each=4))
    more, last = next_commands.after_recording(dataset)
    assert more == "gesture capture --label flex --count 20 --dataset mine"
    assert last.endswith(train_it)
    save_all(dataset, takes(["up"], each=1))
    assert "--label flex --label up --mode guided" in next_commands.after_recording(dataset)[0]


def test_a_person_whom_the_newest_model_does_not_know_is_offered_to_be_enrolled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dataset = save_all(Path("mine"), [replace(take("up"), person="bea")])
    assert not any("enrol" in command for command in next_commands.after_recording(dataset))
    run = RunFolder(Path("runs") / "latest")
    run.path.mkdir(parents=True)
    CONTRACT.save(run.contract_file)
    for file in (run.cost_file, run.embedding_features_file):
        file.touch()
    run.splits_file.write_text('{"train": ["up/anna-1-001"], "test": ["idle/tom-1-001"]}')
    offered = next_commands.after_recording(dataset)[-2]
    assert offered == "gesture enrol runs/latest --person bea --dataset mine"
    require_understood(offered)
    run.splits_file.write_text('{"train": ["up/bea-1-001"]}')
    assert not any("enrol" in command for command in next_commands.after_recording(dataset))


@pytest.mark.parametrize("entry", CATALOGUE, ids=[entry.name for entry in CATALOGUE])
def test_every_published_dataset_is_gone_on_with(entry: Published, tmp_path: Path) -> None:
    dataset = recorded(tmp_path / "any", "flex", "punch")
    require_understood(next_commands.after_fetching(entry.name, dataset)[-1])
    own_place = next_commands.after_fetching(entry.name, Path("data") / entry.name)
    if isinstance(entry, SequenceEntry):
        config = shlex.split(own_place[0])[2]
        data = load_task_config(Path(config)).data.path
        assert data.parts[:2] == ("data", entry.name)


def test_of_rest_alone_no_model_is_made(tmp_path: Path) -> None:
    gesture, _ = next_commands.after_recording(recorded(tmp_path / "mine", "Rest"))
    assert gesture == "gesture capture --label punch --count 20 --dataset mine"


def test_where_a_recording_cannot_be_read_the_check_says_why(tmp_path: Path) -> None:
    (recorded(tmp_path / "mine", "punch") / "punch" / "me-1-001.csv").touch()
    (command,) = next_commands.after_recording(tmp_path / "mine")
    assert command == f"gesture data lint {tmp_path / 'mine'}"


def test_the_config_that_is_named_comes_with_the_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = recorded(tmp_path / "mine", "punch", "idle")
    (tmp_path / "room").mkdir()
    monkeypatch.chdir(tmp_path)
    for recorded_with, folder in (("imu", dataset), ("environment", tmp_path / "room")):
        command = next_commands.after_recording(folder, recorded_with)[-1]
        task = load_task_config(Path(command.split()[2])).task
        assert task == ("gesture" if recorded_with == "imu" else "forecast")


DATASET = Path("data/mine")
SHOWN = (
    "train.show_trained",
    "convert.show_converted",
    "deploy.show_deployed",
    "capture.show_captured",
    "importing.show_imported",
    "monitor.show_pulled",
)
STAGES: tuple[tuple[str, Any, str, dict[str, Any], str], ...] = (
    (
        "train gesture_conv1d",
        train,
        "train",
        {"run": RUN, "task": "gesture"},
        "gesture convert 'runs/two words'",
    ),
    ("convert", convert, "convert", {"run": RUN}, "gesture deploy 'runs/two words'"),
    ("deploy", deploy, "deploy", {"run": RUN, "task": "gesture"}, "gesture monitor"),
    (
        "capture --label flex",
        capture,
        "capture",
        {"files": (Path("a.csv"),), "dataset": DATASET, "interrupted": False},
        IDLE,
    ),
    (
        "data import a.csv --dataset mine",
        datasets,
        "save_import",
        {"total": 1, "dataset": DATASET, "left_out": ()},
        IDLE,
    ),
    (
        "pull --label flex",
        monitor,
        "pull",
        {"file": DATASET / "flex" / "a.csv"},
        IDLE,
    ),
)


@pytest.mark.parametrize(
    ("words", "stage", "name", "result", "words_shown"), STAGES, ids=[stage[2] for stage in STAGES]
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_command_ends_with_the_next_one(
    words: str,
    stage: Any,
    name: str,
    result: dict[str, Any],
    words_shown: str,
    as_json: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded(DATASET, "flex")
    Path("a.csv").write_text("aX,aY,aZ,gX,gY,gZ\n" + "0,0,1,0,0,0\n" * 4)
    monkeypatch.setattr(stage, name, lambda *_, **__: SimpleNamespace(**result))
    for shown in SHOWN:
        monkeypatch.setattr(f"pipeline.cli.{shown}", silent)
    app.app([*shlex.split(words), *(["--json"] if as_json else [])], standalone_mode=False)
    said = capsys.readouterr().out
    assert said.partition("\n")[0] == ("" if as_json else f"next  {words_shown}")


def silent(*_: object) -> None:
    pass


def test_a_command_is_never_broken_nor_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    commands = ("gesture convert " + "runs/" + "x" * 300, "gesture deploy '[/b]'")
    console.show_next(commands, as_json=False)
    assert capsys.readouterr().out == f"next  {commands[0]}\nthen  {commands[1]}\n"


PROTOCOL = (PROJECT / "docs" / "serial-protocol.md").read_text("utf-8")
FROM_BOARD, TO_BOARD = PROTOCOL.split("## To the board")
FIRMWARE = PROJECT / "firmware" / "lib"
APP = "\n".join(path.read_text("utf-8") for path in sorted((FIRMWARE / "app").glob("*.c")))
COMMANDS = (FIRMWARE / "protocol" / "command.c").read_text("utf-8")


def rows(part: str) -> list[list[str]]:
    """The cells of a part's tables, without their heads."""
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return cells[2:]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def defined(file: str, name: str) -> int:
    found = re.search(rf"#define {name} (\d+)", (FIRMWARE / "protocol" / file).read_text("utf-8"))
    assert found is not None
    return int(found[1])


def test_the_sample_line_on_the_page_is_one() -> None:
    example = re.search(r"```\n(seq,.*)\n(\d.*)\n```", FROM_BOARD)
    assert example is not None
    columns, line = example.groups()
    assert columns.count(",") == line.count(",")
    assert isinstance(parse_line(line.encode()), Sample)


def test_every_message_and_no_other_is_on_the_page() -> None:
    kinds = {word.split()[0] for row in rows(FROM_BOARD) for word in quoted(row[0])}
    assert kinds == MESSAGE_KINDS


def test_every_warning_and_no_other_is_on_the_page() -> None:
    said = set(re.findall(r"`warn ([a-z-]+)", FROM_BOARD))
    sent = set(re.findall(r'"warn ([a-z-]+)', APP)) | set(
        re.findall(r'send_warning\("([a-z-]+)', APP)
    )
    assert said == sent


def test_every_command_and_no_other_is_on_the_page() -> None:
    table = COMMANDS[COMMANDS.index("RULES[]") : COMMANDS.index("};")]
    known = dict(re.findall(r'\{"([\w-]+)", COMMAND_\w+, parse_(\w+)\}', table))
    forms = {"nothing": 0, "on_off": 1, "runs": 1, "number": 1, "samples": 1, "load": 2}
    forms |= {
        "period": 1,
        "text": 1,
        "word": 1,
        "generation": 4,
        "translation": 3,
        "sampling": 2,
    }
    forms |= {"values": 2}
    said = {
        words[0]: len(words) - 1
        for row in rows(TO_BOARD)
        for words in (word.split() for word in quoted(row[0]))
    }
    assert said == {name: forms[form] for name, form in known.items()}


def test_every_error_and_no_other_is_on_the_page() -> None:
    said = set(re.findall(r"`err ([a-z-]+)", TO_BOARD))
    sent = set(re.findall(r'"err ([a-z-]+)', APP))
    assert said == sent
    assert set(WHY) | {"selftest"} == sent


def test_the_fields_of_info_are_those_on_the_page() -> None:
    (answer,) = (row[1] for row in rows(TO_BOARD) if row[0] == "`info`")
    sender = APP[APP.index("void add_identity") : APP.index("void answer_labels")]
    enrolment = APP[APP.index("void app_add_enrolment") : APP.index("static bool keep_staged")]
    sent = re.findall(r'" (\w+)="', sender + enrolment)
    assert re.findall(r"(\w+)=…", answer) == sent
    assert {field.name for field in dataclasses.fields(BoardInfo)} <= set(sent)


def test_the_limits_on_the_page_are_those_of_the_firmware() -> None:
    assert defined("line.h", "LINE_MAX_CHARACTERS") == 255
    assert defined("command.h", "COMMAND_MAX_CHARACTERS") == 255
    assert defined("command.h", "COMMAND_MAX_LOAD_BYTES") == LOAD_BYTES == 112
    assert defined("command.h", "COMMAND_SAMPLE_BYTES") == SAMPLE_RECORD.itemsize == 32
    assert SAMPLES_A_LINE == 3
    assert "one to three samples" in PROTOCOL
    assert f"{PULL_LINES} at most" in PROTOCOL
    assert f"#define PULL_LINES {PULL_LINES}u" in APP
    history = (FIRMWARE / "history" / "history.h").read_text("utf-8")
    assert "#define HISTORY_SAMPLES 1024u" in history
    assert "of the last 1024 it has had" in PROTOCOL
    assert "at most 255 characters a line" in PROTOCOL
    assert "at most 112 a line" in PROTOCOL
    most_written = defined("command.h", "COMMAND_MAX_WRITTEN")
    assert f"N characters (1 to {most_written})" in PROTOCOL
    assert most_written == LONGEST_BY_BOARD
    assert "SEED a number below 2^32" in PROTOCOL
    assert defined("command.h", "COMMAND_MAX_TEMPERATURE_E4") == HIGHEST_TEMPERATURE * ONE_E4
    least_ms = defined("command.h", "COMMAND_LEAST_PERIOD_MS")
    most_ms = defined("command.h", "COMMAND_MOST_PERIOD_MS")
    assert f"({least_ms} to {most_ms})" in PROTOCOL
    assert f"outside {least_ms} to {most_ms}" in PROTOCOL
    assert (least_ms, most_ms) == (LEAST_PERIOD_MS, MOST_PERIOD_MS)
    most_runs = defined("command.h", "COMMAND_MAX_BENCH_RUNS")
    assert f"N times (1 to {most_runs})" in PROTOCOL
