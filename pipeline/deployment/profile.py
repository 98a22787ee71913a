"""What each layer of a deployed network really takes, beside what conversion estimated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.costs import NetworkCost
from pipeline.errors import ExitCode, PipelineError

FLAGS = ("-DNN_PROFILE",)  # what the firmware is built with


class Board(Protocol):
    """What profiling needs of a board; pipeline.capture.client.BoardClient is one."""

    def profile(self) -> Sequence[float]: ...


@dataclass(frozen=True)
class LayerProfile:
    """measured: in the profile's unit."""

    name: str
    operator: str
    estimated_instructions: int
    measured: float


@dataclass(frozen=True)
class Profile:
    """unit: `instructions` (virtual board), `cycles` (a real one) or `ns` (native)."""

    unit: str
    layers: tuple[LayerProfile, ...]


def take_profile(
    board: Board, cost: NetworkCost, unit: str, of_ticks: Callable[[float], float]
) -> Profile:
    """Raises PipelineError where the board runs another number of layers."""
    ticks = board.profile()
    if len(ticks) != len(cost.layers):
        raise PipelineError(
            f"The board counts {len(ticks)} layers, the run has {len(cost.layers)}.",
            "the run was converted again after it was deployed",
            "deploy it again with --profile",
            ExitCode.MISMATCH,
        )
    layers = (
        LayerProfile(layer.name, layer.operator, layer.instructions, round(of_ticks(counted), 1))
        for layer, counted in zip(cost.layers, ticks, strict=True)
    )
    return Profile(unit, tuple(layers))
