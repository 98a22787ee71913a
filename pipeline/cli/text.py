"""`gesture predict`, `gesture generate` and `gesture translate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pipeline.cli import console
from pipeline.cli.console import print_json, print_plain, print_unknown
from pipeline.cli.parser import App, Json
from pipeline.workflows import predict as workflow
from pipeline.workflows import translate as translating
from pipeline.workflows.predict import Judgement, Written
from pipeline.workflows.translate import Choice, Translation

app = App()

Port = Annotated[
    str | None, typer.Option(help="Ask a board with this run: auto, a path or id:SERIAL.")
]
Temperature = Annotated[
    float,
    typer.Option(help="0: the likeliest at all times; 0.0001 (careful) to 5 (wild): drawn."),
]
HIGHEST_SEED = 2**32 - 1  # of a board too
Seed = Annotated[
    int, typer.Option(min=0, max=HIGHEST_SEED, help="The same seed gives the same text.")
]
Run = Annotated[Path, typer.Argument(help="A run folder, as train leaves it.")]


@app.command()
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
    show_judgements(workflow.predict(run, texts, port), json)


@app.command()
def generate(
    run: Run,
    prompt: Annotated[str, typer.Option(help="What it goes on from.")],
    length: Annotated[int, typer.Option(help="Characters to write.")] = 500,
    temperature: Temperature = 1.0,
    seed: Seed = 1,
    port: Port = None,
    json: Json = False,
) -> None:
    """Write a text.

    For runs of `task: generation`. A converted run writes with the board's own C: what a board
    writes for the same seed, which with --port it does itself.

    \b
    Example: gesture generate runs/latest --prompt "ROMEO:" --length 500 --temperature 0.5
    """
    written = workflow.generate(run, prompt, length, temperature, seed, port)
    show_written(written, json)


@app.command()
def translate(
    run: Run,
    texts: Annotated[list[str], typer.Argument(help="A text, or several, each in quotes.")],
    beam: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Width of a beam search with the float network; 1: the likeliest token each time.",
        ),
    ] = None,
    temperature: Temperature = 0.0,
    seed: Seed = 1,
    port: Port = None,
    json: Json = False,
) -> None:
    """Translate a text.

    For runs of `task: translation`. A converted run answers with the board's own C; with --port a
    board answers itself.

    \b
    Example: gesture translate runs/latest "3. Mai 2021"
    """
    choice = Choice(beam, temperature, seed)
    show_translations(translating.translate(run, texts, choice, port), json)


def show_judgements(judgements: Sequence[Judgement], as_json: bool) -> None:
    """Print the label of each text."""
    if as_json:
        print_json({"texts": judgements})
        return
    for judgement in judgements:
        console.out.print(Text.assemble(*_verdict(judgement), f"  {judgement.text}"))
        print_unknown(judgement.unknown)
        if judgement.left_out:
            console.err.print(
                f"[dim]{judgement.left_out} of {judgement.tokens} {judgement.level} were cut off[/]"
            )


def _verdict(judgement: Judgement) -> tuple[tuple[str, str] | str, ...]:
    """None of a text of which the network knows nothing: it answers the same to all of them."""
    if judgement.nothing_known:
        return (("not known", "bold yellow"),)
    return (judgement.label, "bold"), f" {judgement.scores[judgement.label]:.1%}"


def show_written(written: Written, as_json: bool) -> None:
    """Print the text that a network wrote."""
    if as_json:
        print_json(written)
        return
    print_plain(written.prompt + written.text)  # rich would read brackets and tabs
    network = "int8" if written.int8 else "float"
    bits = f"{written.bits_per_character:.2f} bits a character on the text held out"
    console.err.print(f"[dim]{network} network, {bits}[/]")


def show_translations(translations: Sequence[Translation], as_json: bool) -> None:
    """Print each translation on a line of its own."""
    if as_json:
        print_json({"translations": translations})
        return
    for one in translations:
        print_plain(one.text)
        print_unknown(one.unknown)
        if one.left_out:
            console.err.print(f"[dim]{one.left_out} tokens of the text were cut off[/]")
