"""`gesture search`: the best network for a budget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.cli import console
from pipeline.cli.console import print_json, show_table
from pipeline.cli.parser import App, Json, Scheduler, each_once
from pipeline.core.shares import Share
from pipeline.workflows import next_commands
from pipeline.workflows.search import search as workflow
from pipeline.workflows.search.found import Found, TestScore

app = App()
TRIALS = 60


@app.command()
def search(
    config: Annotated[Path, typer.Argument(help="A YAML file, or the name of a ready config.")],
    space: Annotated[Path, typer.Option(help="A YAML file: keys of the config, with choices.")],
    trials: Annotated[int, typer.Option(min=1, help="Networks to train.")] = TRIALS,
    budget: Annotated[
        Path | None, typer.Option(help="A YAML file of limits; what exceeds one is not trained.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as often as needed.")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(metavar="URL", help="postgresql://..., for many clients; else a file."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the same search, or join it.")
    ] = False,
    scheduler: Scheduler = None,
    json: Json = False,
) -> None:
    """Search the best network for a budget.

    Tries choices of the space one after the other, and learns from them what to try next. The
    compiler says what a network costs before it is trained, and what exceeds the budget is not
    trained. The others are scored by event F1 on inner folds; a network that is behind most that
    cost no more ends after one of them.

    The test part (fold `split.fold`) is held out from all this. At the end the winner is tested on
    it, and its config is written.

    Stopped by Ctrl-C, --resume goes on after the trials that are done. A second one, typed with
    --resume, joins the first.

    \b
    Example: gesture search gesture_conv1d --space search_small --budget nano33ble
    """
    with console.job_steps(json) as on_step:
        found = workflow.search(
            config,
            each_once(settings),
            space,
            trials,
            budget,
            on_step,
            storage,
            resume,
            scheduler,
        )
    _show_found(found, json)


def _show_found(found: Found, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    console.out.print(_front(found), "")
    ended = [f"{count} {how}" for how, count in found.ended.items() if count]
    winner = found.winner
    show_table(
        f"winner: trial {winner.number} of {found.scored} on all {found.folds} inner folds",
        [
            *winner.chosen.items(),
            ("test part", f"{found.split}, not seen by the search"),
            ("the winner on it", _said(found.tested)),
            ("the config before", _said(found.before)),
            *([("other trials", ", ".join(ended))] if ended else ()),
            ("config", found.config),
            ("picture", found.page),
        ],
    )
    console.show_note(found.note)
    console.show_next(next_commands.after_search(found.config), as_json)


def _front(found: Found) -> Table:
    heads = ("event F1", "int8", "instructions a second", "flash", "RAM")
    table = Table("front: trial", *heads, box=None)
    for point in found.front:
        shares = (f"{point.f1:.1%}", f"{point.int8:.1%}")
        costs = (point.second_instructions, point.flash_bytes, point.ram_bytes)
        table.add_row(escape(str(point.number)), *shares, *(f"{cost:,.0f}" for cost in costs))
    return table


def _said(score: TestScore) -> str:
    accuracy = Share.of(score.int8, score.windows)
    return f"event F1 {score.f1:.1%} of {score.takes} gestures, int8 {accuracy}"
