"""The report of a run that forecasts."""

from __future__ import annotations

from pipeline.reports.facts import ForecastFacts
from pipeline.run_folder import RunFolder
from pipeline.stages.held_out_series import judged, load_held_out
from pipeline.stages.run_facts import Page, facts_of


def forecast_page(run: RunFolder) -> Page:
    from pipeline.reports.forecast_page import render

    kept = load_held_out(run)
    facts = ForecastFacts(
        **facts_of(run), judged=judged(kept), held=kept.dataset, forecast=kept.forecast
    )
    return Page.of(render(facts), facts)
