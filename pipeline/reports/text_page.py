"""The pages of runs that judge text and of those that write it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.contract import End
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
    vocabulary = facts.contract.vocabulary
    assert vocabulary is not None  # the task has one
    mistakes = [
        {**mistake, "text": shortened(mistake["text"], vocabulary.truncating)}
        for mistake in facts.metrics["mistakes"]
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


def shortened(text: str, cut: End) -> str:
    """Cut where it is cut for the network too, between words if it has any."""
    if len(text) <= LONGEST_SHOWN:
        return text
    if cut == "post":
        begin = text[:LONGEST_SHOWN]
        return f"{begin.rpartition(' ')[0] or begin} …"
    end = text[-LONGEST_SHOWN:]
    return f"… {end.partition(' ')[2] or end}"
