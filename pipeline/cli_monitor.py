"""`gesture monitor` and `gesture pull`: parse, call one stage, print. Nothing heavy is here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_data import Json

Port = Annotated[str, typer.Option(help="auto, a path, id:SERIAL or socket://HOST:PORT.")]
Person = Annotated[str, typer.Option(help="Who moved the board.")]
Session = Annotated[str, typer.Option(help="Anything that tells sittings apart.")]
Dataset = Annotated[str, typer.Option(help="Pulled recordings go to data/DATASET.")]
Background = Annotated[str, typer.Option(help="The label of 'no gesture'.")]
Seconds = Annotated[
    float, typer.Option(min=0.1, max=8.6, help="How much of a false alarm to keep.")
]


def monitor(
    port: Port = "auto",
    log: Annotated[
        Path | None, typer.Option(help="Write all that happens there, a line of JSON each.")
    ] = None,
    on: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="LABEL COMMAND", help="Run a command at each event of LABEL, or any."),
    ] = None,
    shell: Annotated[
        bool, typer.Option("--shell", help="Let a shell read the command of --on.")
    ] = False,
    person: Person = "me",
    session: Session = "1",
    dataset: Dataset = "mine",
    background: Background = "idle",
    seconds: Seconds = 2.5,
    json: Json = False,
) -> None:
    """Watch what a board calls out.

    In a terminal: signals, scores, events, rate, delay and losses, live. `w` says that the newest
    event was wrong, a digit that a gesture was missed: the board's last seconds become a
    recording to learn from. Elsewhere a line an event. Ctrl-C ends. docs/monitor.md has the
    details.

    \b
    Example: gesture monitor --log calls.jsonl --on punch 'paplay bell.wav'
    """
    from pipeline import console_monitor
    from pipeline.stages import monitoring as stage
    from pipeline.stages.pulling import PullOptions

    options = stage.MonitorOptions(
        port,
        log,
        on,
        shell,
        PullOptions(person, session, dataset, background, seconds),
    )
    with console_monitor.viewing(json) as viewer:
        stage.monitor(options, viewer)


def pull(
    label: Annotated[
        str, typer.Option(help="What it really was: `idle` for a false alarm, or a gesture.")
    ],
    port: Port = "auto",
    person: Person = "me",
    session: Session = "1",
    dataset: Dataset = "mine",
    background: Background = "idle",
    seconds: Seconds = 2.5,
    json: Json = False,
) -> None:
    """Learn from what a board got wrong.

    Saves what the board has just seen as a recording: its last seconds as background where it
    called a gesture that was none, its newest movement where it missed one. The next
    `gesture train` on that dataset weighs it in.

    \b
    Example: gesture pull --label idle
    """
    from pipeline import console_monitor
    from pipeline.stages import pulling as stage

    options = stage.PullOptions(person, session, dataset, background, seconds)
    console_monitor.show_pulled(stage.pull(port, label, options), json)
