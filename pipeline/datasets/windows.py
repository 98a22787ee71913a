"""From recordings to the windows a network learns from and is judged on.

Training windows are cut at the hop from streams of joined takes, because that is what the board
will see: gestures half in view, and rest. Aligned windows, one in the middle of each take, give
the headline accuracy: how many takes are told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.artifacts import Recording, SequenceDataset
from pipeline.config_gestures import GestureConfig
from pipeline.datasets.augment import vary
from pipeline.datasets.chunks import begins_of, judging_chunks, target_of
from pipeline.datasets.cutting import Windows, always, cut, nearest_take, of_chunks
from pipeline.datasets.idle import rests_in
from pipeline.datasets.in_motion import in_motion
from pipeline.datasets.labelling import aligned_windows, is_whole, labels_of
from pipeline.datasets.recordings import fingerprint
from pipeline.datasets.splits import group_names, split_recordings
from pipeline.datasets.streams import join_takes
from pipeline.datasets.unknown import unknown_motion
from pipeline.datasets.usable import is_continuous, recorded_only, usable_recordings

LEAKY = "leaky"
LEAKY_FOLDS = 5
VALIDATION_SEED = 1  # of the rests; training's come from augment.seed
ALIGNED_SEED = 2
ROOM = 1.3  # a stream's length is a matter of chance
UNKNOWN_REST_S = (2.0, 8.0)  # shorter than in use: it is for learning from
UNKNOWN_OVERLAP = 4  # windows of unknown motion that show a sample: few, for as much as can be


def make_dataset(recordings: Sequence[Recording], config: GestureConfig) -> SequenceDataset:
    """Windows float32 [n, window.length, channels] in the channels' units.

    splits: `train` and `validation` are cut at the hop from streams of joined takes and from
    recordings that are continuous; `test` has one aligned window a held-out take (of held-out
    continuous recordings: one a gesture, or as many as fit into it, and background).
    No recording has windows in two parts, unless `split.by` is leaky.
    What was pulled from a board only trains, and augment.pulled times as much; not at all where
    its person or session is tested on.
    The background is the last label; it is made from rests where nobody recorded any, and is
    left out where there is none: with continuous recordings in which something always happens.
    Raises PipelineError for data that cannot be used, and says which recording.
    """
    usable = usable_recordings(recordings, config)
    if config.split.by == LEAKY:
        return _leaky_dataset(usable, config)
    recorded = recorded_only(usable)
    split = split_recordings(recorded, config.split, config.data.background)
    train, validation, test = (
        [recorded[index] for index in part] for part in (split.train, split.validation, split.test)
    )
    pulled = _pulled_apart_from(test, usable, split.by)
    judging = _judging_chunks if config.window.mode == "streaming" else _aligned_windows
    parts = {
        "train": _training_windows(train, pulled, config),
        "validation": _stream_windows(validation, config, VALIDATION_SEED),
        "test": judging(test, config),
    }
    if config.data.background in labels_of(usable, config):
        for part, learned in (("train", train), ("validation", validation)):
            parts[part].add(_unknown_windows(learned, len(parts[part].labels), config))
    return _assembled(parts, usable, config, split.describe())


def _leaky_dataset(usable: Sequence[Recording], config: GestureConfig) -> SequenceDataset:
    """Windows as for training, of all recordings, dealt at random: what not to do.

    Rests that were made between takes are never tested on, as in an honest test.
    """
    folds = config.split.folds or LEAKY_FOLDS
    windows = _training_windows(usable, [], config)
    recorded = {recording.name for recording in usable if is_continuous(recording, config)}
    order = np.random.default_rng(config.split.seed).permutation(len(windows.labels))
    real = [
        index
        for index in order
        if windows.labels[index] != config.data.background or windows.names[index] in recorded
    ]
    test = real[config.split.fold :: folds]
    rest = sorted(set(order.tolist()) - set(test))
    part_of = np.random.default_rng(config.split.seed + 1).random(len(rest))
    held = part_of < config.split.validation
    parts = {
        "train": windows.only([index for index, out in zip(rest, held, strict=True) if not out]),
        "validation": windows.only([index for index, out in zip(rest, held, strict=True) if out]),
        "test": windows.only(test),
    }
    if config.data.background in labels_of(usable, config):
        parts["train"].add(_unknown_windows(usable, len(parts["train"].labels), config))
    note = f"leaky: windows at random, fold {config.split.fold + 1} of {folds}"
    return _assembled(parts, usable, config, note)


def _pulled_apart_from(
    test: Sequence[Recording], usable: Sequence[Recording], by: str
) -> list[Recording]:
    """What boards got wrong, without what belongs together with a recording of the test part."""
    pulled = [recording for recording in usable if recording.pulled is not None]
    tested = set(group_names(test, by))
    groups = zip(pulled, group_names(pulled, by), strict=True)
    return [recording for recording, group in groups if group not in tested]


def _training_windows(
    recordings: Sequence[Recording], pulled: Sequence[Recording], config: GestureConfig
) -> Windows:
    """A stream of takes a pass, in another order, with other rests; in all passes but the first
    everything is varied, continuous recordings too.

    What was pulled is varied always, whatever it is, since each time would be the same.
    """
    random = np.random.default_rng(config.augment.seed)
    rests = rests_in(recordings, config.data.background)
    times = config.augment.pulled
    windows = Windows([], [], [])
    for number in range(config.augment.passes):
        varied = [
            vary(recordings[i], config.augment, number, rests) if number else recordings[i]
            for i in random.permutation(len(recordings))
        ]
        varied += [
            vary(recording, config.augment, number * times + again, rests)
            for recording in pulled
            for again in range(times)
        ]
        shift = round(config.augment.shift * config.window.hop) if number else 0
        windows.add(_stream_windows(varied, config, int(random.integers(2**31)), shift))
    return windows


def _stream_windows(
    recordings: Sequence[Recording], config: GestureConfig, seed: int, shift: int = 0
) -> Windows:
    """Windows at the hop: of the takes, joined, and of each continuous recording, from one of its
    first `shift` samples on."""
    takes = [recording for recording in recordings if not is_continuous(recording, config)]
    windows = Windows([], [], [])
    if takes:
        stream = in_motion(join_takes(takes, config.window.rest_s, seed), config.window.motion)
        names = [take.name for take in takes]
        windows.add(cut(stream, nearest_take(stream, names), config, config.window.hop))
    random = np.random.default_rng(seed)
    for recording in recordings:
        if is_continuous(recording, config):
            room = max(0, len(recording) - config.window.length)  # no recording goes without
            first = int(random.integers(min(shift, room) + 1))
            name_at = always(recording.name)
            windows.add(cut(recording, name_at, config, config.window.hop, first))
    return windows


def _unknown_windows(recordings: Sequence[Recording], known: int, config: GestureConfig) -> Windows:
    """Windows of motion that is no gesture: `unknown.share` of those that are known."""
    length = config.window.length
    in_chunks = config.window.mode == "streaming"
    step = length if in_chunks else max(1, length // UNKNOWN_OVERLAP)
    count = round(config.unknown.share * known)  # none where nothing is known, as nobody validates
    if not count:
        return Windows([], [], [])
    seconds = ROOM * (length + count * step) / config.data.rate_hz
    background = config.data.background
    stream = unknown_motion(recordings, background, seconds, config.unknown.seed, UNKNOWN_REST_S)
    windows = cut(replace(stream, intervals=()), always(recordings[0].name), config, step)
    return windows.only(range(min(count, len(windows.labels))))


def _aligned_windows(recordings: Sequence[Recording], config: GestureConfig) -> Windows:
    """One window a take, in its middle; a take shorter than the window has rest around it."""
    windows = Windows([], [], [])
    for take in recordings:
        if is_continuous(take, config):
            stream, places = take, list(aligned_windows(take, config))
        else:
            stream = _among_rests([take], config)
            places = _in_the_middle(stream, config)
        for start, label in places:
            stop = start + config.window.length
            if is_whole(stream, start, config.window.length):
                windows.add(Windows([stream.samples[start:stop]], [label], [take.name]))
    return windows


def _judging_chunks(recordings: Sequence[Recording], config: GestureConfig) -> Windows:
    """The same windows in streams: of continuous recordings, and of all takes, joined."""
    takes = [recording for recording in recordings if not is_continuous(recording, config)]
    windows = Windows([], [], [])
    if takes:
        order = np.random.default_rng(ALIGNED_SEED).permutation(len(takes))
        mixed = [takes[index] for index in order]
        stream = _among_rests(mixed, config)
        name_at = nearest_take(stream, [take.name for take in mixed])
        chunks = judging_chunks(stream, _in_the_middle(stream, config), config)
        windows.add(of_chunks(chunks, name_at, config))
    for recording in recordings:
        if is_continuous(recording, config):
            places = list(aligned_windows(recording, config))
            chunks = judging_chunks(recording, places, config)
            windows.add(of_chunks(chunks, always(recording.name), config))
    return windows


def _among_rests(takes: Sequence[Recording], config: GestureConfig) -> Recording:
    """Rests as long as a window."""
    long_rest_s = config.window.length / config.data.rate_hz
    return join_takes(takes, (long_rest_s, long_rest_s), ALIGNED_SEED)


def _in_the_middle(stream: Recording, config: GestureConfig) -> list[tuple[int, str]]:
    """Where a window begins for each take, and what it shows."""
    length = config.window.length
    return [((i.start + i.stop - length) // 2, i.label) for i in stream.intervals]


def _assembled(
    parts: dict[str, Windows], usable: Sequence[Recording], config: GestureConfig, note: str
) -> SequenceDataset:
    everything = Windows([], [], [])
    splits = {}
    for part, windows in parts.items():
        start = len(everything.inputs)
        splits[part] = np.arange(start, start + len(windows.inputs), dtype=np.int64)
        everything.add(windows)
    labels = labels_of(usable, config)
    return SequenceDataset(
        inputs=np.stack(everything.inputs),
        targets=np.array([target_of(label, labels) for label in everything.labels], dtype=np.int32),
        labels=labels,
        groups=tuple(everything.names),
        splits=splits,
        fingerprint=fingerprint(usable),
        split_note=note,
        begins=begins_of(everything.labels),
    )
