"""What a run that forecasts has kept of its test part, and what was said to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.artifacts import Int32, atomic_write
from pipeline.contract import UNITS_PER_SAMPLE_STEP
from pipeline.errors import ExitCode, PipelineError
from pipeline.forecasts import HeldOutSeries, Judged, judge
from pipeline.run_folder import RunFolder


def save_int8(run: RunFolder, thousandths: Int32) -> None:
    """What the compiled C forecast at each origin: int32 [m, outputs]."""
    with atomic_write(run.scores_file) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, thousandths=thousandths)


def load_held_out(run: RunFolder) -> HeldOutSeries:
    """With what the compiled C forecast where the run is converted, else the float network."""
    kept = load_trained(run)
    if run.contract().quantisation is None:
        return kept
    with np.load(run.require(run.scores_file, "convert")) as arrays:
        return replace(kept, forecast=arrays["thousandths"] / UNITS_PER_SAMPLE_STEP)


def judged(kept: HeldOutSeries) -> tuple[Judged, ...]:
    return judge(kept.dataset, kept.dataset.origins["test"], kept.forecast)


def load_trained(run: RunFolder) -> HeldOutSeries:
    """As training left it."""
    file = run.require(run.series_file, "train")
    try:
        return HeldOutSeries.load(file)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise PipelineError(
            f"{file} cannot be read: {error}.",
            "it was cut short or edited",
            "train again; generated files are never edited by hand",
            ExitCode.MISMATCH,
        ) from None
