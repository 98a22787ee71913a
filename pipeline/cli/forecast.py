"""`gesture forecast`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.cli import console
from pipeline.cli.console import print_json
from pipeline.cli.parser import App, Json
from pipeline.workflows import predict as workflow
from pipeline.workflows.predict import Forecasts

app = App()


@app.command()
def forecast(
    run: Annotated[Path, typer.Argument(help="A run folder whose task is to forecast.")],
    file: Annotated[Path, typer.Argument(help="A CSV file with the run's columns.")],
    port: Annotated[
        str | None, typer.Option(help="Ask a board with this run: auto, a path or id:SERIAL.")
    ] = None,
    json: Json = False,
) -> None:
    """Say what comes after the last row of a series.

    By the firmware's own C where the run is converted, as a board says it, else by the float
    network. With --port a board gets the last rows, and forecasts itself.

    \b
    Example: gesture forecast runs/latest data/room/1-001.csv
    """
    _show_forecasts(workflow.forecast(run, file, port), json)


def _show_forecasts(forecasts: Forecasts, as_json: bool) -> None:
    if as_json:
        print_json(forecasts)
        return
    last_time, file = escape(forecasts.last_time), escape(str(forecasts.file))
    console.out.print(f"[bold]after {last_time}[/], the last row of {file}")
    table = Table("what", "steps ahead", "when", "now", "forecast", "unit", box=None)
    for each in forecasts.forecasts:
        numbers = (f"{each.last:.3f}", f"{each.value:.3f}")
        words = (each.channel, str(each.steps), each.time, *numbers, each.unit)
        table.add_row(*map(escape, words))
    console.out.print(table)
    console.show_note(forecasts.note)
    console.out.print(f"[dim]by {escape(str(forecasts.run))} ({escape(forecasts.by)})[/]")
