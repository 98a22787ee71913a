"""The reports of runs that judge text and of those that write it."""

from __future__ import annotations

from pipeline.artifacts import RunFolder
from pipeline.reports.text_page import (
    GenerationFacts,
    Sample,
    SentimentFacts,
    render_generation,
    render_sentiment,
)
from pipeline.stages.reporting import facts_of


def sentiment_page(run: RunFolder) -> str:
    facts = facts_of(run)
    metrics = facts["metrics"]
    return render_sentiment(SentimentFacts(**facts, called=metrics, int8_accuracy=None))


def generation_page(run: RunFolder) -> str:
    facts = facts_of(run)
    metrics = facts["metrics"]
    return render_generation(
        GenerationFacts(
            **facts,
            loss=metrics["loss"],
            bits_per_character=metrics["bits_per_character"],
            samples=[Sample(**sample) for sample in metrics["samples"]],
            int8_loss=None,
        )
    )
