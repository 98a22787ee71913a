"""What a board calls out, as it happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.artifacts import Event
from pipeline.capture.client import BoardClient
from pipeline.capture.protocol import Damaged, Item, Message, event_of, is_sensor_stopped


@dataclass(frozen=True)
class Seen:
    """One thing worth a line: an event, or a note on what the board or the line is up to."""

    event: Event | None = None
    note: str = ""
    sensor_stopped: bool = False


def watch(client: BoardClient, limit_s: float | None = None) -> Iterator[Seen]:
    """Events, forecasts, starts, warnings and damaged lines, for at most `limit_s`."""
    for item in client.items(limit_s):
        seen = seen_in(item)
        if seen is not None:
            yield seen


def seen_in(item: Item) -> Seen | None:
    """None for what comes all the time: samples, scores, answers."""
    if isinstance(item, Damaged):
        text = item.line.decode("ascii", "backslashreplace")
        return Seen(note=f"a line arrived damaged: {text}")
    if not isinstance(item, Message):
        return None
    if event := event_of(item):
        return Seen(event)
    if item.kind in ("hello", "warn", "event", "forecast"):
        return Seen(note=item.text, sensor_stopped=is_sensor_stopped(item))
    return None
