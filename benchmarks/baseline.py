"""What a usual classifier makes of the same windows: `python -m benchmarks.baseline [DATASET …]`.

ExtraTrees (Geurts et al., Machine Learning 63, 2006) on statistics of each axis, as most published
work on gestures has it: among gestures alone, a window in the middle of each, as most of that work
is done, and once more trained and asked on the very windows of the network's folds, with rest and
motion that is no gesture.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import ROOT, dataset
from benchmarks.results_file import Row, chosen, record, row
from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.artifacts import Float32, Int32, SequenceDataset
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.windows import make_dataset
from pipeline.training.yardsticks import TREES, fit_trees, statistics

COMMAND = "python -m benchmarks.baseline"
SEED = 1


Right = NDArray[np.bool_]  # of each window that was asked


@dataclass(frozen=True)
class Data:
    """name: in the catalogue; called: in the results."""

    name: str
    called: str
    config: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fold:
    """Statistics of windows, [n, features], and their classes; shown: whether a gesture is."""

    train: Float32
    targets: Int32
    test: Float32
    test_targets: Int32
    shown: Right


DATA = (
    Data("punch_flex", "punch_flex", "gesture_conv1d", ("data.labels=[punch, flex]",)),
    Data("uhh_imu", "uhh", "uhh_imu"),
    Data("watch", "seglearn", "watch"),
)


def main() -> None:
    there = {data.name: data for data in DATA}
    for name in chosen(there, sys.argv[1:]):
        found = list(rows(there[name]))
        record("recognition", found)
        for one in found:
            print(f"{one['name']}: {one['value']} ({one['note']})", flush=True)


def rows(data: Data) -> Iterator[Row]:
    """Leave one person out: on gestures alone, and on the network's own windows."""
    path = f"data.path={dataset(data.name)}"
    config = load_gesture_config(ROOT / "configs" / f"{data.config}.yaml", [path, *data.settings])
    recordings = load_recordings(config.data.path)
    folds = [
        _featured(make_dataset(recordings, fold), config.data.background)
        for fold in protocol_folds(recordings, config, "lopo")
    ]
    name = f"{data.called} leave-one-person-out ExtraTrees accuracy"
    for what, parts in (("", _on_gestures(folds)), (" with background", _on_all(folds))):
        right = np.concatenate(parts)
        people = ", ".join(f"{part.mean():.2f} of {len(part)}" for part in parts)
        note = f"{TREES} trees, {folds[0].train.shape[1]} statistics a window; people {people}"
        yield row(name + what, round(float(right.mean()), 4), "", COMMAND, note)


def _featured(made: SequenceDataset, background: str) -> Fold:
    (train, targets), (test, test_targets) = made.part("train"), made.part("test")
    gestures = [index for index, label in enumerate(made.labels) if label != background]
    shown = np.isin(test_targets, gestures)
    return Fold(statistics(train), targets, statistics(test), test_targets, shown)


def _on_all(folds: Sequence[Fold]) -> list[Right]:
    """Trained and asked as the network is."""
    return [
        fit_trees(one.train, one.targets, SEED).predict(one.test) == one.test_targets
        for one in folds
    ]


def _on_gestures(folds: Sequence[Fold]) -> list[Right]:
    """A window in the middle of each gesture and no background: everybody else's, then one's."""
    found = []
    for one in folds:
        others = [other for other in folds if other is not one]
        trees = fit_trees(
            np.concatenate([other.test[other.shown] for other in others]),
            np.concatenate([other.test_targets[other.shown] for other in others]),
            SEED,
        )
        found.append(trees.predict(one.test[one.shown]) == one.test_targets[one.shown])
    return found


if __name__ == "__main__":
    main()
