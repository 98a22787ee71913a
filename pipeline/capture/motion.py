"""Where a movement begins and ends in a stream of samples. Pure.

How much the board moves is one number a sample: acceleration beyond gravity in units of
ACCELERATION_G and rotation in units of ROTATION_DPS, root of the sum of squares, averaged over
SMOOTH_S. A movement begins where it passes BEGIN and ends where it stays below END for QUIET_S;
the two differ so that a gesture does not end where the hand turns around. BEFORE_S of what came
before the beginning belongs to the take (the pre-trigger buffer), and AFTER_S of the quiet.
A movement shorter than SHORTEST_S was a knock; one longer than LONGEST_S ends there, and the
next begins only after a rest.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import hypot

ACCELERATION_G = 0.25
ROTATION_DPS = 60.0
SMOOTH_S = 0.06
BEGIN = 1.0
END = 0.5
QUIET_S = 0.3
BEFORE_S = 0.2
AFTER_S = 0.1
SHORTEST_S = 0.15  # of movement alone
LONGEST_S = 4.0

US = 1_000_000


@dataclass(frozen=True)
class Span:
    """From the first to the last sample of a take, both included, by the sender's clock."""

    start_us: int
    stop_us: int


class MotionDetector:
    """Samples in, one by one; a Span out where a movement has ended."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, float]] = deque()
        self._first_us: int | None = None
        self._began_us: int | None = None
        self._moved_us = 0  # when it last did
        self._must_rest = False
        self._earliest_us = 0
        self.level = 0.0

    @property
    def moving_since_us(self) -> int | None:
        """Where the take that is being made begins; None while nothing moves."""
        return None if self._began_us is None else self._start_us(self._began_us)

    def add(self, t_us: int, values: tuple[int, ...]) -> Span | None:
        """values: six or three, in thousandths of g and deg/s."""
        if self._first_us is None:
            self._first_us = t_us
        self.level = self._smoothed(t_us, how_much(values))
        if self.level >= END:
            self._moved_us = t_us
        if self._began_us is None:
            self._maybe_begin(t_us)
            return None
        return self._maybe_end(t_us)

    def finish(self, t_us: int) -> Span | None:
        """Nothing more comes after `t_us`: the movement so far, if it is long enough."""
        return None if self._began_us is None else self._end(t_us, t_us)

    def _maybe_begin(self, t_us: int) -> None:
        if self.level < END:
            self._must_rest = False
        elif self.level >= BEGIN and not self._must_rest:
            self._began_us = t_us

    def _maybe_end(self, t_us: int) -> Span | None:
        assert self._began_us is not None
        if t_us - self._began_us >= LONGEST_S * US:
            self._must_rest = True
            return self._end(t_us, t_us)
        if t_us - self._moved_us >= QUIET_S * US:
            return self._end(self._moved_us, self._moved_us + round(AFTER_S * US))
        return None

    def _end(self, moved_us: int, stop_us: int) -> Span | None:
        assert self._began_us is not None
        began_us, self._began_us = self._began_us, None
        if moved_us - began_us < SHORTEST_S * US:
            return None
        span = Span(self._start_us(began_us), stop_us)
        self._earliest_us = stop_us + 1
        return span

    def _start_us(self, began_us: int) -> int:
        assert self._first_us is not None
        return max(began_us - round(BEFORE_S * US), self._first_us, self._earliest_us)

    def _smoothed(self, t_us: int, moved: float) -> float:
        """Mean of the newest SMOOTH_S."""
        self._recent.append((t_us, moved))
        while t_us - self._recent[0][0] > SMOOTH_S * US:
            self._recent.popleft()
        return sum(moved for _, moved in self._recent) / len(self._recent)


def how_much(values: tuple[int, ...]) -> float:
    """How much a board moves whose sample is `values`, in thousandths of g and deg/s; see above."""
    beyond_g = hypot(*values[:3]) / 1000 - 1
    turning_dps = hypot(*values[3:]) / 1000
    return hypot(beyond_g / ACCELERATION_G, turning_dps / ROTATION_DPS)
