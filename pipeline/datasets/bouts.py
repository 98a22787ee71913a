"""Bouts: gestures of one person one after the other, put together from takes.

What a bout has is known, so what is said of it is true. Training makes its bouts of other people's
takes than the test, or of other takes where there are fewer than three people.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.random import Generator

from pipeline.config.caption_settings import (
    MOST_PARTS,
    MOST_REPEATS,
    BoutConfig,
    CaptionConfig,
    MotionDataConfig,
    PeopleSplitConfig,
    QuestionConfig,
)
from pipeline.config.gesture_settings import AugmentConfig, DataConfig, GestureConfig, WindowConfig
from pipeline.core.artifacts import IMU_CHANNELS, Float32, Interval, Recording
from pipeline.core.errors import PipelineError
from pipeline.core.plurals import counted
from pipeline.datasets.augment import augment, resample
from pipeline.datasets.bout_words import SPEEDS, BoutPart
from pipeline.datasets.intervals import part_of, single_takes
from pipeline.datasets.recordings import fingerprint, load_recordings
from pipeline.datasets.resampling import at_rate, resampling_note
from pipeline.datasets.streams import join_with_rests
from pipeline.datasets.synthetic_negatives import trim_to_motion
from pipeline.datasets.windows import usable_recordings

PEOPLE_FOR_A_SPLIT = 3
FEWEST_TAKES = 3  # of a gesture, where takes are split: one for each part of the split
MOTION = 0.94  # share of the motion of a take that is its gesture, as window.motion
AUGMENTED = AugmentConfig()  # of training takes, as for gestures
SHORTEST_TAKE = 8  # samples
MOST_TRIES = 500
MOST_TAKES = MOST_PARTS * MOST_REPEATS  # of a bout
REST_SEED = 1  # of the rest before a recording that is short
PARTS = ("train", "validation", "test")
EDGE = 2  # samples; a rest has so many at least

FitLength: TypeAlias = Callable[[float], int]  # the nearest length that a network takes
Takes: TypeAlias = Mapping[str, Mapping[str, Sequence[Recording]]]  # by person and gesture


@dataclass(frozen=True)
class Bouts:
    """Bouts by part of the split: `train`, `validation` and `test`.

    Args:
        samples: float32 [n, T, channels], in the units of the channels, not scaled.
        parts: what each bout has, in order.
        people: who made it.
        labels: all gestures.
        split_note: how the test part was chosen, for people.
        note: what was done to the recordings, for people.
    """

    samples: Mapping[str, Float32]
    parts: Mapping[str, Sequence[tuple[BoutPart, ...]]]
    people: Mapping[str, Sequence[str]]
    labels: tuple[str, ...]
    rate_hz: float
    fingerprint: str
    split_note: str
    note: str


def make_bouts(config: CaptionConfig | QuestionConfig, fit_length: FitLength) -> Bouts:
    """Make the bouts that a config asks for; the same config and takes give the same ones.

    Raises:
        PipelineError: the data cannot be used, or no bout fits into `bouts.seconds`.
    """
    recordings = load_recordings(config.data.path)
    rate_hz = config.data.rate_hz or _usual_rate_hz(recordings)
    takes = _takes(recordings, config.data, rate_hz)
    labels = tuple(sorted({take.label for take in takes}))
    split, split_note = _split(takes, labels, config.split)
    length = fit_length(config.bouts.seconds * rate_hz)
    maker = _BoutMaker(config.bouts, length, rate_hz)
    made = {part: maker.make(_by_person(own), part) for part, own in split.items()}
    return Bouts(
        samples={part: np.stack([one.samples for one in bouts]) for part, bouts in made.items()},
        parts={part: [one.parts for one in bouts] for part, bouts in made.items()},
        people={part: [one.person for one in bouts] for part, bouts in made.items()},
        labels=labels,
        rate_hz=rate_hz,
        fingerprint=fingerprint(recordings),
        split_note=split_note,
        note=resampling_note(recordings, rate_hz),
    )


def _usual_rate_hz(recordings: Sequence[Recording]) -> float:
    rates = Counter(recording.rate_hz for recording in recordings)
    return max(rates, key=lambda rate_hz: (rates[rate_hz], rate_hz))


def _takes(
    recordings: Sequence[Recording], data: MotionDataConfig, rate_hz: float
) -> list[Recording]:
    """The takes of gestures, at a rate, each trimmed to its motion."""
    usable = usable_recordings(recordings, _as_gestures(data, rate_hz))
    takes = [take for take in single_takes(usable) if take.label != data.background]
    if len({take.label for take in takes}) < 2:
        raise PipelineError(
            f"{data.path} has takes of fewer than two gestures.",
            "bouts are of gestures one after the other",
            "record a second gesture, or name more of them in data.labels",
        )
    return [_trimmed(take) for take in takes]


def _as_gestures(data: MotionDataConfig, rate_hz: float) -> GestureConfig:
    """The same recordings are usable as for gestures."""
    same = data.model_dump(include={"path", "channels", "labels", "background"})
    window = WindowConfig(length=SHORTEST_TAKE)
    return GestureConfig(data=DataConfig(**same, rate_hz=rate_hz), window=window)


def _trimmed(take: Recording) -> Recording:
    whole = replace(take, intervals=(Interval(0, len(take), take.label),))
    (motion,) = trim_to_motion(whole, MOTION).intervals
    return part_of(take, motion.start, max(motion.stop, motion.start + SHORTEST_TAKE))


def _split(
    takes: Sequence[Recording], labels: Sequence[str], config: PeopleSplitConfig
) -> tuple[dict[str, list[Recording]], str]:
    """Takes by part, and how they were split, in words."""
    people = sorted({take.person for take in takes})
    random = np.random.default_rng(config.seed)
    if len(people) >= PEOPLE_FOR_A_SPLIT:
        part_of_person = dict(zip(people, random_parts(len(people), config, random), strict=True))
        split = _grouped(takes, [part_of_person[take.person] for take in takes])
        names = ", ".join(name for name in people if part_of_person[name] == "test")
        note = f"bouts of people left out: {names}"
    else:
        split = _grouped(takes, _parts_by_take(takes, labels, config, random))
        note = f"bouts of {config.test:.0%} of the takes of each gesture"
    _require_all_known(split, labels)
    return split, note


def random_parts(count: int, config: PeopleSplitConfig, random: Generator) -> list[str]:
    """The part of each of `count` groups, at least one for each part."""
    tested, validated = (max(1, round(share * count)) for share in (config.test, config.validation))
    parts = ["test"] * tested + ["validation"] * validated
    parts += ["train"] * (count - len(parts))
    return [parts[place] for place in random.permutation(count)]


def _parts_by_take(
    takes: Sequence[Recording],
    labels: Sequence[str],
    config: PeopleSplitConfig,
    random: Generator,
) -> list[str]:
    """The part of each take; each part has takes of every gesture."""
    parts = [""] * len(takes)
    for label in labels:
        own = [place for place, take in enumerate(takes) if take.label == label]
        if len(own) < FEWEST_TAKES:
            raise PipelineError(
                f"There are {counted(len(own), 'take')} of {label}, and {FEWEST_TAKES} are needed.",
                f"with fewer than {PEOPLE_FOR_A_SPLIT} people, the takes of a gesture are split "
                "into those for training, validation and test",
                f"record more of {label}, or leave it out of data.labels",
            )
        for place, part in zip(own, random_parts(len(own), config, random), strict=True):
            parts[place] = part
    return parts


def _grouped(takes: Sequence[Recording], parts: Sequence[str]) -> dict[str, list[Recording]]:
    found: dict[str, list[Recording]] = {part: [] for part in PARTS}
    for take, part in zip(takes, parts, strict=True):
        found[part].append(take)
    return found


def _require_all_known(split: Mapping[str, Sequence[Recording]], labels: Sequence[str]) -> None:
    missing = sorted({*labels} - {take.label for take in split["train"]})
    if missing:
        raise PipelineError(
            f"No {missing[0]} is in the training part.",
            "only people of the test or the validation part made it",
            f"record {missing[0]} with somebody else too, leave it out of data.labels, or set "
            "another split.seed",
        )


def _by_person(takes: Sequence[Recording]) -> Takes:
    grouped: dict[str, dict[str, list[Recording]]] = defaultdict(lambda: defaultdict(list))
    for take in takes:
        grouped[take.person][take.label].append(take)
    return grouped


@dataclass(frozen=True)
class _Bout:
    person: str
    parts: tuple[BoutPart, ...]
    samples: Float32  # [T, channels]


@dataclass(frozen=True)
class _Drawn:
    """What a bout will be made of: a take for each gesture, its tempo, and the rests between."""

    parts: tuple[BoutPart, ...]
    takes: Sequence[Recording]
    tempos: Sequence[float]
    rests: Sequence[int]  # samples

    def most_samples(self, stretch: float) -> float:
        """How long it is at most, if its takes become longer by `stretch`."""
        gestures = zip(self.takes, self.tempos, strict=True)
        return sum(self.rests) + sum(
            1 + len(take) * tempo * (1 + stretch) for take, tempo in gestures
        )


class _BoutMaker:
    """Makes bouts of one length, in samples."""

    def __init__(self, config: BoutConfig, length: int, rate_hz: float) -> None:
        self._config, self._length, self._rate_hz = config, length, rate_hz
        self._tempos = dict(zip(SPEEDS, (config.quick, 1.0, config.slow), strict=True))

    def make(self, takes: Takes, part: str) -> list[_Bout]:
        """The bouts of a part of the split; only those of training are augmented."""
        trains = part == "train"
        count = self._config.training if trains else self._config.testing
        number = PARTS.index(part)
        random = np.random.default_rng((self._config.seed, number))
        people = sorted(takes)
        bouts = []
        for index in range(count):
            person = people[int(random.integers(len(people)))]
            drawn = self._fitting(takes[person], AUGMENTED.stretch if trains else 0.0, random)
            samples = self._joined(drawn, index if trains else None, random)
            bouts.append(_Bout(person, drawn.parts, samples))
        return bouts

    def _fitting(
        self, takes: Mapping[str, Sequence[Recording]], stretch: float, random: Generator
    ) -> _Drawn:
        """A bout that is short enough; so many parts as were drawn first."""
        count = int(random.integers(1, self._config.parts + 1))
        for _ in range(MOST_TRIES):
            drawn = self._drawn(takes, count, random)
            if drawn.most_samples(stretch) + 2 * EDGE <= self._length:
                return drawn
        raise PipelineError(
            f"No bout of {count} parts fits into {self._config.seconds:g} s.",
            "the takes are too long: some gestures, quick ones too, and the rests between them "
            "take more time",
            "set bouts.seconds higher, or bouts.parts lower",
        )

    def _drawn(
        self, takes: Mapping[str, Sequence[Recording]], count: int, random: Generator
    ) -> _Drawn:
        parts = self._some_parts(sorted(takes), count, random)
        gestures = [part for part in parts for _ in range(part.repeats)]
        chosen = [takes[one.label][int(random.integers(len(takes[one.label])))] for one in gestures]
        rests_s = random.uniform(*self._config.rest_s, size=len(gestures) - 1)
        rests = np.maximum(EDGE, np.rint(rests_s * self._rate_hz)).astype(np.int64)
        tempos = [self._tempos[one.speed] for one in gestures]
        return _Drawn(parts, chosen, tempos, rests.tolist())

    def _some_parts(
        self, labels: Sequence[str], count: int, random: Generator
    ) -> tuple[BoutPart, ...]:
        """Parts that differ from the one before: else two of them would be one."""
        parts: list[BoutPart] = []
        while len(parts) < count:
            part = BoutPart(
                labels[int(random.integers(len(labels)))],
                int(random.integers(1, self._config.repeats + 1)),
                SPEEDS[int(random.integers(len(SPEEDS)))],
            )
            if not parts or (part.label, part.speed) != (parts[-1].label, parts[-1].speed):
                parts.append(part)
        return tuple(parts)

    def _joined(self, drawn: _Drawn, number: int | None, random: Generator) -> Float32:
        """The samples of a bout, float32 [T, channels]; number: of its augmentation, or None."""
        takes = [
            take if number is None else augment(take, AUGMENTED, number * MOST_TAKES + place)
            for place, take in enumerate(drawn.takes)
        ]
        takes = [_at_tempo(take, tempo) for take, tempo in zip(takes, drawn.tempos, strict=True)]
        spare = self._length - sum(map(len, takes)) - sum(drawn.rests)
        before = int(random.integers(EDGE, spare - EDGE + 1))
        rests_s = [n / self._rate_hz for n in (before, *drawn.rests, spare - before)]
        seed = int(random.integers(2**31))
        return join_with_rests(takes, [(each, each) for each in rests_s], seed).samples


def as_bout(recording: Recording, channels: Sequence[str], rate_hz: float, length: int) -> Float32:
    """The last `length` samples of a recording at a rate, float32 [length, channels].

    In a shorter one, the hand holds still before and after.

    Raises:
        PipelineError: it does not have these channels.
    """
    missing = [channel for channel in channels if channel not in recording.channels]
    if missing:
        raise PipelineError(
            f"The recording has no channel {missing[0]}; it has {', '.join(recording.channels)}.",
            "it is of another sensor than the recordings that the model was trained with",
            f"give a recording with {', '.join(channels)}",
        )
    columns = [recording.channels.index(channel) for channel in channels]
    chosen = replace(recording, samples=recording.samples[:, columns], channels=tuple(channels))
    whole = at_rate(chosen, rate_hz)
    last = part_of(whole, max(0, len(whole) - length), len(whole))
    if len(last) == length:
        return last.samples
    rests_s = (max(EDGE, length - len(last) - EDGE) / rate_hz, EDGE / rate_hz)
    joined = join_with_rests([last], [(each, each) for each in rests_s], REST_SEED)
    return joined.samples[-length:]


def as_heard(samples: Float32, rate_hz: float) -> Recording:
    """A bout as a board's sensor would give it.

    Args:
        samples: float32 [T, channels], the first channels of the sensor; the others stay 0.
        rate_hz: of the samples.
    """
    axes = np.zeros((len(samples), len(IMU_CHANNELS)), np.float32)
    axes[:, : samples.shape[1]] = samples
    seq = np.arange(len(samples), dtype=np.int64)
    t_us = np.rint(seq * 1e6 / rate_hz).astype(np.int64)
    return Recording(axes, seq, t_us, rate_hz, label="bout", person="unknown")


def _at_tempo(take: Recording, tempo: float) -> Recording:
    """A take that lasts `tempo` times as long."""
    count = max(2, round(len(take) * tempo))
    return resample(take, np.linspace(0, len(take) - 1, count))
