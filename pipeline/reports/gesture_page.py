"""The report of a run of gestures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.reports.facts import GestureFacts
from pipeline.reports.page import percent, places, rendered
from pipeline.reports.pictures import robustness_chart, threshold_chart, worst_mistakes

Score = Mapping[str, Any]  # of the events of one kind of stream


def _where_gestures(tell: Callable[[Score], str]) -> Callable[[Score], str]:
    return lambda score: tell(score) if score["takes"] else "-"


EVENT_ROWS: Mapping[str, Callable[[Score], str]] = {
    "hours": lambda score: f"{score['hours']:.2f}",
    "gestures": lambda score: f"{score['takes']:,}",
    "found": _where_gestures(lambda score: percent(score["recall"])),
    "precision": _where_gestures(lambda score: percent(score["precision"])),
    "F1": _where_gestures(lambda score: places(score["f1"])),
    "how late, median": _where_gestures(lambda score: f"{score['latency_median_s']:.2f} s"),
    "how late, 95 %": _where_gestures(lambda score: f"{score['latency_p95_s']:.2f} s"),
    "false alarms an hour": lambda score: f"{score['false_alarms_per_hour']:.1f}",
    "95 % interval": lambda score: "{:.1f} to {:.1f}".format(*score["false_alarms_interval"]),
}


def render_gestures(facts: GestureFacts) -> str:
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
