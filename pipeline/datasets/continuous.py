"""What readers of continuous recordings share: samples in a board's units, and intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Float32, Int64, Interval

STANDARD_GRAVITY = 9.80665  # m/s^2 in 1 g


def thousandths_of(values: NDArray[np.floating]) -> Float32:
    """`values` as a file holds them: multiples of 0.001."""
    rounded: Float32 = np.rint(values * 1000).astype(np.float32) / np.float32(1000)
    return rounded


def even_clock(n: int, rate_hz: float) -> tuple[Int64, Int64]:
    """seq and t_us, int64 [n], of samples that came without a gap and without a clock."""
    seq = np.arange(n, dtype=np.int64)
    return seq, np.rint(seq * (1e6 / rate_hz)).astype(np.int64)


def intervals_of(labels: Sequence[str | None]) -> tuple[Interval, ...]:
    """The stretches of equal labels; None, where nothing happens, is no interval."""
    intervals = []
    start = 0
    for at in range(1, len(labels) + 1):
        if at == len(labels) or labels[at] != labels[start]:
            label = labels[start]
            if label is not None:
                intervals.append(Interval(start, at, label))
            start = at
    return tuple(intervals)
