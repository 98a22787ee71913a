"""`gesture forecast`: parse, call one stage, print. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_data import Json


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
    network. With --port a board is told the last rows, and says it itself.

    \b
    Example: gesture forecast runs/latest data/room/1-001.csv
    """
    from pipeline import console_forecast
    from pipeline.stages import forecasting as stage

    console_forecast.show_forecasts(stage.forecast(run, file, port), json)
