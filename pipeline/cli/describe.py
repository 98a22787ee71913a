"""`gesture caption` and `gesture ask`: words about a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import console
from pipeline.cli.console import print_json, print_plain, print_unknown
from pipeline.cli.parser import App, Json, Run
from pipeline.cli.text import Port
from pipeline.workflows import describe as workflow
from pipeline.workflows.describe import Answer, Caption

app = App()


@app.command()
def caption(
    run: Run,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="A recording, or several; or .npy features. None: with --port."),
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Width of a beam search with the float network; 1: the likeliest word each time.",
        ),
    ] = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Describe a recording, or what a board feels, in words.

    For runs of `task: caption`. The last seconds of the recording are described, as many as a bout
    of the training has. A converted run answers with the board's own C. With --port a board answers
    itself: about the recording, or about its own last seconds if none is named.

    \b
    Example: gesture caption runs/latest recording.csv
    """
    show_captions(workflow.caption(run, files or [], beam, port), json)


@app.command()
def ask(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A recording.")],
    question: Annotated[str, typer.Argument(help="A question, in quotes.")],
    json: Json = False,
) -> None:
    """Answer a question about a recording.

    For runs of `task: question`. It can be asked "how many LABEL?", "which came first?", "which
    came last?", "was there a LABEL?", "was the second faster than the first?" and "was the LABEL
    faster than the LABEL?"

    \b
    Example: gesture ask runs/latest recording.csv "how many punch?"
    """
    show_answer(workflow.ask(run, file, question), json)


def show_captions(captions: Sequence[Caption], as_json: bool) -> None:
    """Print each caption on a line of its own."""
    if as_json:
        print_json({"captions": captions})
        return
    for one in captions:
        print_plain(one.text)
        if one.file is None:
            console.err.print(f"[dim]of the board's last {one.read_s:g} s[/]")
        _show_left_out(one)


def show_answer(answer: Answer, as_json: bool) -> None:
    """Print an answer with its probability."""
    if as_json:
        print_json(answer)
        return
    print_plain(f"{answer.answer} {answer.probability:.1%}")
    print_unknown(answer.unknown)
    if not answer.trained:
        console.err.print(
            "[yellow]a guess[/]: training never asked this; `gesture ask --help` lists what it asks"
        )
    _show_left_out(answer)


def _show_left_out(read: Answer | Caption) -> None:
    if read.note:
        console.err.print(f"[yellow]{read.note}[/]")
    if read.left_out_s:
        console.err.print(
            f"[dim]of the last {read.read_s:g} s; {read.left_out_s:g} s before were left out[/]"
        )
