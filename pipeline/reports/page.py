"""report.html: one file, no address in it, that a newcomer can read from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.reports.charts import Chart
from pipeline.reports.facts import Facts, RunFacts
from pipeline.reports.pictures import (
    learning_chart,
    robustness_chart,
    threshold_chart,
    worst_mistakes,
)

TEMPLATES = Path(__file__).parent

Score = Mapping[str, Any]  # of the events of one kind of stream


def _where_gestures(tell: Callable[[Score], str]) -> Callable[[Score], str]:
    return lambda score: tell(score) if score["takes"] else "-"


EVENT_ROWS: Mapping[str, Callable[[Score], str]] = {
    "hours": lambda score: f"{score['hours']:.2f}",
    "gestures": lambda score: f"{score['takes']:,}",
    "found": _where_gestures(lambda score: _percent(score["recall"])),
    "precision": _where_gestures(lambda score: _percent(score["precision"])),
    "F1": _where_gestures(lambda score: _places(score["f1"])),
    "how late, median": _where_gestures(lambda score: f"{score['latency_median_s']:.2f} s"),
    "how late, 95 %": _where_gestures(lambda score: f"{score['latency_p95_s']:.2f} s"),
    "false alarms an hour": lambda score: f"{score['false_alarms_per_hour']:.1f}",
    "95 % interval": lambda score: "{:.1f} to {:.1f}".format(*score["false_alarms_interval"]),
}


def render(facts: Facts) -> str:
    """The page. The same facts give the same bytes; what they lack raises KeyError."""
    contract = facts.contract
    channels = tuple(channel.name for channel in contract.channels)
    background = contract.policy.background
    return rendered(
        "gesture.html.jinja",
        facts,
        verdict=facts.verdict,
        evaluate=f"gesture evaluate {facts.run}",
        thresholds=threshold_chart(
            facts.held_out,
            None if background is None else contract.labels.index(background),
            contract.policy.thresholds,
        ),
        curves=[
            (curve, robustness_chart(curve))
            for curve in (facts.robustness or {"curves": ()})["curves"]
        ],
        mistakes=worst_mistakes(facts.held_out, contract.labels, channels, contract.rate_hz),
        event_rows=EVENT_ROWS,
    )


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
    environment.filters.update(percent=_percent, number=_number, drawn=_drawn, places=_places)
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


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(count: int) -> str:
    return f"{int(count):,}"


def _places(value: float) -> str:
    return f"{value:.3f}"


def _drawn(chart: Chart) -> str:
    from markupsafe import Markup

    return Markup(chart.svg())  # escapes what it is given
