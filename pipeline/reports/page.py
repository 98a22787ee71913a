"""report.html: one file, no address in it, that a newcomer can read from top to bottom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pipeline.reports.charts import Chart
from pipeline.reports.facts import RunFacts
from pipeline.reports.pictures import learning_chart

TEMPLATES = Path(__file__).parent


def rendered(template: str, facts: RunFacts, **more: Any) -> str:
    """A template that extends page.html.jinja, given the facts and what it needs `more`."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, number=_number, drawn=_drawn, places=places)
    try:
        return environment.get_template(template).render(
            facts=facts,
            contract=facts.contract,
            convert=f"gesture convert {facts.run}",
            learning=learning_chart(facts.metrics["epochs"]),
            settings=yaml.safe_dump(dict(facts.settings), sort_keys=False, allow_unicode=True),
            **more,
        )
    except jinja2.UndefinedError as error:
        raise KeyError(error.message) from error


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(count: int) -> str:
    return f"{int(count):,}"


def places(value: float) -> str:
    return f"{value:.3f}"


def _drawn(chart: Chart) -> str:
    from markupsafe import Markup

    return Markup(chart.svg())  # escapes what it is given
