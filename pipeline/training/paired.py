"""Two classifiers on the same takes: their difference, with a bootstrap interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.core.shares import CONFIDENCE

Float64 = NDArray[np.float64]
Unit = Literal["takes", "people"]
Verdict = Literal["ahead", "behind", "not told apart"]
RESAMPLED = 10_000
SEED = 1
FEWEST_PEOPLE = 6  # of fewer, a bootstrap is no more than a guess: their takes are resampled
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


def units(takes: Sequence[str], people: Sequence[str]) -> tuple[Unit, Sequence[str]]:
    """What a bootstrap resamples, for each window: its take, or its person where there are many.

    Args:
        takes: the take of each window.
        people: its person.
    """
    return ("people", people) if len(set(people)) >= FEWEST_PEOPLE else ("takes", takes)


def by_unit(
    units: Sequence[NDArray[np.str_]], values: Sequence[NDArray[np.int_]]
) -> tuple[Float64, Float64]:
    """Sums of values and numbers of windows, by unit.

    Args:
        units: of the windows of each split seed, [n].
        values: of the same windows, int [n].

    Returns:
        float64 [seeds, units] both; units in the order of their names.
    """
    names = np.unique(np.concatenate(units))
    places = [np.searchsorted(names, of_seed) for of_seed in units]
    counts = [np.bincount(place, minlength=len(names)) for place in places]
    sums = [np.bincount(place, own, len(names)) for place, own in zip(places, values, strict=True)]
    return np.array(sums, np.float64), np.array(counts, np.float64)


def paired_difference(lead: Float64, windows: Float64) -> Difference:
    """The lead of one classifier over another.

    Args:
        lead: float64 [seeds, units], windows that the first one has right, less those of the other.
        windows: float64 [seeds, units], how many windows there are.
    """
    mean, interval = bootstrap(lead, windows)
    different = int(np.count_nonzero(lead.sum(axis=0)))
    return Difference(mean, interval, _verdict(*interval, different))


def bootstrap(right: Float64, windows: Float64) -> tuple[float, tuple[float, float]]:
    """A share and its 95 % interval.

    Units and split seeds are resampled, each on its own (Owen, Annals of Applied Statistics 1,
    2007).

    Args:
        right: float64 [seeds, units], a sum over windows.
        windows: float64 [seeds, units], how many windows there are.
    """
    random = np.random.default_rng(SEED)
    seeds, units = (
        random.multinomial(count, np.full(count, 1 / count), RESAMPLED) for count in right.shape
    )
    sums, counts = (((seeds @ of) * units).sum(axis=1) for of in (right, windows))
    tail = (1 - CONFIDENCE) / 2
    drawn = sums[counts > 0] / counts[counts > 0]
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return float(right.sum() / windows.sum()), (float(low), float(high))


def _verdict(low: float, high: float, different: int) -> Verdict:
    if different < FEWEST_DIFFERENT or low <= 0 <= high:
        return "not told apart"
    return "ahead" if low > 0 else "behind"
