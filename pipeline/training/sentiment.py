"""Sentiment as a course: the tokens of a text, to the probability of each label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.artifacts import Float32, Int32
from pipeline.config_text import SentimentConfig
from pipeline.contract import Contract
from pipeline.files import save_json
from pipeline.run_folder import RunFolder
from pipeline.tokens import TokenDataset
from pipeline.training.evaluate import measure
from pipeline.training.fit import Epoch, fit
from pipeline.training.journal import Journal
from pipeline.training.lessons import Course, Lesson, labelled, smoothed_cross_entropy
from pipeline.training.models import Head, build
from pipeline.training.run_files import CALIBRATION_WINDOWS, Trained, finish, save_model, spread
from pipeline.training.texts import learned, predicted, save_tokens, source_of, text_facts

MISTAKES = 10  # that are kept for people


def train_sentiment(
    dataset: TokenDataset,
    config: SentimentConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Fill the run folder. contract.json comes last: it makes the run count as trained."""
    journal = Journal(run, config, dataset.fingerprint)
    fitted = fit(_course(dataset, config), config.fit, on_epoch, journal)
    test, targets = dataset.inputs["test"], dataset.targets["test"]
    scores = predicted(fitted.model, test)
    metrics = measure(targets, np.argmax(scores, axis=1), dataset.labels)
    save_model(run, fitted)
    dataset.vocabulary.save(run.vocabulary_file)
    calibration = spread(dataset.inputs["train"], CALIBRATION_WINDOWS)
    save_tokens(run, calibration, test, test_targets=targets, test_scores=scores)
    content = asdict(metrics) | learned(dataset, fitted)
    content["confusion"] = metrics.confusion.tolist()
    content["mistakes"] = _worst_mistakes(dataset, scores)
    save_json(run.metrics_file, content)
    finish(run, _contract(dataset, config))
    return Trained(run.path, metrics.accuracy, len(test), dataset.split_note, run.report_file)


def _course(dataset: TokenDataset, config: SentimentConfig) -> Course:
    """The test part is in none of it."""
    return Course(
        network=lambda: build(
            config.model, source_of(dataset, config.text.embedding), Head(len(dataset.labels))
        ),
        learned=_lesson(dataset, "train", config),
        held=_lesson(dataset, "validation", config),
        loss=lambda: smoothed_cross_entropy(config.fit.label_smoothing),
    )


def _lesson(dataset: TokenDataset, part: str, config: SentimentConfig) -> Lesson:
    """Training weighs rare labels more; validation all alike."""
    weighed = part == "train" and config.fit.class_weights
    targets, weights = labelled(dataset.targets[part], len(dataset.labels), weighed)
    return Lesson(dataset.inputs[part], targets, weights)


def _worst_mistakes(dataset: TokenDataset, scores: Float32) -> list[dict[str, Any]]:
    """Those whose wrong label was furthest ahead of the right one, the worst first."""
    targets: Int32 = dataset.targets["test"]
    called = np.argmax(scores, axis=1)
    rows = np.arange(len(targets))
    ahead = scores[rows, called] - scores[rows, targets]
    wrong = np.flatnonzero(called != targets)
    worst = wrong[np.argsort(-ahead[wrong], kind="stable")][:MISTAKES]
    return [
        {
            "text": dataset.texts[row],
            "true": dataset.labels[targets[row]],
            "called": dataset.labels[called[row]],
            "score": float(scores[row, called[row]]),
        }
        for row in worst
    ]


def _contract(dataset: TokenDataset, config: SentimentConfig) -> Contract:
    text = config.text
    facts = text_facts(dataset, text.embedding, text.padding, text.truncating, config.hash())
    return Contract(task=config.task, window=text.max_len, hop=text.max_len, **facts)
