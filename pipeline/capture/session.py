"""Turns the bytes of a capture into takes. Pure.

The same bytes, times and commands give the same takes, live or from a write-ahead log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pipeline.capture.segmentation import US, CapturePlan, LabelledSpans, Spans, segmenter_for
from pipeline.capture.stream_decoder import StreamDecoder


class TakeCommand(Enum):
    """A command by key. After KEEP a take can no longer be discarded."""

    KEEP = "keep"
    DISCARD = "discard"
    REDO = "redo"
    QUIT = "quit"


@dataclass(frozen=True)
class CapturedTake:
    """A take: its number in the capture, from 1, and its span in each board's time."""

    number: int
    label: str
    spans: Spans


class Session:
    """Takes the bytes of all boards in the order of arrival, and returns takes."""

    def __init__(self, plan: CapturePlan, decoders: Sequence[StreamDecoder]) -> None:
        self.plan, self.decoders = plan, decoders
        self.take_labels: dict[int, str] = {}  # by the take's number
        self._segmenter = segmenter_for(plan, decoders)
        self._number = 0
        self._confirmed = 0  # takes up to this number stay

    @property
    def prompt(self) -> str:
        """The instruction to the person now."""
        return self._segmenter.prompt

    @property
    def in_progress(self) -> bool:
        """A movement is being recorded."""
        return self._segmenter.in_progress

    @property
    def take_counts(self) -> Counter[str]:
        """Number of takes by label."""
        return Counter(self.take_labels.values())

    @property
    def seconds(self) -> float:
        """Recorded time so far, by the first board's clock."""
        track = self.decoders[0].track
        return (track.last_t_us - track.first_t_us) / US if len(track) else 0.0

    @property
    def has_limit(self) -> bool:
        """Whether a number of takes or a time is set."""
        return self.plan.count is not None or self.plan.seconds is not None

    @property
    def done(self) -> bool:
        """All takes are there, or no board sends samples any more."""
        plan = self.plan
        enough = (
            plan.mode == "motion" and plan.count is not None and len(self.take_labels) >= plan.count
        )
        next_us = (self.seconds + plan.period_s) * US
        has_begun = len(self.decoders[0].track) > 0
        over = has_begun and plan.last_us is not None and next_us > plan.last_us
        stopped = all(decoder.sensor_stopped for decoder in self.decoders)
        return enough or over or stopped or self._segmenter.done

    def feed(self, place: int, data: bytes, host_us: int) -> list[CapturedTake]:
        """Add bytes of board `place` that arrived at `host_us`; return the takes they complete."""
        takes = []
        for row in self.decoders[place].feed(data, host_us):
            if not self.done:
                takes += self._take(self._segmenter.add(place, row))
        return takes

    def finish(self) -> list[CapturedTake]:
        """End the streams; return the take in progress if it is long enough."""
        takes = []
        for place, decoder in enumerate(self.decoders):
            for row in decoder.finish():
                takes += self._take(self._segmenter.add(place, row))
        return takes + self._take(self._segmenter.finish())

    def apply(self, command: TakeCommand) -> int | None:
        """Execute a command; return the number of the take that it discards, if any."""
        newest = next(reversed(self.take_labels), 0)
        if newest <= self._confirmed:
            return None
        if command is TakeCommand.KEEP:
            self._confirmed = newest
        if command in (TakeCommand.KEEP, TakeCommand.QUIT):
            return None
        label = self.take_labels.pop(newest)
        if command is TakeCommand.REDO:
            self._segmenter.redo(label)
        return newest

    def _take(self, take: LabelledSpans | None) -> list[CapturedTake]:
        if take is None:
            return []
        self._number += 1
        self.take_labels[self._number] = take[0]
        return [CapturedTake(self._number, *take)]
