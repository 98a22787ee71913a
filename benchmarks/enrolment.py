"""What a few takes of a new person change: `python -m benchmarks.enrolment gain`.

One person at a time is left out of the fit, and then enrolled with some takes of each gesture. What
networks gave is kept in build/recognition/enrolment: interrupted, the same command goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.datasets import FETCHED, ROOT
from benchmarks.open_data import open_dataset
from benchmarks.results_file import Row, record_parts, row
from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import Float64, Int64, Recording
from pipeline.core.files import load_arrays, save_arrays
from pipeline.core.gesture_embedding import squared_distances
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.splits import split_recordings
from pipeline.datasets.windows import (
    make_middles_dataset,
    make_whole_dataset,
    recorded_only,
    usable_recordings,
)
from pipeline.training.embedding import embed_gestures, features_of
from pipeline.training.gesture_task import fit_gestures
from pipeline.training.training_data import scale

COMMAND = "python -m benchmarks.enrolment gain"
WORK = FETCHED.parent / "enrolment"
TAKES = (1, 3, 5)
TOLD = 3  # takes, of the figures with a bound
OWN_WEIGHT = 0.5  # of the class's own centre, in takes
HELD_OUT = 0.2  # of the takes of the others
REPEATS = 5  # choices of the takes to enrol with


@dataclass(frozen=True)
class Data:
    """most: of how many people each is left out in turn; watch has 20 and trains long."""

    name: str
    network: str
    settings: tuple[str, ...] = ()
    most: int = 8


DATA = (
    Data("utd", "gesture_rocket", ("data.rate_hz=50", "window.hop=8", "window.length=200")),
    Data("punch_flex", "gesture_rocket", ("data.labels=[punch, flex]",)),
    Data("uhh_imu", "uhh_imu"),
    Data("watch", "watch", most=4),
)


@dataclass(frozen=True)
class Takes:
    """A window in the middle of each take.

    Args:
        points: float64 [n, d], their embeddings.
        targets: int64 [n], their classes.
        answers: int64 [n], the classes that the network gives.
    """

    points: Float64
    targets: Int64
    answers: Int64


@dataclass(frozen=True)
class Fold:
    """new: of the person left out; others: of the others, left out too; classes: of the centres."""

    new: Takes
    others: Takes
    centres: Float64
    classes: Int64

    def save(self, path: Path) -> None:
        """Write a .npz file."""
        kinds = {"new": self.new, "others": self.others}
        takes = {
            f"{kind}_{name}": v for kind, one in kinds.items() for name, v in vars(one).items()
        }
        save_arrays(path, centres=self.centres, classes=self.classes, **takes)

    @staticmethod
    def load(path: Path) -> Fold:
        """Read a .npz file."""
        arrays = load_arrays(path, "benchmark", {"centres"})
        new, others = (
            Takes(*(arrays[f"{kind}_{name}"] for name in ("points", "targets", "answers")))
            for kind in ("new", "others")
        )
        return Fold(new, others, arrays["centres"], arrays["classes"])


@dataclass(frozen=True)
class Enrolled:
    """Whether takes are recognised: bool [n] each.

    Args:
        network: of the new person, by the network.
        before: of the new person, by the model's own centres.
        after: of the new person, with centres of their own.
        others_network: of the others, by the network.
        others_before: of the others, by the model's own centres.
        others_after: of the others, with the centres of the new person.
    """

    network: Any
    before: Any
    after: Any
    others_network: Any
    others_before: Any
    others_after: Any


def gain() -> list[Row]:
    """What takes of a new person change, by dataset and over all."""
    found: dict[tuple[str, int], Enrolled] = {}
    for data in DATA:
        folds = list(_folds(data))
        pooled = {(data.name, takes): _pooled(folds, takes) for takes in TAKES}
        found |= {key: one for key, one in pooled.items() if one is not None}
    rows = [each for key, one in found.items() for each in _of_set(*key, one)]
    told = [one for (_, takes), one in found.items() if takes == TOLD]
    gone = float(np.mean([_errors_gone(one) for one in told]))
    sets = f"{', '.join(data.name for data in DATA)}; {TOLD} takes of each gesture"
    note = (
        f"share of a new person's errors that is gone; mean of {sets}, of the same sitting as "
        "those tested; the embedding's settings were chosen on these sets, so another may gain less"
    )
    rows.append(row("enrolment gain", round(gone, 3), "", COMMAND, note, ">= 0.5"))
    return [*rows, *_of_others(told, sets)]


def _of_others(told: Sequence[Enrolled], sets: str) -> Iterator[Row]:
    """Of one set the most that is lost, for all others while the new person is recognized."""
    by_centres = max(float(one.others_before.mean() - one.others_after.mean()) for one in told)
    by_network = max(float(one.others_network.mean() - one.others_after.mean()) for one in told)
    note = f"accuracy by centres, without and with those of a new person; the most of {sets}"
    yield row("enrolment others lose", round(by_centres, 4), "", COMMAND, note, "<= 0.02")
    note = f"accuracy by the network alone, less that with centres of another; the most of {sets}"
    yield row("enrolment others lose to the network", round(by_network, 4), "", COMMAND, note)


def _errors_gone(found: Enrolled) -> float:
    wrong = 1 - found.network.mean()
    return float((found.after.mean() - found.network.mean()) / wrong) if wrong else 0.0


def _of_set(name: str, takes: int, found: Enrolled) -> Iterator[Row]:
    said = f"float; {len(found.after) // REPEATS} other takes of people left out"
    called = f"enrolment {name} after {takes} takes"
    beside = (
        f"{said}; before {found.network.mean():.3f} by the network, {found.before.mean():.3f} by "
        f"its centres; others: network {found.others_network.mean():.3f}, centres "
        f"{found.others_before.mean():.3f}, with these takes {found.others_after.mean():.3f}"
    )
    yield row(called, round(float(found.after.mean()), 4), "", COMMAND, beside)
    if takes == TOLD:
        before = round(float(found.network.mean()), 4)
        yield row(f"enrolment {name} before", before, "", COMMAND, said)


def _pooled(folds: Sequence[Fold], takes: int) -> Enrolled | None:
    """All people and choices; None where nobody has more takes."""
    found = [
        one
        for fold in folds
        for repeat in range(REPEATS)
        if (one := _enrolled(fold, takes, np.random.default_rng(repeat))) is not None
    ]
    if not found:
        return None
    return Enrolled(
        *(np.concatenate([vars(one)[name] for one in found]) for name in vars(found[0]))
    )


def _enrolled(fold: Fold, takes: int, random: np.random.Generator) -> Enrolled | None:
    """Enrol with some takes of each gesture that has more; the others are tested."""
    centres, classes, tested = [fold.centres], [fold.classes], []
    for target in np.intersect1d(fold.new.targets, fold.classes):
        order = random.permutation(np.flatnonzero(fold.new.targets == target))
        if len(order) > takes:
            own = fold.centres[fold.classes == target][0]
            total = OWN_WEIGHT * own + fold.new.points[order[:takes]].sum(axis=0)
            centres.append(total[np.newaxis] / (OWN_WEIGHT + takes))
            classes.append(np.array([target]))
            tested.append(order[takes:])
    if not tested:
        return None
    rows = np.concatenate(tested)
    points, targets = fold.new.points[rows], fold.new.targets[rows]
    old, new = (centres[:1], classes[:1]), (centres, classes)
    return Enrolled(
        fold.new.answers[rows] == targets,
        _nearest(points, *old) == targets,
        _nearest(points, *new) == targets,
        fold.others.answers == fold.others.targets,
        _nearest(fold.others.points, *old) == fold.others.targets,
        _nearest(fold.others.points, *new) == fold.others.targets,
    )


def _nearest(points: Float64, centres: Sequence[Float64], classes: Sequence[Int64]) -> Int64:
    distances = squared_distances(points, np.concatenate(centres))
    nearest: Int64 = np.concatenate(classes)[distances.argmin(axis=1)]
    return nearest


def _folds(data: Data) -> Iterator[Fold]:
    path = open_dataset(data.name)
    recordings = load_recordings(path)
    config = load_gesture_config(
        ROOT / "configs" / f"{data.network}.yaml",
        [f"data.path={path}", "split.validation=0", *data.settings],
    )
    for number, one in enumerate(protocol_folds(recordings, config, "lopo")[: data.most]):
        file = WORK / f"{data.name}-{number}-{config.hash()[:12]}.npz"
        if not file.is_file():
            _fold(recordings, one).save(file)
            print(file.name, flush=True)
        yield Fold.load(file)


def _fold(recordings: Sequence[Recording], config: GestureConfig) -> Fold:
    usable = recorded_only(usable_recordings(recordings, config))
    split = split_recordings(usable, config.split, config.data.background)
    random = np.random.default_rng(config.split.seed)
    shuffled = random.permutation(split.train).tolist()
    count = round(HELD_OUT * len(shuffled))
    others, known = shuffled[:count], sorted(shuffled[count:])
    dataset = make_whole_dataset([usable[index] for index in known], config)
    fitted, scaling = fit_gestures(dataset, config, lambda _: None)
    embedding = embed_gestures(fitted.model, dataset, scaling, config.data.background)
    assert embedding is not None
    background = config.data.background
    rest = dataset.labels.index(background) if background in dataset.labels else None

    data = config.data.model_copy(update={"labels": None})  # some people have not all of them
    unasked = config.model_copy(update={"data": data})

    def takes(indices: Sequence[int]) -> Takes:
        middles = make_middles_dataset([usable[index] for index in indices], unasked)
        windows, targets = middles.part("all")
        labels = np.array([dataset.labels.index(label) for label in middles.labels])[targets]
        gestures = labels != rest
        inputs = scale(windows[gestures], scaling)
        answers = fitted.model.predict(inputs, verbose=0).argmax(axis=1)
        points = embedding.of(features_of(fitted.model, inputs))
        return Takes(points, labels[gestures], answers)

    return Fold(takes(split.test), takes(others), embedding.centres, embedding.classes)


def main() -> None:
    """Measure the parts that the command line names, and record them."""
    record_parts("recognition", {"gain": gain})


if __name__ == "__main__":
    main()
