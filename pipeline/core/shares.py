"""Shares of few: how sure they are, and how they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
COUNTED = 100  # of fewer, one is more than a percent: they are counted, and not made a percentage


@dataclass(frozen=True)
class Share:
    """So many of so many; count: above 0 where an interval is asked for."""

    right: int
    count: int

    @classmethod
    def of(cls, share: float, count: int) -> Share:
        """The share of `count` that is nearest to `share`."""
        return cls(round(share * count), count)

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % confidence interval."""
        return share_interval(self.right, self.count)

    @property
    def is_counted(self) -> bool:
        """Whether it is of so few that no percentage is made of it."""
        return self.count < COUNTED

    def __str__(self) -> str:
        if self.is_counted:
            return f"{self.right:,} of {self.count:,}"
        return f"{100 * self.right / self.count:.1f} %"


def share_interval(right: int, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share (Wilson, JASA 22, 1927); count: above 0."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, weight = right / count, z**2 / count
    middle = share + weight / 2
    width = z * math.sqrt((share * (1 - share) + weight / 4) / count)
    return max(0.0, (middle - width) / (1 + weight)), min(1.0, (middle + width) / (1 + weight))


def percent_range(interval: tuple[float, float]) -> str:
    """An interval of shares, for people."""
    low, high = interval
    return f"{100 * low:.0f} to {100 * high:.0f} %"
