"""The pages of runs that judge text and of those that write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.reports.facts import RunFacts
from pipeline.reports.page import rendered

LONGEST_SHOWN = 700  # characters of a text that was judged wrongly


@dataclass(frozen=True)
class SentimentFacts(RunFacts):
    """called: what metrics.json says of the float network; int8_accuracy: None where the run is
    not converted."""

    called: Mapping[str, Any]
    int8_accuracy: float | None


@dataclass(frozen=True)
class Sample:
    temperature: float
    prompt: str
    text: str


@dataclass(frozen=True)
class GenerationFacts(RunFacts):
    """loss: nats a character on what was held out; int8_loss: None where the run is not
    converted."""

    loss: float
    bits_per_character: float
    samples: Sequence[Sample]
    int8_loss: float | None


def render_sentiment(facts: SentimentFacts) -> str:
    """The page. The same facts give the same bytes; what they lack raises KeyError."""
    mistakes = [
        {**mistake, "text": _shortened(mistake["text"])} for mistake in facts.called["mistakes"]
    ]
    accuracy = facts.called["accuracy"] if facts.int8_accuracy is None else facts.int8_accuracy
    return rendered(
        "sentiment.html.jinja", facts, called=facts.called, accuracy=accuracy, mistakes=mistakes
    )


def render_generation(facts: GenerationFacts) -> str:
    """As render_sentiment."""
    return rendered("generation.html.jinja", facts, samples=facts.samples)


def _shortened(text: str) -> str:
    """The end, which networks are given too where a text is too long."""
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"… {text[-LONGEST_SHOWN:].partition(' ')[2]}"
