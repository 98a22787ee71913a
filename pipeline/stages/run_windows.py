"""The windows a run is tested on, as they were sensed, and what the run says to them."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Float32
from pipeline.contract import Contract
from pipeline.files import load_arrays
from pipeline.reports.facts import HeldOutWindows
from pipeline.run_folder import RunFolder

NEEDED = frozenset({"calibration", "test"})
OF_GESTURES = frozenset({"test_targets", "test_names", "test_scores"})


def load_windows(run: RunFolder, needed: Set[str]) -> dict[str, NDArray[Any]]:
    """The arrays of windows.npz. Raises PipelineError where it is missing or cannot be used."""
    return load_arrays(run.require(run.windows_file, "train"), "train", needed)


def held_out_windows(run: RunFolder, contract: Contract) -> HeldOutWindows:
    """With the scores of the compiled C where the run is converted, else of the float model."""
    arrays = load_windows(run, NEEDED | OF_GESTURES)
    int8 = _int8_scores(run, contract)
    return HeldOutWindows(
        windows=_in_units(arrays["test"], contract),
        targets=arrays["test_targets"],
        names=tuple(arrays["test_names"].tolist()),
        scores=arrays["test_scores"] if int8 is None else int8,
    )


def _in_units(scaled: Float32, contract: Contract) -> Float32:
    mean, std = np.array(contract.scaling.mean), np.array(contract.scaling.std)
    windows: Float32 = (scaled * std + mean).astype(np.float32)
    return windows


def _int8_scores(run: RunFolder, contract: Contract) -> Float32 | None:
    """Float32 [n, K], 0 to 1: each step of int8 is worth what the contract says."""
    from pipeline.training.held_out import HeldOutScores

    if contract.quantisation is None:
        return None
    kept = HeldOutScores.load(run.require(run.scores_file, "convert"))
    steps = kept.int8_scores.astype(np.float32) - contract.quantisation.output_zero_point
    scores: Float32 = steps * np.float32(contract.quantisation.output_scale)
    return scores
