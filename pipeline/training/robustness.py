"""How far what a network is given may be from what it learned, before it errs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.files import load_json, reading, save_json

LOSS = 0.05  # of all windows: five points of accuracy


@dataclass(frozen=True)
class Curve:
    """Accuracy at each level of one disturbance.

    falls_below, falls_above: the levels on either side of neutral at which accuracy has fallen by
    five points, by straight lines between the levels; None where it does not fall that far.
    """

    name: str
    meaning: str
    unit: str
    neutral: float
    levels: tuple[float, ...]
    accuracies: tuple[float, ...]
    falls_below: float | None
    falls_above: float | None


@dataclass(frozen=True)
class Robustness:
    """contract: the hash of the contract that was asked; windows: how many at each level."""

    contract: str
    windows: int
    rotation_limit_deg: float | None
    curves: tuple[Curve, ...]

    def save(self, path: Path) -> None:
        save_json(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> Robustness:
        with reading(path, "report"):
            content = load_json(path, "report")
            curves = tuple(
                Curve(**{**curve, **{key: tuple(curve[key]) for key in ("levels", "accuracies")}})
                for curve in content["curves"]
            )
            return cls(**{**content, "curves": curves})


def make_curve(
    name: str,
    meaning: str,
    unit: str,
    neutral: float,
    levels: Sequence[float],
    accuracies: Sequence[float],
) -> Curve:
    """levels: ascending, with `neutral` among them."""
    middle = list(levels).index(neutral)
    pairs = list(zip(levels, accuracies, strict=True))
    falls_below = _first_fall(pairs[middle::-1])
    falls_above = _first_fall(pairs[middle:])
    told = (tuple(map(float, levels)), tuple(map(float, accuracies)))
    return Curve(name, meaning, unit, float(neutral), *told, falls_below, falls_above)


def _first_fall(pairs: Sequence[tuple[float, float]]) -> float | None:
    """pairs: (level, accuracy), going away from neutral."""
    least = pairs[0][1] - LOSS + 1e-9
    for (level, accuracy), (further, lower) in itertools.pairwise(pairs):
        if lower <= least:
            way = (accuracy - least) / (accuracy - lower)
            return round(level + way * (further - level), 3)
    return None
