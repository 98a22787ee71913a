"""Folds of the catalogue's datasets, trained once and kept in build/recognition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.datasets import ROOT, dataset
from pipeline.training.held_out_scores import HeldOutScores
from pipeline.workflows.evaluate import ProtocolScore, evaluate

WORK = ROOT / "build" / "recognition"


def judged(name: str, config: str, protocol: str, settings: Sequence[str] = ()) -> ProtocolScore:
    """A dataset by one protocol, with configs/`config`.yaml."""
    path = f"data.path={dataset(name)}"
    file = ROOT / "configs" / f"{config}.yaml"
    evaluation = evaluate(file, [path, *settings], [protocol], print, WORK)
    return evaluation.protocols[0]


def among_gestures(score: ProtocolScore) -> float:
    """The share of the windows of gestures called right where the last label, the background, is
    no choice."""
    folds = [HeldOutScores.load(fold.run / "scores.npz") for fold in score.folds]
    right = []
    for fold in folds:
        shown = fold.targets < len(fold.labels) - 1
        right.append(fold.int8_scores[shown, :-1].argmax(axis=1) == fold.targets[shown])
    return float(np.concatenate(right).mean())


def listed(score: ProtocolScore) -> str:
    """Numbers of folds in one line."""
    return ", ".join(f"{fold.int8_accuracy:.2f} of {fold.windows}" for fold in score.folds)
