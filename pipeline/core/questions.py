"""Questions about motion, and their answers from a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.artifacts import NO_TARGET, Float32, Int32
from pipeline.core.contract import Channel
from pipeline.core.tokens import Vocabulary


@dataclass(frozen=True)
class AskedQuestions:
    """Questions about n bouts: at most one of each kind about each bout, and more of training.

    Args:
        tokens: int32 [n, K, Q], the words of each, with padding after them. The first places are
            those of the kinds.
        answers: int32 [n, K], an index into the list of answers; NO_TARGET where none is asked.
        weights: float32 [n, K], how much each counts: questions of a kind about a bout count as
            much as one.
        texts: of each question, [n][K]; empty where none is asked.
    """

    tokens: Int32
    answers: Int32
    weights: Float32
    texts: Sequence[Sequence[str]]


@dataclass(frozen=True)
class QuestionDataset:
    """Bouts and questions by part: `train`, `validation` and `test`.

    Args:
        samples: float32 [bouts, T, channels], in the units of the channels, not scaled.
        questions: about these bouts.
        answers: the list.
        vocabulary: of the words of questions.
        split_note: how the test part was chosen, for people.
        note: what was done to the recordings, for people.
    """

    samples: Mapping[str, Float32]
    questions: Mapping[str, AskedQuestions]
    answers: tuple[str, ...]
    vocabulary: Vocabulary
    channels: tuple[Channel, ...]
    rate_hz: float
    fingerprint: str
    split_note: str
    note: str


def usual_answers(answers: Int32) -> Int32:
    """The most frequent answer at each place of a question: who guesses takes it.

    Args:
        answers: int32 [n, K], as of AskedQuestions.

    Returns:
        int32 [K].
    """
    counts = [np.bincount(kind[kind != NO_TARGET], minlength=1) for kind in answers.T]
    return np.array([count.argmax() for count in counts], np.int32)
