"""The task of questions: motion and a question in, an answer from a list out.

Both are read by a network of their own, and a layer joins what they found, as in the first networks
for questions about pictures (Antol et al. 2015, arXiv:1505.00468).

n: bouts, T: samples, C: channels, K: questions about a bout, Q: words of a question, A: answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.config.caption_settings import QuestionConfig
from pipeline.config.sections import ConvGruConfig, ModelConfig, RecurrentConfig
from pipeline.core.artifacts import NO_TARGET, Figure, Int32
from pipeline.core.contract import Contract, Hashes, Scaling
from pipeline.core.files import save_json
from pipeline.core.questions import QuestionDataset, usual_answers
from pipeline.core.run_folder import RunFolder
from pipeline.training.checkpoints import Checkpointing
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.models import (
    Source,
    before_cells,
    body,
    cell_of,
    check_window,
    recurrent,
)
from pipeline.training.pairs_task import vocabulary_facts
from pipeline.training.run_files import Trained, evenly_spaced, finish, save_model, training_record
from pipeline.training.training_data import (
    FitData,
    TrainingTask,
    one_hot_targets,
    scale,
    scaling_of,
    smoothed_cross_entropy,
)

SMOOTHING = 0.1  # of targets: a network that is never sure learns longer from other people
SAMPLES = 12  # questions that the report shows
AT_ONCE = 128  # bouts whose questions are answered together


def build(config: QuestionConfig, motion: Source, question: Source, answers: int) -> Any:
    """Build a Keras model. It reads the motion once for all questions about it.

    Args:
        config: the settings of the task.
        motion: the samples, T and C.
        question: the tokens, Q.
        answers: how many there are, A.

    Returns:
        A model from float32 [n, T, C] and int32 [n, K, Q] to probabilities float32 [n, K, A], for
        any number of questions K.
    """
    from keras import Input, Model, layers

    check_window(config.model, motion.window)
    text = config.text
    samples = Input((motion.window, motion.channels), name="samples")  # [n, T, C]
    columns, features = _read(config.model, samples)
    moved = layers.Dense(text.joined, name="moved")(features)  # [n, j]
    moved = layers.Reshape((1, text.joined), name="for_each")(moved)  # [n, 1, j]
    tokens = Input((None, question.window), dtype="int32", name="questions")  # [n, K, Q]
    words = layers.Embedding(question.vocabulary, question.channels, name="words")(tokens)
    row = layers.Reshape((-1, question.window * question.channels), name="row")(words)
    asked = layers.Dense(text.units, activation="relu", name="asked")(row)  # [n, K, units]
    # A layer over all of them side by side is the sum of a layer over each.
    parts = [moved, layers.Dense(text.joined, use_bias=False, name="wanted")(asked)]
    if columns is not None:
        parts.append(_noticed(text.joined, asked, columns))
    joined = layers.ReLU(name="joined")(layers.Add(name="both")(parts))  # [n, K, j]
    dropped = layers.Dropout(text.dropout, name="dropout")(joined)
    dense = layers.Dense(answers, activation="softmax", name="probabilities")
    return Model([samples, tokens], dense(dropped))  # [n, K, A]


def _read(config: ModelConfig, samples: Any) -> tuple[Any, Any]:
    """The states after each column, [n, S, u], where the network has some, and those at the end."""
    from keras import layers

    if not isinstance(config, (RecurrentConfig, ConvGruConfig)):
        return None, body(config, samples)
    columns = recurrent(
        cell_of(config), config.units, before_cells(config, samples), every_step=True
    )
    dropped = layers.Dropout(config.dropout, name="states")(columns)
    return dropped, dropped[:, -1]


def _noticed(units: int, asked: Any, columns: Any) -> Any:
    """What is seen where the question looks: a sum over time, so that it can count. [n, K, units]

    Each column has a weight from 0 to 1 of its own; those of softmax (Xu and Saenko 2016,
    arXiv:1511.05234) add up to 1, however often something happened.
    """
    from keras import layers, ops

    query = layers.Dense(units, name="query")(asked)  # [n, K, j]
    key = layers.Dense(units, use_bias=False, name="key")(columns)  # [n, S, j]
    both = ops.expand_dims(query, 2) + ops.expand_dims(key, 1)  # [n, K, S, j]
    looks = layers.Dense(1, activation="sigmoid", name="looks")(ops.tanh(both))
    seen = layers.Dense(units, name="seen")(columns)  # [n, S, j]
    summed = ops.matmul(looks[..., 0], seen)  # [n, K, j]
    return summed / math.sqrt(columns.shape[1])


def train_questions(
    dataset: QuestionDataset,
    config: QuestionConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train a network that answers questions, and leave the run folder complete.

    contract.json is written last: a run with a contract counts as trained.
    """
    contract = _contract(dataset, config)
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fitted = fit(_task(dataset, config, contract), config.fit, on_epoch, checkpointing)
    answered = _answered(fitted.model, dataset, contract.scaling)
    metrics = _metrics(dataset, fitted, answered)
    save_model(run, fitted)
    dataset.vocabulary.save(run.vocabulary_file)
    save_json(run.metrics_file, metrics)
    finish(run, contract)
    return Trained(
        run.path,
        metrics["accuracy"],
        metrics["questions"],
        dataset.split_note,
        run.report_file,
        figures=(Figure("usual answers", metrics["usual_accuracy"], "of the questions"),),
        fitted=dataset.note,
    )


def _task(dataset: QuestionDataset, config: QuestionConfig, contract: Contract) -> TrainingTask:
    """The test part is not in it."""
    motion = Source(contract.window, len(contract.channels))
    words = dataset.questions["train"].tokens.shape[2]
    question = Source(words, config.text.embedding, dataset.vocabulary.size)
    return TrainingTask(
        build_model=lambda: build(config, motion, question, len(dataset.answers)),
        training=_fit_data(dataset, "train", contract.scaling),
        validation=_fit_data(dataset, "validation", contract.scaling),
        loss=lambda: smoothed_cross_entropy(SMOOTHING),
    )


def _fit_data(dataset: QuestionDataset, part: str, scaling: Scaling) -> FitData:
    asked = dataset.questions[part]
    targets, _ = one_hot_targets(asked.answers, len(dataset.answers), weighted=False)
    return FitData((scale(dataset.samples[part], scaling), asked.tokens), targets, asked.weights)


def _answered(model: Any, dataset: QuestionDataset, scaling: Scaling) -> Int32:
    """The likeliest answer to each question of the test part: int32 [n, K]."""
    samples, tokens = dataset.samples["test"], dataset.questions["test"].tokens
    found = []
    for start in range(0, len(samples), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        inputs = (scale(samples[part], scaling), tokens[part])
        found.append(np.argmax(model.predict_on_batch(inputs), axis=2))
    return np.concatenate(found).astype(np.int32)


def _metrics(dataset: QuestionDataset, fitted: Fitted, answered: Int32) -> dict[str, Any]:
    """The content of metrics.json."""
    asked = dataset.questions["test"]
    usual = usual_answers(dataset.questions["train"].answers[:, : asked.answers.shape[1]])
    is_asked = asked.answers != NO_TARGET
    is_right, is_usual = answered == asked.answers, usual == asked.answers
    accuracy, usual_accuracy = (float(one[is_asked].mean()) for one in (is_right, is_usual))
    return {
        **training_record(fitted, dataset.split_note),
        "accuracy": accuracy,
        "usual_accuracy": usual_accuracy,
        "questions": int(is_asked.sum()),
        "kinds": [
            {
                "example": next(row[kind] for row in asked.texts if row[kind]),
                "questions": int(own.sum()),
                "accuracy": float(is_right[own, kind].mean()),
                "usual_accuracy": float(is_usual[own, kind].mean()),
            }
            for kind, own in enumerate(is_asked.T)
            if own.any()
        ],
        "samples": _samples(dataset, answered),
        "weakness": _no_better_than_usual(accuracy, usual_accuracy),
    }


def _samples(dataset: QuestionDataset, answered: Int32) -> list[dict[str, str]]:
    """Some that are wrong, then some that are right."""
    asked = dataset.questions["test"]
    is_asked, is_right = asked.answers != NO_TARGET, answered == asked.answers
    chosen = [
        evenly_spaced(np.argwhere(is_asked & (is_right == right)), SAMPLES // 2)
        for right in (False, True)
    ]
    return [
        {
            "question": asked.texts[bout][kind],
            "answer": dataset.answers[answered[bout, kind]],
            "expected": dataset.answers[asked.answers[bout, kind]],
        }
        for bout, kind in np.concatenate(chosen).tolist()
    ]


def _no_better_than_usual(accuracy: float, usual: float) -> str:
    """A sentence if the usual answer to each kind of question is right as often; else empty."""
    if accuracy > usual:
        return ""
    return (
        "The model is no better than none: always giving the most frequent answer to each kind of "
        f"question is right for {usual:.1%} of them."
    )


def _contract(dataset: QuestionDataset, config: QuestionConfig) -> Contract:
    samples = dataset.samples["train"]  # [bouts, T, C]
    _, length, width = samples.shape
    rows = samples.reshape(-1, width)
    names = [channel.name for channel in dataset.channels]
    return Contract(
        task=config.task,
        channels=dataset.channels,
        rate_hz=dataset.rate_hz,
        window=length,
        hop=length,
        labels=dataset.answers,
        scaling=scaling_of(rows, np.ones(len(rows), np.int32), names),
        vocabulary=vocabulary_facts(dataset.vocabulary),
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )
