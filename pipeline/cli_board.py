"""`gesture board`: parse, call one stage, print. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_data import Json

board_app = typer.Typer(help="Run a virtual or native board.", no_args_is_help=True)


@board_app.command("start")
def board_start(
    board: Annotated[str, typer.Argument(help="virtual or native.")],
    run: Annotated[
        Path | None, typer.Option(help="Classify with this run; else only stream.")
    ] = None,
    imu: Annotated[Path | None, typer.Option(help="A recording to feed the sensor.")] = None,
    environment: Annotated[
        Path | None, typer.Option(help="A series to feed its environment sensors.")
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime/--fast", help="At the sensor's pace, or as fast as it goes.")
    ] = True,
    json: Json = False,
) -> None:
    """Start an emulated board.

    Prints the port that monitor, capture or any other program can open. The board is switched
    on when its port is first opened. Ctrl-C ends it.

    \b
    Example: gesture board start virtual --run runs/latest --imu stream.csv
    """
    from pipeline import console_board
    from pipeline.stages import emulated as stage

    with stage.start_board(board, run, imu, environment, fast=not realtime) as running:
        console_board.show_port(running.port, json)
        running.wait()


@board_app.command("check")
def board_check(
    run: Annotated[Path, typer.Argument(help="A run folder, as train leaves it.")],
    port: Annotated[
        str, typer.Option(help="auto, a path, id:SERIAL or socket://HOST:PORT.")
    ] = "auto",
    json: Json = False,
) -> None:
    """Does a board run this run?

    It must give the contract's hash and the golden vectors' bytes.

    \b
    Example: gesture board check runs/latest --port auto
    """
    from pipeline import console, console_board
    from pipeline.stages import board as stage

    with console.steps(json) as on_step:
        verified = stage.check_board(run, port, on_step)
    console_board.show_checked(verified, json)
