"""Splits: which recordings are for training, for validation and for testing.

A group (a take, a session or a person) is never in the test part and in another part. The seed
decides everything.

A whole day in one recording has many takes of every gesture. Where too few recordings hold one,
they are cut between the takes, so that a split by take can be made. Everyday motion, all of it
background, is split by itself: whose motion tests the model has not taught it, however the
gestures are split.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.random import Generator

from pipeline.config.gesture_settings import GestureConfig, SplitConfig
from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.intervals import part_of, takes_of_each

Takes: TypeAlias = Counter[str]  # of one recording: how many of each label

PERSONS_FOR_A_SPLIT = 3
TOGETHER_US = 1_000_000.0  # boards start a common take within this time
GROUPS_FOR_VALIDATION = 3  # with fewer groups, too little would be left for training
_REMEDY = {
    "take": "split.folds lower",
    "session": "split.folds lower, or split.by to take",
    "person": "split.by to take",
}


@dataclass(frozen=True)
class Split:
    """A split: indices of recordings for each part, and how it was made."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    by: str  # take, session or person
    folds: int
    fold: int

    def describe(self) -> str:
        """The split for people: "by person, fold 1 of 4"."""
        return f"by {self.by}, fold {self.fold + 1} of {self.folds}"


def split_recordings(
    recordings: Sequence[Recording], config: SplitConfig, background: str
) -> Split:
    """Split recordings: the test part is one fold, validation comes from the other folds.

    Folds have about the same number of takes of every label. By person there are at most as many
    folds as persons (leave-one-person-out). Validation is split by the same groups where every
    label has enough of them, else by take.

    Args:
        recordings: of a dataset.
        config: the section `split`.
        background: the label of no gesture.

    Raises:
        PipelineError: the dataset is empty, or has one class or too few groups.
    """
    takes = [takes_of_each(recording, background) for recording in recordings]
    gestures = sorted(set().union(*takes) - {background})
    _check_classes(takes, gestures)
    by = config.by or choose_by(recordings, background)
    groups = group_names(recordings, by)
    folds = count_folds(recordings, config, background)
    some_in_every_fold = by != "person" and config.folds is not None
    _check_groups(takes, groups, gestures, by, folds, some_in_every_fold)
    _check_fold(config.fold, folds, by)
    random = np.random.default_rng(config.seed)
    fold_of = _assign_folds(takes, groups, folds, random)
    test = [i for i, group in enumerate(groups) if fold_of[group] == config.fold]
    rest = [i for i, group in enumerate(groups) if fold_of[group] != config.fold]
    validation = _validation(takes, recordings, rest, groups, gestures, config, random)
    train = [i for i in rest if i not in validation]
    _check_learnable(takes, train, gestures, by)
    return Split(tuple(train), tuple(sorted(validation)), tuple(test), by, folds, config.fold)


def count_folds(recordings: Sequence[Recording], config: SplitConfig, background: str) -> int:
    """The number of folds: one for each group if `config.folds` is None or larger."""
    by = config.by or choose_by(recordings, background)
    groups = len(set(group_names(recordings, by)))
    if config.folds is None:
        return groups
    return min(config.folds, groups) if by == "person" else config.folds


def choose_by(recordings: Sequence[Recording], background: str) -> str:
    """The default of split.by: person if at least three persons made every gesture, else take."""
    made: dict[str, set[str]] = {}
    for recording in recordings:
        made.setdefault(recording.person, set()).update(takes_of_each(recording, background))
    gestures = set().union(*made.values()) - {background}
    complete = sum(gestures <= labels for labels in made.values())
    return "person" if complete >= PERSONS_FOR_A_SPLIT else "take"


def group_names(recordings: Sequence[Recording], by: str) -> list[str]:
    """The group of each recording, by name."""
    if by == "person":
        return [recording.person for recording in recordings]
    if by == "session":
        return [f"{recording.person}-{recording.session}" for recording in recordings]
    return _take_names(recordings)


def _take_names(recordings: Sequence[Recording]) -> list[str]:
    """The name of each recording; boards that recorded a take together share the first name."""
    names = [recording.name for recording in recordings]
    begun: dict[tuple[str, str, str, int], tuple[float, str]] = {}
    for start_us, index in sorted((_host_start_us(r), i) for i, r in enumerate(recordings)):
        recording = recordings[index]
        if recording.take is None:
            continue
        key = (recording.label, recording.person, recording.session, recording.take)
        before_us, name = begun.get(key, (-math.inf, ""))
        if start_us - before_us <= TOGETHER_US:
            names[index] = name
        begun[key] = (start_us, names[index])
    return names


def _host_start_us(recording: Recording) -> float:
    """The start by the clock of the computer that captured it; infinite if unknown."""
    clock = recording.clock
    if clock is None or not len(recording):
        return math.inf
    first_us = int(recording.t_us[0])
    return first_us + clock.offset_us + clock.drift_ppm * 1e-6 * (first_us - clock.at_us)


def _assign_folds(
    takes: Sequence[Takes], groups: Sequence[str], folds: int, random: Generator
) -> dict[str, int]:
    """A fold for each group: the largest group first, to the fold where its labels are rarest."""
    names = sorted(set().union(*takes))
    counts = {group: np.zeros(len(names)) for group in sorted(set(groups))}
    for own, group in zip(takes, groups, strict=True):
        counts[group] += [own[name] for name in names]
    shuffled = [sorted(counts)[i] for i in random.permutation(len(counts))]
    shuffled.sort(key=lambda group: -counts[group].sum())
    totals = sum(counts.values(), np.zeros(len(names)))
    filled = np.zeros((folds, len(names)))
    fold_of = {}
    for group in shuffled:
        overlap = (filled * (counts[group] / totals)).sum(axis=1)
        fold = min(range(folds), key=lambda f: (overlap[f], filled[f].sum(), f))
        filled[fold] += counts[group]
        fold_of[group] = fold
    return fold_of


def _validation(
    takes: Sequence[Takes],
    recordings: Sequence[Recording],
    rest: Sequence[int],
    groups: Sequence[str],
    gestures: Sequence[str],
    config: SplitConfig,
    random: Generator,
) -> set[int]:
    if not config.validation:
        return set()
    of_rest = [takes[i] for i in rest]
    names = [groups[i] for i in rest]
    parts = max(2, round(1 / config.validation))
    enough = _fewest_groups(of_rest, names, gestures)[0]
    if enough >= GROUPS_FOR_VALIDATION:
        parts = min(parts, enough)
    else:
        names = [recordings[i].name for i in rest]
    fold_of = _assign_folds(of_rest, names, parts, random)
    return {i for i, name in zip(rest, names, strict=True) if fold_of[name] == 0}


def _fewest_groups(
    takes: Sequence[Takes], groups: Sequence[str], gestures: Sequence[str]
) -> tuple[int, str]:
    pairs = {(label, group) for own, group in zip(takes, groups, strict=True) for label in own}
    counts = Counter(label for label, _ in pairs)
    return min((counts[gesture], gesture) for gesture in gestures)


def _check_classes(takes: Sequence[Takes], gestures: Sequence[str]) -> None:
    if not takes:
        raise PipelineError(
            "The dataset has no recordings.",
            "the folder is empty, or the labels chosen in the config are not in it",
            "run `gesture data import`, `gesture capture` or `gesture simulate` first",
        )
    labels = sorted(set().union(*takes))
    if len(labels) < 2 or not gestures:
        raise PipelineError(
            f"The dataset has only one class: {labels[0]}.",
            "a classifier needs at least two classes",
            "record a second gesture, or some idle time under the label `idle`",
        )


def _check_groups(
    takes: Sequence[Takes],
    groups: Sequence[str],
    gestures: Sequence[str],
    by: str,
    folds: int,
    some_in_every_fold: bool,
) -> None:
    enough = max(2, folds)
    unit = f"{by}s"
    if some_in_every_fold:
        fewest, gesture = _fewest_groups(takes, groups, gestures)
        scope = f"of {gesture}"
    else:
        fewest, scope = len(set(groups)), "in all"
    if fewest < enough:
        raise PipelineError(
            f"There are too few {unit} {scope} for a split: {fewest}, and {enough} are needed.",
            f"the test part is one of {enough} folds, and each label needs a {by} in every fold",
            f"record at least {enough} {unit} {scope}, or set {_REMEDY[by]}",
        )


def _check_fold(fold: int, folds: int, by: str) -> None:
    if fold >= folds:
        raise PipelineError(
            f"split.fold is {fold}, but there are only {folds} folds, counted from 0.",
            f"the data are split by {by}, which limits split.folds",
            f"choose a fold from 0 to {folds - 1}",
        )


def _check_learnable(
    takes: Sequence[Takes], train: Sequence[int], gestures: Sequence[str], by: str
) -> None:
    missing = sorted(set(gestures).difference(*(takes[i] for i in train)))
    if missing:
        others = "with somebody else too, or set split.by to take"
        raise PipelineError(
            f"No {missing[0]} is in the training part of this fold.",
            f"the data are split by {by}, and all of {missing[0]} is in the test or the validation "
            "part",
            f"record {missing[0]} {'more often' if by == 'take' else others}",
        )


LONG = 4  # windows; a longer interval is an activity, and is cut too
MOST_CUTS = 10  # in one interval
Span = tuple[int, int, int]  # the recording, the first row and the row after the last


@dataclass(frozen=True)
class SplitUnits:
    """What a split moves between its parts: recordings, or parts of long ones.

    Args:
        recordings: as they were recorded.
        spans: of each unit, in order.
        units: those spans.
    """

    recordings: Sequence[Recording]
    spans: Sequence[Span]
    units: Sequence[Recording]

    def chosen(self, indices: Sequence[int]) -> list[Recording]:
        """Some units; neighbours become one again."""
        spans: list[Span] = []
        for number, start, stop in sorted(self.spans[index] for index in indices):
            if spans and spans[-1][0] == number and spans[-1][2] == start:
                start = spans.pop()[1]
            spans.append((number, start, stop))
        return [_cut(self.recordings, span) for span in spans]


def split_units(recordings: Sequence[Recording], config: GestureConfig) -> SplitUnits:
    """The units of the split that a config asks for."""
    background = config.data.background
    by = config.split.by or choose_by(recordings, background)
    if by == "take" and _hold_too_few(recordings, max(2, config.split.folds or 0), background):
        return pieces(recordings, config.window.length)
    return SplitUnits(
        recordings, [(n, 0, len(one)) for n, one in enumerate(recordings)], recordings
    )


def pieces(recordings: Sequence[Recording], window: int) -> SplitUnits:
    """Recordings of one take, and pieces of long ones with about one take each.

    Args:
        recordings: of a dataset.
        window: in samples; no piece is shorter.
    """
    spans = [
        (number, start, stop)
        for number, one in enumerate(recordings)
        for start, stop in _spans_of(one, window)
    ]
    return SplitUnits(recordings, spans, [_cut(recordings, span) for span in spans])


def split_parts(
    recordings: Sequence[Recording], config: GestureConfig
) -> tuple[Split, dict[str, list[Recording]]]:
    """Split recordings as a config says; returns the split too, and the recordings of each part.

    Raises:
        PipelineError: as split_recordings.
    """
    units = split_units(recordings, config)
    split = split_recordings(units.units, config.split, config.data.background)
    parts = ("train", "validation", "test")
    return split, {part: units.chosen(getattr(split, part)) for part in parts}


def _cut(recordings: Sequence[Recording], span: Span) -> Recording:
    number, start, stop = span
    whole = recordings[number]
    return whole if (start, stop) == (0, len(whole)) else part_of(whole, start, stop)


def _hold_too_few(recordings: Sequence[Recording], enough: int, background: str) -> bool:
    """Whether some gesture is in fewer recordings than a split needs."""
    holding = Counter(label for one in recordings for label in takes_of_each(one, background))
    del holding[background]
    return min(holding.values(), default=enough) < enough


def _spans_of(recording: Recording, window: int) -> list[tuple[int, int]]:
    """Spans of a recording with a take each, or a part of a long one, and what is around it."""
    cuts, end = [0], 0
    for number, part in enumerate(recording.intervals):
        if number:
            cuts.append((end + part.start) // 2)
        count = min(MOST_CUTS, (part.stop - part.start) // (LONG * window))
        cuts += [part.start + (part.stop - part.start) * k // count for k in range(1, count)]
        end = part.stop
    kept = [0]
    for cut in cuts[1:]:
        if cut - kept[-1] >= window and len(recording) - cut >= window:
            kept.append(cut)
    return list(zip(kept, [*kept[1:], len(recording)], strict=True))


EVERYDAY_FOLDS = 5  # one tests, one validates
FEWEST_EVERYDAY_GROUPS = 3


def split_everyday(
    usable: Sequence[Recording], config: GestureConfig
) -> dict[str, list[Recording]]:
    """The everyday recordings in `train`, `validation` and `test`, split by person.

    By recording, where they are of fewer than three persons. All are trained on, where they are
    fewer than three.
    """
    recordings = [recording for recording in usable if recording.everyday]
    groups = [recording.person for recording in recordings]
    if len(set(groups)) < FEWEST_EVERYDAY_GROUPS:
        groups = [recording.name for recording in recordings]
    names = sorted(set(groups))
    order = np.random.default_rng(config.split.seed).permutation(len(names))
    chosen = {names[index]: _everyday_part(place, config) for place, index in enumerate(order)}
    parts: dict[str, list[Recording]] = {"train": [], "validation": [], "test": []}
    enough = len(names) >= FEWEST_EVERYDAY_GROUPS
    for recording, group in zip(recordings, groups, strict=True):
        parts[chosen[group] if enough else "train"].append(recording)
    return parts


def _everyday_part(place: int, config: GestureConfig) -> str:
    fold = (place - config.split.fold) % EVERYDAY_FOLDS
    if fold == 0:
        return "test"
    return "validation" if fold == 1 and config.split.validation else "train"
