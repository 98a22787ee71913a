"""Movements that several boards make together, as one take of each. Pure.

A take begins where the first board begins to move and ends when none moves any more; on each
board it is the same stretch of time by this computer's clock.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.capture.clock import board_time_us, host_time_us
from pipeline.capture.ear import BurstEnd, Ear
from pipeline.capture.motion import MotionDetector, Span
from pipeline.capture.track import Row

ROUNDING_US = 1_000  # of times that go from one clock to another and back
LAG_US = 1_000_000  # a board whose samples are later than this is not waited for

Spans = tuple[Span | None, ...]  # one a board; None for a board that has sent nothing


class _BurstDetector:
    """Of a sender that sends a movement at a time: what it sends is the movement."""

    def __init__(self) -> None:
        self.moving_since_us: int | None = None

    def add(self, t_us: int) -> None:
        if self.moving_since_us is None:
            self.moving_since_us = t_us

    def finish(self, t_us: int) -> Span | None:
        since_us, self.moving_since_us = self.moving_since_us, None
        return None if since_us is None else Span(since_us, t_us)


class Movements:
    """Rows of all ears in, in the order they were heard; the spans of a take out."""

    def __init__(self, ears: Sequence[Ear]) -> None:
        self._ears = ears
        self._detectors: list[MotionDetector | _BurstDetector | None] = [None] * len(ears)
        self._ended: list[tuple[int, Span]] = []

    @property
    def moving_since_us(self) -> int | None:
        """By the clock of the first board that moves; None while none does."""
        since = (d.moving_since_us for d in self._detectors if d is not None)
        return next((us for us in since if us is not None), None)

    def add(self, place: int, row: Row | BurstEnd) -> Spans | None:
        detector = self._detector(place)
        span = None
        if isinstance(detector, _BurstDetector):
            if isinstance(row, BurstEnd):
                span = detector.finish(self._ears[place].track.last_t_us)
            else:
                detector.add(row.t_us)
        elif isinstance(row, Row):
            span = detector.add(row.t_us, row.values)
        if span is not None:
            self._ended.append((place, span))
        return self._take()

    def finish(self) -> Spans | None:
        """Nothing more will come: the movement in progress, where it is long enough."""
        for place, detector in enumerate(self._detectors):
            if detector is not None and len(self._ears[place].track):
                span = detector.finish(self._ears[place].track.last_t_us)
                if span is not None:
                    self._ended.append((place, span))
        return self._together() if self._ended else None

    def _detector(self, place: int) -> MotionDetector | _BurstDetector:
        detector = self._detectors[place]
        if detector is None:
            sender = self._ears[place].sender
            detector = _BurstDetector() if sender and sender.bursts else MotionDetector()
            self._detectors[place] = detector
        return detector

    def _take(self) -> Spans | None:
        """The spans, once no board moves and all have sent what belongs to the take."""
        if not self._ended or self.moving_since_us is not None:
            return None
        if len(self._ears) > 1:
            stop_us = max(to_host_us(self._ears[p], span.stop_us) for p, span in self._ended)
            newest = [to_host_us(e, e.track.last_t_us) for e in self._ears if len(e.track)]
            if min(newest) < stop_us and max(newest) < stop_us + LAG_US:
                return None
        return self._together()

    def _together(self) -> Spans:
        ended, self._ended = self._ended, []
        if len(self._ears) == 1:
            return (ended[0][1],)
        start_us = min(to_host_us(self._ears[place], span.start_us) for place, span in ended)
        stop_us = max(to_host_us(self._ears[place], span.stop_us) for place, span in ended)
        return spans_between(self._ears, start_us, stop_us)


def to_host_us(ear: Ear, t_us: int) -> int:
    """When that was by this computer's clock."""
    clock = ear.clock
    return t_us if clock is None else host_time_us(clock, t_us)


def spans_between(ears: Sequence[Ear], start_us: int, stop_us: int) -> Spans:
    """The same stretch of this computer's time on each board's clock."""
    spans: list[Span | None] = []
    for ear in ears:
        if not len(ear.track):
            spans.append(None)
        elif ear.clock is None:
            spans.append(Span(start_us, stop_us))
        else:
            start, stop = (board_time_us(ear.clock, us) for us in (start_us, stop_us))
            spans.append(Span(start - ROUNDING_US, stop + ROUNDING_US))
    return tuple(spans)
