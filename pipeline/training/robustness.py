"""Robustness: how accuracy falls when the inputs are disturbed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.core.files import load_json, reading, save_json

LOSS = 0.05  # of accuracy, that ends the tolerance


@dataclass(frozen=True)
class Curve:
    """Accuracy at each level of one disturbance.

    Args:
        name: of the disturbance.
        meaning: what it is, for people.
        unit: of the levels.
        neutral: the level that changes nothing.
        levels: ascending.
        accuracies: one for each level.
        falls_below: the level below neutral at which accuracy has fallen by LOSS, by straight
            lines between the levels; None where it does not fall so far.
        falls_above: the same, above neutral.
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
    """All curves of a model.

    Args:
        contract: the hash of its contract.
        windows: how many were tested at each level.
        rotation_limit_deg: the tolerance to rotation; None where accuracy does not fall.
        curves: one for each disturbance.
    """

    contract: str
    windows: int
    rotation_limit_deg: float | None
    curves: tuple[Curve, ...]

    def save(self, path: Path) -> None:
        """Write robustness.json."""
        save_json(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> Robustness:
        """Read robustness.json.

        Raises:
            PipelineError: the file is missing or damaged.
        """
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
    """A curve, and the levels at which accuracy has fallen by LOSS.

    Args:
        name: as in Curve, like meaning, unit and neutral.
        levels: ascending; `neutral` is one of them.
        accuracies: one for each level.
    """
    middle = list(levels).index(neutral)
    pairs = list(zip(levels, accuracies, strict=True))
    falls_below = _first_fall(pairs[middle::-1])
    falls_above = _first_fall(pairs[middle:])
    points = (tuple(map(float, levels)), tuple(map(float, accuracies)))
    return Curve(name, meaning, unit, float(neutral), *points, falls_below, falls_above)


def _first_fall(pairs: Sequence[tuple[float, float]]) -> float | None:
    """pairs: (level, accuracy), away from neutral."""
    least = pairs[0][1] - LOSS + 1e-9
    for (level, accuracy), (further, lower) in itertools.pairwise(pairs):
        if lower <= least:
            share = (accuracy - least) / (accuracy - lower)
            return round(level + share * (further - level), 3)
    return None
