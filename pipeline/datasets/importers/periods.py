"""How long takes are that stand in a file one after the other, without a line between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import gcd

import numpy as np

from pipeline.core.artifacts import Float64

SHORTEST, LONGEST = 20, 1000  # rows of a take
LEAST_TAKES = 5
LEAST_EXPLAINED = 0.25  # of the energy, by the place in the take; wrong lengths explain nothing
AS_GOOD = 0.9  # of the best length; a multiple of the true one explains as much
USUAL_IS_ENOUGH = 0.5  # of the best, for the usual length


def period_of(blocks: Sequence[Float64], usual: int) -> int | None:
    """The length of takes that divides every block; None where it is unclear.

    A take begins when the hand begins to move, so the energy depends on the place in the take.

    Args:
        blocks: float64 [n, channels] each.
        usual: a length that is likely, where the energy does not tell another.
    """
    whole = reduce(gcd, (len(block) for block in blocks))
    most = min(LONGEST, min(len(block) for block in blocks) // LEAST_TAKES)
    energies = [_energy(block) for block in blocks]
    candidates = [p for p in range(SHORTEST, most + 1) if whole % p == 0]
    explained = {p: _explained(energies, p) for p in candidates}
    best = max(explained.values(), default=0.0)
    if whole % usual == 0 and explained.get(usual, best) >= USUAL_IS_ENOUGH * best:
        return usual
    if best < LEAST_EXPLAINED:
        return usual if whole % usual == 0 else None
    return next(p for p in candidates if explained[p] >= AS_GOOD * best)


def _energy(block: Float64) -> Float64:
    """How much each row moves, float64 [n]: by the ranks, so that no peak counts most."""
    finite = np.nan_to_num(block)
    away = np.abs(finite - np.median(finite, axis=0))
    scaled = away / np.maximum(np.median(away, axis=0), 1e-9)
    ranks = np.argsort(np.argsort(scaled.sum(axis=1)))
    return ranks / max(1, len(ranks) - 1)


def _explained(energies: Sequence[Float64], period: int) -> float:
    """The share of the variance between places in the take, corrected for their number."""
    takes = np.concatenate([energy.reshape(-1, period) for energy in energies])
    total = float(takes.var())
    if len(takes) < 2 or total == 0:
        return 0.0
    within = float(takes.var(axis=0, ddof=1).mean())
    return 1 - within / total
