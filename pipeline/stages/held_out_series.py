"""What a run that forecasts has kept of its test part, and what was said to it."""

from __future__ import annotations

from dataclasses import replace

from pipeline.artifacts import Figure, Int32
from pipeline.contract import UNITS_PER_SAMPLE_STEP, Contract
from pipeline.files import load_arrays, save_arrays
from pipeline.forecasts import HeldOutSeries, Judged, judge
from pipeline.run_folder import RunFolder


def save_int8(run: RunFolder, thousandths: Int32) -> None:
    """What the compiled C forecast at each origin: int32 [m, outputs]."""
    save_arrays(run.scores_file, thousandths=thousandths)


def load_held_out(run: RunFolder) -> HeldOutSeries:
    """With what the compiled C forecast where the run is converted, else the float network."""
    kept = load_trained(run)
    if run.contract().quantisation is None:
        return kept
    file = run.require(run.scores_file, "convert")
    thousandths = load_arrays(file, "convert", {"thousandths"})["thousandths"]
    return replace(kept, forecast=thousandths / UNITS_PER_SAMPLE_STEP)


def judged(kept: HeldOutSeries) -> tuple[Judged, ...]:
    return judge(kept.dataset, kept.dataset.origins["test"], kept.forecast)


def errors(run: RunFolder, _contract: Contract) -> tuple[Figure, ...]:
    """By horizon; whose, load_held_out says."""
    from pipeline.training.forecast import figures

    return figures(judged(load_held_out(run)))


def load_trained(run: RunFolder) -> HeldOutSeries:
    """As training left it."""
    return HeldOutSeries.load(run.require(run.series_file, "train"))
