"""Drawings for tests, as files have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def save_squares(path: Path, count: int = 120, **changes: Any) -> Path:
    """Squares of some sizes, each with a line under it: six moves, the fourth and last lifted.

    Args:
        count: of training; half as many for validation and for the test.
        changes: arrays of other names or contents; None leaves one out.
    """
    random, arrays = np.random.default_rng(4), {}
    for part, size in (("train", count), ("valid", count // 2), ("test", count // 2)):
        sides = random.integers(40, 60, size)
        squares = [
            [(s, 0, 0), (0, s, 0), (-s, 0, 0), (0, -s, 1), (0, s + 10, 0), (s, 0, 1)] for s in sides
        ]
        arrays[f"{part}_points"] = np.array(squares, np.int16).reshape(-1, 3)
        arrays[f"{part}_starts"] = np.arange(0, 6 * size + 1, 6, dtype=np.int32)
    arrays |= changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path
