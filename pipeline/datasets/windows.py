"""From recordings to the windows a network learns from and is judged on.

Training windows are cut at the hop from streams of joined takes, because that is what the board
will see: gestures half in view, and rest. Aligned windows, one in the middle of each take, give
the headline accuracy: how many takes are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.artifacts import Float32, Recording, SequenceDataset
from pipeline.config import TrainConfig
from pipeline.datasets.augment import vary
from pipeline.datasets.recordings import fingerprint
from pipeline.datasets.splits import Split, split_recordings
from pipeline.datasets.streams import join_takes
from pipeline.errors import PipelineError

RATE_TOLERANCE = 0.02
SHORTEST_TAKE = 0.25  # of a window; shorter ones are cut off rather than quick
VALIDATION_SEED = 1  # of the rests; training's come from augment.seed
ALIGNED_SEED = 2


@dataclass(frozen=True)
class _Windows:
    """Windows of one kind: inputs [n, T, channels], a label and the name of a take for each."""

    inputs: list[Float32]
    labels: list[str]
    names: list[str]

    def add(self, other: _Windows) -> None:
        self.inputs.extend(other.inputs)
        self.labels.extend(other.labels)
        self.names.extend(other.names)


def make_dataset(recordings: Sequence[Recording], config: TrainConfig) -> SequenceDataset:
    """Windows float32 [n, window.length, channels] in the channels' units.

    splits: `train` and `validation` are cut at the hop from streams of joined takes;
    `test` has one aligned window a held-out take (and, from held-out recordings that are
    continuous, windows that do not overlap).
    The background is the last label; it is made from rests where nobody recorded any.
    Raises PipelineError for data that cannot be used, and says which recording.
    """
    usable = usable_recordings(recordings, config)
    split = split_recordings(usable, config.split, config.data.background)
    train, validation, test = (
        [usable[index] for index in part] for part in (split.train, split.validation, split.test)
    )
    parts = {
        "train": _training_windows(train, config),
        "validation": _stream_windows(validation, config, VALIDATION_SEED),
        "test": _aligned_windows(test, config),
    }
    gestures = set().union(*map(_labels_in, usable)) - {config.data.background}
    return _assembled(parts, (*sorted(gestures), config.data.background), usable, split)


def usable_recordings(recordings: Sequence[Recording], config: TrainConfig) -> list[Recording]:
    """Those with the labels asked for, reduced to the channels asked for.

    Raises PipelineError where a rate differs, a channel is missing, a sample is not a number, or
    a take is too short or has a gap.
    """
    wanted = config.data.labels
    chosen = [
        recording
        for recording in recordings
        if wanted is None or recording.label in (*wanted, config.data.background)
    ]
    for recording in chosen:
        _check(recording, config)
        _check_length(recording, config)
    missing = sorted(set(wanted or ()) - {recording.label for recording in chosen})
    if missing:
        raise PipelineError(
            f"No recording is labelled {missing[0]}.",
            "data.labels names it, but the dataset has none",
            "mend data.labels in the config, or record that gesture",
        )
    return [_with_channels(recording, config.data.channels) for recording in chosen]


def _check(recording: Recording, config: TrainConfig) -> None:
    name = recording.name
    rate_hz = config.data.rate_hz
    if abs(recording.rate_hz - rate_hz) > RATE_TOLERANCE * rate_hz:
        raise PipelineError(
            f"{name} was sampled at {recording.rate_hz:g} Hz, the config asks for {rate_hz:g} Hz.",
            "it comes from another sensor, or was imported with another rate",
            f"set data.rate_hz to {recording.rate_hz:g}, or leave that recording out",
        )
    missing = [channel for channel in config.data.channels if channel not in recording.channels]
    if missing:
        raise PipelineError(
            f"{name} has no channel {missing[0]}; it has {', '.join(recording.channels)}.",
            "the sensor does not measure it, or the config misspells it",
            "set data.channels to channels that all recordings have",
        )
    if not np.isfinite(recording.samples).all():
        row = int(np.flatnonzero(~np.isfinite(recording.samples).all(axis=1))[0])
        raise PipelineError(
            f"{name} has a value that is not a number, in sample {row}.",
            "the file was damaged or edited",
            "delete that recording or import it again",
        )


def _check_length(recording: Recording, config: TrainConfig) -> None:
    shortest = round(SHORTEST_TAKE * config.window.length)
    if len(recording) < shortest:
        raise PipelineError(
            f"{recording.name} has {len(recording)} samples; a take needs at least {shortest}.",
            f"window.length is {config.window.length}, and shorter takes are mostly cut off",
            "delete that recording, or set window.length lower",
        )
    lost = int(recording.seq[-1] - recording.seq[0]) + 1 - len(recording)
    if lost and not _is_continuous(recording, config):
        raise PipelineError(
            f"{recording.name} lost {lost} of its samples on the way from the board.",
            "the cable or the computer was too busy; what is left is not what the hand did",
            "delete that recording, and record it again",
        )


def _labels_in(recording: Recording) -> set[str]:
    return {interval.label for interval in recording.intervals} or {recording.label}


def _with_channels(recording: Recording, channels: tuple[str, ...]) -> Recording:
    columns = [recording.channels.index(channel) for channel in channels]
    return replace(recording, samples=recording.samples[:, columns], channels=channels)


def _is_continuous(recording: Recording, config: TrainConfig) -> bool:
    """Whether it can stand as a stream of its own: it says what happens where, or is idle.

    What is idle for less than a window is no stream, but can be joined like any other take.
    """
    idle = recording.label == config.data.background and len(recording) >= config.window.length
    return bool(recording.intervals) or idle


def _training_windows(recordings: Sequence[Recording], config: TrainConfig) -> _Windows:
    """A stream a pass, in another order, with other rests, and all but the first one varied."""
    random = np.random.default_rng(config.augment.seed)
    windows = _Windows([], [], [])
    for number in range(config.augment.passes):
        shuffled = [recordings[i] for i in random.permutation(len(recordings))]
        varied = [
            recording
            if number == 0 or _is_continuous(recording, config)
            else vary(recording, config.augment, random)
            for recording in shuffled
        ]
        windows.add(_stream_windows(varied, config, seed=int(random.integers(2**31))))
    return windows


def _stream_windows(recordings: Sequence[Recording], config: TrainConfig, seed: int) -> _Windows:
    """Windows at the hop: of the takes, joined, and of each continuous recording."""
    takes = [recording for recording in recordings if not _is_continuous(recording, config)]
    windows = _Windows([], [], [])
    if takes:
        stream = join_takes(takes, config.window.rest_s, seed)
        names = [take.name for take in takes]
        windows.add(_cut(stream, _nearest_take(stream, names), config, config.window.hop))
    for recording in recordings:
        if _is_continuous(recording, config):
            windows.add(_cut(recording, _always(recording.name), config, config.window.hop))
    return windows


def _aligned_windows(recordings: Sequence[Recording], config: TrainConfig) -> _Windows:
    """One window a take, in its middle; a take shorter than the window has rest around it."""
    length = config.window.length
    long_rest_s = length / config.data.rate_hz
    windows = _Windows([], [], [])
    for take in recordings:
        if _is_continuous(take, config):
            windows.add(_cut(take, _always(take.name), config, length))
            continue
        stream = join_takes([take], (long_rest_s, long_rest_s), ALIGNED_SEED)
        interval = stream.intervals[0]
        start = (interval.start + interval.stop - length) // 2
        windows.add(_Windows([stream.samples[start : start + length]], [take.label], [take.name]))
    return windows


def _cut(
    stream: Recording, name_at: Callable[[int], str], config: TrainConfig, step: int
) -> _Windows:
    """Windows every `step` samples, where it is clear what they show and nothing is missing."""
    length = config.window.length
    windows = _Windows([], [], [])
    for start in range(0, len(stream) - length + 1, step):
        label = _label(stream, start, config)
        whole = stream.seq[start + length - 1] - stream.seq[start] == length - 1
        if label is not None and whole:
            windows.inputs.append(stream.samples[start : start + length])
            windows.labels.append(label)
            windows.names.append(name_at(start + length // 2))
    return windows


def _label(stream: Recording, start: int, config: TrainConfig) -> str | None:
    """By how much of a gesture is in view; None where it is neither that nor background.

    The share is of the gesture, or of the window where the gesture is longer than it.
    """
    length = config.window.length
    share, label = 0.0, config.data.background
    for interval in stream.intervals:
        common = min(interval.stop, start + length) - max(interval.start, start)
        here = common / min(interval.stop - interval.start, length)
        if here > share:
            share, label = here, interval.label
    if share >= config.window.seen:
        return label
    return config.data.background if share <= config.window.unseen else None


def _nearest_take(stream: Recording, names: Sequence[str]) -> Callable[[int], str]:
    centres = np.array([(i.start + i.stop) / 2 for i in stream.intervals])
    return lambda sample: names[int(np.abs(centres - sample).argmin())]


def _always(name: str) -> Callable[[int], str]:
    return lambda _: name


def _assembled(
    parts: dict[str, _Windows], labels: tuple[str, ...], usable: Sequence[Recording], split: Split
) -> SequenceDataset:
    everything = _Windows([], [], [])
    splits = {}
    for part, windows in parts.items():
        start = len(everything.inputs)
        splits[part] = np.arange(start, start + len(windows.inputs), dtype=np.int64)
        everything.add(windows)
    return SequenceDataset(
        inputs=np.stack(everything.inputs),
        targets=np.array([labels.index(label) for label in everything.labels], dtype=np.int32),
        labels=labels,
        groups=tuple(everything.names),
        splits=splits,
        fingerprint=fingerprint(usable),
        split_note=split.describe(),
    )
