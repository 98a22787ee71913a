"""The pages of runs that judge text and of those that write it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.reports.facts import RunFacts
from pipeline.reports.page import rendered

LONGEST_SHOWN = 700  # characters of a text that was judged wrongly


@dataclass(frozen=True)
class SentimentFacts(RunFacts):
    """int8_accuracy: None where the run is not converted."""

    int8_accuracy: float | None


@dataclass(frozen=True)
class GenerationFacts(RunFacts):
    """int8_loss: nats a character on what was held out; None where the run is not converted."""

    int8_loss: float | None


def render_sentiment(facts: SentimentFacts) -> str:
    """The page. The same facts give the same bytes; what they lack raises KeyError."""
    mistakes = [
        {**mistake, "text": _shortened(mistake["text"])} for mistake in facts.metrics["mistakes"]
    ]
    accuracy = facts.metrics["accuracy"] if facts.int8_accuracy is None else facts.int8_accuracy
    return rendered(
        "sentiment.html.jinja", facts, called=facts.metrics, accuracy=accuracy, mistakes=mistakes
    )


def render_generation(facts: GenerationFacts) -> str:
    """As render_sentiment."""
    metrics = facts.metrics
    return rendered(
        "generation.html.jinja",
        facts,
        loss=metrics["loss"],
        bits=metrics["bits_per_character"],
        samples=metrics["samples"],
    )


def _shortened(text: str) -> str:
    """The end, which networks are given too where a text is too long."""
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"… {text[-LONGEST_SHOWN:].partition(' ')[2]}"
