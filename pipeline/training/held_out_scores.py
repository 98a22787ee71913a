"""Scores of the test part of a run, before and after quantization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Int8, Int32, Int64
from pipeline.core.files import load_arrays, save_arrays
from pipeline.training.metrics import Metrics, classification_metrics


@dataclass(frozen=True)
class HeldOutScores:
    """The scores of the float network and of the compiled C for the test windows of a run.

    Args:
        labels: names of the classes.
        names: of the recording of each window.
        targets: int32 [n], an index into `labels`.
        float_scores: float32 [n, K], probabilities.
        int8_scores: int8 [n, K], of the compiled C.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    targets: Int32
    float_scores: Float32
    int8_scores: Int8

    @property
    def int8_accuracy(self) -> float:
        """The share of windows whose highest int8 score is at the right label."""
        return float(np.mean(self.int8_scores.argmax(axis=1) == self.targets))

    def save(self, path: Path) -> None:
        """Write scores.npz."""
        save_arrays(
            path,
            labels=np.array(self.labels),
            names=np.array(self.names),
            targets=self.targets,
            float_scores=self.float_scores,
            int8_scores=self.int8_scores,
        )

    @classmethod
    def load(cls, path: Path) -> HeldOutScores:
        """Read scores.npz.

        Raises:
            PipelineError: the file is missing or damaged.
        """
        arrays = load_arrays(path, "convert", {field.name for field in fields(cls)})
        return cls(
            tuple(arrays["labels"].tolist()),
            tuple(arrays["names"].tolist()),
            arrays["targets"],
            arrays["float_scores"],
            arrays["int8_scores"],
        )


@dataclass(frozen=True)
class PersonScore:
    """Accuracies on the windows of one person, over all folds."""

    person: str
    windows: int
    float_accuracy: float
    int8_accuracy: float


@dataclass(frozen=True)
class Pooled:
    """Metrics of all folds together; each window counts once."""

    labels: tuple[str, ...]
    windows: int
    float_metrics: Metrics
    int8_metrics: Metrics
    people: tuple[PersonScore, ...]


def pool_folds(folds: Sequence[HeldOutScores], person_of: Callable[[str], str]) -> Pooled:
    """Join the scores of all folds of a protocol.

    A fold may lack a gesture. The background is the last label of every fold.

    Args:
        folds: the scores of each fold.
        person_of: the person of a recording, by its name.
    """
    last = folds[0].labels[-1]
    others = sorted({label for fold in folds for label in fold.labels} - {last})
    labels = (*others, last)
    places = [np.array([labels.index(label) for label in fold.labels]) for fold in folds]
    pairs = list(zip(folds, places, strict=True))
    targets = np.concatenate([place[fold.targets] for fold, place in pairs]).astype(np.int32)
    float_labels = np.concatenate([place[_predicted(fold.float_scores)] for fold, place in pairs])
    int8_labels = np.concatenate([place[_predicted(fold.int8_scores)] for fold, place in pairs])
    people = np.array([person_of(name) for fold in folds for name in fold.names])
    return Pooled(
        labels=labels,
        windows=len(targets),
        float_metrics=classification_metrics(targets, float_labels, labels),
        int8_metrics=classification_metrics(targets, int8_labels, labels),
        people=tuple(
            PersonScore(
                person,
                int(np.sum(people == person)),
                _accuracy(float_labels == targets, people == person),
                _accuracy(int8_labels == targets, people == person),
            )
            for person in sorted(set(people.tolist()))
        ),
    )


def _predicted(scores: NDArray[np.generic]) -> Int64:
    """int64 [n]: the label with the highest score, the first of equal ones."""
    predicted: Int64 = np.argmax(scores, axis=1)
    return predicted


def _accuracy(right: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> float:
    return float(np.mean(right[chosen]))
