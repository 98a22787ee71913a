"""The samples of one sender in order, with marks for all faults. Pure.

The sender's count and clock give a sample's place. A repeated sample is dropped. A late sample is
inserted at its place. A sample with an impossible place (its CRC is right by chance) waits for the
next sample. If the next sample follows it, the sender has restarted.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipeline.capture.clock import line_below, rate_of_arrival
from pipeline.capture.protocol import COUNT_WRAP, Sample, steps_between
from pipeline.core.artifacts import Fault, Float32, Gap, Int64
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP

LATE_SAMPLES = 256  # how far back a late or repeated sample is recognized
CLOCK_SLACK = 0.25  # share of the time that should have passed by the count
CLOCK_SLACK_US = 50_000
LATE_SHARE = 0.001  # drift between two clocks
LATE_US = 500_000  # delay of the first line after a silence
RATE_OVER_US = 1_000_000
RATE_FIT_ROWS = 20_000
CLOCK_OVER_US = 3_000_000  # of samples, by their count
CLOCK_ROWS = 8
BLOCK_VALUES = 1 << 16
STANDS_BELOW = 0.25  # share of the time that should have passed by the count


class TrackSample(NamedTuple):
    """A sample at its place: seq and t_us rise, also after a restart of the board."""

    seq: int
    t_us: int
    values: tuple[int, ...]


@dataclass
class _Mark:
    kind: str
    count: int
    seq: int  # of the sample after the mark


class _PendingSample(NamedTuple):
    sample: Sample
    host_us: int


@dataclass(frozen=True)
class TrackSection:
    """Part of a track: samples float32 [n, channels], seq and t_us int64 [n]."""

    samples: Float32
    seq: Int64
    t_us: Int64
    gaps: tuple[Gap, ...]
    faults: tuple[Fault, ...]

    def __len__(self) -> int:
        return len(self.seq)


@dataclass
class Track:
    """All samples of one sender, in order; totals: samples or lines by kind of fault."""

    channels: int = 6
    period_us: float = 0.0
    totals: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._seq, self._t_us = array("q"), array("q")
        self._values = array("i")
        self._marks: list[_Mark] = []
        self._pending: _PendingSample | None = None
        self._restart = False
        self._was_silent = False
        self._raw_seq = 0  # of the newest sample, as sent
        self._t_offset_us = 0  # from the sender's clock to t_us
        self._host_us = 0  # when the newest sample arrived

    def __len__(self) -> int:
        return len(self._seq)

    @property
    def first_t_us(self) -> int:
        """Time of the first sample."""
        return self._t_us[0]

    @property
    def last_t_us(self) -> int:
        """Time of the newest sample."""
        return self._t_us[-1]

    @property
    def newest_rate_hz(self) -> float:
        """Rate over about the newest second, with lost samples; 0 if there are too few samples."""
        if len(self) < 2:
            return 0.0
        first = bisect_left(self._t_us, self._t_us[-1] - RATE_OVER_US)
        passed_us = self._t_us[-1] - self._t_us[first]
        return (self._seq[-1] - self._seq[first]) * 1e6 / passed_us if passed_us > 0 else 0.0

    def fitted_rate_hz(self) -> float:
        """Rate from the line below all times, as arrivals may be late; 0 if unknown."""
        points = list(zip(self._seq[-RATE_FIT_ROWS:], self._t_us[-RATE_FIT_ROWS:], strict=True))
        period_us = line_below(points).slope if len(points) > 1 else 0.0
        return 1e6 / period_us if period_us > 0 else 0.0

    def rate_without_pauses_hz(self) -> float:
        """Rate by times of arrival, of a sender whose samples have no number; 0 if unknown."""
        return rate_of_arrival(self._t_us[-RATE_FIT_ROWS:])

    @property
    def clock_is_stuck(self) -> bool:
        """Whether the sender's clock stands still while its count rises.

        Each single step may be within the slack of a clock, but not all of them together.
        """
        if self.period_us == 0:
            return False
        rows = max(CLOCK_ROWS, round(CLOCK_OVER_US / self.period_us))
        if len(self) <= rows:
            return False
        counted_us = (self._seq[-1] - self._seq[-rows - 1]) * self.period_us
        return self._t_us[-1] - self._t_us[-rows - 1] < STANDS_BELOW * counted_us

    def newest(self, n: int) -> list[tuple[int, ...]]:
        """The values of the newest `n` samples, in thousandths."""
        width = self.channels
        flat = self._values[-n * width :] if n else []
        return [tuple(flat[at : at + width]) for at in range(0, len(flat), width)]

    def newest_times_us(self, n: int) -> list[int]:
        """The times of the newest `n` samples."""
        return list(self._t_us[-n:]) if n else []

    def add(self, sample: Sample, host_us: int) -> list[TrackSample]:
        """Add a sample; returns what is new at the end: none, this, or the one before it too."""
        if not self._seq or self._restart:
            return [self._start_again(sample, host_us)]
        if self._pending is not None:
            return self._settle(self._pending, sample, host_us)
        steps = self._steps_to(sample)
        if self._follows(sample, steps, host_us):
            return [self._append(sample, steps, host_us)]
        if not self._is_repeated_or_late(sample, steps):
            self._pending = _PendingSample(sample, host_us)
        return []

    def mark(self, kind: str, count: int = 1, before_next: bool = True) -> None:
        """Mark a fault before the next sample, or before the newest one.

        Faults before the first sample do not count.
        """
        if self._seq:
            self._mark_at(self._seq[-1] + before_next, kind, count)

    def expect_restart(self) -> None:
        """The sender reports a restart: its count and clock start again."""
        if self._pending is not None:
            self._pending = None
            self.mark("refused")
        self._restart = bool(self._seq)

    def after_silence(self) -> None:
        """The next sample was not sent before now, so that it cannot be a delayed one."""
        self._was_silent = True

    def finish(self) -> list[TrackSample]:
        """End the stream: a waiting sample is added if its place is ahead."""
        pending, self._pending = self._pending, None
        if pending is None:
            return []
        steps = self._steps_to(pending.sample)
        if steps > 0 and pending.sample.t_us + self._t_offset_us > self._t_us[-1]:
            return [self._append(pending.sample, steps, pending.host_us)]
        self.mark("refused")
        return []

    def section(self, start_t_us: int, stop_t_us: int) -> TrackSection:
        """The samples in [start_t_us, stop_t_us]."""
        start = bisect_left(self._t_us, start_t_us)
        stop = bisect_left(self._t_us, stop_t_us + 1)
        seq = np.array(self._seq[start:stop], np.int64)
        jumps = np.flatnonzero(np.diff(seq) > 1)
        return TrackSection(
            self._samples(start, stop),
            seq,
            np.array(self._t_us[start:stop], np.int64),
            tuple(Gap(int(at) + 1, int(seq[at + 1] - seq[at]) - 1) for at in jumps),
            self._faults(seq, to_the_end=stop == len(self)),
        )

    def _samples(self, start: int, stop: int) -> Float32:
        """float32 [stop - start, channels], made in blocks to save memory."""
        samples = np.empty((stop - start) * self.channels, np.float32)
        for at in range(0, len(samples), BLOCK_VALUES):
            first = start * self.channels + at
            count = min(BLOCK_VALUES, len(samples) - at)
            values = np.array(self._values[first : first + count], np.float64)
            samples[at : at + count] = values / UNITS_PER_SAMPLE_STEP
        return samples.reshape(-1, self.channels)

    def _faults(self, seq: Int64, to_the_end: bool) -> tuple[Fault, ...]:
        """The faults between the samples of `seq`, and those at the end of the track."""
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
        return steps_between(self._raw_seq, sample.seq)

    def _follows(self, sample: Sample, steps: int, host_us: int) -> bool:
        """Whether count and clock agree, and after a silence also with this computer's clock.

        Without that, a restart could look like lost samples, if the sender ran longer after it
        than before.
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
        for mark in self._marks:  # right after a restart, it was sent after the restart
            if mark.kind == "reboot" and mark.seq == self._seq[place + 1]:
                mark.seq = seq
        self.totals["lost"] -= 1
        self._mark_at(seq, "late", 1)

    def _settle(self, pending: _PendingSample, sample: Sample, host_us: int) -> list[TrackSample]:
        """One sample did not fit; this one shows whether the sender has restarted."""
        self._pending = None
        steps = (sample.seq - pending.sample.seq) % COUNT_WRAP
        passed_us = sample.t_us - pending.sample.t_us
        if not self._follows(sample, self._steps_to(sample), host_us) and _moved_together(
            steps, passed_us, self.period_us
        ):
            return [self._start_again(*pending), *self.add(sample, host_us)]
        self.mark("refused")
        return self.add(sample, host_us)

    def _append(self, sample: Sample, steps: int, host_us: int) -> TrackSample:
        self.totals["lost"] += steps - 1
        row = TrackSample(self._seq[-1] + steps, sample.t_us + self._t_offset_us, sample.values)
        return self._put(row, sample, host_us)

    def _start_again(self, sample: Sample, host_us: int) -> TrackSample:
        """Add the first sample, or the first after a restart, by this computer's clock."""
        self._restart = False
        if not self._seq:
            return self._put(TrackSample(sample.seq, sample.t_us, sample.values), sample, host_us)
        passed_us = max(host_us - self._host_us, round(self.period_us), 1)
        steps = max(1, round(passed_us / self.period_us)) if self.period_us else 1
        self._t_offset_us = self._t_us[-1] + passed_us - sample.t_us
        self.mark("reboot")
        self._marks[-1].seq = self._seq[-1] + steps
        return self._append(sample, steps, host_us)

    def _put(self, row: TrackSample, sample: Sample, host_us: int) -> TrackSample:
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
