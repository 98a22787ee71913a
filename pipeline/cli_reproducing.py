"""`gesture verify` and `gesture export`: parse, call one stage, print. Nothing heavy is here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_data import Json

Run = Annotated[Path, typer.Argument(help="A run folder, as convert leaves it.")]


def verify(run: Run = Path("runs/latest"), json: Json = False) -> None:
    """Make a run's C and image again.

    Compiles the model to C and builds the virtual board, and compares every byte with what the
    run holds and with what was last deployed to that board.

    \b
    Example: gesture verify runs/latest
    """
    from pipeline import console, console_reproducing
    from pipeline.stages import reproducing as stage

    with console.steps(json) as on_step:
        result = stage.verify(run, on_step)
    console_reproducing.show_reproduced(result, json)


def export(
    run: Run,
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    json: Json = False,
) -> None:
    """Pack a run for other firmware.

    A folder with C, its header and an example that any C compiler builds, an Arduino library,
    and the .tflite file as it is and as a C array.

    \b
    Example: gesture export runs/latest for-my-firmware
    """
    from pipeline import console_reproducing
    from pipeline.stages import reproducing as stage

    console_reproducing.show_exported(stage.export(run, folder), json)
