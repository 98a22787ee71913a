"""Events against what really happened: was every gesture called, once, by its right name?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.artifacts import Event, Int64, Recording

LATEST_S = 1.0  # after a gesture's end, an event is no longer taken for it


@dataclass(frozen=True)
class Calls:
    """What became of the gestures of a stream, and of the events.

    takes: gestures there were; found: called by name, at least once; right: once, and nothing
    else. Each event is one of these: it found a gesture, was a wrong name for one (wrong), came
    for a gesture that another event had been taken for (again), or came where no gesture was
    (false). latencies_s: of each gesture found, from its end to the event.
    called: what was called for each interval of the stream, in order.
    """

    takes: int
    found: int
    right: int
    wrong: int
    again: int
    false: int
    seconds: float
    latencies_s: tuple[float, ...]
    called: tuple[tuple[str, ...], ...]


def judge(events: Sequence[Event], stream: Recording, gestures: Collection[str]) -> Calls:
    """Hold `events` against the intervals of `stream`, by the stream's own times.

    An event may be taken for a gesture from its start until LATEST_S after its end, and each
    gesture takes one. First as many as can be are matched with a gesture of their name, then
    the others with what is left: each event in turn with the interval that ends first, which
    is a largest matching (Glover, Naval Research Logistics Quarterly 14, 1967). Intervals of
    labels that are not among `gestures` are nothing to be called.
    """
    firsts, lasts = _reach_us(stream)
    labels = np.array([interval.label for interval in stream.intervals], dtype=object)
    calling = np.array([label in gestures for label in labels], dtype=bool)
    of_name: dict[int, int] = {}  # event to interval
    for label in sorted({event.label for event in events}):
        same = [number for number, event in enumerate(events) if event.label == label]
        of_name |= _match(events, same, firsts, lasts, calling & (labels == label))
    others = [number for number in range(len(events)) if number not in of_name]
    free = calling.copy()
    free[list(of_name.values())] = False
    misnamed = _match(events, others, firsts, lasts, free)
    called, left = _called(events, firsts, lasts, {**of_name, **misnamed})
    again = sum(calling[place] for place in left.values())
    alone = [(label,) == names for label, names in zip(labels, called, strict=True)]
    ends_us = lasts - round(LATEST_S * 1e6)
    return Calls(
        takes=int(calling.sum()),
        found=len(of_name),
        right=int(np.sum(calling & np.array(alone, dtype=bool))),
        wrong=len(misnamed),
        again=int(again),
        false=len(events) - len(of_name) - len(misnamed) - int(again),
        seconds=len(stream) / stream.rate_hz,
        latencies_s=tuple(
            (events[number].t_us - int(ends_us[place])) / 1e6
            for number, place in sorted(of_name.items())
        ),
        called=called,
    )


def _reach_us(stream: Recording) -> tuple[Int64, Int64]:
    """The first and last time, int64 [intervals], at which an event may be of an interval."""
    starts = np.array([interval.start for interval in stream.intervals], dtype=np.int64)
    stops = np.array([interval.stop for interval in stream.intervals], dtype=np.int64)
    return stream.t_us[starts], stream.t_us[stops - 1] + round(LATEST_S * 1e6)


def _match(
    events: Sequence[Event],
    numbers: Sequence[int],
    firsts: Int64,
    lasts: Int64,
    free: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> dict[int, int]:
    """Event number to interval, each at most once, only those that are `free`."""
    free = free.copy()
    pairs = {}
    for number in numbers:
        t_us = events[number].t_us
        open_to = np.flatnonzero(free & (firsts <= t_us) & (t_us <= lasts))
        if len(open_to):
            place = int(open_to[np.argmin(lasts[open_to])])
            free[place] = False
            pairs[number] = place
    return pairs


def _called(
    events: Sequence[Event], firsts: Int64, lasts: Int64, pairs: dict[int, int]
) -> tuple[tuple[tuple[str, ...], ...], dict[int, int]]:
    """Labels for each interval, and where events belong that were taken for none.

    Those belong to the last interval that had begun and can still be meant.
    """
    called: list[list[str]] = [[] for _ in firsts]
    left = {}
    for number, event in enumerate(events):
        place = pairs.get(number)
        if place is None:
            near = np.flatnonzero((firsts <= event.t_us) & (event.t_us <= lasts))
            if not len(near):
                continue
            place = left[number] = int(near[-1])
        called[place].append(event.label)
    return tuple(map(tuple, called)), left
