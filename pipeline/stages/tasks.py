"""The tasks there are: what each does before the core fits its network, after its C is proven, and
for people. A task is data and a head; everything between is the same code for all.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.artifacts import Figure
from pipeline.contract import Contract
from pipeline.run_folder import RunFolder
from pipeline.stages.forecast_report import forecast_page
from pipeline.stages.forecasting import settle_forecasts, train_forecasts
from pipeline.stages.gesture_report import gesture_page
from pipeline.stages.gestures import settle_gestures, train_gestures
from pipeline.stages.held_out_series import errors
from pipeline.stages.held_out_text import losses
from pipeline.stages.robustness import sweep
from pipeline.stages.run_facts import Page
from pipeline.stages.run_windows import NEEDED, OF_GESTURES
from pipeline.stages.settling import Proven, Settled
from pipeline.stages.text_board import prove_judging, prove_writing
from pipeline.stages.text_report import generation_page, sentiment_page
from pipeline.stages.text_runs import (
    settle_generation,
    settle_sentiment,
    train_generation,
    train_sentiment,
)

if TYPE_CHECKING:
    from pipeline.training.fit import Epoch
    from pipeline.training.robustness import Robustness
    from pipeline.training.run_files import Trained

OnStep = Callable[[str], None]


def _no_figures(_run: RunFolder, _contract: Contract) -> tuple[Figure, ...]:
    """Its accuracy says all."""
    return ()


def _nothing_more(_run: RunFolder, _port: str, _on_step: OnStep) -> None:
    """What a board proves of any model says all."""


@dataclass(frozen=True)
class Task:
    """train: of the task's own config; it fills the run folder. settle: after conversion, with
    what `windows` names in windows.npz. page: the report. figures: what a run came to on what was
    held out, where an accuracy is not all. prove: what else a board at a port has to do as its
    twin does. sweep: finds out what a converted run bears; None where nothing is known that
    disturbs it."""

    train: Callable[[Any, RunFolder, Callable[[Epoch], None]], Trained]
    settle: Callable[[Proven], Settled]
    page: Callable[[RunFolder], Page]
    windows: Set[str] = NEEDED
    figures: Callable[[RunFolder, Contract], tuple[Figure, ...]] = _no_figures
    prove: Callable[[RunFolder, str, OnStep], None] = _nothing_more
    sweep: Callable[[RunFolder, OnStep], Robustness] | None = None


TASKS = {
    "gesture": Task(
        train_gestures, settle_gestures, gesture_page, windows=NEEDED | OF_GESTURES, sweep=sweep
    ),
    "sentiment": Task(train_sentiment, settle_sentiment, sentiment_page, prove=prove_judging),
    "generation": Task(
        train_generation, settle_generation, generation_page, prove=prove_writing, figures=losses
    ),
    "forecast": Task(train_forecasts, settle_forecasts, forecast_page, figures=errors),
}
