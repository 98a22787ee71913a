"""`gesture train` and `gesture settings`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import console
from pipeline.cli.console import print_json, print_plain, show_table
from pipeline.cli.parser import App, Json, each_once
from pipeline.config.budget import budget_reference
from pipeline.config.reference import settings_reference
from pipeline.config.search_space import search_space_reference
from pipeline.core.errors import UsageError
from pipeline.core.shares import Share, percent_range
from pipeline.training.run_files import Trained
from pipeline.workflows import next_commands
from pipeline.workflows import train as workflow
from pipeline.workflows.board_obstacles import board_note

app = App()
HOLD_OUT = "split.hold_out=true"


@app.command()
def train(
    config: Annotated[
        Path | None, typer.Argument(help="A YAML file, or the name of a ready config.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as often as needed.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Run folder; else runs/CONFIG, numbered.")
    ] = None,
    hold_out: Annotated[
        bool, typer.Option("--hold-out", help="Keep the test part from the model of the run too.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(help="A run folder whose training was broken off; no CONFIG.")
    ] = None,
    json: Json = False,
) -> None:
    """Fit a model, write a report.

    A model is trained without the test part, and tested. Of gestures another one then trains on
    all recordings; that one goes on the board. With --hold-out the tested one does, as with every
    other task.

    A training that was killed goes on after its last whole epoch with --resume RUN.

    \b
    Example: gesture train gesture_conv1d --set fit.epochs=20
    """
    if hold_out and config is not None:
        _require_gestures(config, settings or ())
    chosen = [*(settings or ()), *([HOLD_OUT] if hold_out else ())]
    if config is not None and resume is None and not json:
        console.show_note(board_note(workflow.load_task_config(config, each_once(chosen))))
    with console.epochs(json) as on_epoch:
        if config is not None and resume is None:
            result = workflow.train(config, each_once(chosen), run, on_epoch)
        elif resume is not None and not (config or chosen or run):
            result = workflow.resume(resume, on_epoch)
        elif resume is not None and chosen and not config:
            raise UsageError(
                "Settings cannot be changed when a training is resumed.",
                f"--resume continues {resume} with the settings that it began with",
                "leave --set and --hold-out out, or train a new run: `gesture train CONFIG`",
            )
        else:
            raise UsageError(
                "`gesture train` needs a config, or a run to go on with, and not both.",
                "--resume goes on with the settings that the run was begun with",
                "write `gesture train CONFIG`, or `gesture train --resume RUN`",
            )
    show_trained(result, json)
    console.show_next(next_commands.after_training(result.run, result.task), json)


@app.command()
def settings() -> None:
    """List what a config file may set.

    With every default, as Markdown.

    \b
    Example: gesture settings
    """
    print_plain(f"{settings_reference()}\n{budget_reference()}\n{search_space_reference()}")


def show_trained(trained: Trained, as_json: bool) -> None:
    """Print what a training came to."""
    if as_json:
        print_json(trained)
        return
    show_table(
        f"trained {trained.run}",
        [
            *_accuracy(trained),
            *console.figure_rows(trained.figures),
            ("training", trained.ended),
            ("split", trained.split_note),
            *([("deployed model", trained.deployed)] if trained.deployed else ()),
            ("report", trained.report),
        ],
    )
    console.show_note(trained.fitted)
    console.show_note(trained.note)
    console.show_note(trained.weakness)
    console.show_sentences(trained.headline)


def _require_gestures(config: Path, settings: Sequence[str]) -> None:
    task = workflow.load_task_config(config, settings).task
    if task != "gesture":
        raise UsageError(
            f"--hold-out is for gestures, and {config} is of `task: {task}`.",
            "of other tasks the model that was tested always goes on the board",
            "leave --hold-out out",
        )


def _accuracy(trained: Trained) -> list[tuple[str, object]]:
    if trained.accuracy is None:
        return []
    share = Share.of(trained.accuracy, trained.test_windows)
    likely = f"95 % interval: {percent_range(share.interval)}"
    return [("accuracy", f"{share} held out ({likely})")]
