"""What one sender sent, in order, and everything that was wrong with it. Pure.

A sample's place is known from the sender's own count and clock. A repeated one is dropped, one
that came late is put where it belongs, and one whose place cannot be right (its CRC is, by
chance) waits for the next: only if that one follows on it has the sender started again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipeline.artifacts import Fault, Float32, Gap, Int64
from pipeline.capture.clock import line_below
from pipeline.capture.protocol import Sample
from pipeline.contract import UNITS_PER_SAMPLE_STEP

COUNT_WRAP = 1 << 32
LATE_SAMPLES = 256  # how far back a late or repeated sample is still recognised
CLOCK_SLACK = 0.25  # of the time that the count says has passed
CLOCK_SLACK_US = 50_000
LATE_SHARE = 0.001  # by which two clocks may drift apart
LATE_US = 500_000  # by which the first line after a silence may be late
RATE_OVER_US = 1_000_000
RATE_FIT_ROWS = 20_000


class Row(NamedTuple):
    """A sample in its place: seq and t_us rise for ever, also where the board starts again."""

    seq: int
    t_us: int
    values: tuple[int, ...]


@dataclass
class _Mark:
    kind: str
    count: int
    seq: int  # of the sample that it stands before


class _Held(NamedTuple):
    sample: Sample
    host_us: int


@dataclass(frozen=True)
class Stretch:
    """Part of a track, ready to be a recording: samples float32 [n, channels], seq and t_us."""

    samples: Float32
    seq: Int64
    t_us: Int64
    gaps: tuple[Gap, ...]
    faults: tuple[Fault, ...]

    def __len__(self) -> int:
        return len(self.seq)


@dataclass
class Track:
    """channels: how many values a sample has. period_us: by the sender's clock; 0 not known.

    totals: how many samples or lines of each kind of fault there were, `lost` among them.
    """

    channels: int = 6
    period_us: float = 0.0
    totals: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._seq, self._t_us = array("q"), array("q")
        self._values = array("i")
        self._marks: list[_Mark] = []
        self._held: _Held | None = None
        self._restart = False
        self._was_silent = False
        self._raw_seq = 0  # of the newest sample, as it was sent
        self._t_offset_us = 0  # from the sender's clock to t_us
        self._host_us = 0  # when the newest sample arrived

    def __len__(self) -> int:
        return len(self._seq)

    @property
    def first_t_us(self) -> int:
        return self._t_us[0]

    @property
    def last_t_us(self) -> int:
        return self._t_us[-1]

    @property
    def newest_rate_hz(self) -> float:
        """Over the newest second or so; 0 where there is too little. Lost samples count."""
        if len(self) < 2:
            return 0.0
        first = bisect_left(self._t_us, self._t_us[-1] - RATE_OVER_US)
        passed_us = self._t_us[-1] - self._t_us[first]
        return (self._seq[-1] - self._seq[first]) * 1e6 / passed_us if passed_us > 0 else 0.0

    def fitted_rate_hz(self) -> float:
        """By the line below all times, since arrivals may be late; 0 where there is too little."""
        points = list(zip(self._seq[-RATE_FIT_ROWS:], self._t_us[-RATE_FIT_ROWS:], strict=True))
        period_us = line_below(points).slope if len(points) > 1 else 0.0
        return 1e6 / period_us if period_us > 0 else 0.0

    def newest(self, n: int) -> list[tuple[int, ...]]:
        """The values of the newest `n` samples, in thousandths."""
        width = self.channels
        flat = self._values[-n * width :]
        return [tuple(flat[at : at + width]) for at in range(0, len(flat), width)]

    def add(self, sample: Sample, host_us: int) -> list[Row]:
        """The rows that this sample puts at the end of the track: none, itself, or two."""
        if not self._seq or self._restart:
            return [self._start_again(sample, host_us)]
        if self._held is not None:
            return self._settle(self._held, sample, host_us)
        steps = self._steps_to(sample)
        if self._follows(sample, steps, host_us):
            return [self._append(sample, steps, host_us)]
        if not self._is_repeated_or_late(sample, steps):
            self._held = _Held(sample, host_us)
        return []

    def mark(self, kind: str, count: int = 1, before_next: bool = True) -> None:
        """Something befell the stream before the next sample, else before the newest.

        What lies before the first sample is not missed by anyone.
        """
        if self._seq:
            self._mark_at(self._seq[-1] + before_next, kind, count)

    def expect_restart(self) -> None:
        """The sender has said that it starts again: its count and clock will too."""
        self._drop_held()
        self._restart = bool(self._seq)

    def after_silence(self) -> None:
        """Nothing that is still to come was sent before now: it has not been kept waiting."""
        self._was_silent = True

    def finish(self) -> list[Row]:
        """Nothing more will come: a sample still waiting is kept if it lies ahead."""
        held, self._held = self._held, None
        if held is None:
            return []
        steps = self._steps_to(held.sample)
        if steps > 0 and held.sample.t_us + self._t_offset_us > self._t_us[-1]:
            return [self._append(held.sample, steps, held.host_us)]
        self.mark("refused")
        return []

    def stretch(self, start_t_us: int, stop_t_us: int) -> Stretch:
        """What lies in [start_t_us, stop_t_us]."""
        start = bisect_left(self._t_us, start_t_us)
        stop = bisect_left(self._t_us, stop_t_us + 1)
        seq = np.array(self._seq[start:stop], np.int64)
        values = np.array(self._values[start * self.channels : stop * self.channels], np.float64)
        jumps = np.flatnonzero(np.diff(seq) > 1)
        return Stretch(
            (values / UNITS_PER_SAMPLE_STEP).astype(np.float32).reshape(-1, self.channels),
            seq,
            np.array(self._t_us[start:stop], np.int64),
            tuple(Gap(int(at) + 1, int(seq[at + 1] - seq[at]) - 1) for at in jumps),
            self._faults(seq, to_the_end=stop == len(self)),
        )

    def _faults(self, seq: Int64, to_the_end: bool) -> tuple[Fault, ...]:
        """Those between the samples of `seq`; at its ends, those that nothing else will tell."""
        if not len(seq):
            return ()
        last = int(seq[-1]) + (1 if to_the_end else 0)
        inside = [mark for mark in self._marks if seq[0] <= mark.seq <= last]
        places = np.searchsorted(seq, [mark.seq for mark in inside])
        return tuple(
            Fault(mark.kind, mark.count, int(place))
            for mark, place in zip(inside, places, strict=True)
        )

    def _steps_to(self, sample: Sample) -> int:
        """How far the sample's count lies from the newest one's, across the count's wrap."""
        half = COUNT_WRAP // 2
        return (sample.seq - self._raw_seq + half) % COUNT_WRAP - half

    def _follows(self, sample: Sample, steps: int, host_us: int) -> bool:
        """Count and clock have moved on together, and after a silence the host's clock with them.

        Else a sender that has run longer since a restart than before it would seem to have lost
        samples only.
        """
        passed_us = sample.t_us + self._t_offset_us - self._t_us[-1]
        late_us = host_us - self._host_us - passed_us
        if self._was_silent and late_us > LATE_SHARE * passed_us + LATE_US:
            return False
        return _moved_together(steps, passed_us, self.period_us)

    def _is_repeated_or_late(self, sample: Sample, steps: int) -> bool:
        if not -LATE_SAMPLES < steps <= 0:
            return False
        seq, t_us = self._seq[-1] + steps, sample.t_us + self._t_offset_us
        place = bisect_left(self._seq, seq)
        if self._seq[place] == seq:
            at = place * self.channels
            same = tuple(self._values[at : at + self.channels]) == sample.values
            if same and self._t_us[place] == t_us:
                self.mark("duplicate")
                return True
            return False
        if place == 0 or not self._t_us[place - 1] <= t_us <= self._t_us[place]:
            return False
        self._insert(place, seq, t_us, sample.values)
        return True

    def _insert(self, place: int, seq: int, t_us: int, values: tuple[int, ...]) -> None:
        self._seq.insert(place, seq)
        self._t_us.insert(place, t_us)
        at = place * self.channels
        self._values[at:at] = array("i", values)
        self._move_restart(self._seq[place + 1], seq)
        self.totals["lost"] -= 1
        self._mark_at(seq, "late", 1)

    def _move_restart(self, seq: int, to_seq: int) -> None:
        """What comes late right after a restart was sent after it."""
        for mark in self._marks:
            if mark.kind == "reboot" and mark.seq == seq:
                mark.seq = to_seq

    def _settle(self, held: _Held, sample: Sample, host_us: int) -> list[Row]:
        """One sample did not fit; this one tells whether the stream has moved there for good."""
        self._held = None
        steps = (sample.seq - held.sample.seq) % COUNT_WRAP
        passed_us = sample.t_us - held.sample.t_us
        if not self._follows(sample, self._steps_to(sample), host_us) and _moved_together(
            steps, passed_us, self.period_us
        ):
            return [self._start_again(*held), *self.add(sample, host_us)]
        self.mark("refused")
        return self.add(sample, host_us)

    def _drop_held(self) -> None:
        if self._held is not None:
            self._held = None
            self.mark("refused")

    def _append(self, sample: Sample, steps: int, host_us: int) -> Row:
        self.totals["lost"] += steps - 1
        row = Row(self._seq[-1] + steps, sample.t_us + self._t_offset_us, sample.values)
        return self._put(row, sample, host_us)

    def _start_again(self, sample: Sample, host_us: int) -> Row:
        """The first sample, or the first after a restart: placed by this computer's clock."""
        self._restart = False
        if not self._seq:
            return self._put(Row(sample.seq, sample.t_us, sample.values), sample, host_us)
        passed_us = max(host_us - self._host_us, round(self.period_us), 1)
        steps = max(1, round(passed_us / self.period_us)) if self.period_us else 1
        self._t_offset_us = self._t_us[-1] + passed_us - sample.t_us
        self.mark("reboot")
        self._marks[-1].seq = self._seq[-1] + steps
        return self._append(sample, steps, host_us)

    def _put(self, row: Row, sample: Sample, host_us: int) -> Row:
        self._seq.append(row.seq)
        self._t_us.append(row.t_us)
        self._values.extend(row.values)
        self._raw_seq, self._host_us, self._was_silent = sample.seq, host_us, False
        return row

    def _mark_at(self, seq: int, kind: str, count: int) -> None:
        self.totals[kind] += count
        newest = self._marks[-1] if self._marks else None
        if newest and (newest.kind, newest.seq) == (kind, seq) and kind != "reboot":
            newest.count += count
        else:
            self._marks.append(_Mark(kind, count, seq))


def _moved_together(steps: int, passed_us: int, period_us: float) -> bool:
    if steps <= 0 or passed_us < 0:
        return False
    expected_us = steps * period_us
    slack_us = CLOCK_SLACK * expected_us + CLOCK_SLACK_US
    return period_us == 0 or abs(passed_us - expected_us) <= slack_us
