"""Artifacts: the types that one stage leaves for the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.contract import UNITS_PER_SAMPLE_STEP
from pipeline.core.files import load_arrays, save_arrays

Float32 = NDArray[np.float32]
Int8 = NDArray[np.int8]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

IMU_UNITS = {"ax": "g", "ay": "g", "az": "g", "gx": "deg/s", "gy": "deg/s", "gz": "deg/s"}
IMU_CHANNELS = tuple(IMU_UNITS)
ENVIRONMENT_UNITS = {"temperature": "degC", "pressure": "hPa", "humidity": "%"}
ENVIRONMENT_CHANNELS = tuple(ENVIRONMENT_UNITS)


@dataclass(frozen=True)
class Interval:
    """A labelled part of a recording: samples [start, stop)."""

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
    """A fault before the sample at `index`; data/README.md lists the kinds, and what they count."""

    kind: str
    count: int
    index: int


@dataclass(frozen=True)
class HostClock:
    """The sender's clock in the time of this computer, in microseconds since 1970.

    host_us = t_us + offset_us + drift_ppm * 1e-6 * (t_us - at_us)
    """

    offset_us: int
    drift_ppm: float
    at_us: int


PULLED = ("false-alarm", "missed")


def thousandths(samples: Float32) -> Int32:
    """Samples as a board has them: int32 [n, channels], in thousandths of the unit."""
    return np.rint(samples.astype(np.float64) * UNITS_PER_SAMPLE_STEP).astype(np.int32)


@dataclass(frozen=True)
class Recording:
    """Samples of one sensor, and where they come from.

    Readings of a board's environment are a recording too; they have no label and no person.

    Args:
        samples: float32 [n, channels], in the units of the channels; saved as multiples of 0.001.
        seq: int64 [n], the sender's running number.
        t_us: int64 [n], the sender's clock in microseconds.
        rate_hz: nominal.
        source: where it comes from, for people.
        channels: names of the columns of `samples`.
        intervals: labelled parts, for recordings of more than one gesture.
        faults: other faults of the stream.
        take: the number of the take in its capture; boards that recorded together share it.
        pulled: the error that a board made on it, one of PULLED; None for other recordings.
        everyday: whether it is of `data.everyday`; set by loading.
        name: the path within the dataset without suffix, "punch/anna-1-003"; set by loading.
        digest: of the recording as it was before it was resampled; empty where it was not.
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
    everyday: bool = False
    name: str = ""
    digest: bytes = b""

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def seconds(self) -> float:
        """Its length, by the nominal rate."""
        return len(self) / self.rate_hz

    @property
    def thousandths(self) -> Int32:
        """The samples as a board has them: int32 [n, channels], in thousandths of the unit."""
        return thousandths(self.samples)

    @property
    def measured_rate_hz(self) -> float:
        """The rate by the sender's clock; the nominal rate where there are too few samples."""
        if len(self) < 2 or self.t_us[-1] <= self.t_us[0]:
            return self.rate_hz
        return float((self.seq[-1] - self.seq[0]) * 1e6 / (self.t_us[-1] - self.t_us[0]))


def person_of(name: str) -> str:
    """The person of a recording, from its name "label/person-session-n"."""
    return name.rpartition("/")[2].split("-")[0]


def everyday_name(name: str) -> str:
    """The name of a recording of `data.everyday` beside those of `data.path`."""
    return f"everyday/{name}"


def is_everyday(name: str) -> bool:
    """Whether everyday_name made a name; "everyday" may be a label too."""
    return name.startswith("everyday/") and name.count("/") == len(("everyday", "label"))


def made_rest_name(number: int) -> str:
    """The name of a stretch of rest that nobody recorded."""
    return f"made rest {number}"


def is_made_rest(name: str) -> bool:
    """Whether made_rest_name made a name: that of a recording has a slash."""
    return name.startswith("made rest ") and "/" not in name


NO_TARGET = -1


@dataclass(frozen=True)
class SequenceDataset:
    """Sequences for training: parts of streams, whose samples are kept once.

    Args:
        samples: float32 [N, channels], all streams end to end, in the units of the channels, not
            scaled.
        starts: int64 [n], the first sample of each sequence.
        length: samples of a sequence, T.
        targets: int32 [n], an index into `labels`; of streams int32 [n, hops], one for the end of
            each hop, or NO_TARGET.
        groups: a name for each sequence; a group is never in two parts of the split.
        splits: `train`, `validation` and `test`, to int64 indices of sequences.
        split_note: how the test part was chosen, for people ("by person, fold 1 of 4").
        begins: bool [n], which sequences begin a stream; the others continue the one before. None
            where each sequence stands alone.
    """

    samples: Float32
    starts: Int64
    length: int
    targets: Int32
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    splits: Mapping[str, Int64]
    fingerprint: str
    split_note: str = ""
    begins: NDArray[np.bool_] | None = None

    def sequences(self, indices: Int64) -> Float32:
        """Copies of some sequences: float32 [m, T, channels]."""
        copies: Float32 = self.samples[self.starts[indices, None] + np.arange(self.length)]
        return copies

    def part(self, split: str) -> tuple[Float32, Int32]:
        """Sequences and targets of a part; of the training part, they are large."""
        chosen = self.splits[split]
        return self.sequences(chosen), self.targets[chosen]

    def recordings_in(self, split: str) -> list[str]:
        """The names of the recordings of a part; made rest is of none."""
        names = {self.groups[index] for index in self.splits[split]}
        return sorted(name for name in names if not is_made_rest(name))


EMBEDDING_DIMENSIONS = 32


@dataclass(frozen=True)
class GestureEmbedding:
    """A space in which takes of one gesture lie close together, and where the classes lie in it.

    Gestures are recognized by their distance to centres, so a few takes of a new person, or of a
    new gesture, are enough to add one. A linear map leads there from a network's last features.

    Args:
        matrix: float64 [EMBEDDING_DIMENSIONS, F]; rows beyond what F features give are zero.
        offset: float64 [EMBEDDING_DIMENSIONS].
        centres: float64 [c, EMBEDDING_DIMENSIONS]: one of each gesture, several of the background.
        classes: int64 [c], the index of the class of each centre.
        own: the median squared distance of a gesture's windows to its centre.
    """

    matrix: Float64
    offset: Float64
    centres: Float64
    classes: Int64
    own: float

    def of(self, features: Float32) -> Float64:
        """The embeddings of windows, float64 [n, EMBEDDING_DIMENSIONS], of features [n, F]."""
        embedded: Float64 = features.astype(np.float64) @ self.matrix.T + self.offset
        return embedded

    def save(self, path: Path) -> None:
        """Write embedding_features.npz."""
        save_arrays(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> GestureEmbedding:
        """Read embedding_features.npz.

        Raises:
            PipelineError: the file is missing or damaged.
        """
        arrays = load_arrays(path, "train", {field.name for field in fields(cls)})
        own = float(arrays.pop("own"))
        return cls(**arrays, own=own)


@dataclass(frozen=True)
class GoldenVectors:
    """Inputs, and the outputs of TensorFlow Lite for them: int8 [n, elements] both."""

    inputs: Int8
    outputs: Int8

    def save(self, path: Path) -> None:
        """Write golden.npz."""
        save_arrays(path, inputs=self.inputs, outputs=self.outputs)

    @classmethod
    def load(cls, path: Path) -> GoldenVectors:
        """Read golden.npz."""
        arrays = load_arrays(path, "convert", {"inputs", "outputs"})
        return cls(arrays["inputs"], arrays["outputs"])


@dataclass(frozen=True)
class Figure:
    """A result of a run, for people: `value` in `unit`."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Event:
    """A gesture that was called: when by the board's clock, and its smoothed score, 0 to 1."""

    t_us: int
    label: str
    score: float
