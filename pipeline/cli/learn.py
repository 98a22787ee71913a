"""`gesture learn`: a new gesture, by the board alone."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli import console
from pipeline.cli.console import print_json, show_table
from pipeline.cli.parser import App, Json
from pipeline.workflows import learn as workflow
from pipeline.workflows import next_commands
from pipeline.workflows.learn import LEAST_SURENESS, Learned

app = App()


@app.command()
def learn(
    name: Annotated[str, typer.Argument(help="Of the gesture, up to 15 letters, digits, _ and -.")],
    port: Annotated[
        str, typer.Option(help="Of the board: auto, a path, id:SERIAL or a URL.")
    ] = "auto",
    forget: Annotated[bool, typer.Option("--forget", help="Forget it instead.")] = False,
    json: Json = False,
) -> None:
    """Let a board learn a gesture from three moves.

    It does so alone: nothing is trained or flashed, and the board keeps it when it is switched off.
    A name that the model knows is another way of that gesture. Ctrl-C stops it, and nothing has
    changed.

    \b
    Example: gesture learn wave
    Example: gesture learn wave --forget
    """
    with console.steps(json) as on_step:
        if forget:
            workflow.forget(name, port, on_step)
        else:
            learned = workflow.learn(name, port, on_step)
    if forget:
        print_json({"forgotten": name}) if json else show_table("forgotten", [(name, "")])
        return
    _show(learned, json)
    console.show_next(next_commands.after_learning(name, port, learned.is_good), json)


def _show(learned: Learned, as_json: bool) -> None:
    if as_json:
        print_json(learned)
        return
    like = f"{learned.likeness:.0%} like {learned.like}"
    if learned.too_like:
        like += ": the two will be mixed up; forget it, and make it more different"
    alike = f"{learned.sureness:.0%} as alike as those of the model's gestures"
    if learned.sureness < LEAST_SURENESS:
        alike += ": forget it, and make the same move three times"
    show_table(f"{learned.name} is learned", [("takes", alike), ("nearest", like)])
