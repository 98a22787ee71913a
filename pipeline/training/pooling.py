"""The scores of several folds, taken together: one figure each, and one a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Int64
from pipeline.training.evaluate import Metrics, measure
from pipeline.training.held_out import HeldOutScores


@dataclass(frozen=True)
class PersonScore:
    """Accuracies on the windows of one person, whichever fold tested them."""

    person: str
    windows: int
    float_accuracy: float
    int8_accuracy: float


@dataclass(frozen=True)
class Pooled:
    """float_metrics, int8_metrics: of all windows of all folds, each window counted once."""

    labels: tuple[str, ...]
    windows: int
    float_metrics: Metrics
    int8_metrics: Metrics
    people: tuple[PersonScore, ...]


def pool(folds: Sequence[HeldOutScores], person_of: Mapping[str, str]) -> Pooled:
    """folds: of one protocol; person_of: by the name of a recording.

    The labels are those of all folds: one may lack a gesture, but the background is last in all.
    """
    last = folds[0].labels[-1]
    others = sorted({label for fold in folds for label in fold.labels} - {last})
    labels = (*others, last)
    places = [np.array([labels.index(label) for label in fold.labels]) for fold in folds]
    pairs = list(zip(folds, places, strict=True))
    targets = np.concatenate([place[fold.targets] for fold, place in pairs]).astype(np.int32)
    by_float = np.concatenate([place[_called(fold.float_scores)] for fold, place in pairs])
    by_int8 = np.concatenate([place[_called(fold.int8_scores)] for fold, place in pairs])
    people = np.array([person_of[name] for fold in folds for name in fold.names])
    return Pooled(
        labels=labels,
        windows=len(targets),
        float_metrics=measure(targets, by_float, labels),
        int8_metrics=measure(targets, by_int8, labels),
        people=tuple(
            PersonScore(
                person,
                int(np.sum(people == person)),
                _accuracy(by_float == targets, people == person),
                _accuracy(by_int8 == targets, people == person),
            )
            for person in sorted(set(people.tolist()))
        ),
    )


def _called(scores: NDArray[np.generic]) -> Int64:
    """int64 [n]: the label of the highest score, the first of equal ones."""
    called: Int64 = np.argmax(scores, axis=1)
    return called


def _accuracy(right: NDArray[np.bool_], whose: NDArray[np.bool_]) -> float:
    return float(np.mean(right[whose]))
