"""The report of a run that forecasts."""

from __future__ import annotations

from pipeline.artifacts import RunFolder
from pipeline.forecasts import HeldOutSeries, judge
from pipeline.reports.facts import ForecastFacts
from pipeline.stages.held_out_series import int8_forecast, load_held_out
from pipeline.stages.reporting import facts_of


def forecast_page(run: RunFolder) -> str:
    """By the compiled C where the run is converted, else by the float network."""
    from pipeline.reports.forecast_page import render

    facts = facts_of(run)
    int8 = facts["contract"].quantisation is not None
    kept: HeldOutSeries = load_held_out(run)
    forecast = int8_forecast(run) if int8 else kept.forecast
    judged = judge(kept.dataset, kept.dataset.origins["test"], forecast)
    return render(
        ForecastFacts(**facts, judged=judged, int8=int8, held=kept.dataset, forecast=forecast)
    )
