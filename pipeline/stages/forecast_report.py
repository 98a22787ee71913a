"""The report of a run that forecasts."""

from __future__ import annotations

from pipeline.reports.facts import ForecastFacts
from pipeline.run_folder import RunFolder
from pipeline.stages.held_out_series import int8_forecast, judged, load_held_out
from pipeline.stages.reporting import facts_of


def forecast_page(run: RunFolder) -> str:
    """By the compiled C where the run is converted, else by the float network."""
    from pipeline.reports.forecast_page import render

    facts = facts_of(run)
    contract = facts["contract"]
    int8 = contract.quantisation is not None
    kept = load_held_out(run)
    return render(
        ForecastFacts(
            **facts,
            judged=judged(run, contract),
            int8=int8,
            held=kept.dataset,
            forecast=int8_forecast(run) if int8 else kept.forecast,
        )
    )
