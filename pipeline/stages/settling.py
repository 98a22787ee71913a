"""What conversion hands to a task once its C is proven, and what the task makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pipeline.artifacts import Figure
from pipeline.contract import Contract, DecisionPolicy
from pipeline.run_folder import RunFolder

if TYPE_CHECKING:
    from pipeline.training.event_score import EventScore
    from pipeline.twin import Twin


@dataclass(frozen=True)
class Proven:
    """draft: where artefacts are left until all of them are there; windows: of windows.npz."""

    run: RunFolder
    draft: RunFolder
    contract: Contract
    twin: Twin
    windows: dict[str, NDArray[Any]]
    on_step: Callable[[str], None]


@dataclass(frozen=True)
class Decided:
    """A policy, how it was come by, and its events: of the test part, and of unknown motion."""

    policy: DecisionPolicy
    how: str
    events: EventScore
    unknown: EventScore


@dataclass(frozen=True)
class Settled:
    """contract: as the board will have it; int8_accuracy: None where a task has no right answers;
    decided: of gestures; figures: what else the compiled C came to on what was held out."""

    contract: Contract
    int8_accuracy: float | None = None
    decided: Decided | None = None
    figures: tuple[Figure, ...] = ()
