"""`gesture predict` and `generate`: parse, call one stage, print. Nothing heavy is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_data import Json

Port = Annotated[
    str | None, typer.Option(help="Ask a board with this run: auto, a path or id:SERIAL.")
]
HIGHEST_SEED = 2**32 - 1  # of a board too
Run = Annotated[Path, typer.Argument(help="A run folder, as train leaves it.")]


def predict(
    run: Run,
    texts: Annotated[list[str], typer.Argument(help="A text, or several, each in quotes.")],
    port: Port = None,
    json: Json = False,
) -> None:
    """Say what a text is.

    For runs of `task: sentiment`. A converted run answers with the board's own C; with --port a
    board says it itself.

    \b
    Example: gesture predict runs/latest "a film to fall asleep by"
    """
    from pipeline import console_sequence
    from pipeline.stages import text as stage

    console_sequence.show_judgements(stage.predict(run, texts, port), json)


def generate(
    run: Run,
    prompt: Annotated[str, typer.Option(help="What it goes on from.")],
    length: Annotated[int, typer.Option(help="Characters to write.")] = 500,
    temperature: Annotated[
        float,
        typer.Option(help="0: the likeliest at all times; 0.0001 (careful) to 5 (wild): drawn."),
    ] = 1.0,
    seed: Annotated[
        int, typer.Option(min=0, max=HIGHEST_SEED, help="The same seed gives the same text.")
    ] = 1,
    port: Port = None,
    json: Json = False,
) -> None:
    """Write a text.

    For runs of `task: generation`. A converted run writes with the board's own C: what a board
    writes for the same seed, which with --port it does itself.

    \b
    Example: gesture generate runs/latest --prompt "ROMEO:" --length 500 --temperature 0.5
    """
    from pipeline import console_sequence
    from pipeline.stages import text as stage

    written = stage.generate(run, prompt, length, temperature, seed, port)
    console_sequence.show_written(written, json)
