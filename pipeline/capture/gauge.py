"""How a board's line is doing: rate, delay, losses, newest signals and scores. Pure, bounded."""

from __future__ import annotations

from collections import deque

from pipeline.artifacts import Float32
from pipeline.capture.protocol import Damaged, Item, Message, Sample, event_of, scores_of

KEPT_SAMPLES = 480
RATE_OVER_US = 1_000_000
DELAY_BUCKETS = 60  # seconds of which the least delay is the zero
BUCKET_US = 1_000_000
SCORE_OFFSET, SCORE_STEPS = 128, 255  # int8 to 0..1
COUNT_WRAP = 1 << 32


class Gauge:
    """Items and their times of arrival in.

    lost: samples that never came, by their numbers; damaged: lines. delay_ms: how much later the
    newest line came than the least delayed one of the last minute; worst_delay_ms since the start.
    scores: of the newest window, 0 to 1, as many as classes; empty before the first.
    """

    def __init__(self) -> None:
        self.samples: deque[Sample] = deque(maxlen=KEPT_SAMPLES)
        self.received = self.lost = self.damaged = 0
        self.delay_ms = self.worst_delay_ms = 0.0
        self.scores: tuple[float, ...] = ()
        self._least: deque[tuple[int, int]] = deque(maxlen=DELAY_BUCKETS)  # second, host_us - t_us

    @property
    def rate_hz(self) -> float:
        """Of the newest second, by the board's clock; lost samples count. 0: not known yet."""
        newest = [s for s in self.samples if s.t_us > self.samples[-1].t_us - RATE_OVER_US]
        if len(newest) < 2:
            return 0.0
        passed_us = newest[-1].t_us - newest[0].t_us
        return (newest[-1].seq - newest[0].seq) * 1e6 / passed_us if passed_us > 0 else 0.0

    def add(self, item: Item, host_us: int) -> None:
        if isinstance(item, Damaged):
            self.damaged += 1
        elif isinstance(item, Sample):
            self._add_sample(item, host_us)
        else:
            self._add_message(item, host_us)

    def _add_sample(self, sample: Sample, host_us: int) -> None:
        if self.samples:
            self.lost += (sample.seq - self.samples[-1].seq - 1) % COUNT_WRAP
        self.samples.append(sample)
        self.received += 1
        self._delayed(sample.t_us, host_us)

    def _add_message(self, message: Message, host_us: int) -> None:
        if message.kind == "hello":
            self.samples.clear()
            self._least.clear()
        elif event := event_of(message):
            self._delayed(event.t_us, host_us)
        elif scores := scores_of(message):
            self.scores = _shares(scores[1].astype("float32"))

    def _delayed(self, t_us: int, host_us: int) -> None:
        second, late_us = t_us // BUCKET_US, host_us - t_us
        if not self._least or self._least[-1][0] != second:
            self._least.append((second, late_us))
        elif late_us < self._least[-1][1]:
            self._least[-1] = (second, late_us)
        self.delay_ms = (late_us - min(least for _, least in self._least)) / 1000
        self.worst_delay_ms = max(self.worst_delay_ms, self.delay_ms)


def _shares(outputs: Float32) -> tuple[float, ...]:
    return tuple(float(value) for value in (outputs + SCORE_OFFSET) / SCORE_STEPS)
