"""A trial of a search: a network that is priced, then scored fold by fold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.config.gesture_settings import GestureConfig
from pipeline.workflows.search.untrained_cost import BoardCost

if TYPE_CHECKING:
    import optuna

# How a trial ends that is not scored on all folds.
UNFIT, AGAIN, OVER_BUDGET, BEHIND, FAILED = (
    "does not fit together",
    "was tried",
    "over budget",
    "behind",
    "failed",
)
UNTRAINED = (UNFIT, AGAIN, OVER_BUDGET)


@dataclass(frozen=True)
class FoldScore:
    """A trial on an inner fold: event F1, and the accuracy of the compiled C on `windows`."""

    f1: float
    int8: float
    windows: int


@dataclass
class Trial:
    """A trial that this search does."""

    asked: optuna.Trial
    config: GestureConfig
    cost: BoardCost | None = None
    scores: dict[int, FoldScore] = field(default_factory=dict)
    is_over: bool = False

    @property
    def name(self) -> str:
        """For people; trials are counted from 1."""
        return f"trial {self.asked.number + 1}"
