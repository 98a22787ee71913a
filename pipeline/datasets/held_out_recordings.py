"""The held-out recordings of a run, kept in it for decision tuning and evaluation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import IMU_CHANNELS, Int32, Int64, Interval, Recording
from pipeline.core.files import load_arrays, reading, save_arrays
from pipeline.datasets.intervals import single_takes
from pipeline.datasets.resampling import at_rate
from pipeline.datasets.splits import split_everyday, split_parts
from pipeline.datasets.windows import LEAKY, recorded_only, usable_recordings

_FIELDS = ("name", "label", "person", "session", "rate_hz", "board", "source")


@dataclass(frozen=True)
class HeldOutRecordings:
    """The recordings of the validation and test part.

    Args:
        unseen: of labels that were left out.
        everyday_validation: everyday motion to choose the policy by.
        everyday_test: everyday motion to test with.
    """

    validation: tuple[Recording, ...] = ()
    test: tuple[Recording, ...] = ()
    unseen: tuple[Recording, ...] = ()
    everyday_validation: tuple[Recording, ...] = ()
    everyday_test: tuple[Recording, ...] = ()

    def save(self, path: Path) -> None:
        """Write recordings.npz."""
        parts = vars(self)
        everything = [recording for part in parts.values() for recording in part]
        about = [
            {"part": part, **_about(recording)}
            for part, recordings in parts.items()
            for recording in recordings
        ]
        save_arrays(
            path,
            about=np.array(json.dumps(about)),
            thousandths=_all([_six_axes(recording) for recording in everything], (0, 6)),
            seq=_all([recording.seq for recording in everything], (0,)),
            t_us=_all([recording.t_us for recording in everything], (0,)),
        )

    @classmethod
    def load(cls, path: Path) -> HeldOutRecordings:
        """Read recordings.npz."""
        arrays = load_arrays(path, "train", {"about", "thousandths", "seq", "t_us"})
        with reading(path, "train"):
            return cls(**_parts(json.loads(str(arrays.pop("about"))), **arrays))


def held_out(recordings: Sequence[Recording], config: GestureConfig) -> HeldOutRecordings:
    """The recordings that `make_dataset` does not train on, with the same config.

    With a leaky split there are none: every recording has windows in the training part.
    """
    if config.split.by == LEAKY:
        return HeldOutRecordings()
    everything = usable_recordings(recordings, config)
    usable, everyday = recorded_only(everything), split_everyday(everything, config)
    _, parts = split_parts(usable, config)
    known = {config.data.background, *config.unknown.labels, *(config.data.labels or ())}
    others = [one for one in single_takes(recorded_only(recordings)) if one.label not in known]
    unseen = [at_rate(recording, config.data.rate_hz) for recording in others]
    return HeldOutRecordings(
        validation=tuple(parts["validation"]),
        test=tuple(parts["test"]),
        unseen=tuple(unseen) if config.data.labels is not None else (),
        everyday_validation=tuple(everyday["validation"]),
        everyday_test=tuple(everyday["test"]),
    )


def _parts(
    about: list[dict[str, Any]], thousandths: Int32, seq: Int64, t_us: Int64
) -> dict[str, tuple[Recording, ...]]:
    """about: the header of each recording, in the order of their samples."""
    parts: dict[str, list[Recording]] = {part.name: [] for part in fields(HeldOutRecordings)}
    start = 0
    for entry in about:
        rows = slice(start, start + entry.pop("n"))
        start = rows.stop
        intervals = tuple(Interval(**interval) for interval in entry.pop("intervals"))
        samples = thousandths[rows].astype(np.float32) / np.float32(1000)
        part = parts[entry.pop("part")]
        part.append(Recording(samples, seq[rows], t_us[rows], intervals=intervals, **entry))
    return {name: tuple(part) for name, part in parts.items()}


def _about(recording: Recording) -> Mapping[str, Any]:
    content = {name: getattr(recording, name) for name in _FIELDS}
    intervals = [asdict(interval) for interval in recording.intervals]
    return {**content, "intervals": intervals, "n": len(recording)}


def _six_axes(recording: Recording) -> Int32:
    """Samples int32 [n, 6], as a board has them; channels that the model does not use are 0."""
    values = np.zeros((len(recording), len(IMU_CHANNELS)), dtype=np.int32)
    values[:, : len(recording.channels)] = recording.thousandths
    return values


def _all(arrays: Sequence[Any], empty: tuple[int, ...]) -> Any:
    return np.concatenate([np.zeros(empty, dtype=np.int64), *arrays]).astype(np.int64)
