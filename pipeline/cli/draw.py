"""`gesture draw`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipeline.cli import console
from pipeline.cli.console import print_json
from pipeline.cli.parser import App, Json, Run
from pipeline.cli.text import Port
from pipeline.core.errors import ExitCode
from pipeline.workflows import draw as workflow
from pipeline.workflows.draw import Drawn, Manner

app = App()


@app.command()
def draw(
    run: Run,
    begin: Annotated[
        Path | None, typer.Option(help="An SVG file of straight lines that it goes on from.")
    ] = None,
    count: Annotated[int, typer.Option(help="How many drawings, side by side.")] = 1,
    temperature: Annotated[
        float, typer.Option(help="0.01 (careful) to 5 (wild); 1: as it has learned.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same drawings.")] = 1,
    out: Annotated[Path, typer.Option(help="The picture: .svg or .png.")] = Path("drawing.svg"),
    port: Port = None,
    json: Json = False,
) -> None:
    """Draw, or complete a drawing.

    For runs of `task: sketch`. The network draws until it ends the drawing itself. A converted run
    draws with the board's own C: what a board draws for the same seed, which with --port it does
    itself. With --begin the float network goes on; what was begun is orange.

    \b
    Example: gesture draw runs/latest --count 9 --temperature 0.3
    """
    drawn = workflow.draw(run, out, begin, count, Manner(temperature, seed), port)
    _show(drawn, json)
    if drawn.left_out:
        raise typer.Exit(ExitCode.LEFT_OUT)


def _show(drawn: Drawn, as_json: bool) -> None:
    if as_json:
        print_json(drawn)
        return
    what = "a drawing" if len(drawn.points) == 1 else f"{len(drawn.points)} drawings"
    console.out.print(f"[bold]{escape(str(drawn.file))}[/] {what}")
    if drawn.begun:
        points = "1 point is" if drawn.begun == 1 else f"{drawn.begun} points are"
        console.out.print(f"[dim]{points} of the beginning[/]")
    if drawn.cut:
        console.out.print(f"[dim]{drawn.cut} not ended at {max(drawn.points)} points, and cut[/]")
    if drawn.left_out:
        words = escape(", ".join(drawn.left_out))
        console.err.print(f"[yellow]not understood in the beginning, and left out[/] {words}")
