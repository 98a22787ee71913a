"""Renders the report of a run: a page for each task."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import yaml
from markupsafe import Markup, escape

from pipeline.core.contract import End
from pipeline.core.costs import cycles_of_instructions, seconds_of_cycles
from pipeline.core.forecasts import ForecastScore, span
from pipeline.core.shares import Share, percent_range
from pipeline.reports.charts import (
    Chart,
    ChartAxis,
    Line,
    Strip,
    examples,
    learning_chart,
    learning_curve_chart,
    robustness_chart,
    strips,
    threshold_chart,
    worst_mistakes,
)
from pipeline.reports.drawings import sheet, svg
from pipeline.reports.facts import ForecastFacts, GestureFacts, RunFacts

TEMPLATES = Path(__file__).parent


def templates() -> jinja2.Environment:
    """The templates of this package, with how they write values."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, number=_number, drawn=_drawn, places=places)
    environment.filters.update(ms_on_chip=_ms_on_chip, share=Share.of, in_code=_in_code)
    return environment


def render_template(template: str, facts: RunFacts, **more: Any) -> str:
    """Render a template that extends page.html.jinja, with the facts and further values."""
    try:
        return (
            templates()
            .get_template(template)
            .render(
                facts=facts,
                contract=facts.contract,
                convert=f"gesture convert {facts.run}",
                learning=learning_chart(facts.metrics["epochs"]),
                settings=yaml.safe_dump(dict(facts.settings), sort_keys=False, allow_unicode=True),
                **more,
            )
        )
    except jinja2.UndefinedError as error:
        raise KeyError(error.message) from error


def percent(share: float) -> str:
    """A share as percent."""
    return f"{100 * share:.1f} %"


def _number(count: int) -> str:
    return f"{int(count):,}"


def _ms_on_chip(instructions: int) -> str:
    ms = seconds_of_cycles(cycles_of_instructions(instructions)).times(1e3)
    return f"{ms.lower:.2f} to {ms.upper:.2f} ms"


def places(value: float) -> str:
    """A number with three decimals."""
    return f"{value:.3f}"


def _in_code(sentence: str) -> str:
    """What is between backticks is set as code."""
    return Markup(re.sub("`(.+?)`", r"<code>\1</code>", str(escape(sentence))))


def _drawn(chart: Chart | Strip) -> str:
    return Markup(chart.svg())  # escapes what it is given


Score = Mapping[str, Any]  # of the events of one kind of stream


def _if_gestures(format_value: Callable[[Score], str]) -> Callable[[Score], str]:
    return lambda score: format_value(score) if score["takes"] else "-"


def _if_heard(format_value: Callable[[Score], str]) -> Callable[[Score], str]:
    return lambda score: format_value(score) if score["hours"] else "-"


def _called(score: Score) -> Share:
    return Share(score["found"], score["takes"])


def _of_events(score: Score) -> Share:
    return Share(score["found"], sum(score[kind] for kind in ("found", "wrong", "again", "false")))


EVENT_ROWS: Mapping[str, Callable[[Score], str]] = {
    "hours": lambda score: f"{score['hours']:.2f}",
    "gestures": lambda score: f"{score['takes']:,}",
    "called by name": _if_gestures(lambda score: str(_called(score))),
    "called, 95 % interval": _if_gestures(lambda score: percent_range(_called(score).interval)),
    "precision": _if_gestures(lambda score: str(_of_events(score))),
    "F1": _if_gestures(lambda score: places(score["f1"])),
    "latency, median": _if_gestures(lambda score: f"{score['latency_median_s']:.2f} s"),
    "latency, 95 %": _if_gestures(lambda score: f"{score['latency_p95_s']:.2f} s"),
    "false alarms per hour": _if_heard(lambda score: f"{score['false_alarms_per_hour']:.1f}"),
    "95 % interval": _if_heard(
        lambda score: "{:.1f} to {:.1f}".format(*score["false_alarms_interval"])
    ),
}


STRIPS = 6  # of a timeline


def _strips(facts: GestureFacts) -> list[Strip]:
    if facts.timeline is None:
        return []
    labels = [label for label in facts.contract.labels if label != facts.contract.policy.background]
    return strips(labels, facts.timeline.gestures, facts.timeline.events, STRIPS)


def render_gestures(facts: GestureFacts) -> str:
    """Render the page of gestures. The same facts give the same bytes."""
    contract = facts.contract
    channels = tuple(channel.name for channel in contract.channels)
    background = contract.policy.background
    return render_template(
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
        learned=[
            (curve, learning_curve_chart(curve))
            for curve in map((facts.curves or {}).get, ("takes", "people"))
            if curve is not None
        ],
        mistakes=worst_mistakes(facts.held_out, contract.labels, channels, contract.rate_hz),
        examples=examples(facts.held_out, contract.labels, channels, contract.rate_hz),
        timeline=_strips(facts),
        event_rows=EVENT_ROWS,
    )


STEPS_DRAWN = 240  # rows of the held-out part in a chart
PLACES = 3  # significant digits of an error below ten


@dataclass(frozen=True)
class Drawn:
    """The chart of one output, and its errors."""

    score: ForecastScore
    chart: Chart


def render_forecast(facts: ForecastFacts) -> str:
    """Render the page of forecasts; as render_gestures."""
    charts = [Drawn(score, _chart(facts, at)) for at, score in enumerate(facts.scores)]
    return render_template(
        "forecast.html.jinja",
        facts,
        scores=facts.scores,
        headline=_headline(facts.scores),
        charts=charts,
        errors=[_error_chart(facts.scores, channel) for channel in _channels(facts.scores)],
        error_text=_error_text,
        lead=lambda steps: span(steps * facts.held.step_s),
    )


def _channels(scores: tuple[ForecastScore, ...]) -> list[str]:
    return list(dict.fromkeys(one.channel for one in scores))


def _headline(scores: tuple[ForecastScore, ...]) -> ForecastScore:
    return max((one for one in scores if one.channel == scores[0].channel), key=lambda j: j.steps)


def _error_text(value: float) -> str:
    return f"{value:.{PLACES}g}" if abs(value) < 10 else f"{value:.1f}"


def _chart(facts: ForecastFacts, at: int) -> Chart:
    """Forecast and true values over the middle of the held-out part."""
    held, output = facts.held, facts.held.outputs[at]
    origins = held.origins["test"]
    first = max((len(origins) - STEPS_DRAWN) // 2, 0)
    shown = slice(first, first + STEPS_DRAWN)
    truth, forecast = held.truth(origins[shown])[:, at], facts.forecast[shown, at]
    unit_s, unit = (86400, "days") if held.step_s * len(truth) > 2 * 86400 else (3600, "hours")
    ahead = (origins[shown] + output.steps - origins[0]) * held.step_s / unit_s
    both = np.concatenate([truth, forecast])
    room = 0.05 * float(np.ptp(both)) or 1.0
    score = facts.scores[at]
    label = f"{score.channel} [{score.unit}]" if score.unit else score.channel
    return Chart(
        f"{score.channel} and its forecast {output.steps} steps before",
        ChartAxis(f"{unit} into the held-out part", float(ahead[0]), float(ahead[-1])),
        ChartAxis(label, float(both.min()) - room, float(both.max()) + room),
        (
            Line("true value", ahead.tolist(), truth.tolist(), 1),
            Line("forecast", ahead.tolist(), forecast.tolist(), 2),
        ),
        width=760,
        height=240,
    )


def _error_chart(scores: tuple[ForecastScore, ...], channel: str) -> Chart:
    own = [one for one in scores if one.channel == channel]
    steps = [one.steps for one in own]
    lines = [Line("model", steps, [one.model.mae for one in own], 1, dots=True)]
    lines.append(Line("last value", steps, [one.last.mae for one in own], 2, dots=True))
    seasonal = [one.seasonal.mae for one in own if one.seasonal is not None]
    if seasonal:
        lines.append(Line("a season ago", steps, seasonal, 3, dots=True))
    highest = max(max(line.y) for line in lines)
    return Chart(
        f"Mean absolute error of {channel} by number of steps ahead",
        ChartAxis("steps ahead", 0, max(steps), whole=True),
        ChartAxis(f"{channel}: mean error {own[0].unit}".rstrip(), 0, highest * 1.05 or 1.0),
        tuple(lines),
    )


LONGEST_SHOWN = 700  # characters of a text with a wrong prediction


@dataclass(frozen=True)
class SentimentFacts(RunFacts):
    """Facts of a sentiment run; int8_accuracy is None before conversion."""

    int8_accuracy: float | None


@dataclass(frozen=True)
class GenerationFacts(RunFacts):
    """Facts of a text run; int8_loss in nats per character is None before conversion."""

    int8_loss: float | None


@dataclass(frozen=True)
class TranslationFacts(RunFacts):
    """Facts of a translation or caption run; int8_exact, a share, is None before conversion."""

    int8_exact: float | None


@dataclass(frozen=True)
class SketchFacts(RunFacts):
    """Facts of a run that draws; int8_nats, nats a point, is None before conversion."""

    int8_nats: float | None


def render_sentiment(facts: SentimentFacts) -> str:
    """Render the page of sentiment; as render_gestures."""
    vocabulary = facts.contract.vocabulary
    assert vocabulary is not None  # the task has one
    mistakes = [
        {**mistake, "text": shortened(mistake["text"], vocabulary.truncating)}
        for mistake in facts.metrics["mistakes"]
    ]
    accuracy = facts.metrics["accuracy"] if facts.int8_accuracy is None else facts.int8_accuracy
    return render_template(
        "sentiment.html.jinja", facts, called=facts.metrics, accuracy=accuracy, mistakes=mistakes
    )


def render_generation(facts: GenerationFacts) -> str:
    """Render the page of text generation; as render_gestures."""
    metrics = facts.metrics
    return render_template(
        "generation.html.jinja",
        facts,
        loss=metrics["loss"],
        bits=metrics["bits_per_character"],
        samples=metrics["samples"],
    )


def render_translation(facts: TranslationFacts) -> str:
    """Render the page of translation; as render_gestures."""
    return render_template("translation.html.jinja", facts, exact=facts.metrics["exact_match"])


def render_captions(facts: TranslationFacts) -> str:
    """Render the page of captions; as render_gestures."""
    return render_template("caption.html.jinja", facts, exact=facts.metrics["exact_match"])


def render_sketch(facts: SketchFacts) -> str:
    """Render the page of sketches; as render_gestures."""
    metrics = facts.metrics
    drawn = (
        (temperature, [np.array(one, np.float32).reshape(-1, 3) for one in drawings])
        for temperature, drawings in sorted(metrics["samples"].items())
    )
    pictures = [
        (temperature, Markup(svg(sheet(drawings, metrics["size"], columns=4))))  # of numbers alone
        for temperature, drawings in drawn
    ]
    return render_template(
        "sketch.html.jinja", facts, nats=metrics["nats_a_point"], pictures=pictures
    )


def render_questions(facts: RunFacts) -> str:
    """Render the page of questions; as render_gestures."""
    return render_template("question.html.jinja", facts)


def shortened(text: str, cut: End) -> str:
    """Shorten a long text at the end where the network truncates it, between words if possible."""
    if len(text) <= LONGEST_SHOWN:
        return text
    if cut == "post":
        begin = text[:LONGEST_SHOWN]
        return f"{begin.rpartition(' ')[0] or begin} …"
    end = text[-LONGEST_SHOWN:]
    return f"… {end.partition(' ')[2] or end}"
