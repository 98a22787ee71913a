"""A converted run's held-out windows, disturbed more and more, and what its C says to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pipeline.artifacts import Float32, Int8, Int32
from pipeline.contract import UNITS_PER_SAMPLE_STEP
from pipeline.errors import PipelineError
from pipeline.run_folder import RunFolder
from pipeline.stages.run_windows import held_out_windows
from pipeline.stages.runs import converted_contract

if TYPE_CHECKING:
    from pipeline.datasets.disturb import Disturbance
    from pipeline.training.robustness import Curve, Robustness
    from pipeline.twin import Twin

OnStep = Callable[[str], None]

SEED = 1
MOST_WINDOWS = 1000  # evenly chosen where there are more
LEAST_ASKED = 400  # with fewer windows each is asked several times, disturbed in other ways
INT32 = np.iinfo(np.int32)


def sweep(run: RunFolder, on_step: OnStep) -> Robustness:
    """The curves of this very model: those in the run, or made and left there."""
    from pipeline.datasets.disturb import DISTURBANCES
    from pipeline.training.robustness import Robustness
    from pipeline.twin import Twin

    contract = converted_contract(run)
    kept = kept_sweep(run, contract.hash())
    if kept is not None:
        return kept
    held_out = held_out_windows(run, contract)
    count = len(held_out.targets)
    chosen = np.linspace(0, count - 1, min(count, MOST_WINDOWS)).astype(np.int64)
    chosen = np.tile(chosen, -(-LEAST_ASKED // len(chosen)))
    windows, targets = held_out.windows[chosen], held_out.targets[chosen]
    channels = tuple(channel.name for channel in contract.channels)
    twin = Twin(run.sources, run.build)
    curves = []
    for disturbance in DISTURBANCES:
        on_step(f"disturbing: {disturbance.name}")
        curves.append(_curve(disturbance, windows, targets, channels, twin))
    rotation = next(curve for curve in curves if curve.name == "rotation")
    found = Robustness(contract.hash(), len(targets), rotation.falls_above, tuple(curves))
    found.save(run.robustness_file)
    return found


def kept_sweep(run: RunFolder, contract_hash: str) -> Robustness | None:
    """What an earlier sweep left, unless it was of another model or cannot be read."""
    from pipeline.training.robustness import Robustness

    try:
        kept = Robustness.load(run.robustness_file)
    except PipelineError:
        return None
    return kept if kept.contract == contract_hash else None


def _curve(
    disturbance: Disturbance,
    windows: Float32,
    targets: Int32,
    channels: tuple[str, ...],
    twin: Twin,
) -> Curve:
    """windows: float32 [n, T, channels] in units; the same chances at every level."""
    from pipeline.training.robustness import make_curve

    accuracies = []
    for level in disturbance.levels:
        random = np.random.default_rng(SEED)
        scores = _ask(twin, disturbance.apply(windows, channels, level, random))
        accuracies.append(float(np.mean(scores.argmax(axis=1) == targets)))
    return make_curve(
        disturbance.name,
        disturbance.meaning,
        disturbance.unit,
        disturbance.neutral,
        disturbance.levels,
        accuracies,
    )


def _ask(twin: Twin, windows: Float32) -> Int8:
    """As a board would be asked: in thousandths, through its own scaling."""
    thousandths = np.rint(windows.astype(np.float64) * UNITS_PER_SAMPLE_STEP)
    samples = np.zeros((windows.shape[0] * windows.shape[1], 6), np.int32)
    samples[:, : twin.channels] = thousandths.clip(INT32.min, INT32.max).reshape(-1, twin.channels)
    inputs = twin.quantise(samples)
    return twin.invoke(inputs.reshape(len(windows), -1))
