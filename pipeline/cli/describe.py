"""`gesture caption`: a recording in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import console
from pipeline.cli.console import print_json, print_plain
from pipeline.cli.parser import App, Json, Run
from pipeline.workflows import describe as workflow
from pipeline.workflows.describe import Caption

app = App()


@app.command()
def caption(
    run: Run,
    files: Annotated[list[Path], typer.Argument(help="A recording, or several; or .npy features.")],
    beam: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Width of a beam search; 1: the likeliest word each time."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Describe a recording in words.

    For runs of `task: caption`. The last seconds of the recording are described, as many as a bout
    of the training has.

    \b
    Example: gesture caption runs/latest recording.csv
    """
    show_captions(workflow.caption(run, files, beam), json)


def show_captions(captions: Sequence[Caption], as_json: bool) -> None:
    """Print each caption on a line of its own."""
    if as_json:
        print_json({"captions": captions})
        return
    for one in captions:
        print_plain(one.text)
        if one.left_out_s:
            console.err.print(
                f"[dim]of the last {one.read_s:g} s; {one.left_out_s:g} s before were left out[/]"
            )
