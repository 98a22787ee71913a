"""`gesture verify` and `gesture export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipeline.cli import console
from pipeline.cli.console import print_json, show_table
from pipeline.cli.parser import App, Json
from pipeline.core.plurals import counted
from pipeline.workflows import export as workflow
from pipeline.workflows.export import Deployment, Exported, Reproduced

app = App()

Run = Annotated[Path, typer.Argument(help="A run folder, as convert leaves it.")]


@app.command()
def verify(run: Run = Path("runs/latest"), json: Json = False) -> None:
    """Make a run's C and image again.

    Compiles the model to C and builds the virtual board, and compares every byte with what the
    run holds and with what was last deployed to that board.

    \b
    Example: gesture verify runs/latest
    """
    with console.steps(json) as on_step:
        result = workflow.verify(run, on_step)
    show_reproduced(result, json)


@app.command()
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
    _show_exported(workflow.export(run, folder), json)


def _deployed(deployment: Deployment) -> str:
    if deployment.board is None:
        return "never deployed"
    if deployment.same:
        return f"the one that was deployed to {deployment.board}"
    return f"last deployed to {deployment.board}, not compared: {deployment.why_not}"


def show_reproduced(result: Reproduced, as_json: bool) -> None:
    """Print what `gesture verify` found."""
    if as_json:
        print_json(result)
        return
    show_table(
        f"{result.run} comes out again",
        [
            ("C sources", f"{counted(result.sources, 'file')}, byte for byte"),
            ("image", f"{result.image[:12]}, wherever it is built; {_deployed(result.deployed)}"),
            ("contract", result.contract_hash[:12]),
            ("run", f"{result.run_hash[:12]}, over all its files"),
        ],
    )


def _show_exported(exported: Exported, as_json: bool) -> None:
    if as_json:
        print_json(exported)
    else:
        where = f"{counted(len(exported.files), 'file')} in {escape(str(exported.folder))}"
        console.out.print(f"{where}; README.md there says what is what", soft_wrap=True)
