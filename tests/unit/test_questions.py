"""Questions about bouts have the answers that the bouts have, and a network learns to give them."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.caption_settings import QuestionConfig
from pipeline.config.file import load_section
from pipeline.core.artifacts import NO_TARGET
from pipeline.core.questions import QuestionDataset, usual_answers
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.bout_words import (
    KINDS,
    BoutPart,
    questions_about,
    questions_about_gestures,
)
from pipeline.datasets.questions import question_dataset
from pipeline.datasets.simulate import simulate_dataset
from pipeline.training.models import nearest_window
from pipeline.training.question_task import train_questions
from pipeline.workflows.run_facts import load_metrics

pytestmark = pytest.mark.xdist_group("tensorflow")

LABELS = ("flex", "punch", "wave")
ALL = (*LABELS, "circle", "clap")
BOUT = (BoutPart("punch", 2, "slow"), BoutPart("flex", 1, "quick"), BoutPart("punch", 3, "normal"))


def asked_about(parts: tuple[BoutPart, ...], times: int = 60) -> dict[str, set[str]]:
    """All answers to each question that was asked."""
    random = np.random.default_rng(5)
    found: dict[str, set[str]] = defaultdict(set)
    for _ in range(times):
        for question in questions_about(parts, LABELS, random):
            found[question.text].add(question.answer)
    return found


def test_the_answers_are_those_of_the_bout() -> None:
    assert asked_about(BOUT) == {
        "how many punch?": {"5"},
        "how many flex?": {"1"},
        "how many wave?": {"0"},
        "which came first?": {"punch"},
        "which came last?": {"punch"},
        "was there a punch?": {"yes"},
        "was there a flex?": {"yes"},
        "was there a wave?": {"no"},
        "was the second faster than the first?": {"yes"},
    }


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [("slow", "quick", "yes"), ("quick", "normal", "no"), ("normal", "normal", "no")],
)
def test_only_a_quicker_second_is_faster(first: str, second: str, answer: str) -> None:
    parts = (BoutPart("punch", 1, first), BoutPart("flex", 1, second))  # type: ignore[arg-type]
    assert asked_about(parts)["was the second faster than the first?"] == {answer}
    assert asked_about(parts)["was the flex faster than the punch?"] == {answer}
    other = asked_about(parts)["was the punch faster than the flex?"]
    assert other == {"yes" if (first, answer) == ("quick", "no") else "no"}


def test_in_training_each_gesture_of_a_bout_is_asked_about_and_as_many_others() -> None:
    random = np.random.default_rng(2)
    asked = [list(questions_about_gestures(BOUT[:2], ALL, random)) for _ in range(40)]
    for questions in asked:
        texts = [question.text for question in questions]
        assert len(set(texts)) == len(texts) == 11
        assert {"how many punch?", "how many flex?", "was there a punch?"} <= set(texts)
        assert sum(text.startswith("was the ") for text in texts) == 3
        assert sum(question.answer == "0" for question in questions) == 2
    assert len({questions[4].text for questions in asked}) == len(ALL) - 2


def test_a_single_gesture_has_no_second() -> None:
    kinds = [one.kind for one in questions_about(BOUT[:1], LABELS, np.random.default_rng(1))]
    assert kinds == ["how many", "first", "last", "was there"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[QuestionDataset, QuestionConfig]:
    folder = tmp_path_factory.mktemp("simulated") / "data"
    simulate_dataset(folder, people=4, takes=2, seed=1)
    file = folder.parent / "question.yaml"
    file.write_text(
        f"{{task: question, data: {{path: {folder}, labels: [punch, wave], rate_hz: 25}}, "
        "bouts: {seconds: 7, parts: 2, repeats: 1, training: 250, testing: 40}, "
        "model: {kind: conv_gru, units: [24], convolutions: [{filters: 12, pool: 4}]}, "
        "fit: {epochs: 24, batch_size: 32, learning_rate: 0.01}}"
    )
    config = load_section(file, QuestionConfig)
    return question_dataset(config, partial(nearest_window, config.model)), config


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_every_bout_is_asked_each_kind(
    asked: tuple[QuestionDataset, QuestionConfig], part: str
) -> None:
    dataset, _ = asked
    questions = dataset.questions[part]
    count = len(dataset.samples[part])
    more = 7 if part == "train" else 0  # of two labels, and two gestures in a bout at most
    assert questions.answers.shape == (count, len(KINDS) + more)
    assert dataset.vocabulary.unseen("was there a punch?") == []
    assert dataset.answers == ("0", "1", "2", "yes", "no", "punch", "wave")
    places = {"how many": "012", "first": "punch wave", "was there": "yes no", "faster": "yes no"}
    for kind, possible in places.items():
        place = KINDS.index(kind)  # type: ignore[arg-type]
        answers = questions.answers[:, place]
        given = {dataset.answers[number] for number in answers[answers != NO_TARGET]}
        assert given == set(possible.split() if " " in possible else possible)
    assert (questions.answers[:, KINDS.index("faster")] == NO_TARGET).any()
    words = dataset.vocabulary.decode(questions.tokens[0, 0])
    assert questions.texts[0][0] == f"{words}?"


def test_who_guesses_takes_the_usual_answer_to_each_kind() -> None:
    answers = np.array([[3, 1, NO_TARGET], [3, 0, NO_TARGET], [2, 1, 5]], np.int32)
    assert usual_answers(answers).tolist() == [3, 1, 5]


def test_questions_about_a_stranger_are_answered_better_than_by_guessing(
    asked: tuple[QuestionDataset, QuestionConfig], tmp_path: Path
) -> None:
    dataset, config = asked
    run = RunFolder(tmp_path / "run")
    trained = train_questions(dataset, config, run, lambda _: None)
    metrics = load_metrics(run)
    assert trained.accuracy is not None
    assert trained.accuracy > metrics["usual_accuracy"] + 0.1
    assert metrics["weakness"] == ""
    assert len(metrics["kinds"]) == len(KINDS)
    assert sum(kind["questions"] for kind in metrics["kinds"]) == metrics["questions"]
    assert run.contract().labels == dataset.answers
