"""`gesture replay`: events, for people or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.capture.link_statistics import MonitorEntry
from pipeline.cli import console
from pipeline.cli.console import print_json
from pipeline.cli.parser import App, Json, Run
from pipeline.core.artifacts import Event, Recording
from pipeline.core.original_names import OriginalNames, load_names
from pipeline.training.events import MatchedEvents
from pipeline.workflows import predict as workflow

app = App()


@app.command()
def replay(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A recording.")],
    json: Json = False,
) -> None:
    """Print the events that a board would give.

    Runs a recording through the firmware's own C on this computer; the events and their times
    are those a board prints.

    \b
    Example: gesture replay runs/latest stream.csv
    """
    _show_events(workflow.replay(run, file), load_names(run), json)


def show_entry(entry: MonitorEntry, names: OriginalNames, as_json: bool) -> None:
    """Print a line that `gesture monitor` shows; names: of the labels."""
    if as_json:
        print_json(entry)
    elif entry.event is not None:
        console.out.print(event_line(entry.event, names))
    else:
        console.out.print(f"[yellow]{escape(entry.note)}[/]")


def _show_events(events: Sequence[Event], names: OriginalNames, as_json: bool) -> None:
    if as_json:
        print_json({"events": events})
        return
    for event in events:
        console.out.print(event_line(event, names))


def event_line(event: Event, names: OriginalNames) -> str:
    """An event, as markup."""
    label = escape(names.shown("label", event.label))
    return f"{event.t_us / 1e6:9.3f} s  [bold]{label:<16}[/] {event.score:.3f}"


def show_calls(calls: MatchedEvents, stream: Recording, as_json: bool) -> None:
    """Each part of the stream, and what the board called it."""
    if as_json:
        print_json(calls)
        return
    table = Table("at", "what it was", "called", box=None)
    for interval, called in zip(stream.intervals, calls.called, strict=True):
        at_s = stream.t_us[interval.start] / 1e6
        table.add_row(f"{at_s:.1f} s", escape(interval.label), escape(", ".join(called) or "-"))
    console.out.print(table)
    console.out.print(
        f"{calls.right} of {calls.takes} gestures called right, {calls.false} false alarms"
    )
