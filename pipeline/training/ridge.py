"""Ridge classification: a linear model of the classes, with a penalty chosen by leaving one out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Int32, Int64

Float64 = NDArray[np.float64]
PENALTIES = np.logspace(-3, 3, 10)


@dataclass(frozen=True)
class Ridge:
    """A fitted model: scores are `features @ coefficients + intercepts`.

    Args:
        coefficients: float64 [features, classes].
        intercepts: float64 [classes].
    """

    coefficients: Float64
    intercepts: Float64

    def predict(self, features: Float32) -> Int64:
        """int64 [n]: the class with the highest score."""
        predicted: Int64 = (features @ self.coefficients + self.intercepts).argmax(axis=1)
        return predicted


def fit_ridge(features: Float32, targets: Int32, classes: int) -> Ridge:
    """Fit it; every class counts the same in all, and every feature is divided by its deviation.

    Args:
        features: float32 [n, features].
        targets: int32 [n], an index of a class.
        classes: how many classes there are.
    """
    counts = np.bincount(targets, minlength=classes)
    share = len(targets) / (np.count_nonzero(counts) * counts[targets])
    std = features.std(axis=0, dtype=np.float64)
    x = features / np.where(std > 0, std, 1)
    y = np.eye(classes)[targets] * 2 - 1
    x_mean, y_mean = np.average(x, axis=0, weights=share), np.average(y, axis=0, weights=share)
    root = np.sqrt(share)[:, None]
    x = (x - x_mean) * root
    coefficients = x.T @ _duals(x, (y - y_mean) * root, root)
    intercepts = y_mean - x_mean @ coefficients
    return Ridge(coefficients / np.where(std > 0, std, 1)[:, None], intercepts)


def _duals(x: Float64, y: Float64, root: Float64) -> Float64:
    """[n, classes]: the weight of each row, with the penalty that errs least on rows left out.

    The errors on rows left out have a closed form (Golub, Heath, Wahba, Technometrics 21, 1979).
    The direction of the intercept has no penalty.
    """
    values, vectors = np.linalg.eigh(x @ x.T + root @ root.T)
    intercept = np.abs(root.T @ vectors).argmax()
    found = []
    for penalty in PENALTIES:
        inverse = 1 / (np.maximum(values, 0) + penalty)
        inverse[intercept] = 0
        duals = vectors @ (inverse[:, None] * (vectors.T @ y))
        left_out = duals / (vectors**2 @ inverse)[:, None]
        found.append((float(np.mean(left_out**2)), duals))
    best: Float64 = min(found, key=lambda one: one[0])[1]
    return best
