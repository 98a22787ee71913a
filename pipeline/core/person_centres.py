"""The centres of a person: where their takes of each gesture lie in the space of the embedding.

A prototype of few takes (Snell et al., arXiv:1703.05175), drawn a little to the model's own centre.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float64, Int8, Int64
from pipeline.core.enrolment import EnrolledCentre

OWN_WEIGHT = 0.5  # of the model's own centre, in takes


def centre_of_takes(own: NDArray[Any], takes: NDArray[Any]) -> Float64:
    """The centre float64 [d] of takes [n, d] of a gesture, whose own centre is [d]."""
    total: Float64 = OWN_WEIGHT * own + takes.sum(axis=0, dtype=np.float64)
    return total / (OWN_WEIGHT + len(takes))


def person_centres(
    points: Int8, targets: Int64, centres: Int8, classes: Int64
) -> tuple[EnrolledCentre, ...]:
    """A centre for each gesture that a person has takes of.

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
