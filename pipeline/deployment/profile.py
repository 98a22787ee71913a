"""Profiles a deployed network: the time of each layer on the board, and the energy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.core.board_profiles import NANO33BLE
from pipeline.core.costs import Bounds, NetworkCost, cycles_of_instructions, seconds_of_cycles
from pipeline.core.errors import MismatchError

FLAGS = ("-DNN_PROFILE",)  # build flags of the firmware


class ProfiledBoard(Protocol):
    """The part of a board that profiling needs; pipeline.capture.client.BoardClient has it."""

    def profile(self) -> Sequence[float]:
        """Ticks of each layer."""


@dataclass(frozen=True)
class LayerProfile:
    """The cost of a layer; `measured` is in the profile's unit."""

    name: str
    operator: str
    estimated_instructions: int
    measured: float


@dataclass(frozen=True)
class Profile:
    """The cost of all layers; unit: `instructions` (virtual), `cycles` (real) or `ns` (native)."""

    unit: str
    layers: tuple[LayerProfile, ...]


def take_profile(
    board: ProfiledBoard, cost: NetworkCost, unit: str, of_ticks: Callable[[float], float]
) -> Profile:
    """Measure each layer on a board.

    Args:
        board: runs an image with FLAGS.
        of_ticks: converts the board's ticks to `unit`.
    """
    ticks = board.profile()
    if len(ticks) != len(cost.layers):
        raise MismatchError(
            f"The board counts {len(ticks)} layers, the run has {len(cost.layers)}.",
            "the run was converted again after it was deployed",
            "deploy it again with --profile",
        )
    layers = (
        LayerProfile(layer.name, layer.operator, layer.instructions, round(of_ticks(counted), 1))
        for layer, counted in zip(cost.layers, ticks, strict=True)
    )
    return Profile(unit, tuple(layers))


# All boards have this chip.
POWER_W = NANO33BLE.computing_a * NANO33BLE.supply_v


@dataclass(frozen=True)
class Estimate:
    """Time and energy of an inference.

    Attributes:
        load: share of the processor's time at the model's rate; None if there is no fixed rate.
        measured: whether the board measured the time; else it is estimated from instructions.
    """

    inference_ms: Bounds
    inference_uj: Bounds
    load: Bounds | None
    measured: bool


def estimate_from_cycles(cycles: float, inferences_hz: float) -> Estimate:
    """Estimate from a real board's cycle counter; inferences_hz is 0 without a fixed rate."""
    return _estimate(Bounds(cycles, cycles), inferences_hz, measured=True)


def estimate_from_instructions(instructions: float, inferences_hz: float) -> Estimate:
    """Estimate from the virtual board's instructions; inferences_hz is 0 without a fixed rate."""
    return _estimate(cycles_of_instructions(instructions), inferences_hz, measured=False)


def _estimate(cycles: Bounds, inferences_hz: float, measured: bool) -> Estimate:
    seconds = seconds_of_cycles(cycles)
    load = seconds.times(inferences_hz) if inferences_hz > 0 else None
    joules = seconds.times(POWER_W)
    return Estimate(seconds.times(1e3), joules.times(1e6), load, measured)
