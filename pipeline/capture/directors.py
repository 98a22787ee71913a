"""The three ways to find takes in what boards send: motion, continuous, guided. Pure."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal, Protocol

from pipeline.capture.ear import BurstEnd, Ear
from pipeline.capture.motion import Span
from pipeline.capture.movements import Movements, Spans, spans_between, to_host_us
from pipeline.capture.streams import IMU, Stream, environment
from pipeline.capture.track import Row

COUNTDOWN_S = 3
LISTEN_S = 5.0  # guided: a movement has to begin within this after "now"
STILL_S = 2.0  # guided: length of a take in which nothing need move
EARLY = 0.25  # of a period, by which a reading may be
US = 1_000_000

Mode = Literal["motion", "continuous", "guided"]
MODES: tuple[Mode, ...] = ("motion", "continuous", "guided")


@dataclass(frozen=True)
class Plan:
    """What is to be recorded.

    count: takes, guided: of each label; None for as many as come. seconds: by the first
    board's clock; None without a limit. background: the label that is recorded holding still.
    seed: of the order of labels in guided mode. period_s: of readings of the environment, which
    are recorded in place of the IMU's samples where it is not 0.
    """

    mode: Mode
    labels: tuple[str, ...]
    count: int | None = None
    seconds: float | None = None
    background: str = "idle"
    seed: int = 1
    period_s: float = 0.0

    @property
    def stream(self) -> Stream:
        return environment(self.period_s) if self.period_s else IMU

    @property
    def last_us(self) -> int | None:
        """Since the first sample, when the last may be made; readings come now early, now late."""
        if self.seconds is None:
            return None
        return max(0, round((self.seconds - EARLY * self.period_s) * US) - 1)


Take = tuple[str, Spans]  # label, and where it lies on each board's clock


class Director(Protocol):
    """Decides what of the stream becomes a take."""

    @property
    def prompt(self) -> str:
        """What the person is told now."""

    @property
    def done(self) -> bool:
        """All that it wants is there."""

    @property
    def in_progress(self) -> bool:
        """A movement is being recorded."""

    def add(self, place: int, row: Row | BurstEnd, /) -> Take | None: ...

    def finish(self) -> Take | None: ...

    def again(self, label: str) -> None: ...


class _Continuous:
    """All of it is one recording."""

    done = False
    in_progress = False

    def __init__(self, plan: Plan, ears: Sequence[Ear]) -> None:
        self._plan, self._ears = plan, ears
        self.prompt = f"recording {plan.labels[0]}"

    def add(self, _place: int, _row: Row | BurstEnd, /) -> Take | None:
        return None

    def finish(self) -> Take | None:
        spans = [self._span(ear) for ear in self._ears]
        return (self._plan.labels[0], tuple(spans)) if any(spans) else None

    def again(self, label: str) -> None:
        """There is no take to do again before the end."""

    def _span(self, ear: Ear) -> Span | None:
        if not len(ear.track):
            return None
        first_us, last_us = ear.track.first_t_us, ear.track.last_t_us
        if self._plan.last_us is not None:
            last_us = min(last_us, first_us + self._plan.last_us)
        return Span(first_us, last_us)


class _Motion:
    """Each movement is a take."""

    done = False

    def __init__(self, plan: Plan, ears: Sequence[Ear]) -> None:
        self._label = plan.labels[0]
        self._movements = Movements(ears)

    @property
    def in_progress(self) -> bool:
        return self._movements.moving_since_us is not None

    @property
    def prompt(self) -> str:
        return "recording …" if self.in_progress else f"waiting for: {self._label}"

    def add(self, place: int, row: Row | BurstEnd, /) -> Take | None:
        return self._labelled(self._movements.add(place, row))

    def finish(self) -> Take | None:
        return self._labelled(self._movements.finish())

    def again(self, label: str) -> None:
        """The next movement is."""

    def _labelled(self, spans: Spans | None) -> Take | None:
        return None if spans is None else (self._label, spans)


class _Guided:
    """Says what comes next, counts down, and takes the movement that follows.

    Time is the first board's: where it sends nothing, nothing is asked of the person.
    """

    def __init__(self, plan: Plan, ears: Sequence[Ear]) -> None:
        queue = [label for label in plan.labels for _ in range(plan.count or 1)]
        random.Random(plan.seed).shuffle(queue)
        self._queue = deque(queue)
        self._background = plan.background
        self._ears = ears
        self._movements = Movements(ears)
        self._asked_us: int | None = None  # when the countdown began
        self._now_us = 0
        self._hint = ""

    @property
    def done(self) -> bool:
        return not self._queue

    @property
    def in_progress(self) -> bool:
        listening = not self.done and self._passed_s() > COUNTDOWN_S
        return listening and self._movements.moving_since_us is not None

    @property
    def prompt(self) -> str:
        if self.done:
            return "that was all"
        left_s = COUNTDOWN_S - self._passed_s()
        if left_s > 0:
            return f"{self._hint}next: {self._queue[0]}, in {ceil(left_s)}"
        if self._queue[0] == self._background:
            return f"now: {self._queue[0]}, for {STILL_S:g} s"
        return f"now: {self._queue[0]}!"

    def add(self, place: int, row: Row | BurstEnd, /) -> Take | None:
        if place == 0 and isinstance(row, Row):
            self._now_us = row.t_us
            self._asked_us = row.t_us if self._asked_us is None else self._asked_us
        spans = self._movements.add(place, row)
        listened_s = self._passed_s() - COUNTDOWN_S
        if self.done or listened_s < 0:
            return None
        if self._queue[0] == self._background:
            return self._still() if listened_s >= STILL_S else None
        if spans is not None and self._is_answer(spans):
            return self._next(spans)
        if listened_s > LISTEN_S and self._movements.moving_since_us is None:
            self._ask("nothing moved; ")
        return None

    def finish(self) -> Take | None:
        wanted = self.in_progress and self._queue[0] != self._background
        spans = self._movements.finish()
        return self._next(spans) if spans is not None and wanted else None

    def again(self, label: str) -> None:
        self._queue.appendleft(label)
        self._ask("once more; ")

    def _is_answer(self, spans: Spans) -> bool:
        """It went on after "now": a movement that had ended before was none."""
        now_us = (self._asked_us or 0) + COUNTDOWN_S * US
        return spans[0] is None or spans[0].stop_us > now_us

    def _still(self) -> Take:
        span = Span(self._now_us - round(STILL_S * US) + 1, self._now_us)
        if len(self._ears) == 1:
            return self._next((span,))
        start_us, stop_us = (to_host_us(self._ears[0], us) for us in (span.start_us, span.stop_us))
        return self._next(spans_between(self._ears, start_us, stop_us))

    def _next(self, spans: Spans) -> Take:
        label = self._queue.popleft()
        self._ask("")
        return label, spans

    def _ask(self, hint: str) -> None:
        self._asked_us, self._hint = self._now_us, hint

    def _passed_s(self) -> float:
        return 0.0 if self._asked_us is None else (self._now_us - self._asked_us) / US


def director_for(plan: Plan, ears: Sequence[Ear]) -> Director:
    if plan.mode == "continuous":
        return _Continuous(plan, ears)
    return _Motion(plan, ears) if plan.mode == "motion" else _Guided(plan, ears)
