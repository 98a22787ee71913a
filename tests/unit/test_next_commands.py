"""Each stage ends by naming the command that goes on, and that command exists."""

from __future__ import annotations

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer.main

from pipeline.cli import app, console
from pipeline.core.contract import Task
from pipeline.datasets.catalogue import CATALOGUE, Published, SequenceEntry
from pipeline.workflows import capture, convert, datasets, deploy, monitor, next_commands, train
from pipeline.workflows.train import load_task_config
from tests.takes import RATE_HZ, save_all, take, takes

RUN = Path("runs/two words")
TASKS: tuple[Task, ...] = ("gesture", "forecast", "sentiment", "generation")
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
    named = [*next_commands.after_training(RUN), *next_commands.after_conversion(RUN)]
    for task in TASKS:
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
    "data.show_imported",
    "monitor.show_pulled",
)
STAGES: tuple[tuple[str, Any, str, dict[str, Any], str], ...] = (
    ("train some.yaml", train, "train", {"run": RUN}, "gesture convert 'runs/two words'"),
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
        "import_data",
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
    ("words", "stage", "name", "result", "told"), STAGES, ids=[stage[2] for stage in STAGES]
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_command_ends_with_the_next_one(
    words: str,
    stage: Any,
    name: str,
    result: dict[str, Any],
    told: str,
    as_json: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded(DATASET, "flex")
    monkeypatch.setattr(stage, name, lambda *_, **__: SimpleNamespace(**result))
    for shown in SHOWN:
        monkeypatch.setattr(f"pipeline.cli.{shown}", silent)
    app.app([*shlex.split(words), *(["--json"] if as_json else [])], standalone_mode=False)
    said = capsys.readouterr().out
    assert said.partition("\n")[0] == ("" if as_json else f"next  {told}")


def silent(*_: object) -> None:
    pass


def test_a_command_is_never_broken_nor_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    commands = ("gesture convert " + "runs/" + "x" * 300, "gesture deploy '[/b]'")
    console.show_next(commands, as_json=False)
    assert capsys.readouterr().out == f"next  {commands[0]}\nthen  {commands[1]}\n"
