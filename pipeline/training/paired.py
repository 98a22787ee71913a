"""Two classifiers on the same takes: their difference, with a bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.training.metrics import CONFIDENCE

Float64 = NDArray[np.float64]
Verdict = Literal["ahead", "behind", "not told apart"]
RESAMPLED = 10_000
SEED = 1
FEWEST_DIFFERENT = 6  # of five units that all differ one way, chance makes 6 %


@dataclass(frozen=True)
class Difference:
    """The lead of one classifier over another.

    Args:
        mean: difference of the accuracies.
        interval: its 95 % bootstrap interval.
        verdict: of the first one; "not told apart" where the interval includes zero, or so few
            units differ that no test could tell.
    """

    mean: float
    interval: tuple[float, float]
    verdict: Verdict


def paired_difference(lead: Float64, windows: Float64) -> Difference:
    """Resample units and split seeds, each on its own (Owen, Annals of Applied Statistics 1, 2007).

    Args:
        lead: float64 [seeds, units], windows that the first one has right, less those of the other.
        windows: float64 [seeds, units], how many windows there are.
    """
    random = np.random.default_rng(SEED)
    seeds, units = (
        random.multinomial(count, np.full(count, 1 / count), RESAMPLED) for count in lead.shape
    )
    sums, counts = (np.einsum("rs,su,ru->r", seeds, of, units) for of in (lead, windows))
    tail = (1 - CONFIDENCE) / 2
    drawn = sums[counts > 0] / counts[counts > 0]
    low, high = (float(bound) for bound in np.quantile(drawn, (tail, 1 - tail)))
    different = int(np.count_nonzero(lead.sum(axis=0)))
    mean = float(lead.sum() / windows.sum())
    return Difference(mean, (low, high), _verdict(low, high, different))


def _verdict(low: float, high: float, different: int) -> Verdict:
    if different < FEWEST_DIFFERENT or low <= 0 <= high:
        return "not told apart"
    return "ahead" if low > 0 else "behind"
