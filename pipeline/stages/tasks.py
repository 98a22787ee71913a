"""The tasks there are: what each does before the core fits its network, and after its C is proven.

A task is data and a head; everything between is the same code for all.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.run_folder import RunFolder
from pipeline.stages.forecasting import settle_forecasts, train_forecasts
from pipeline.stages.gestures import settle_gestures, train_gestures
from pipeline.stages.run_windows import NEEDED, OF_GESTURES
from pipeline.stages.settling import Proven, Settled
from pipeline.stages.text_runs import (
    settle_generation,
    settle_sentiment,
    train_generation,
    train_sentiment,
)

if TYPE_CHECKING:
    from pipeline.training.fit import Epoch
    from pipeline.training.run_files import Trained


@dataclass(frozen=True)
class Task:
    """train: of the task's own config; it fills the run folder. settle: after conversion, with
    what `windows` names in windows.npz."""

    train: Callable[[Any, RunFolder, Callable[[Epoch], None]], Trained]
    settle: Callable[[Proven], Settled]
    windows: Set[str] = NEEDED


TASKS = {
    "gesture": Task(train_gestures, settle_gestures, NEEDED | OF_GESTURES),
    "sentiment": Task(train_sentiment, settle_sentiment),
    "generation": Task(train_generation, settle_generation),
    "forecast": Task(train_forecasts, settle_forecasts),
}
