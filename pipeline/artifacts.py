"""The hand-over types: what one stage leaves for the next, in memory and on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.contract import UNITS_PER_SAMPLE_STEP
from pipeline.files import load_arrays, save_arrays

Float32 = NDArray[np.float32]
Int8 = NDArray[np.int8]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

PROJECT = Path(__file__).resolve().parent.parent  # where firmware/ and platformio.ini are

IMU_UNITS = {"ax": "g", "ay": "g", "az": "g", "gx": "deg/s", "gy": "deg/s", "gz": "deg/s"}
IMU_CHANNELS = tuple(IMU_UNITS)
ENVIRONMENT_UNITS = {"temperature": "degC", "pressure": "hPa", "humidity": "%"}
ENVIRONMENT_CHANNELS = tuple(ENVIRONMENT_UNITS)


@dataclass(frozen=True)
class Interval:
    """Where something is in a recording: samples [start, stop)."""

    start: int
    stop: int
    label: str


@dataclass(frozen=True)
class Gap:
    """Samples that never arrived: `missing` of them, before the sample at `index`."""

    index: int
    missing: int


@dataclass(frozen=True)
class Fault:
    """Something that befell the stream before the sample at `index`; data/README.md has the kinds.
    count: how many lines or samples; milliseconds where the kind is `unplugged`."""

    kind: str
    count: int
    index: int


@dataclass(frozen=True)
class HostClock:
    """The sender's clock against this computer's (microseconds since 1970):
    host_us = t_us + offset_us + drift_ppm * 1e-6 * (t_us - at_us)."""

    offset_us: int
    drift_ppm: float
    at_us: int


PULLED = ("false-alarm", "missed")


@dataclass(frozen=True)
class Recording:
    """A stretch of samples from one sensor, or readings of a board's environment, which have no
    label and no person, and where they come from.

    samples: float32 [n, channels] in the channels' units, a multiple of 0.001 once saved.
    seq: the sender's running number; t_us: the sender's clock in microseconds.
    intervals: what is known to happen where, for recordings of more than one gesture.
    faults: what went wrong on the way, beside samples that are missing, which are `gaps`.
    take: the number of the take in its capture, common to all boards that recorded it.
    clock: how to place the samples in this computer's time.
    pulled: what a board got wrong with it, one of PULLED; None for what was recorded to learn from.
    name: path within its dataset without the suffix, set by loading: "punch/anna-1-003".
    """

    samples: Float32
    seq: Int64
    t_us: Int64
    rate_hz: float
    label: str
    person: str
    session: str = "1"
    board: str = "unknown"
    source: str = "unknown"
    channels: tuple[str, ...] = IMU_CHANNELS
    gaps: tuple[Gap, ...] = ()
    intervals: tuple[Interval, ...] = ()
    faults: tuple[Fault, ...] = ()
    take: int | None = None
    clock: HostClock | None = None
    pulled: str | None = None
    name: str = ""

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def thousandths(self) -> Int32:
        """The samples as the board holds them: int32 [n, channels], in thousandths."""
        return np.rint(self.samples.astype(np.float64) * UNITS_PER_SAMPLE_STEP).astype(np.int32)

    @property
    def measured_rate_hz(self) -> float:
        """By the sender's own clock; the nominal rate where there are too few samples."""
        if len(self) < 2 or self.t_us[-1] <= self.t_us[0]:
            return self.rate_hz
        return float((self.seq[-1] - self.seq[0]) * 1e6 / (self.t_us[-1] - self.t_us[0]))


NO_TARGET = -1


@dataclass(frozen=True)
class SequenceDataset:
    """Sequences ready for the training core.

    inputs: float32 [n, T, channels] in the channels' units, not scaled.
    targets: int32 [n], an index into `labels`; of streams int32 [n, hops], one for the end of
    each hop, or NO_TARGET.
    groups: a name a sequence; sequences of one group never stand on both sides of a split.
    splits: `train`, `validation`, `test` to int64 indices into the first axis.
    fingerprint: SHA-256 of the data the dataset was made from.
    split_note: how the test part was chosen, for people ("by person, fold 1 of 4").
    begins: bool [n], of streams: whether a sequence begins one; the others go on where the one
    before them ends. None where each sequence stands alone.
    """

    inputs: Float32
    targets: Int32
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    splits: Mapping[str, Int64]
    fingerprint: str
    split_note: str = ""
    begins: NDArray[np.bool_] | None = None

    def part(self, split: str) -> tuple[Float32, Int32]:
        chosen = self.splits[split]
        return self.inputs[chosen], self.targets[chosen]


@dataclass(frozen=True)
class GoldenVectors:
    """Inputs and the oracle's outputs for them: int8 [n, elements]."""

    inputs: Int8
    outputs: Int8

    def save(self, path: Path) -> None:
        save_arrays(path, inputs=self.inputs, outputs=self.outputs)

    @classmethod
    def load(cls, path: Path) -> GoldenVectors:
        arrays = load_arrays(path, "convert", {"inputs", "outputs"})
        return cls(arrays["inputs"], arrays["outputs"])


@dataclass(frozen=True)
class Figure:
    """A number that a run came to, for people: shares are of 1, others in `unit`."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Event:
    """A gesture called out, at the board time of the sample that decided it."""

    t_us: int
    label: str
    score: float  # smoothed, 0 to 1
