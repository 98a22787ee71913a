"""What a run that forecasts has kept of its test part, and what was said to it."""

from __future__ import annotations

import numpy as np

from pipeline.artifacts import Int32, atomic_write
from pipeline.contract import UNITS_PER_SAMPLE_STEP, Contract
from pipeline.errors import ExitCode, PipelineError
from pipeline.forecasts import Float64, HeldOutSeries, Judged, judge
from pipeline.run_folder import RunFolder


def save_int8(run: RunFolder, thousandths: Int32) -> None:
    """What the compiled C forecast at each origin: int32 [m, outputs]."""
    with atomic_write(run.scores_file) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, thousandths=thousandths)


def load_held_out(run: RunFolder) -> HeldOutSeries:
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


def int8_forecast(run: RunFolder) -> Float64:
    """Of a converted run, for the held-out part: float64 [m, outputs], in units."""
    with np.load(run.require(run.scores_file, "convert")) as arrays:
        found: Float64 = arrays["thousandths"] / UNITS_PER_SAMPLE_STEP
    return found


def judged(run: RunFolder, contract: Contract) -> tuple[Judged, ...]:
    """By the compiled C where the run is converted, else by the float network."""
    kept = load_held_out(run)
    forecast = kept.forecast if contract.quantisation is None else int8_forecast(run)
    return judge(kept.dataset, kept.dataset.origins["test"], forecast)
