"""The dataset of questions: bouts, and what is asked about them with its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from pipeline.config.caption_settings import QuestionConfig
from pipeline.core.artifacts import IMU_UNITS, NO_TARGET
from pipeline.core.contract import Channel
from pipeline.core.questions import AskedQuestions, QuestionDataset
from pipeline.core.tokens import Vocabulary
from pipeline.datasets.bout_words import (
    KINDS,
    Question,
    questions_about,
    questions_about_gestures,
)
from pipeline.datasets.bouts import PARTS, Bouts, FitLength, make_bouts


def question_dataset(config: QuestionConfig, fit_length: FitLength) -> QuestionDataset:
    """Make bouts, and ask one question of each kind about each of them; in training more.

    Args:
        config: the settings.
        fit_length: the nearest length that the network takes.

    Raises:
        PipelineError: the data cannot be used.
    """
    bouts = make_bouts(config, fit_length)
    asked = {part: _asked(bouts, part, config.bouts.seed) for part in PARTS}
    texts = [question.text for own in asked["train"] for question in own if question]
    vocabulary = Vocabulary.fit(texts, "words", None)
    longest = max(len(vocabulary.encode(text)) for text in set(texts))
    answers = _answers(bouts.labels, config.bouts.parts * config.bouts.repeats)
    channels = tuple(Channel(name=name, unit=IMU_UNITS[name]) for name in config.data.channels)
    return QuestionDataset(
        samples=bouts.samples,
        questions={
            part: _numbered(own, vocabulary, answers, longest) for part, own in asked.items()
        },
        answers=tuple(answers),
        vocabulary=vocabulary,
        channels=channels,
        rate_hz=bouts.rate_hz,
        fingerprint=bouts.fingerprint,
        split_note=bouts.split_note,
        note=bouts.note,
    )


Asked: TypeAlias = Sequence[Question | None]  # about a bout, a place for each kind first


def _asked(bouts: Bouts, part: str, seed: int) -> list[Asked]:
    """What is asked about each bout; in training more, since the motion is read anyway."""
    random = np.random.default_rng((seed, PARTS.index(part)))
    asked: list[Asked] = []
    for parts in bouts.parts[part]:
        by_kind = {one.kind: one for one in questions_about(parts, bouts.labels, random)}
        more = questions_about_gestures(parts, bouts.labels, random) if part == "train" else ()
        asked.append([*(by_kind.get(kind) for kind in KINDS), *more])
    return asked


def _answers(labels: Sequence[str], most: int) -> dict[str, int]:
    """The number of each answer that a question can have."""
    texts = [*map(str, range(most + 1)), "yes", "no", *labels]
    return {text: number for number, text in enumerate(dict.fromkeys(texts))}


def _numbered(
    asked: Sequence[Asked], vocabulary: Vocabulary, answers: Mapping[str, int], longest: int
) -> AskedQuestions:
    places = max(map(len, asked))
    tokens = np.zeros((len(asked), places, longest), np.int32)
    numbers = np.full((len(asked), places), NO_TARGET, np.int32)
    weights = np.zeros((len(asked), places), np.float32)
    texts = [[""] * places for _ in asked]
    for bout, questions in enumerate(asked):
        of_kind = Counter(question.kind for question in questions if question is not None)
        for place, question in enumerate(questions):
            if question is not None:
                words = vocabulary.encode(question.text)
                tokens[bout, place, : len(words)] = words
                numbers[bout, place] = answers[question.answer]
                weights[bout, place] = 1 / of_kind[question.kind]
                texts[bout][place] = question.text
    return AskedQuestions(tokens, numbers, weights, texts)
