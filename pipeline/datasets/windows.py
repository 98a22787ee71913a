"""The dataset of gestures: windows of recordings.

Training windows are cut at the hop from streams of joined takes, like a board sees them: gestures
partly in view, and rest. The test part has one aligned window in the middle of each take: its
accuracy says how many takes are recognized.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.config.gesture_settings import AugmentConfig, GestureConfig
from pipeline.core.artifacts import (
    NO_TARGET,
    Float32,
    Int32,
    Int64,
    Recording,
    SequenceDataset,
    made_rest_name,
)
from pipeline.core.errors import PipelineError
from pipeline.core.plurals import counted
from pipeline.datasets.augment import augment
from pipeline.datasets.intervals import takes_of_each, without_labels
from pipeline.datasets.labels import is_continuous, labels_of, window_labels
from pipeline.datasets.recordings import fingerprint
from pipeline.datasets.resampling import at_rate
from pipeline.datasets.splits import (
    group_names,
    pieces,
    split_everyday,
    split_parts,
    split_recordings,
    split_units,
)
from pipeline.datasets.streams import join_takes
from pipeline.datasets.synthetic_negatives import (
    recorded_rests,
    synthetic_negatives,
    synthetic_rest,
    trim_to_motion,
)

LEAKY = "leaky"
LEAKY_FOLDS = 5
VALIDATION_SEED = 1  # of the rests; those of training come from augment.seed
ALIGNED_SEED = 2
ROOM = 1.3  # the length of a synthetic stream is random
NEGATIVES_REST_S = (2.0, 8.0)  # shorter than in use: mostly motion is needed for training
NEGATIVES_OVERLAP = 4  # windows of negatives that share a sample
ANY_WAY = AugmentConfig(rotation_deg=180, gain=0, stretch=0)
LEAST_STRETCH_S = 60.0  # of several poses
MADE_RESTS = 10  # stretches: a fit without some of them is asked about these
REST_SHARE = 0.5  # windows of rest for each other one but those of everyday motion
MOST_JOINED = 4096  # takes in a stream: while it is made it takes several times its memory
MOST_NEGATIVES_S = 8 * 3600.0  # more of them teach little that is new, and fill the memory


def make_dataset(recordings: Sequence[Recording], config: GestureConfig) -> SequenceDataset:
    """Cut recordings into windows, and split them.

    `train` and `validation` are cut at the hop from streams of joined takes and from continuous
    recordings. `test` has one aligned window for each take; a continuous recording has as many as
    fit into each gesture, and background. No recording has windows in two parts, unless `split.by`
    is leaky. Recordings of `gesture pull` are only trained on, `augment.pulled` times for each
    pass, and not at all where their person or session is in the test part. The background is the
    last label. Where nobody recorded it, it comes from the rests between takes.

    Args:
        recordings: of a dataset.
        config: settings.

    Returns:
        Windows float32 [n, window.length, channels], in the units of the channels.

    Raises:
        PipelineError: the data cannot be used; the error names the recording.
    """
    usable = usable_recordings(recordings, config)
    if config.split.by == LEAKY:
        return _leaky_dataset(usable, config)
    recorded = recorded_only(usable)
    split, part_of_split = split_parts(recorded, config)
    train, validation, test = part_of_split.values()
    pulled = _pulled_apart_from(test, usable, split.by)
    test_windows = _aligned_chunks if config.window.mode == "streaming" else _aligned_windows
    parts = {
        "train": _training_windows(train, pulled, config),
        "validation": _stream_windows(validation, config, VALIDATION_SEED),
        "test": test_windows(test, config),
    }
    if config.data.background in labels_of(usable, config):
        for part, of_part in (("train", train), ("validation", validation)):
            parts[part].add(_negative_windows(of_part, len(parts[part].labels), config))
    everyday = split_everyday(usable, config)
    for part in ("train", "validation"):
        parts[part].add(_stream_windows(everyday[part], config, VALIDATION_SEED))
    return _of_parts(parts, usable, config, split.describe())


def make_whole_dataset(recordings: Sequence[Recording], config: GestureConfig) -> SequenceDataset:
    """Cut all recordings into windows of the training part; nothing is held out.

    Raises:
        PipelineError: as make_dataset.
    """
    usable = usable_recordings(recordings, config)
    recorded = recorded_only(usable)
    pulled = [recording for recording in usable if recording.pulled is not None]
    windows = _training_windows(recorded, pulled, config)
    if config.data.background in labels_of(usable, config):
        windows.add(_negative_windows(recorded, len(windows.labels), config))
    everyday = [recording for recording in usable if recording.everyday]
    windows.add(_stream_windows(everyday, config, VALIDATION_SEED))
    parts = {"train": windows, "validation": LabelledWindows(), "test": LabelledWindows()}
    return _of_parts(parts, usable, config, "none: trained on all recordings")


def make_takes_dataset(recordings: Sequence[Recording], config: GestureConfig) -> SequenceDataset:
    """Cut a window in the middle of each take, in both parts, as usual classifiers have it.

    `test` is that of make_dataset. `train` is of all other recordings, because these classifiers
    need no validation. Where nobody recorded the background, it has as many windows of rests and
    synthetic negatives as an average gesture has.

    Raises:
        PipelineError: as make_dataset.
    """
    window = config.window.model_copy(update={"mode": "window"})
    config = config.model_copy(update={"window": window})
    usable = usable_recordings(recordings, config)
    recorded = recorded_only(usable)
    units = split_units(recorded, config)
    split = split_recordings(units.units, config.split, config.data.background)
    known = units.chosen((*split.train, *split.validation))
    windows = _aligned_windows(known, config)
    labels = labels_of(usable, config)
    if config.data.background in set(labels) - set(windows.labels):
        windows.add(_some_background(known, len(windows.labels) // (len(labels) - 1), config))
    parts = {
        "train": windows,
        "validation": LabelledWindows(),
        "test": _aligned_windows(units.chosen(split.test), config),
    }
    return _of_parts(parts, usable, config, split.describe())


def make_middles_dataset(recordings: Sequence[Recording], config: GestureConfig) -> SequenceDataset:
    """Cut a window in the middle of each take, all in the part `all`, with the recorded labels.

    Raises:
        PipelineError: as make_dataset.
    """
    usable = usable_recordings(recordings, config)
    single = pieces(recorded_only(usable), config.window.length).units
    windows = _aligned_windows(single, config)
    return _of_parts({"all": windows}, usable, config, "none")


def _some_background(
    recordings: Sequence[Recording], count: int, config: GestureConfig
) -> LabelledWindows:
    stream = _stream_windows(recordings, config, VALIDATION_SEED)
    stream.add(_negative_windows(recordings, len(stream.labels), config))
    label = config.data.background
    places = [place for place, own in enumerate(stream.labels) if own == label]
    chosen = np.random.default_rng(config.split.seed).permutation(places)[:count]
    return stream.only(chosen.tolist())


def _leaky_dataset(usable: Sequence[Recording], config: GestureConfig) -> SequenceDataset:
    """Training windows of all recordings, split at random: its accuracy is too high.

    Synthetic rests are not in the test part, as in an honest split.
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
    validates = part_of < config.split.validation
    train = [index for index, flag in zip(rest, validates, strict=True) if not flag]
    validation = [index for index, flag in zip(rest, validates, strict=True) if flag]
    known = len(windows.labels)
    if config.data.background in labels_of(usable, config):
        windows.add(_negative_windows(usable, len(train), config))
    train += range(known, len(windows.labels))
    splits = {"train": train, "validation": validation, "test": test}
    note = f"leaky: windows at random, fold {config.split.fold + 1} of {folds}"
    return _assembled(windows, splits, usable, config, note)


def _pulled_apart_from(
    test: Sequence[Recording], usable: Sequence[Recording], by: str
) -> list[Recording]:
    """Recordings of `gesture pull`, without those of a group of the test part."""
    pulled = [recording for recording in usable if recording.pulled is not None]
    tested = set(group_names(test, by))
    groups = zip(pulled, group_names(pulled, by), strict=True)
    return [recording for recording, group in groups if group not in tested]


def _training_windows(
    recordings: Sequence[Recording], pulled: Sequence[Recording], config: GestureConfig
) -> LabelledWindows:
    """A stream of all takes for each pass, each time in another order and with other rests.

    All passes but the first are augmented. Pulled recordings are always augmented, because they
    are used several times in a pass.
    """
    random = np.random.default_rng(config.augment.seed)
    mixed = config.augment.idle_mix > 0
    rests = recorded_rests(recordings, config.data.background) if mixed else []
    windows = _stream_windows(
        [*_permuted(recordings, random), *_augmented_pulled(pulled, config, 0, rests)],
        config,
        int(random.integers(2**31)),
    )
    for number in range(1, config.augment.passes):
        windows.add(_augmented_pass(recordings, pulled, config, number, rests, random))
    return windows


def _augmented_pass(
    recordings: Sequence[Recording],
    pulled: Sequence[Recording],
    config: GestureConfig,
    number: int,
    rests: Sequence[Float32],
    random: np.random.Generator,
) -> LabelledWindows:
    used = [
        augment(recording, config.augment, number, rests)
        for recording in _permuted(recordings, random)
    ]
    used += _augmented_pulled(pulled, config, number, rests)
    shift = round(config.augment.shift * config.window.hop)
    return _stream_windows(used, config, int(random.integers(2**31)), shift).joined()


def _permuted(recordings: Sequence[Recording], random: np.random.Generator) -> list[Recording]:
    return [recordings[index] for index in random.permutation(len(recordings))]


def _augmented_pulled(
    pulled: Sequence[Recording], config: GestureConfig, number: int, rests: Sequence[Float32]
) -> list[Recording]:
    times = config.augment.pulled
    return [
        augment(recording, config.augment, number * times + again, rests)
        for recording in pulled
        for again in range(times)
    ]


def _stream_windows(
    recordings: Sequence[Recording], config: GestureConfig, seed: int, shift: int = 0
) -> LabelledWindows:
    """Windows at the hop: of the joined takes, and of each continuous recording.

    A continuous recording begins at one of its first `shift` samples, at random.
    """
    takes = [recording for recording in recordings if not is_continuous(recording, config)]
    windows = LabelledWindows()
    for number, first in enumerate(range(0, len(takes), MOST_JOINED)):
        joined = takes[first : first + MOST_JOINED]
        stream = join_takes(joined, config.window.rest_s, seed + number)
        stream = trim_to_motion(stream, config.window.motion)
        names_at = _nearest_take(stream, [take.name for take in joined])
        windows.add(cut_windows(stream, names_at, config, config.window.hop))
    random = np.random.default_rng(seed)
    for recording in recordings:
        if is_continuous(recording, config):
            room = max(0, len(recording) - config.window.length)  # each recording has a window
            first = int(random.integers(min(shift, room) + 1))
            names_at = _always(recording.name)
            windows.add(cut_windows(recording, names_at, config, config.window.hop, first))
    return windows


def _negative_windows(
    recordings: Sequence[Recording], known: int, config: GestureConfig
) -> LabelledWindows:
    """Windows of synthetic negatives: `unknown.share` times `known`, of some hours at most.

    Everyday motion in their place says little of rest, so rest is added to it: any way up too,
    because somebody else may hold the board otherwise.
    """
    share = config.unknown.share
    if not share and config.data.everyday is None:
        return LabelledWindows()
    length = config.window.length
    in_chunks = config.window.mode == "streaming"
    step = length if in_chunks else max(1, length // NEGATIVES_OVERLAP)
    most = int(MOST_NEGATIVES_S * config.data.rate_hz / step)
    count = min(round((share or REST_SHARE) * known), most)  # 0 without validation part
    if not count:
        return LabelledWindows()
    if not share:
        return _rest_windows(recordings, count, step, config)
    seconds = ROOM * (length + count * step) / config.data.rate_hz
    background, seed = config.data.background, config.unknown.seed
    stream = synthetic_negatives(recordings, background, seconds, seed, NEGATIVES_REST_S)
    windows = cut_windows(replace(stream, intervals=()), _always(recordings[0].name), config, step)
    return windows.only(range(min(count, len(windows.labels))))


def _rest_windows(
    recordings: Sequence[Recording], count: int, step: int, config: GestureConfig
) -> LabelledWindows:
    """Windows of made rest: `count`, in stretches that have no pose in common."""
    long_enough = int(count * step / config.data.rate_hz / LEAST_STRETCH_S)
    stretches = max(1, min(MADE_RESTS, len(recordings), long_enough))
    each = -(-count // stretches)
    seconds = ROOM * (config.window.length + each * step) / config.data.rate_hz
    windows = LabelledWindows()
    for number in range(stretches):
        held = recordings[number::stretches]
        poses = [*held, *(augment(one, ANY_WAY, 0) for one in held)]
        seed = config.unknown.seed + number
        stream = synthetic_rest(poses, config.data.background, seconds, seed)
        names_at = _always(made_rest_name(number))
        cut = cut_windows(replace(stream, intervals=()), names_at, config, step)
        windows.add(cut.only(range(min(each, len(cut.labels)))))
    return windows


def _aligned_windows(recordings: Sequence[Recording], config: GestureConfig) -> LabelledWindows:
    """One window a take, in its middle; a take shorter than the window has rest around it."""
    windows = LabelledWindows()
    for take in recordings:
        if is_continuous(take, config):
            stream, places = take, list(_aligned_places(take, config))
        else:
            stream = _among_rests([take], config)
            places = _in_the_middle(stream, config)
        for start, label in places:
            stop = start + config.window.length
            if _is_whole(stream, start, config.window.length):
                samples = stream.samples[start:stop]
                windows.add(LabelledWindows([samples], [FIRST], [label], [take.name]))
    return windows


def _aligned_chunks(recordings: Sequence[Recording], config: GestureConfig) -> LabelledWindows:
    """The same windows as chunks of streams: of all joined takes, and of each recording."""
    takes = [recording for recording in recordings if not is_continuous(recording, config)]
    windows = LabelledWindows()
    if takes:
        order = np.random.default_rng(ALIGNED_SEED).permutation(len(takes))
        mixed = [takes[index] for index in order]
        stream = _among_rests(mixed, config)
        names_at = _nearest_take(stream, [take.name for take in mixed])
        chunks = aligned_chunks(stream, _in_the_middle(stream, config), config)
        windows.add(_of_chunks(chunks, names_at, config))
    for recording in recordings:
        if is_continuous(recording, config):
            places = list(_aligned_places(recording, config))
            chunks = aligned_chunks(recording, places, config)
            windows.add(_of_chunks(chunks, _always(recording.name), config))
    return windows


def _among_rests(takes: Sequence[Recording], config: GestureConfig) -> Recording:
    """Takes joined with rests as long as a window."""
    long_rest_s = config.window.length / config.data.rate_hz
    return join_takes(takes, (long_rest_s, long_rest_s), ALIGNED_SEED)


def _in_the_middle(stream: Recording, config: GestureConfig) -> list[tuple[int, str]]:
    """The start and the label of a window in the middle of each take."""
    length = config.window.length
    return [((i.start + i.stop - length) // 2, i.label) for i in stream.intervals]


def _of_parts(
    parts: dict[str, LabelledWindows], usable: Sequence[Recording], config: GestureConfig, note: str
) -> SequenceDataset:
    everything = LabelledWindows()
    splits = {}
    for part, windows in parts.items():
        start = len(everything.labels)
        everything.add(windows)
        splits[part] = range(start, len(everything.labels))
    return _assembled(everything, splits, usable, config, note)


def _assembled(
    windows: LabelledWindows,
    splits: Mapping[str, Sequence[int]],
    usable: Sequence[Recording],
    config: GestureConfig,
    note: str,
) -> SequenceDataset:
    labels = labels_of(usable, config)
    return SequenceDataset(
        starts=np.concatenate([np.zeros(0, np.int64), *windows.starts]),
        samples=_end_to_end(windows.streams, len(config.data.channels)),
        length=config.window.length,
        targets=_targets_of(windows.labels, labels),
        labels=labels,
        groups=tuple(windows.names),
        splits={part: np.array(indices, np.int64) for part, indices in splits.items()},
        fingerprint=fingerprint(usable),
        split_note=note,
        begins=_begins_of(windows.labels),
    )


def _end_to_end(streams: list[Float32], channels: int) -> Float32:
    """All streams, [N, channels]; each is let go when it is copied, so none is in memory twice."""
    samples = np.empty((sum(map(len, streams)), channels), np.float32)
    streams.reverse()
    at = 0
    while streams:
        stream = streams.pop()
        samples[at : at + len(stream)] = stream
        at += len(stream)
    return samples


FIRST = np.zeros(1, np.int64)  # the start of a window that is a stream of its own


@dataclass
class LabelledWindows:
    """Windows or chunks of streams, each with a label and the name of its recording.

    Windows overlap; so the samples of a stream are kept once, and a window is where it starts.

    Args:
        streams: float32 [n, channels] each.
        starts: int64 [m] each: windows in the streams laid end to end, in order.
        labels: one for each window.
        names: one for each window.
        samples: of all streams.
    """

    streams: list[Float32] = field(default_factory=list)
    starts: list[Int64] = field(default_factory=list)
    labels: list[str | Hops] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    samples: int = field(init=False)

    def __post_init__(self) -> None:
        self.samples = sum(map(len, self.streams))

    def only(self, indices: Sequence[int]) -> LabelledWindows:
        """Some of them, of the same streams."""
        starts = np.concatenate([np.zeros(0, np.int64), *self.starts])
        return LabelledWindows(
            self.streams,
            [starts[np.array(indices, np.int64)]],
            [self.labels[index] for index in indices],
            [self.names[index] for index in indices],
        )

    def joined(self) -> LabelledWindows:
        """The same in one stream: the system gets back what a large array took, and of many small
        ones hardly anything."""
        streams = self.streams if len(self.streams) < 2 else [np.concatenate(self.streams)]
        return LabelledWindows(streams, self.starts, self.labels, self.names)

    def add(self, other: LabelledWindows) -> None:
        """Append others, and empty them: a stream that only one of them holds can be let go."""
        self.starts.extend(starts + self.samples for starts in other.starts)
        self.streams.extend(other.streams)
        self.labels.extend(other.labels)
        self.names.extend(other.names)
        self.samples += other.samples
        for moved in (other.starts, other.streams, other.labels, other.names):
            moved.clear()
        other.samples = 0


NamesAt = Callable[[Int64], list[str]]  # the names of the recordings at samples of a stream


def cut_windows(
    stream: Recording, names_at: NamesAt, config: GestureConfig, step: int, first: int = 0
) -> LabelledWindows:
    """Cut a stream into windows every `step` samples; or, for streaming, all of it into chunks.

    Windows without a clear label or with missing samples are left out.

    Args:
        stream: with intervals.
        names_at: the names of the recordings at samples.
        config: settings.
        step: from window to window.
        first: sample of the first window.
    """
    if config.window.mode == "streaming":
        return _of_chunks(cut_chunks(stream, config, first), names_at, config)
    length = config.window.length
    starts = np.arange(first, len(stream) - length + 1, step)
    starts = starts[stream.seq[starts + length - 1] - stream.seq[starts] == length - 1]
    labels = window_labels(stream, starts, config)
    starts = starts[[label is not None for label in labels]]
    known: list[str | Hops] = [label for label in labels if label is not None]
    return LabelledWindows([stream.samples], [starts], known, names_at(starts + length // 2))


def _of_chunks(
    chunks: Iterable[Chunk], names_at: NamesAt, config: GestureConfig
) -> LabelledWindows:
    """Chunks with the name at the first labelled window, else at their middle."""
    windows = LabelledWindows()
    for chunk in chunks:
        labelled = [at for at, label in enumerate(chunk.hops.labels, start=1) if label is not None]
        end = chunk.start + labelled[0] * config.window.hop if labelled else chunk.stop
        names = names_at(np.array([end - config.window.length // 2]))
        windows.add(LabelledWindows([chunk.samples], [FIRST], [chunk.hops], names))
    return windows


def _nearest_take(stream: Recording, names: Sequence[str]) -> NamesAt:
    centres = np.array([(i.start + i.stop) / 2 for i in stream.intervals])
    between = (centres[:-1] + centres[1:]) / 2
    return lambda samples: [names[at] for at in np.searchsorted(between, samples).tolist()]


def _always(name: str) -> NamesAt:
    return lambda samples: [name] * len(samples)


@dataclass(frozen=True)
class Hops:
    """The targets of a chunk.

    Args:
        labels: at the end of each hop; None where it is not clear.
        begins: whether the chunk is the first of its stream.
    """

    labels: tuple[str | None, ...]
    begins: bool


@dataclass(frozen=True)
class Chunk:
    """A piece of a stream.

    Args:
        samples: float32 [window.length, channels].
        hops: its targets.
        start: in the recording.
    """

    samples: Float32
    hops: Hops
    start: int

    @property
    def stop(self) -> int:
        """The end in the recording."""
        return self.start + len(self.samples)


def cut_chunks(stream: Recording, config: GestureConfig, first: int = 0) -> Iterator[Chunk]:
    """Cut a stream into chunks, with a label at each hop where a whole window has one.

    Where samples are missing, a new stream begins.
    """
    for piece in _without_gaps(stream, first):
        last = piece.stop - config.window.length
        starts = np.arange(piece.start, last + 1, config.window.hop)  # a window is whole hops
        labels = window_labels(stream, starts, config)
        ends = (starts + config.window.length).tolist()
        yield from _chunks(stream, piece, dict(zip(ends, labels, strict=True)), config)


def aligned_chunks(
    stream: Recording, windows: Sequence[tuple[int, str]], config: GestureConfig
) -> Iterator[Chunk]:
    """As cut_chunks, with labels only at the hops where the given windows (start, label) end."""
    hop = config.window.hop
    for piece in _without_gaps(stream, 0):
        labels = {}
        for start, label in windows:
            end = piece.start + math.ceil((start + config.window.length - piece.start) / hop) * hop
            if piece.start <= start and end <= piece.stop:
                labels[end] = label
        yield from _chunks(stream, piece, labels, config)


def _without_gaps(stream: Recording, first: int) -> Iterator[range]:
    breaks = np.flatnonzero(np.diff(stream.seq) != 1) + 1
    edges = [first, *(int(at) for at in breaks if at > first), len(stream)]
    for start, stop in itertools.pairwise(edges):
        yield range(start, stop)


def _chunks(
    stream: Recording, piece: range, labels: Mapping[int, str | None], config: GestureConfig
) -> Iterator[Chunk]:
    """Chunks up to the last label; a short one is padded with its last sample."""
    length, hop = config.window.length, config.window.hop
    labelled = [end for end, label in labels.items() if label is not None]
    for start in range(piece.start, max(labelled, default=piece.start), length):
        samples = stream.samples[start : min(start + length, piece.stop)]
        filled = np.pad(samples, ((0, length - len(samples)), (0, 0)), mode="edge")
        ends = range(start + hop, start + length + 1, hop)
        hops = Hops(tuple(labels.get(end) for end in ends), begins=start == piece.start)
        yield Chunk(filled, hops, start)


def _targets_of(of: Sequence[str | Hops], labels: Sequence[str]) -> Int32:
    """The targets of windows, int32 [n], or of the hops of chunks, int32 [n, hops]."""
    target: dict[str | None, int] = {label: number for number, label in enumerate(labels)}
    target[None] = NO_TARGET
    return np.array(
        [
            [target[hop] for hop in one.labels] if isinstance(one, Hops) else target[one]
            for one in of
        ],
        np.int32,
    )


def _begins_of(labels: Sequence[str | Hops]) -> NDArray[np.bool_] | None:
    """Which chunks begin a stream, bool [n]; None for windows."""
    begins = [label.begins for label in labels if isinstance(label, Hops)]
    return np.array(begins) if begins else None


def _is_whole(stream: Recording, start: int, length: int) -> bool:
    """Whether a stream has all samples of a window."""
    seq = stream.seq[start : start + length]
    return len(seq) == length and bool(seq[-1] - seq[0] == length - 1)


def _aligned_places(recording: Recording, config: GestureConfig) -> Iterator[tuple[int, str]]:
    """The start and the label of the test windows of a continuous recording.

    Background windows do not overlap. A gesture has as many windows as fit into it, at least one,
    around its middle.
    """
    length = config.window.length
    last = len(recording) - length
    apart = np.arange(0, last + 1, length)
    labels = window_labels(recording, apart, config)
    for start, label in zip(apart.tolist(), labels, strict=True):
        if label == config.data.background:
            yield start, label
    for interval in recording.intervals:
        count = max(1, (interval.stop - interval.start) // length)
        first = (interval.start + interval.stop - count * length) // 2
        for wished in range(first, first + count * length, length):
            yield max(0, min(wished, last)), interval.label


SHORTEST_TAKE = 0.25  # of a window; a shorter take is cut off


def usable_recordings(recordings: Sequence[Recording], config: GestureConfig) -> list[Recording]:
    """The recordings with the labels of a config, with only its channels, at its rate.

    Raises:
        PipelineError: a channel is missing, a sample is not finite, or a take is
            too short or has a gap.
    """
    wanted = config.data.labels
    chosen = [_unknown_as_background(recording, config) for recording in recordings]
    if wanted is not None:
        chosen = _of_labels(chosen, (*wanted, config.data.background), config)
    for recording in chosen:
        _check(recording, config)
    takes = [takes_of_each(recording, config.data.background) for recording in chosen]
    missing = sorted(set(wanted or ()).difference(*takes))
    if missing:
        raise PipelineError(
            f"No recording is labelled {missing[0]}.",
            "data.labels names it, but the dataset has none",
            "correct data.labels in the config, or record that gesture",
        )
    ready = [
        at_rate(_with_channels(recording, config.data.channels), config.data.rate_hz)
        for recording in chosen
    ]
    for recording in ready:
        _check_length(recording, config)
    return ready


def _of_labels(
    recordings: Sequence[Recording], labels: Sequence[str], config: GestureConfig
) -> list[Recording]:
    """The recordings of labels, and long ones without the takes of others."""
    chosen = []
    for recording in recordings:
        if not recording.intervals:
            chosen += [recording] * (recording.label in labels)
            continue
        rest = without_labels(recording, {part.label for part in recording.intervals} - {*labels})
        chosen += [rest] * (len(rest) >= config.window.length)
    return chosen


def _unknown_as_background(recording: Recording, config: GestureConfig) -> Recording:
    """A recording with a label of `unknown.labels` becomes background."""
    unknown = config.unknown.labels
    if not unknown:
        return recording
    label = config.data.background if recording.label in unknown else recording.label
    known = tuple(interval for interval in recording.intervals if interval.label not in unknown)
    return replace(recording, label=label, intervals=known)


def recorded_only(recordings: Sequence[Recording]) -> list[Recording]:
    """The recordings without those of `gesture pull` and of everyday motion.

    Only these are split as the config says.
    """
    return [
        recording for recording in recordings if recording.pulled is None and not recording.everyday
    ]


def _check(recording: Recording, config: GestureConfig) -> None:
    name = recording.name
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
    lost = int(recording.seq[-1] - recording.seq[0]) + 1 - len(recording)
    if lost and not is_continuous(recording, config):
        raise PipelineError(
            f"{recording.name} lost {lost} of its samples on the way from the board.",
            "the cable or the computer was possibly too busy; the rest is not the whole motion",
            "delete that recording, and record it again",
        )


def _check_length(recording: Recording, config: GestureConfig) -> None:
    shortest = round(SHORTEST_TAKE * config.window.length)
    if len(recording) < shortest:
        raise PipelineError(
            f"{recording.name} has {counted(len(recording), 'sample')}; a take needs at least "
            f"{shortest}.",
            f"window.length is {config.window.length}, and shorter takes are possibly cut off",
            "delete that recording, or set window.length lower",
        )


def _with_channels(recording: Recording, channels: tuple[str, ...]) -> Recording:
    """The recording itself where it has these channels: a copy of a day is large."""
    if recording.channels == channels:
        return recording
    columns = [recording.channels.index(channel) for channel in channels]
    return replace(recording, samples=recording.samples[:, columns], channels=channels)
