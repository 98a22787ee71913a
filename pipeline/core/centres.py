"""Classes as points, in the integers of a board: firmware/lib/centres computes the same.

What the network sees becomes a point of int8, and the nearest centre names it. A person has
centres of their own, where their takes of each gesture lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import EMBEDDING_DIMENSIONS, Float64, GestureEmbedding, Int8, Int64
from pipeline.core.contract import DecisionPolicy, FeatureScale, FixedPointScaling
from pipeline.core.enrolment import CENTRE, USUAL_SHARPNESS, EnrolledCentre

REACH = 3.5  # times the usual distance of a gesture from its centre: beyond, it is background
HALVING = 0.35  # of that distance: so much more, and the share of a class is halved
INT8_MOST = 127
SCALE_BYTES = 16  # of a multiplier and an offset in 64 bits
_SHIFT_BITS = 29  # of a multiplier
_STEPS = 16
_PARTS = np.round(65536 * 2.0 ** (-np.arange(_STEPS) / _STEPS)).astype(np.int64)


@dataclass(frozen=True)
class Centres:
    """The embedding of a network's last features, and the centres of its classes.

    Args:
        matrix: int8 [EMBEDDING_DIMENSIONS, F].
        scaling: embedding = clamp((matrix @ features * multiplier + offset) >> shift).
        centres: int8 [c, EMBEDDING_DIMENSIONS].
        classes: int64 [c], the class of each.
        background: the class without a gesture; None where there is none.
        usual: the squared distance of a gesture from its centre.
        reach: the squared distance from which on a window is background.
        halving: the difference of squared distances that halves the share of a class.
        policy: how scores become events; with a threshold for each learned gesture too.
    """

    matrix: Int8
    scaling: FixedPointScaling
    centres: Int8
    classes: Int64
    background: int | None
    usual: int
    reach: int
    halving: int
    policy: DecisionPolicy

    @property
    def flash_bytes(self) -> int:
        """Of the constants on a board."""
        return flash_bytes_of(self.matrix.shape[1], len(self.classes))

    def embedded(self, features: Int8) -> Int8:
        """Points int8 [n, EMBEDDING_DIMENSIONS] of features int8 [n, F]."""
        sums = features.astype(np.int64) @ self.matrix.T.astype(np.int64)
        multipliers = np.array(self.scaling.multipliers, np.int64)
        offsets = np.array(self.scaling.offsets, np.int64)
        shifted = (sums * multipliers + offsets) >> self.scaling.shift
        embedded: Int8 = np.clip(shifted, -INT8_MOST - 1, INT8_MOST).astype(np.int8)
        return embedded

    def scores(self, embedded: Int8, extra: ExtraCentres, classes: int) -> Int8:
        """Scores less 128, int8 [n, classes], of points [n, EMBEDDING_DIMENSIONS]."""
        points = np.concatenate([self.centres, extra.centres])
        names = np.concatenate([self.classes, extra.classes])
        own = np.full(len(self.classes), USUAL_SHARPNESS)
        sharpness = np.concatenate([own, extra.sharpness]).astype(np.int64)
        distances = squared_distances(embedded, points) * sharpness // USUAL_SHARPNESS
        nearest = np.full((len(embedded), classes), 2**32 - 1, np.int64)
        for column, name in enumerate(names.tolist()):
            nearest[:, name] = np.minimum(nearest[:, name], distances[:, column])
        if self.background is not None:
            nearest[:, self.background] = np.minimum(nearest[:, self.background], self.reach)
        shares = _shares(nearest - nearest.min(axis=1, keepdims=True), self.halving)
        totals = shares.sum(axis=1, keepdims=True)
        scores = np.minimum((shares * 256 + totals // 2) // totals - 128, INT8_MOST)
        as_bytes: Int8 = scores.astype(np.int8)
        return as_bytes


def flash_bytes_of(features: int, centres: int) -> int:
    """Bytes of the constants of so many centres, of a network with so many last features."""
    return EMBEDDING_DIMENSIONS * (features + SCALE_BYTES) + CENTRE.size * centres


@dataclass(frozen=True)
class ExtraCentres:
    """Centres that an enrolment adds.

    Args:
        centres: int8 [c, EMBEDDING_DIMENSIONS].
        classes: int64 [c].
        sharpness: int64 [c], 256ths by which squared distances are multiplied.
    """

    centres: Int8
    classes: Int64
    sharpness: Int64


def squared_distances(points: Int8, centres: Int8) -> Int64:
    """int64 [n, c] of points [n, d] and centres [c, d]."""
    apart = points[:, np.newaxis].astype(np.int64) - centres.astype(np.int64)
    return np.asarray(np.square(apart).sum(axis=2))


def _shares(distances: Int64, halving: int) -> Int64:
    """65536 * 2^(-distance / halving), in steps of a sixteenth of the exponent."""
    steps = distances * _STEPS // halving
    shifts = np.minimum(steps // _STEPS, 17)
    return np.asarray(_PARTS[steps % _STEPS] >> shifts)


def quantized_centres(
    embedding: GestureEmbedding,
    features: Sequence[FeatureScale],
    background: int | None,
    policy: DecisionPolicy,
) -> Centres:
    """Bring an embedding to integers.

    The step of a point is chosen so that every centre fits, with half as much room again around it.
    """
    step = 1.5 * float(np.abs(embedding.centres).max()) / INT8_MOST
    scales = np.concatenate([np.full(part.count, part.scale) for part in features])
    zeros = np.concatenate([np.full(part.count, part.zero_point) for part in features])
    weights = embedding.matrix * scales / step
    rows = np.maximum(np.abs(weights).max(axis=1), 1e-12) / INT8_MOST
    matrix = np.rint(weights / rows[:, np.newaxis]).astype(np.int8)
    offsets = embedding.offset / step - (matrix * rows[:, np.newaxis]) @ zeros
    shift = _SHIFT_BITS - max(0, int(np.ceil(np.log2(rows.max()))))
    one = 1 << shift
    return Centres(
        matrix=matrix,
        scaling=FixedPointScaling(
            tuple(round(one * row) for row in rows.tolist()),
            tuple(round(one * offset) + one // 2 for offset in offsets.tolist()),
            shift,
        ),
        centres=np.clip(np.rint(embedding.centres / step), -128, INT8_MOST).astype(np.int8),
        classes=embedding.classes.astype(np.int64),
        background=background,
        usual=max(1, round(embedding.own / step**2)),
        reach=max(1, round(REACH * embedding.own / step**2)),
        halving=max(1, round(HALVING * embedding.own / step**2)),
        policy=policy,
    )


OWN_WEIGHT = 0.5  # of the model's own centre, in takes


def centre_of_takes(own: NDArray[Any], takes: NDArray[Any]) -> Float64:
    """The centre float64 [d] of takes [n, d] of a gesture, whose own centre is [d]."""
    total: Float64 = OWN_WEIGHT * own + takes.sum(axis=0, dtype=np.float64)
    return total / (OWN_WEIGHT + len(takes))


def person_centres(
    points: Int8, targets: Int64, centres: Int8, classes: Int64
) -> tuple[EnrolledCentre, ...]:
    """A centre for each gesture that a person has takes of, in the space of the embedding.

    Prototypes of few takes (Snell et al., arXiv:1703.05175), drawn a little to the model's own.

    Args:
        points: int8 [n, d], the embeddings of the takes.
        targets: int64 [n], their classes.
        centres: int8 [c, d], the model's own; a gesture has one.
        classes: int64 [c], their classes.
    """
    found = []
    for target in np.unique(targets).tolist():
        own = centres[classes == target][0]
        centre = np.rint(centre_of_takes(own, points[targets == target])).astype(np.int8)
        found.append(EnrolledCentre(target, tuple(centre.tolist())))
    return tuple(found)
