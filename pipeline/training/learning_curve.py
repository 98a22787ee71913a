"""Learning curves: accuracy by the number of takes of a gesture, and by the number of people.

A network would take hours for them. They are made with a classifier that trains in a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Int32, Int64
from pipeline.core.errors import PipelineError
from pipeline.core.files import load_json, reading, save_json
from pipeline.core.run_folder import RunFolder
from pipeline.training.minirocket import fit_minirocket
from pipeline.training.paired import Difference, Unit, bootstrap, paired_difference, units
from pipeline.training.ridge import fit_ridge

MODEL = "MiniRocket with a ridge classifier"
FEATURES = 2500  # a quarter of what is usual, for a quarter of the time
STEPS = (1, 2, 3, 5, 10, 20, 50, 100)
GAP = 0.7  # the last point is compared with the one before that has at most this share of it
LITTLE = 0.02  # a rise of the accuracy that hardly pays
FEWEST_POINTS = 2

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class CurvePoint:
    """The accuracy after `count` takes or people, with its 95 % interval."""

    count: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class LearningCurve:
    """Accuracy by what was learned from.

    Args:
        of: takes of a gesture by known people, or people for a person left out.
        splits: how many trainings each point is the mean of.
        windows: how many windows were tested.
        points: with ascending counts.
        since: the count that the last point is compared with.
        rise: of the accuracy from there to the last point.
        sentence: whether more of it pays.
    """

    of: Unit
    splits: int
    windows: int
    points: tuple[CurvePoint, ...]
    since: int
    rise: Difference
    sentence: str


@dataclass(frozen=True)
class LearningCurves:
    """The curves of a dataset; None where there is too little for one.

    Args:
        data: the fingerprint of the recordings.
        config: the hash of the settings.
        takes: for known people.
        people: for a person left out.
        model: the classifier they were made with.
    """

    data: str
    config: str
    takes: LearningCurve | None
    people: LearningCurve | None
    model: str = field(default=MODEL)

    def save(self, path: Path) -> None:
        """Write learning_curve.json."""
        save_json(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> LearningCurves:
        """Read learning_curve.json.

        Raises:
            PipelineError: the file is missing or damaged.
        """
        with reading(path, "report"):
            content = load_json(path, "report")
            curves = {name: _curve_of(content[name]) for name in ("takes", "people")}
            return cls(**{**content, **curves})


def saved_curves(run: RunFolder) -> LearningCurves | None:
    """The curves of an earlier report; None where there are none, or they are of other data."""
    if not run.learning_curve_file.is_file():
        return None
    hashes = run.contract().hashes
    try:
        kept = LearningCurves.load(run.learning_curve_file)
    except PipelineError:  # damaged: they are made again
        return None
    return kept if (kept.data, kept.config) == (hashes.data, hashes.config) else None


def _curve_of(content: dict[str, Any] | None) -> LearningCurve | None:
    if content is None:
        return None
    points = tuple(
        CurvePoint(**{**point, "interval": tuple(point["interval"])}) for point in content["points"]
    )
    rise = {**content["rise"], "interval": tuple(content["rise"]["interval"])}
    return LearningCurve(**{**content, "points": points, "rise": Difference(**rise)})


@dataclass(frozen=True)
class Takes:
    """A window of each take.

    Args:
        inputs: float32 [n, T, channels], scaled.
        targets: int32 [n], an index of a gesture.
        names: of the take of each window.
        people: who made it.
    """

    inputs: Float32
    targets: Int32
    names: tuple[str, ...]
    people: tuple[str, ...]


def curve_by_takes(
    takes: Takes, folds: Sequence[Int64], on_step: Callable[[str], None]
) -> LearningCurve | None:
    """Accuracy on takes that were not learned from, by how many of each gesture were.

    Args:
        takes: of known people.
        folds: for each split seed the fold of each window, int64 [n].
        on_step: is told what is measured.

    Returns:
        None where there are fewer than two gestures, or than two points.
    """
    classes = int(takes.targets.max()) + 1
    fewest = min(
        int(np.bincount(takes.targets[own != fold], minlength=classes).min())
        for own in folds
        for fold in set(own.tolist())
    )

    def chosen(known: Int64, count: int, random: Generator) -> Int64:
        mixed = random.permutation(known)
        each = [mixed[takes.targets[mixed] == target][:count] for target in set(takes.targets)]
        return np.concatenate(each)

    return _curve(takes, folds, _counts(fewest), chosen, "takes", on_step)


def curve_by_people(
    takes: Takes, seeds: int, on_step: Callable[[str], None]
) -> LearningCurve | None:
    """Accuracy for a person left out, by how many others were learned from.

    Args:
        takes: of people who made every gesture.
        seeds: how often the others are chosen at random.
        on_step: is told what is measured.
    """
    people, own = np.unique(takes.people, return_inverse=True)

    def chosen(known: Int64, count: int, random: Generator) -> Int64:
        others = random.permutation(np.unique(own[known]))[:count]
        return known[np.isin(own[known], others)]

    counts = _counts(len(people) - 1)
    return _curve(takes, [own] * seeds, counts, chosen, "people", on_step)


def _counts(most: int) -> list[int]:
    """The steps up to `most`, and `most`."""
    return sorted({*(step for step in STEPS if step <= most), max(1, min(most, STEPS[-1]))})


def _curve(
    takes: Takes,
    folds: Sequence[Int64],
    counts: Sequence[int],
    chosen: Callable[[Int64, int, Generator], Int64],
    of: Unit,
    on_step: Callable[[str], None],
) -> LearningCurve | None:
    if len(counts) < FEWEST_POINTS or not takes.targets.max():
        return None  # or there is only one gesture
    names, unit_of = np.unique(units(takes.names, takes.people)[1], return_inverse=True)
    right = []
    for count in counts:
        on_step(f"learning from {count} {of}")
        answers = [_answers(takes, own, count, chosen, seed) for seed, own in enumerate(folds)]
        right.append(np.array([np.bincount(unit_of, one, len(names)) for one in answers]))
    windows = np.tile(np.bincount(unit_of), (len(folds), 1)).astype(float)
    points = tuple(
        CurvePoint(count, *bootstrap(own, windows))
        for count, own in zip(counts, right, strict=True)
    )
    before = max(i for i, count in enumerate(counts) if i == 0 or count <= GAP * counts[-1])
    rise = paired_difference(right[-1] - right[before], windows)
    sentence = says_whether_more_pays(of, counts[before], counts[-1], rise)
    splits = sum(len(set(own.tolist())) for own in folds)
    return LearningCurve(of, splits, len(unit_of), points, counts[before], rise, sentence)


def _answers(
    takes: Takes,
    folds: Int64,
    count: int,
    chosen: Callable[[Int64, int, Generator], Int64],
    seed: int,
) -> Right:
    """Which windows are right, bool [n], each by a model that did not learn from its fold."""
    right = np.zeros(len(folds), bool)
    for fold in sorted(set(folds.tolist())):
        # The same order for each count: more takes are the fewer ones and others.
        random = np.random.default_rng((seed, fold))
        known = chosen(np.flatnonzero(folds != fold), count, random)
        asked = np.flatnonzero(folds == fold)
        transform = fit_minirocket(takes.inputs[known], FEATURES, seed)
        ridge = fit_ridge(
            transform.transform(takes.inputs[known]),
            takes.targets[known],
            int(takes.targets.max()) + 1,
        )
        predicted = ridge.predict(transform.transform(takes.inputs[asked]))
        right[asked] = predicted == takes.targets[asked]
    return right


def says_whether_more_pays(of: str, since: int, last: int, rise: Difference) -> str:
    """A sentence: whether recording more is worth it.

    Args:
        of: "takes" or "people".
        since: as many of them, from which the rise is counted.
        last: all that there are.
        rise: of the accuracy, from `since` to `last`.
    """
    what = "takes a gesture the accuracy" if of == "takes" else "people the accuracy for another"
    points, low, high = (100 * value for value in (rise.mean, *rise.interval))
    begin = f"From {since} to {last} {what}"
    if rise.verdict == "ahead":
        return (
            f"{begin} still rises by {points:.1f} points ({low:.1f} to {high:.1f}): more {of} pay."
        )
    change = f"{begin} changes by {points:+.1f} points ({low:+.1f} to {high:+.1f}), "
    if rise.interval[1] < LITTLE:
        return f"{change}no more than chance: more {of} of this kind hardly pay."
    return f"{change}which may be chance: these are too few to say whether more {of} pay."
