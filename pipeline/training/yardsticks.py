"""Yardsticks: usual classifiers that a network must beat to be worth its training.

They learn from a window in the middle of each take, as most published work on gestures does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from pipeline.core.artifacts import Float32, Int32, Int64
from pipeline.core.errors import PipelineError
from pipeline.training.minirocket import FEATURES, fit_minirocket
from pipeline.training.ridge import fit_ridge

TREES = 300
SMALLEST_STD = 1e-6


def require_scikit_learn() -> None:
    """Check that the classifiers which are not in this package are installed.

    Raises:
        PipelineError: scikit-learn is not installed.
    """
    if find_spec("sklearn") is None:
        raise PipelineError(
            "scikit-learn is not installed, and ExtraTrees comes from it.",
            "only comparisons need it, so the tool is installed without",
            "run: pip install 'gesture-pipeline[compare]' (or: pip install scikit-learn)",
        )


def extra_trees(train: Float32, targets: Int32, test: Float32, seed: int) -> Int64:
    """ExtraTrees (Geurts et al., Machine Learning 63, 2006) on statistics of each window.

    Args:
        train: float32 [n, T, channels].
        targets: int32 [n].
        test: float32 [m, T, channels].
        seed: of the trees.

    Returns:
        The predicted targets, int64 [m].
    """
    predicted: Int64 = fit_trees(statistics(train), targets, seed).predict(statistics(test))
    return predicted


def fit_trees(features: Float32, targets: Int32, seed: int) -> Any:
    """scikit-learn's ExtraTrees, with the same weight for each class; it has `predict`."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(TREES, class_weight="balanced", random_state=seed).fit(
        features, targets
    )


def minirocket_ridge(train: Float32, targets: Int32, test: Float32, seed: int) -> Int64:
    """Ridge classification of MiniRocket's features; as extra_trees."""
    transform = fit_minirocket(train, FEATURES, seed)
    ridge = fit_ridge(transform.transform(train), targets, int(targets.max()) + 1)
    return ridge.predict(transform.transform(test))


Yardstick = Callable[[Float32, Int32, Float32, int], Int64]
YARDSTICKS: Mapping[str, Yardstick] = {
    "ExtraTrees": extra_trees,
    "MiniRocket + ridge": minirocket_ridge,
}


def statistics(windows: Float32) -> Float32:
    """[n, T, channels] to [n, features]: of each axis, then how much each two go together."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    std = centred.std(axis=1)  # [n, channels]
    low, middle, high = np.percentile(windows, (25, 50, 75), axis=1)
    each = [
        windows.mean(axis=1),
        std,
        windows.min(axis=1),
        windows.max(axis=1),
        low,
        middle,
        high,
        np.square(windows).mean(axis=1),  # energy
        np.abs(np.diff(windows, axis=1)).mean(axis=1),
        (np.diff(np.sign(centred), axis=1) != 0).mean(axis=1),  # how often it crosses its mean
    ]
    scaled = centred / np.maximum(std, SMALLEST_STD)[:, None]
    correlations = np.einsum("nti,ntj->nij", scaled, scaled) / windows.shape[1]
    pairs = np.triu_indices(windows.shape[2], k=1)
    return np.concatenate([*each, correlations[:, pairs[0], pairs[1]]], axis=1).astype(np.float32)
