"""From a streaming board to recordings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.artifacts import Gap, Int64, Recording
from pipeline.capture.client import BoardClient, BoardInfo
from pipeline.capture.protocol import Damaged, Item, Message, Sample, is_sensor_stopped
from pipeline.contract import UNITS_PER_SAMPLE_STEP
from pipeline.errors import ExitCode, PipelineError

SEQ_WRAP = 1 << 32
RATE_WAIT_S = 3.0
PATIENCE = 3.0  # a take may last this many times its length, plus PATIENCE_S, by our clock
PATIENCE_S = 5.0


@dataclass(frozen=True)
class Take:
    """What is known of a take before it is made."""

    label: str
    person: str
    session: str = "1"
    seconds: float = 1.0


class Recorder:
    """Records takes from one board and counts what was lost on the way."""

    def __init__(self, client: BoardClient) -> None:
        self._client = client
        self.damaged_lines = 0
        self.missing_samples = 0

    def takes(self, take: Take, count: int) -> Iterator[Recording]:
        """`count` recordings, each handed over as soon as it is complete.

        A sensor that stops ends the last one early. Raises PipelineError where no sample comes.
        """
        info, rate_hz = self._know_rate()
        for _ in range(count):
            samples, stopped = self._collect(take.seconds, rate_hz)
            if not samples:
                raise _silent(info)
            recording = make_recording(samples, take, rate_hz, info.board)
            self.missing_samples += sum(gap.missing for gap in recording.gaps)
            yield recording
            if stopped:
                return

    def _know_rate(self) -> tuple[BoardInfo, float]:
        """The board, and the rate its model was made for, or else the one it measures."""
        deadline = time.monotonic() + RATE_WAIT_S
        while True:
            info = self._client.info()
            rate_hz = info.rate_hz or float(round(info.measured_hz))
            if rate_hz > 0:
                return info, rate_hz
            if info.imu == "none" or time.monotonic() > deadline:
                raise _silent(info)

    def _collect(self, seconds: float, rate_hz: float) -> tuple[list[Sample], bool]:
        """Samples of `seconds` by the sensor's own count, and whether the sensor stopped."""
        wanted = max(1, round(seconds * rate_hz))
        self._client.switch("stream", False)
        self._client.forget_kept()
        self._client.switch("stream", True)
        try:
            items = self._client.items(seconds * PATIENCE + PATIENCE_S)
            return self._take_samples(items, wanted)
        finally:
            self._client.switch("stream", False)

    def _take_samples(self, items: Iterable[Item], wanted: int) -> tuple[list[Sample], bool]:
        samples: list[Sample] = []
        for item in items:
            if isinstance(item, Sample):
                first = samples[0].seq if samples else item.seq
                place = (item.seq - first) % SEQ_WRAP
                if place < wanted:
                    samples.append(item)
                if place >= wanted - 1:
                    break
            elif isinstance(item, Damaged):
                self.damaged_lines += 1
            elif isinstance(item, Message) and is_sensor_stopped(item):
                return samples, True
        return samples, False


def make_recording(samples: Sequence[Sample], take: Take, rate_hz: float, board: str) -> Recording:
    """Samples in the order they came, with a gap wherever the sensor's count jumps."""
    seq = unwrap([sample.seq for sample in samples])
    values = np.array([sample.values for sample in samples], np.float64)  # [n, 6]
    jumps = np.flatnonzero(np.diff(seq) > 1)
    return Recording(
        samples=(values / UNITS_PER_SAMPLE_STEP).astype(np.float32),
        seq=seq,
        t_us=np.array([sample.t_us for sample in samples], np.int64),
        rate_hz=rate_hz,
        label=take.label,
        person=take.person,
        session=take.session,
        board=board,
        source="capture",
        gaps=tuple(Gap(int(at) + 1, int(seq[at + 1] - seq[at]) - 1) for at in jumps),
    )


def unwrap(seq: Sequence[int]) -> Int64:
    """int64 [n] that goes on growing where the board's 32-bit count starts again at 0."""
    counts = np.array(seq, np.int64)
    wraps = np.cumsum(np.diff(counts, prepend=counts[:1]) < -(SEQ_WRAP // 2))
    return counts + wraps * SEQ_WRAP


def _silent(info: BoardInfo) -> PipelineError:
    return PipelineError(
        "The board sent no samples.",
        f"its sensor ({info.imu}) does not measure, or has stopped",
        "press the board's reset button; with an emulated board, start it with `--imu FILE.csv`",
        ExitCode.NO_BOARD,
    )
