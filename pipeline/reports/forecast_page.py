"""The page of a run that forecasts: its errors beside those of guessing, and its guesses drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.forecasts import Judged, span
from pipeline.reports.charts import Axis, Chart, Line
from pipeline.reports.facts import ForecastFacts
from pipeline.reports.page import rendered

STEPS_DRAWN = 240  # rows of the held-out part that a chart shows
PLACES = 3  # of an error, where it is below ten


@dataclass(frozen=True)
class Drawn:
    """One output over some of the held-out rows, with what it was."""

    judged: Judged
    chart: Chart


def render(facts: ForecastFacts) -> str:
    """The page. The same facts give the same bytes; what they lack raises KeyError."""
    charts = [Drawn(judged, _chart(facts, at)) for at, judged in enumerate(facts.judged)]
    return rendered(
        "forecast.html.jinja",
        facts,
        judged=facts.judged,
        headline=_headline(facts.judged),
        charts=charts,
        errors=[_error_chart(facts.judged, channel) for channel in _channels(facts.judged)],
        told=_told,
        lead=lambda steps: span(steps * facts.held.step_s),
    )


def _channels(judged: tuple[Judged, ...]) -> list[str]:
    return list(dict.fromkeys(one.channel for one in judged))


def _headline(judged: tuple[Judged, ...]) -> Judged:
    """The first target, the furthest ahead."""
    return max((one for one in judged if one.channel == judged[0].channel), key=lambda j: j.steps)


def _told(value: float) -> str:
    return f"{value:.{PLACES}g}" if abs(value) < 10 else f"{value:.1f}"


def _chart(facts: ForecastFacts, at: int) -> Chart:
    """What was forecast for each row, and what came, over the middle of the held-out part."""
    held, output = facts.held, facts.held.outputs[at]
    origins = held.origins["test"]
    first = max((len(origins) - STEPS_DRAWN) // 2, 0)
    shown = slice(first, first + STEPS_DRAWN)
    truth, forecast = held.truth(origins[shown])[:, at], facts.forecast[shown, at]
    unit_s, unit = (86400, "days") if held.step_s * len(truth) > 2 * 86400 else (3600, "hours")
    ahead = (origins[shown] + output.steps - origins[0]) * held.step_s / unit_s
    both = np.concatenate([truth, forecast])
    room = 0.05 * float(np.ptp(both)) or 1.0
    judged = facts.judged[at]
    label = f"{judged.channel} [{judged.unit}]" if judged.unit else judged.channel
    return Chart(
        f"{judged.channel} as it came, and as it was forecast {output.steps} steps before",
        Axis(f"{unit} into the held-out part", float(ahead[0]), float(ahead[-1])),
        Axis(label, float(both.min()) - room, float(both.max()) + room),
        (
            Line("as it came", ahead.tolist(), truth.tolist(), 1),
            Line("forecast", ahead.tolist(), forecast.tolist(), 2),
        ),
        width=760,
        height=240,
    )


def _error_chart(judged: tuple[Judged, ...], channel: str) -> Chart:
    own = [one for one in judged if one.channel == channel]
    steps = [one.steps for one in own]
    lines = [Line("model", steps, [one.model.mae for one in own], 1, dots=True)]
    lines.append(Line("last value", steps, [one.last.mae for one in own], 2, dots=True))
    seasonal = [one.seasonal.mae for one in own if one.seasonal is not None]
    if seasonal:
        lines.append(Line("a season ago", steps, seasonal, 3, dots=True))
    highest = max(max(line.y) for line in lines)
    return Chart(
        f"Mean absolute error of {channel} by how far ahead it is forecast",
        Axis("steps ahead", 0, max(steps), whole=True),
        Axis(f"{channel}: mean error {own[0].unit}".rstrip(), 0, highest * 1.05 or 1.0),
        tuple(lines),
    )
