"""Statistics of a link while a board is monitored: rate, losses, delay, last samples."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from pipeline.capture.client import BoardClient
from pipeline.capture.protocol import (
    COUNT_WRAP,
    Damaged,
    Item,
    Message,
    Sample,
    event_of,
    is_possible,
    is_sensor_stopped,
    network_output_of,
)
from pipeline.core.artifacts import Event, Int8

KEPT_SAMPLES = 480
RATE_OVER_US = 1_000_000
DELAY_BUCKETS = 60  # seconds; the least delay within them counts as zero
BUCKET_US = 1_000_000
SCORE_OFFSET, SCORE_STEPS = 128, 255  # int8 to 0..1


class LinkStatistics:
    """Statistics over all items so far.

    Attributes:
        lost: number of samples that are missing in the board's count.
        delay_ms: delay of the newest line, relative to the least delayed one of the last minute.
        worst_delay_ms: largest delay since the start.
        scores: of the newest window, 0 to 1, one for each class; empty before the first window.
        smoothing: how the board averages scores; None if unknown.
    """

    def __init__(self) -> None:
        self.samples: deque[Sample] = deque(maxlen=KEPT_SAMPLES)
        self.received = self.lost = self.damaged = 0
        self.delay_ms = self.worst_delay_ms = 0.0
        self.scores: tuple[float, ...] = ()
        self.smoothing: Smoothing | None = None
        self._least: deque[tuple[int, int]] = deque(maxlen=DELAY_BUCKETS)  # second, host_us - t_us

    @property
    def rate_hz(self) -> float:
        """Rate over the newest second of the board's time, with lost samples; 0 if unknown."""
        newest = [s for s in self.samples if s.t_us > self.samples[-1].t_us - RATE_OVER_US]
        if len(newest) < 2:
            return 0.0
        passed_us = newest[-1].t_us - newest[0].t_us
        counted = (newest[-1].seq - newest[0].seq) % COUNT_WRAP
        return counted * 1e6 / passed_us if passed_us > 0 else 0.0

    def add(self, item: Item, host_us: int) -> None:
        """Count an item that arrived at `host_us`."""
        if isinstance(item, Damaged) or (isinstance(item, Sample) and not is_possible(item)):
            self.damaged += 1
        elif isinstance(item, Sample):
            if self.samples:
                self.lost += (item.seq - self.samples[-1].seq - 1) % COUNT_WRAP
            self.samples.append(item)
            self.received += 1
            self._delayed(item.t_us, host_us)
        else:
            self._add_message(item, host_us)

    def _add_message(self, message: Message, host_us: int) -> None:
        if message.kind == "hello":
            self.samples.clear()
            self._least.clear()
        elif event := event_of(message):
            self._delayed(event.t_us, host_us)
        elif scores := network_output_of(message):
            shares = (scores[1].astype("float32") + SCORE_OFFSET) / SCORE_STEPS
            self.scores = tuple(shares.tolist())
            if self.smoothing is not None:
                self.smoothing.add(*scores)

    def _delayed(self, t_us: int, host_us: int) -> None:
        second, late_us = t_us // BUCKET_US, host_us - t_us
        if not self._least or self._least[-1][0] != second:
            self._least.append((second, late_us))
        elif late_us < self._least[-1][1]:
            self._least[-1] = (second, late_us)
        self.delay_ms = (late_us - min(least for _, least in self._least)) / 1000
        self.worst_delay_ms = max(self.worst_delay_ms, self.delay_ms)


@dataclass(frozen=True)
class MonitorEntry:
    """One line of the monitor: an event, or a note about the board or the link."""

    event: Event | None = None
    note: str = ""
    sensor_stopped: bool = False


def watch(
    client: BoardClient, labels: Container[str], limit_s: float | None = None
) -> Iterator[MonitorEntry]:
    """Yield events of these labels, forecasts, restarts, warnings and damaged lines."""
    for item in client.items(limit_s):
        entry = monitor_entry(item, labels)
        if entry is not None:
            yield entry


def monitor_entry(item: Item, labels: Container[str]) -> MonitorEntry | None:
    """The line for an item; None for samples, scores, answers and the like.

    An event whose label is not in `labels` becomes a note: it starts no command and makes no
    recording.
    """
    if isinstance(item, Damaged):
        text = item.line.decode("ascii", "backslashreplace")
        return MonitorEntry(note=f"a line arrived damaged: {text}")
    if not isinstance(item, Message):
        return None
    event = event_of(item)
    if event is not None and event.label in labels:
        return MonitorEntry(event)
    if item.kind == "event":
        return MonitorEntry(note=f"no event of this board's model: {item.text}")
    if item.kind in ("hello", "warn", "forecast", "learning", "learned"):
        return MonitorEntry(note=item.text, sensor_stopped=is_sensor_stopped(item))
    return None


LEAST_OUTPUT = -128
MOST_SCORE = 255  # of one window


class Smoothing:
    """The average of the newest scores, as the board computes it, and the classes' thresholds."""

    def __init__(
        self, windows: int, background: int | None, fire_sums: tuple[int, ...], longest_us: int
    ) -> None:
        """Over `windows` windows; after a gap of more than longest_us it starts again."""
        whole = windows * MOST_SCORE
        self.thresholds = tuple(
            None if place == background else fire_sum / whole
            for place, fire_sum in enumerate(fire_sums)
        )
        self._whole, self._longest_us = whole, longest_us
        self._newest: deque[tuple[int, ...]] = deque(maxlen=windows)
        self._newest_us = 0

    @property
    def scores(self) -> tuple[float, ...]:
        """The averaged score of each class, 0 to 1."""
        return tuple(sum(column) / self._whole for column in zip(*self._newest, strict=True))

    def add(self, t_us: int, output: Int8) -> None:
        """Add the network's output for a window, int8 [classes]."""
        if not 0 <= t_us - self._newest_us <= self._longest_us:
            self._newest.clear()
        self._newest_us = t_us
        self._newest.append(tuple(int(value) - LEAST_OUTPUT for value in output))


def smoothing_of(constants: Mapping[str, str], window_s: float) -> Smoothing | None:
    """Read a board's answer to `constants`; None without gestures, or if it is not understood."""
    try:
        fire_sums = tuple(map(int, constants["fire_sums"].split(",")))
        windows, background = int(constants["smoothing_windows"]), int(constants["background"])
    except (KeyError, ValueError):
        return None
    if not (0 < windows <= MOST_SCORE and len(fire_sums) <= MOST_SCORE):
        return None
    return Smoothing(windows, background, fire_sums, round(window_s * 1e6))
