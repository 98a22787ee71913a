"""A map of takes: alike takes lie together, so that odd ones and mixed-up labels stand out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.artifacts import Float64, Recording

NEIGHBOURS = 5
ODD = 3.0  # times the median distance of takes to their neighbours
MOST_TAKES = 2000  # all distances between them are computed


@dataclass(frozen=True)
class MapPoint:
    """A take on the map.

    Attributes:
        looks_like: the label of most of its neighbours, where that is another one; else "".
        is_odd: it is far from all other takes.
    """

    name: str
    label: str
    person: str
    x: float
    y: float
    looks_like: str
    is_odd: bool


def take_map(takes: Sequence[Recording]) -> list[MapPoint]:
    """Place takes by the two largest principal components of their features.

    At most MOST_TAKES are placed, evenly from all of them.
    """
    takes = takes[:: -(-len(takes) // MOST_TAKES)] if takes else takes
    if len(takes) < 2:
        return [MapPoint(t.name, t.label, t.person, 0.0, 0.0, "", False) for t in takes]
    features = _standardized(np.stack([_features(take) for take in takes]))
    x, y = _two_components(features).T.tolist()
    distances = np.linalg.norm(features[:, None] - features[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :NEIGHBOURS]
    near = np.take_along_axis(distances, nearest[:, :1], axis=1)[:, 0]
    odd = near > ODD * np.median(near)
    labels = [take.label for take in takes]
    return [
        MapPoint(take.name, take.label, take.person, x[n], y[n], likeness, bool(odd[n]))
        for n, take in enumerate(takes)
        for likeness in [_other_label(take.label, [labels[i] for i in nearest[n]])]
    ]


def _features(take: Recording) -> Float64:
    """Mean, deviation and extremes of each channel, how fast it changes, and the length."""
    samples = take.samples.astype(np.float64)
    steps = np.abs(np.diff(samples, axis=0)).mean(axis=0)
    parts = (samples.mean(axis=0), samples.std(axis=0), samples.min(axis=0), samples.max(axis=0))
    return np.concatenate([*parts, steps, [np.log(max(take.seconds, 0.01))]])


def _standardized(features: Float64) -> Float64:
    deviation = features.std(axis=0)
    scaled: Float64 = (features - features.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    return scaled


def _two_components(features: Float64) -> Float64:
    """float64 [n, 2]; the signs are fixed, so that the same takes give the same map."""
    _, _, directions = np.linalg.svd(features, full_matrices=False)
    axes = directions[:2]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    places: Float64 = features @ (axes * np.sign(largest)).T
    return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))


def _other_label(label: str, neighbours: Sequence[str]) -> str:
    common, count = Counter(neighbours).most_common(1)[0]
    return common if common != label and count > len(neighbours) / 2 else ""
