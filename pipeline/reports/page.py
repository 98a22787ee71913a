"""report.html: one file, no address in it, that a newcomer can read from top to bottom."""

from __future__ import annotations

from pathlib import Path

import yaml

from pipeline.errors import ExitCode, PipelineError
from pipeline.reports.charts import Chart
from pipeline.reports.facts import Facts
from pipeline.reports.pictures import (
    learning_chart,
    robustness_chart,
    threshold_chart,
    worst_mistakes,
)

TEMPLATES = Path(__file__).parent


def render(facts: Facts) -> str:
    """The page. The same facts give the same bytes.

    Raises PipelineError (MISMATCH) where an artefact lacks what the page shows.
    """
    import jinja2

    contract = facts.contract
    channels = tuple(channel.name for channel in contract.channels)
    background = contract.decision.background
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, number=_number, drawn=_drawn, places=_places)
    try:
        return environment.get_template("report.html.jinja").render(
            facts=facts,
            contract=contract,
            verdict=facts.verdict,
            learning=learning_chart(facts.metrics["epochs"]),
            thresholds=threshold_chart(
                facts.held_out,
                None if background is None else contract.labels.index(background),
                contract.decision.thresholds,
            ),
            curves=[
                (curve, robustness_chart(curve))
                for curve in (facts.robustness or {"curves": ()})["curves"]
            ],
            mistakes=worst_mistakes(facts.held_out, contract.labels, channels, contract.rate_hz),
            settings=yaml.safe_dump(dict(facts.settings), sort_keys=False, allow_unicode=True),
        )
    except (KeyError, jinja2.UndefinedError) as error:
        raise PipelineError(
            f"An artefact in {facts.run} lacks what the report shows: {error}.",
            "it was edited, or written by another version",
            "convert or train again",
            ExitCode.MISMATCH,
        ) from None


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(count: float) -> str:
    return f"{count:,}"


def _places(value: float) -> str:
    return f"{value:.3f}"


def _drawn(chart: Chart) -> str:
    from markupsafe import Markup

    return Markup(chart.svg())  # escapes what it is given
