"""What a capture makes of what it hears: takes. Pure.

The same bytes, times and key presses give the same takes, live or from a journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pipeline.capture.directors import US, Plan, Take, director_for
from pipeline.capture.ear import Ear
from pipeline.capture.movements import Spans


class Wish(Enum):
    """What a person can ask for with a key; a take that is kept cannot be taken back any more."""

    KEEP = "keep"
    DISCARD = "discard"
    REDO = "redo"
    QUIT = "quit"


@dataclass(frozen=True)
class Cut:
    """A take: number from 1 within the capture, where it lies on each board's clock."""

    number: int
    label: str
    spans: Spans


class Session:
    """Bytes of all boards in, in the order they were heard; cuts out."""

    def __init__(self, plan: Plan, ears: Sequence[Ear]) -> None:
        self.plan, self.ears = plan, ears
        self.kept: dict[int, str] = {}  # label of each take, by its number
        self._director = director_for(plan, ears)
        self._number = 0
        self._settled = 0  # takes up to this one stay

    @property
    def prompt(self) -> str:
        return self._director.prompt

    @property
    def in_progress(self) -> bool:
        """A movement is being recorded."""
        return self._director.in_progress

    @property
    def takes(self) -> Counter[str]:
        return Counter(self.kept.values())

    @property
    def seconds(self) -> float:
        """Recorded so far, by the first board's clock."""
        track = self.ears[0].track
        return (track.last_t_us - track.first_t_us) / US if len(track) else 0.0

    @property
    def has_aim(self) -> bool:
        """It was said how much is to be recorded."""
        return self.plan.count is not None or self.plan.seconds is not None

    @property
    def done(self) -> bool:
        """All that was asked for is there, or no board has anything more to say."""
        plan = self.plan
        enough = plan.mode == "motion" and plan.count is not None and len(self.kept) >= plan.count
        next_us = (self.seconds + plan.period_s) * US
        has_begun = len(self.ears[0].track) > 0
        over = has_begun and plan.last_us is not None and next_us > plan.last_us
        stopped = all(ear.sensor_stopped for ear in self.ears)
        return enough or over or stopped or self._director.done

    def hear(self, place: int, data: bytes, host_us: int) -> list[Cut]:
        cuts = []
        for row in self.ears[place].hear(data, host_us):
            if not self.done:
                cuts += self._cut(self._director.add(place, row))
        return cuts

    def finish(self) -> list[Cut]:
        """Nothing more will come: what is in progress becomes a take where it is long enough."""
        cuts = []
        for place, ear in enumerate(self.ears):
            for row in ear.finish():
                cuts += self._cut(self._director.add(place, row))
        return cuts + self._cut(self._director.finish())

    def obey(self, wish: Wish) -> int | None:
        """The number of the take that is taken back, if any."""
        newest = next(reversed(self.kept), 0)
        if newest <= self._settled:
            return None
        if wish is Wish.KEEP:
            self._settled = newest
        if wish in (Wish.KEEP, Wish.QUIT):
            return None
        label = self.kept.pop(newest)
        if wish is Wish.REDO:
            self._director.again(label)
        return newest

    def _cut(self, take: Take | None) -> list[Cut]:
        if take is None:
            return []
        self._number += 1
        self.kept[self._number] = take[0]
        return [Cut(self._number, *take)]
