"""Metrics of classifications: what was taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.artifacts import Int32, Int64


@dataclass(frozen=True)
class ClassScore:
    """precision: of those called so, how many were; recall: of those that were, how many."""

    label: str
    windows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Metrics:
    """confusion: int64 [true, predicted], in the order of the labels."""

    accuracy: float
    balanced_accuracy: float
    classes: tuple[ClassScore, ...]
    confusion: Int64


def measure(targets: Int32, predicted: Int64, labels: Sequence[str]) -> Metrics:
    """targets, predicted: [n] indices into `labels`; n is at least 1."""
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    return metrics_of(confusion, labels)


def metrics_of(confusion: Int64, labels: Sequence[str]) -> Metrics:
    """confusion: [true, predicted] counts, with at least one window."""
    scores = tuple(_class_score(confusion, index, label) for index, label in enumerate(labels))
    present = [score.recall for score in scores if score.windows]
    return Metrics(
        accuracy=float(np.trace(confusion) / confusion.sum()),
        balanced_accuracy=float(np.mean(present)),
        classes=scores,
        confusion=confusion,
    )


def _class_score(confusion: Int64, index: int, label: str) -> ClassScore:
    right = int(confusion[index, index])
    were, called = int(confusion[index].sum()), int(confusion[:, index].sum())
    precision = right / called if called else 0.0
    recall = right / were if were else 0.0
    both = precision + recall
    return ClassScore(label, were, precision, recall, 2 * precision * recall / both if both else 0)
