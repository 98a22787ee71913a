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
from pipeline.stages.run_facts import Page, facts_of


def sentiment_page(run: RunFolder) -> Page:
    told = facts_of(run)
    facts = SentimentFacts(**told, int8_accuracy=_int8_accuracy(run, told["contract"]))
    return Page.of(render_sentiment(facts), facts)


def _int8_accuracy(run: RunFolder, contract: Contract) -> float | None:
    from pipeline.training.held_out import HeldOutScores

    if contract.quantisation is None:
        return None
    return HeldOutScores.load(run.require(run.scores_file, "convert")).int8_accuracy


def generation_page(run: RunFolder) -> Page:
    told = facts_of(run)
    facts = GenerationFacts(**told, int8_loss=int8_loss(run, told["contract"]))
    return Page.of(render_generation(facts), facts)
