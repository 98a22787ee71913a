"""What a board or a replay calls out, for people or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pipeline.artifacts import Event, Recording
from pipeline.console import out, print_json

if TYPE_CHECKING:
    from pipeline.capture.monitor import Seen
    from pipeline.training.events import Calls


def show_seen(seen: Seen, as_json: bool) -> None:
    if as_json:
        print_json(seen)
    elif seen.event is not None:
        show_event(seen.event)
    else:
        out.print(f"[yellow]{escape(seen.note)}[/]")


def show_events(events: Sequence[Event], as_json: bool) -> None:
    if as_json:
        print_json({"events": events})
        return
    for event in events:
        show_event(event)


def show_event(event: Event) -> None:
    out.print(f"{event.t_us / 1e6:9.3f} s  [bold]{escape(event.label):<16}[/] {event.score:.3f}")


def show_calls(calls: Calls, stream: Recording, as_json: bool) -> None:
    """Each part of the stream, and what the board called it."""
    if as_json:
        print_json(calls)
        return
    table = Table("at", "what it was", "called", box=None)
    for interval, called in zip(stream.intervals, calls.called, strict=True):
        at_s = stream.t_us[interval.start] / 1e6
        table.add_row(f"{at_s:.1f} s", escape(interval.label), escape(", ".join(called) or "-"))
    out.print(table)
    out.print(f"{calls.right} of {calls.takes} gestures called right, {calls.false} false alarms")
