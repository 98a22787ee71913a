"""The reports of runs that judge text and of those that write it."""

from __future__ import annotations

from pipeline.contract import Contract
from pipeline.reports.text_page import (
    GenerationFacts,
    SentimentFacts,
    render_generation,
    render_sentiment,
)
from pipeline.run_folder import RunFolder
from pipeline.stages.held_out_text import int8_loss
from pipeline.stages.run_facts import facts_of


def sentiment_page(run: RunFolder) -> str:
    facts = facts_of(run)
    int8_accuracy = _int8_accuracy(run, facts["contract"])
    return render_sentiment(SentimentFacts(**facts, int8_accuracy=int8_accuracy))


def _int8_accuracy(run: RunFolder, contract: Contract) -> float | None:
    from pipeline.training.held_out import HeldOutScores

    if contract.quantisation is None:
        return None
    return HeldOutScores.load(run.require(run.scores_file, "convert")).int8_accuracy


def generation_page(run: RunFolder) -> str:
    facts = facts_of(run)
    return render_generation(GenerationFacts(**facts, int8_loss=int8_loss(run, facts["contract"])))
