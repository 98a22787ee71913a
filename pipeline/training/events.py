"""Events against what really happened: was every gesture called, once, by its right name?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.artifacts import Event, Interval, Recording

LATEST_S = 1.0  # after a gesture's end, an event is no longer taken for it


@dataclass(frozen=True)
class Calls:
    """takes: gestures there were; right: called once, by name; false: calls where none was.

    called: what was called for each interval of the stream, background too, in order.
    """

    takes: int
    right: int
    false: int
    called: tuple[tuple[str, ...], ...]


def judge(events: Sequence[Event], stream: Recording, background: str | None) -> Calls:
    """Hold `events` against the intervals of `stream`, by the stream's own times."""
    called: list[list[str]] = [[] for _ in stream.intervals]
    false = 0
    for event in events:
        index = _interval_of(event, stream)
        if index is not None:
            called[index].append(event.label)
        if index is None or stream.intervals[index].label == background:
            false += 1
    pairs = [
        (labels, interval.label)
        for labels, interval in zip(called, stream.intervals, strict=True)
        if interval.label != background
    ]
    right = sum(labels == [label] for labels, label in pairs)
    return Calls(len(pairs), right, false, tuple(map(tuple, called)))


def _interval_of(event: Event, stream: Recording) -> int | None:
    for index, interval in enumerate(stream.intervals):
        first, last = _times_us(interval, stream)
        if first <= event.t_us <= last:
            return index
    return None


def _times_us(interval: Interval, stream: Recording) -> tuple[int, int]:
    first, last = stream.t_us[interval.start], stream.t_us[interval.stop - 1]
    return int(first), int(last + LATEST_S * 1e6)
