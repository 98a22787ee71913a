"""`gesture report` and `gesture runs`: parse, call one stage, print. Nothing heavy is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_data import Json

runs_app = typer.Typer(help="Look runs over, side by side.", no_args_is_help=True)

LATEST = Path("runs/latest")


def report(
    run: Annotated[Path, typer.Argument(help="A run folder, as train leaves it.")] = LATEST,
    json: Json = False,
) -> None:
    """Find out what a run bears; write its report.

    Disturbs the held-out windows more and more (the board turned, swings harder or slower,
    samples lost, noise, clipping), asks the compiled C, and writes report.html anew from all
    that the run's stages have left. A run that is not converted gets its report without that.

    \b
    Example: gesture report runs/latest
    """
    from pipeline import console, console_runs
    from pipeline.stages import reporting as stage

    with console.steps(json) as on_step:
        result = stage.report(run, on_step)
    console_runs.show_report(result, json)


@runs_app.command("list")
def runs_list(json: Json = False) -> None:
    """Every run in runs/.

    Its data, split and accuracy, what it costs, and how far it has come.

    \b
    Example: gesture runs list
    """
    from pipeline import console_runs
    from pipeline.stages import comparing as stage

    console_runs.show_runs(stage.list_runs(), json)


@runs_app.command("compare")
def runs_compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, two or more.")],
    json: Json = False,
) -> None:
    """Runs side by side.

    What differs in their settings, how good they are and what they cost.

    \b
    Example: gesture runs compare runs/first runs/second
    """
    from pipeline import console_runs
    from pipeline.stages import comparing as stage

    console_runs.show_comparison(stage.compare_runs(runs), json)
