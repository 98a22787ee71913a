"""The embedding of a gesture model: a space in which takes of one gesture lie close together.

It serves to recognize gestures by their distance to centres, so that a few takes of a new person,
or of a new gesture, are enough to add one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Float64, Int64
from pipeline.core.files import load_arrays, save_arrays

DIMENSIONS = 32


@dataclass(frozen=True)
class GestureEmbedding:
    """A linear map of a network's last features, and where the classes lie in its space.

    Args:
        matrix: float64 [DIMENSIONS, F]; rows beyond what F features give are zero.
        offset: float64 [DIMENSIONS].
        centres: float64 [c, DIMENSIONS]: one of each gesture, and several of the background.
        classes: int64 [c], the index of the class of each centre.
        own: the median squared distance of a gesture's windows to its centre.
    """

    matrix: Float64
    offset: Float64
    centres: Float64
    classes: Int64
    own: float

    def of(self, features: Float32) -> Float64:
        """The embeddings of windows, float64 [n, DIMENSIONS], of features [n, F]."""
        embedded: Float64 = features.astype(np.float64) @ self.matrix.T + self.offset
        return embedded

    def save(self, path: Path) -> None:
        """Write embedding_features.npz."""
        save_arrays(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> GestureEmbedding:
        """Read embedding_features.npz.

        Raises:
            PipelineError: the file is missing or damaged.
        """
        arrays = load_arrays(path, "train", {field.name for field in fields(cls)})
        own = float(arrays.pop("own"))
        return cls(**arrays, own=own)


def squared_distances(points: NDArray[np.generic], centres: NDArray[np.generic]) -> Float64:
    """Squared distances of points [n, d] to centres [c, d]: float64 [n, c]."""
    away = points[:, np.newaxis].astype(np.float64) - centres.astype(np.float64)
    distances: Float64 = np.square(away).sum(axis=2)
    return distances
