"""Events matched with the gestures that happened: each one recognized once, by its name?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.artifacts import Event, Int64, Interval, Recording

LATEST_S = 1.0  # the longest time from the end of a gesture to its event


@dataclass(frozen=True)
class MatchedEvents:
    """What became of the gestures of a stream, and of the events.

    Each event is one of these: it found a gesture, it has the wrong name (wrong), its gesture has
    another event already (again), or there was no gesture (false).

    Args:
        takes: gestures that happened.
        found: gestures with at least one event of their name.
        right: gestures with one event of their name, and no other.
        wrong: events with the name of another gesture.
        again: events after the first of a gesture.
        false: events without a gesture.
        seconds: the length of the stream.
        latencies_s: of each gesture found, from its end to the event.
        called: the labels of the events of each interval of the stream, in order.
        gestures: label, start in s and end in s of each gesture.
        events: label, time in s and score of each event.
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
    gestures: tuple[tuple[str, float, float], ...] = ()
    events: tuple[tuple[str, float, float], ...] = ()


def match_events(
    events: Sequence[Event], stream: Recording, gestures: Collection[str]
) -> MatchedEvents:
    """Match events with the intervals of a stream.

    A gesture takes one event, from its start until LATEST_S after its end. First as many events as
    possible are matched with a gesture of their name, then the others with the gestures that are
    left. Each event in turn takes the interval that ends first: this gives a largest matching
    (Glover, Naval Research Logistics Quarterly 14, 1967).

    Args:
        events: in order, by the clock of the stream.
        stream: with intervals.
        gestures: labels; an interval with another label is no gesture.
    """
    firsts, lasts = _limits_us(stream)
    labels = np.array([interval.label for interval in stream.intervals], dtype=object)
    is_gesture = np.array([label in gestures for label in labels], dtype=bool)
    of_name: dict[int, int] = {}  # event to interval
    for label in sorted({event.label for event in events}):
        same = [number for number, event in enumerate(events) if event.label == label]
        of_name |= _match(events, same, firsts, lasts, is_gesture & (labels == label))
    others = [number for number in range(len(events)) if number not in of_name]
    free = is_gesture.copy()
    free[list(of_name.values())] = False
    misnamed = _match(events, others, firsts, lasts, free)
    called, left = _called(events, firsts, lasts, {**of_name, **misnamed})
    again = sum(is_gesture[place] for place in left.values())
    alone = [(label,) == names for label, names in zip(labels, called, strict=True)]
    ends_us = lasts - round(LATEST_S * 1e6)
    return MatchedEvents(
        takes=int(is_gesture.sum()),
        found=len(of_name),
        right=int(np.sum(is_gesture & np.array(alone, dtype=bool))),
        wrong=len(misnamed),
        again=int(again),
        false=len(events) - len(of_name) - len(misnamed) - int(again),
        seconds=len(stream) / stream.rate_hz,
        latencies_s=tuple(
            (events[number].t_us - int(ends_us[place])) / 1e6
            for number, place in sorted(of_name.items())
        ),
        called=called,
        gestures=tuple(
            (interval.label, *_span_s(stream, interval))
            for interval in stream.intervals
            if interval.label in gestures
        ),
        events=tuple((event.label, event.t_us / 1e6, event.score) for event in events),
    )


def _span_s(stream: Recording, interval: Interval) -> tuple[float, float]:
    return (
        float(stream.t_us[interval.start]) / 1e6,
        float(stream.t_us[interval.stop - 1]) / 1e6,
    )


def _limits_us(stream: Recording) -> tuple[Int64, Int64]:
    """The first and the last time of an event of each interval: int64 [intervals] both."""
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
    """Event number to interval; only intervals that are `free`, each once."""
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
    """The labels of the events of each interval, and the intervals of unmatched events.

    An unmatched event belongs to the last interval whose limits hold it.
    """
    called: list[list[str]] = [[] for _ in firsts]
    left = {}
    for number, event in enumerate(events):
        place = pairs.get(number)
        if place is None:
            open_to = np.flatnonzero((firsts <= event.t_us) & (event.t_us <= lasts))
            if not len(open_to):
                continue
            place = left[number] = int(open_to[-1])
        called[place].append(event.label)
    return tuple(map(tuple, called)), left
