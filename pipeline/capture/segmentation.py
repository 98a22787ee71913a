"""Finds the takes in a stream: where the hand moves, and which part becomes a take."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, hypot
from typing import Literal

from pipeline.capture.clock import board_time_us, host_time_us
from pipeline.capture.senders import BOARD
from pipeline.capture.stream_decoder import IMU, BurstEnd, SensorStream, StreamDecoder, environment
from pipeline.capture.track import TrackSample
from pipeline.core.artifacts import Recording
from pipeline.core.units_option import read_units

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
    """The first and the last sample of a take, both included, in the sender's time."""

    start_us: int
    stop_us: int


class MotionDetector:
    """Takes samples one by one, and returns a Span when a movement has ended."""

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
        """The start of the take in progress; None while nothing moves."""
        return None if self._began_us is None else self._start_us(self._began_us)

    def add(self, t_us: int, values: tuple[int, ...]) -> Span | None:
        """Add a sample, in thousandths; return the span of a movement that ends with it."""
        if self._first_us is None:
            self._first_us = t_us
        self.level = self._smoothed(t_us, motion_level(values))
        if self.level >= END:
            self._moved_us = t_us
        if self._began_us is None:
            if self.level < END:
                self._must_rest = False
            elif self.level >= BEGIN and not self._must_rest:
                self._began_us = t_us
            return None
        return self._maybe_end(t_us)

    def finish(self, t_us: int) -> Span | None:
        """End the stream at `t_us`; return the movement in progress if it is long enough."""
        return None if self._began_us is None else self._end(t_us, t_us)

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
        self._recent.append((t_us, moved))
        while t_us - self._recent[0][0] > SMOOTH_S * US:
            self._recent.popleft()
        return sum(moved for _, moved in self._recent) / len(self._recent)


def motion_level(values: tuple[int, ...]) -> float:
    """How much the board moves, relative to the thresholds; values: in thousandths."""
    beyond_g = hypot(*values[:3]) / 1000 - 1
    turning_dps = hypot(*values[3:]) / 1000
    return hypot(beyond_g / ACCELERATION_G, turning_dps / ROTATION_DPS)


ROUNDING_US = 1_000  # error of a time that is converted to another clock and back
LAG_US = 1_000_000  # we do not wait for a board whose samples are later than this

Spans = tuple[Span | None, ...]  # one a board; None for a board that has sent nothing


class _BurstDetector:
    """For a sender that sends one movement at a time: each burst is a movement."""

    def __init__(self) -> None:
        self.moving_since_us: int | None = None

    def add(self, t_us: int) -> None:
        if self.moving_since_us is None:
            self.moving_since_us = t_us

    def finish(self, t_us: int) -> Span | None:
        since_us, self.moving_since_us = self.moving_since_us, None
        return None if since_us is None else Span(since_us, t_us)


class Movements:
    """Takes the samples of all boards in the order of arrival, and returns the spans of a take."""

    def __init__(self, decoders: Sequence[StreamDecoder]) -> None:
        self._decoders = decoders
        self._detectors: list[MotionDetector | _BurstDetector | None] = [None] * len(decoders)
        self._ended: list[tuple[int, Span]] = []

    @property
    def moving_since_us(self) -> int | None:
        """In the time of the first board that moves; None while no board moves."""
        since = (d.moving_since_us for d in self._detectors if d is not None)
        return next((us for us in since if us is not None), None)

    def add(self, place: int, row: TrackSample | BurstEnd) -> Spans | None:
        """Add a sample of board `place`; return the spans of a take that has ended."""
        detector = self._detector(place)
        span = None
        if isinstance(detector, _BurstDetector):
            if isinstance(row, BurstEnd):
                span = detector.finish(self._decoders[place].track.last_t_us)
            else:
                detector.add(row.t_us)
        elif isinstance(row, TrackSample):
            span = detector.add(row.t_us, row.values)
        if span is not None:
            self._ended.append((place, span))
        return self._take()

    def finish(self) -> Spans | None:
        """End the stream; return the movement in progress if it is long enough."""
        for place, detector in enumerate(self._detectors):
            if detector is not None and len(self._decoders[place].track):
                span = detector.finish(self._decoders[place].track.last_t_us)
                if span is not None:
                    self._ended.append((place, span))
        return self._together() if self._ended else None

    def _detector(self, place: int) -> MotionDetector | _BurstDetector:
        detector = self._detectors[place]
        if detector is None:
            sender = self._decoders[place].sender
            detector = _BurstDetector() if sender and sender.bursts else MotionDetector()
            self._detectors[place] = detector
        return detector

    def _take(self) -> Spans | None:
        """The spans, once no board moves and every board has sent its part of the take."""
        if not self._ended or self.moving_since_us is not None:
            return None
        if len(self._decoders) > 1:
            stop_us = max(to_host_us(self._decoders[p], span.stop_us) for p, span in self._ended)
            newest = [to_host_us(e, e.track.last_t_us) for e in self._decoders if len(e.track)]
            if min(newest) < stop_us and max(newest) < stop_us + LAG_US:
                return None
        return self._together()

    def _together(self) -> Spans:
        ended, self._ended = self._ended, []
        if len(self._decoders) == 1:
            return (ended[0][1],)
        start_us = min(to_host_us(self._decoders[place], span.start_us) for place, span in ended)
        stop_us = max(to_host_us(self._decoders[place], span.stop_us) for place, span in ended)
        return spans_between(self._decoders, start_us, stop_us)


def to_host_us(decoder: StreamDecoder, t_us: int) -> int:
    """Convert a board's time to this computer's time."""
    clock = decoder.clock
    return t_us if clock is None else host_time_us(clock, t_us)


def spans_between(decoders: Sequence[StreamDecoder], start_us: int, stop_us: int) -> Spans:
    """Convert an interval of this computer's time to each board's time."""
    spans: list[Span | None] = []
    for decoder in decoders:
        if not len(decoder.track):
            spans.append(None)
        elif decoder.clock is None:
            spans.append(Span(start_us, stop_us))
        else:
            start, stop = (board_time_us(decoder.clock, us) for us in (start_us, stop_us))
            spans.append(Span(start - ROUNDING_US, stop + ROUNDING_US))
    return tuple(spans)


@dataclass(frozen=True)
class CaptureInfo:
    """The properties that all takes of a capture share."""

    person: str
    session: str


def recording_of(
    decoder: StreamDecoder, span: Span, port: str, info: CaptureInfo, label: str, number: int | None
) -> Recording | None:
    """The samples of a span as a recording; None if the board sent nothing in that time."""
    if decoder.sender is None:
        return None
    part = decoder.track.section(span.start_us, span.stop_us)
    if not len(part):
        return None
    return Recording(
        samples=part.samples,
        seq=part.seq,
        t_us=part.t_us,
        rate_hz=decoder.rate_hz(),
        label=label,
        person=info.person,
        session=info.session,
        board=decoder.info.board if decoder.info else "unknown",
        source=_source(decoder, port),
        channels=decoder.channels,
        gaps=part.gaps,
        faults=part.faults,
        take=number,
        clock=decoder.clock,
    )


def _source(decoder: StreamDecoder, port: str) -> str:
    assert decoder.sender is not None
    if decoder.sender is BOARD:
        return f"captured from {port}"
    not_guaranteed = "; ".join(decoder.sender.not_guaranteed)
    return f"captured from {port}, {decoder.sender.name}; not guaranteed: {not_guaranteed}"


COUNTDOWN_S = 3
LISTEN_S = 5.0  # guided: a movement has to begin within this time after "now"
STILL_S = 2.0  # guided: length of a take without movement
EARLY = 0.25  # a reading may come this share of a period too early


Mode = Literal["motion", "continuous", "guided"]
MODES: tuple[Mode, ...] = ("motion", "continuous", "guided")


@dataclass(frozen=True)
class CapturePlan:
    """What to record.

    Attributes:
        count: number of takes, in guided mode of each label; None for no limit.
        seconds: limit in the first board's time; None for no limit.
        background: the label that is recorded without movement.
        seed: of the random order of labels in guided mode.
        period_s: time between readings of the environment. If it is 0, the IMU is recorded.
        originals: what people wrote for a label, where that is not the label itself.
        units: of rows that do not tell theirs, as in the option --units; "" without.
    """

    mode: Mode
    labels: tuple[str, ...]
    count: int | None = None
    seconds: float | None = None
    background: str = "idle"
    seed: int = 1
    period_s: float = 0.0
    originals: Mapping[str, str] = field(default_factory=dict)
    units: str = ""

    def shown(self, label: str) -> str:
        """What people read for a label."""
        return self.originals.get(label, label)

    def decoder(self) -> StreamDecoder:
        """A decoder for a board."""
        return StreamDecoder(self.stream, read_units(self.units) if self.units else None)

    @property
    def stream(self) -> SensorStream:
        """The samples to ask the board for."""
        return environment(self.period_s) if self.period_s else IMU

    @property
    def last_us(self) -> int | None:
        """The latest time of a sample since the first one; a reading may come early or late."""
        if self.seconds is None:
            return None
        return max(0, round((self.seconds - EARLY * self.period_s) * US) - 1)


LabelledSpans = tuple[str, Spans]  # the label, and the span in each board's time


class _Continuous:
    done = False
    in_progress = False

    def __init__(self, plan: CapturePlan, decoders: Sequence[StreamDecoder]) -> None:
        self._plan, self._decoders = plan, decoders
        self.prompt = f"recording {plan.shown(plan.labels[0])}"

    def add(self, _place: int, _row: TrackSample | BurstEnd, /) -> LabelledSpans | None:
        return None

    def finish(self) -> LabelledSpans | None:
        spans = [self._span(decoder) for decoder in self._decoders]
        return (self._plan.labels[0], tuple(spans)) if any(spans) else None

    def redo(self, label: str) -> None:
        """Does nothing: the only take comes at the end."""

    def _span(self, decoder: StreamDecoder) -> Span | None:
        if not len(decoder.track):
            return None
        first_us, last_us = decoder.track.first_t_us, decoder.track.last_t_us
        if self._plan.last_us is not None:
            last_us = min(last_us, first_us + self._plan.last_us)
        return Span(first_us, last_us)


class _Motion:
    done = False

    def __init__(self, plan: CapturePlan, decoders: Sequence[StreamDecoder]) -> None:
        self._label = plan.labels[0]
        self._shown = plan.shown(self._label)
        self._movements = Movements(decoders)

    @property
    def in_progress(self) -> bool:
        return self._movements.moving_since_us is not None

    @property
    def prompt(self) -> str:
        return "recording …" if self.in_progress else f"waiting for: {self._shown}"

    def add(self, place: int, row: TrackSample | BurstEnd, /) -> LabelledSpans | None:
        return self._labeled(self._movements.add(place, row))

    def finish(self) -> LabelledSpans | None:
        return self._labeled(self._movements.finish())

    def redo(self, label: str) -> None:
        """Does nothing: the next movement is the new take."""

    def _labeled(self, spans: Spans | None) -> LabelledSpans | None:
        return None if spans is None else (self._label, spans)


class _Guided:
    """Shows the next label, counts down, and takes the movement that follows.

    It counts in the first board's time: while that board sends nothing, the prompt stays.
    """

    def __init__(self, plan: CapturePlan, decoders: Sequence[StreamDecoder]) -> None:
        queue = [label for label in plan.labels for _ in range(plan.count or 1)]
        random.Random(plan.seed).shuffle(queue)
        self._queue = deque(queue)
        self._plan = plan
        self._decoders = decoders
        self._movements = Movements(decoders)
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
        shown = self._plan.shown(self._queue[0])
        if left_s > 0:
            return f"{self._hint}next: {shown}, in {ceil(left_s)}"
        if self._queue[0] == self._plan.background:
            return f"now: {shown}, for {STILL_S:g} s"
        return f"now: {shown}!"

    def add(self, place: int, row: TrackSample | BurstEnd, /) -> LabelledSpans | None:
        if place == 0 and isinstance(row, TrackSample):
            self._now_us = row.t_us
            self._asked_us = row.t_us if self._asked_us is None else self._asked_us
        spans = self._movements.add(place, row)
        listened_s = self._passed_s() - COUNTDOWN_S
        if self.done or listened_s < 0:
            return None
        if self._queue[0] == self._plan.background:
            return self._still() if listened_s >= STILL_S else None
        if spans is not None and self._is_answer(spans):
            return self._next(spans)
        if listened_s > LISTEN_S and self._movements.moving_since_us is None:
            self._ask("nothing moved; ")
        return None

    def finish(self) -> LabelledSpans | None:
        wanted = self.in_progress and self._queue[0] != self._plan.background
        spans = self._movements.finish()
        return self._next(spans) if spans is not None and wanted else None

    def redo(self, label: str) -> None:
        self._queue.appendleft(label)
        self._ask("once more; ")

    def _is_answer(self, spans: Spans) -> bool:
        """Whether the movement went on after "now"; one that ended before is not meant."""
        now_us = (self._asked_us or 0) + COUNTDOWN_S * US
        return spans[0] is None or spans[0].stop_us > now_us

    def _still(self) -> LabelledSpans:
        span = Span(self._now_us - round(STILL_S * US) + 1, self._now_us)
        if len(self._decoders) == 1:
            return self._next((span,))
        start_us, stop_us = (
            to_host_us(self._decoders[0], us) for us in (span.start_us, span.stop_us)
        )
        return self._next(spans_between(self._decoders, start_us, stop_us))

    def _next(self, spans: Spans) -> LabelledSpans:
        label = self._queue.popleft()
        self._ask("")
        return label, spans

    def _ask(self, hint: str) -> None:
        self._asked_us, self._hint = self._now_us, hint

    def _passed_s(self) -> float:
        return 0.0 if self._asked_us is None else (self._now_us - self._asked_us) / US


def segmenter_for(
    plan: CapturePlan, decoders: Sequence[StreamDecoder]
) -> _Continuous | _Motion | _Guided:
    """What decides, in the plan's mode, which part of the stream becomes a take.

    `add` takes a sample of a board and returns the take that it completes, if any; `finish` ends
    the stream; `redo` asks for one more take of a label.
    """
    if plan.mode == "continuous":
        return _Continuous(plan, decoders)
    return _Motion(plan, decoders) if plan.mode == "motion" else _Guided(plan, decoders)
