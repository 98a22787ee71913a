"""The text tasks: sentiment, which gives a label to a text, and generation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config.sections import ModelConfig
from pipeline.config.text_settings import (
    GenerationConfig,
    GenerationTextConfig,
    SentimentConfig,
    SentimentTextConfig,
)
from pipeline.core.artifacts import Figure, Float32, Int32
from pipeline.core.contract import Channel, Contract, End, Hashes, Scaling, VocabularyFacts
from pipeline.core.files import save_arrays, save_json
from pipeline.core.run_folder import RunFolder
from pipeline.core.subwords import Subwords
from pipeline.core.token_vectors import TokenVectors
from pipeline.core.tokens import FIRST, TokenDataset, Vocabulary
from pipeline.training.checkpoints import Checkpointing
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.metrics import classification_metrics, no_better_than_one_answer
from pipeline.training.models import Head, Source, build
from pipeline.training.run_files import (
    CALIBRATION_STRETCH,
    CALIBRATION_STRETCHES,
    CALIBRATION_WINDOWS,
    Trained,
    evenly_spaced,
    finish,
    save_model,
    training_record,
)
from pipeline.training.stateful import StatefulBatches, reset_states, stateful_copy
from pipeline.training.training_data import (
    FitData,
    TrainingTask,
    one_hot_targets,
    same_model,
    smoothed_cross_entropy,
)


def _source(dataset: TokenDataset, embedding: int) -> Source:
    length = dataset.inputs["train"].shape[1]
    return Source(length, embedding, dataset.vocabulary.size)


def _save_tokens(run: RunFolder, calibration: Int32, test: Int32, **more: Any) -> None:
    """Write windows.npz: tokens, int32 [n, T], which conversion embeds."""
    save_arrays(run.windows_file, calibration=calibration, test=test, **more)


def _text_metrics(dataset: TokenDataset, fitted: Fitted) -> dict[str, Any]:
    """The part of metrics.json that all text tasks have."""
    return {
        **training_record(fitted, dataset.split_note),
        "labels": list(dataset.labels),
        "vocabulary": dataset.vocabulary.size,
    }


def read_vectors(path: Path | None) -> TokenVectors | None:
    """The vectors that a config names."""
    return None if path is None else TokenVectors.load(path)


def with_vectors(
    model: Any,
    vocabulary: Vocabulary | Subwords,
    vectors: TokenVectors | None,
    layers: Sequence[str],
) -> Any:
    """A model whose embeddings begin with the vectors of the tokens that both know.

    Args:
        model: not trained yet.
        vocabulary: of the model.
        vectors: None leaves the embeddings as they are.
        layers: the names of the embeddings.
    """
    if vectors is None:
        return model
    for layer in map(model.get_layer, layers):
        (rows,) = layer.get_weights()
        layer.set_weights([vectors.rows_for(vocabulary.entries, rows, FIRST)])
    return model


def _text_facts(
    dataset: TokenDataset,
    text: SentimentTextConfig | GenerationTextConfig,
    padding: End,
    truncating: End,
    config_hash: str,
) -> dict[str, Any]:
    """Fields of a contract. The columns of the embedding are the channels; they are not scaled."""
    embedding, vectors = text.embedding, read_vectors(text.vectors)
    return {
        "channels": tuple(Channel(name=f"e{i}", unit="") for i in range(embedding)),
        "rate_hz": 0.0,
        "labels": dataset.labels,
        "scaling": Scaling(mean=(0.0,) * embedding, std=(1.0,) * embedding),
        "vocabulary": VocabularyFacts(
            level=dataset.vocabulary.level,
            letters="unicode" if dataset.vocabulary.level == "words" else None,
            size=dataset.vocabulary.size,
            padding=padding,
            truncating=truncating,
            sha256=dataset.vocabulary.sha256(),
            vectors=None if vectors is None else vectors.facts,
        ),
        "hashes": Hashes(data=dataset.fingerprint, config=config_hash),
    }


def _predict(model: Any, inputs: Int32) -> Float32:
    scores: Float32 = model.predict(inputs, batch_size=256, verbose=0)
    return scores


MISTAKES = 10  # that the report shows


def train_sentiment(
    dataset: TokenDataset,
    config: SentimentConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train a network on texts, and leave the run folder complete for conversion.

    contract.json is written last: a run with a contract counts as trained.
    """
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fitted = fit(_sentiment_task(dataset, config), config.fit, on_epoch, checkpointing)
    test, targets = dataset.inputs["test"], dataset.targets["test"]
    scores = _predict(fitted.model, test)
    metrics = classification_metrics(targets, np.argmax(scores, axis=1), dataset.labels)
    save_model(run, fitted)
    dataset.vocabulary.save(run.vocabulary_file)
    calibration = evenly_spaced(dataset.inputs["train"], CALIBRATION_WINDOWS)
    _save_tokens(run, calibration, test, test_targets=targets, test_scores=scores)
    content = asdict(metrics) | _text_metrics(dataset, fitted)
    content["confusion"] = metrics.confusion.tolist()
    content["mistakes"] = _worst_mistakes(dataset, scores)
    content["weakness"] = no_better_than_one_answer(targets, metrics.accuracy, dataset.labels)
    save_json(run.metrics_file, content)
    finish(run, _sentiment_contract(dataset, config))
    return Trained(run.path, metrics.accuracy, len(test), dataset.split_note, run.report_file)


def _sentiment_task(dataset: TokenDataset, config: SentimentConfig) -> TrainingTask:
    """The test part is not in it."""
    source, head = _source(dataset, config.text.embedding), Head(len(dataset.labels))
    return TrainingTask(
        build_model=lambda: _built(dataset, config, source, head),
        training=_sentiment_data(dataset, "train", config),
        validation=_sentiment_data(dataset, "validation", config),
        loss=lambda: smoothed_cross_entropy(config.fit.label_smoothing),
    )


def _built(
    dataset: TokenDataset, config: SentimentConfig | GenerationConfig, source: Source, head: Head
) -> Any:
    vectors = read_vectors(config.text.vectors)
    model = build(config.model, source, head)
    return with_vectors(model, dataset.vocabulary, vectors, ["embedding"])


def _sentiment_data(dataset: TokenDataset, part: str, config: SentimentConfig) -> FitData:
    """Only training weighs rare labels more."""
    weighted = part == "train" and config.fit.class_weights
    targets, weights = one_hot_targets(dataset.targets[part], len(dataset.labels), weighted)
    return FitData(dataset.inputs[part], targets, weights)


def _worst_mistakes(dataset: TokenDataset, scores: Float32) -> list[dict[str, Any]]:
    """Texts whose wrong label has the largest lead over the right one, the worst first."""
    targets: Int32 = dataset.targets["test"]
    predicted = np.argmax(scores, axis=1)
    rows = np.arange(len(targets))
    lead = scores[rows, predicted] - scores[rows, targets]
    wrong = np.flatnonzero(predicted != targets)
    worst = wrong[np.argsort(-lead[wrong], kind="stable")][:MISTAKES]
    return [
        {
            "text": dataset.texts[row],
            "true": dataset.labels[targets[row]],
            "called": dataset.labels[predicted[row]],
            "score": float(scores[row, predicted[row]]),
        }
        for row in worst
    ]


def _sentiment_contract(dataset: TokenDataset, config: SentimentConfig) -> Contract:
    text = config.text
    facts = _text_facts(dataset, text, text.padding, text.truncating, config.hash())
    return Contract(task=config.task, window=text.max_len, hop=text.max_len, **facts)


Floats = NDArray[np.floating[Any]]


def log_softmax(logits: Floats) -> NDArray[np.float64]:
    """Logarithm of softmax over the last axis; finite for all finite logits."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def sample_token(logits: Floats, temperature: float, random: np.random.Generator) -> int:
    """Sample a token with the probabilities softmax(logits / temperature).

    By the Gumbel trick (Gumbel, 1954): no probability is computed, so none can overflow.

    Args:
        logits: float [n].
        temperature: 0 takes the largest logit.
        random: the generator.

    Returns:
        An index into the logits.
    """
    noise = random.gumbel(size=len(logits))
    return int(np.argmax(logits.astype(np.float64) + temperature * noise))


class TextGenerator:
    """Generates text with a trained float network: one step for each character."""

    def __init__(self, model: Any, config: ModelConfig) -> None:
        import tensorflow as tf

        self._network = stateful_copy(model, config, 1, 1, 1)
        self._step = tf.function(self._network)

    def generate(
        self, prompt: Sequence[int], length: int, temperature: float, seed: int
    ) -> list[int]:
        """`length` tokens after a prompt of at least one token, from a state of zero."""
        random = np.random.default_rng(seed)
        logits = self.read(prompt)[-1]
        tokens: list[int] = []
        for _ in range(length):
            tokens.append(FIRST + sample_token(logits[FIRST:], temperature, random))
            logits = self._after(tokens[-1])
        return tokens

    def read(self, tokens: Sequence[int]) -> Floats:
        """Logits of the next token after each of `tokens`: float32 [n, vocabulary]."""
        reset_states(self._network, np.array([True]))
        return np.stack([self._after(token) for token in tokens])

    def _after(self, token: int) -> Floats:
        logits: Floats = np.asarray(self._step(np.array([[token]], np.int32)))[0, 0]
        return logits


SAMPLE_TEMPERATURES = (0.0001, 0.5, 1.0, 5.0)
SAMPLE_LENGTH = 300
SAMPLE_SEED = 1
PROMPT = 20  # characters of the prompt of a sample


def train_generation(
    dataset: TokenDataset,
    config: GenerationConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train a network on texts, and leave the run folder complete for conversion.

    contract.json is written last: a run with a contract counts as trained.
    """
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fitted = fit(_generation_task(dataset, config), config.fit, on_epoch, checkpointing)
    test, targets = dataset.inputs["test"], dataset.targets["test"]
    likelihoods = stateful_log_likelihoods(fitted.model, config, test, targets)
    loss = -float(likelihoods.mean())
    bits = loss / math.log(2)
    save_model(run, fitted)
    dataset.vocabulary.save(run.vocabulary_file)
    calibration = evenly_spaced(_stretches(dataset.inputs["train"]), CALIBRATION_STRETCHES)
    _save_tokens(run, calibration, test, test_targets=targets, test_scores=likelihoods)
    content = _text_metrics(dataset, fitted)
    content |= {"loss": loss, "bits_per_character": bits, "characters": test.size}
    content["samples"] = _samples(fitted.model, config, dataset)
    content["weakness"] = _no_better_than_frequencies(dataset, loss)
    save_json(run.metrics_file, content)
    finish(run, _generation_contract(dataset, config))
    in_bits = Figure("loss in bits", bits, "bits a character")
    figures = (Figure("loss", loss, "nats a character"), in_bits)
    return Trained(run.path, None, len(test), dataset.split_note, run.report_file, figures=figures)


def _no_better_than_frequencies(dataset: TokenDataset, loss: float) -> str:
    """A sentence if guesses by the frequency of each character lose as little; else empty."""
    size = dataset.vocabulary.size
    counts = np.bincount(dataset.inputs["train"].ravel(), minlength=size) + 1  # none is impossible
    likelihoods = np.log(counts / counts.sum())
    guessed = -float(likelihoods[dataset.targets["test"]].mean())
    if loss < guessed:
        return ""
    return (
        "The model is no better than none: guesses by the frequency of each character would lose "
        f"{guessed:.3g} nats a character."
    )


def _generation_task(dataset: TokenDataset, config: GenerationConfig) -> TrainingTask:
    source = _source(dataset, config.text.embedding)
    head = Head(dataset.vocabulary.size, "linear", every_step=True)

    def on_streams(model: Any) -> Any:
        return stateful_copy(model, config.model, source.window, 1, config.fit.batch_size)

    return TrainingTask(
        build_model=lambda: _built(dataset, config, source, head),
        training=_generation_data(dataset, "train", config),
        validation=_generation_data(dataset, "validation", config),
        loss=from_logits,
        training_model=on_streams if config.text.stateful else same_model,
    )


def from_logits() -> Any:
    """Cross-entropy from logits: it never takes the logarithm of 0."""
    from keras.losses import SparseCategoricalCrossentropy

    return SparseCategoricalCrossentropy(from_logits=True)


def _generation_data(dataset: TokenDataset, part: str, config: GenerationConfig) -> FitData:
    """Sequences one by one; or in stateful batches."""
    inputs, targets = dataset.inputs[part], dataset.targets[part]
    if not config.text.stateful:
        return FitData(inputs, targets)
    batches = StatefulBatches.of(np.arange(len(inputs)) == 0, config.fit.batch_size)
    weights = batches.arrange(np.ones(inputs.shape, np.float32))
    return FitData(
        batches.arrange(inputs), batches.arrange(targets), weights / weights.mean(), batches.begins
    )


def stateful_log_likelihoods(
    model: Any, config: GenerationConfig, inputs: Int32, targets: Int32
) -> Float32:
    """The logarithm of the probability of each target, with the state carried on.

    Args:
        model: the Keras model.
        config: its settings.
        inputs: int32 [n, T], sequences of one text, in order.
        targets: int32 [n, T], the next characters.

    Returns:
        float32 [n, T].
    """
    stream = stateful_copy(model, config.model, inputs.shape[1], 1, 1)
    likelihoods = np.empty(targets.shape, np.float32)
    places = np.arange(inputs.shape[1])
    for row, (tokens, following) in enumerate(zip(inputs, targets, strict=True)):
        logits = np.asarray(stream.predict_on_batch(tokens[np.newaxis]))[0]  # [T, vocabulary]
        likelihoods[row] = log_softmax(logits)[places, following]
    return likelihoods


def _stretches(inputs: Int32) -> Int32:
    """int32 [n, T * CALIBRATION_STRETCH]; shorter where there are fewer sequences."""
    together = min(CALIBRATION_STRETCH, len(inputs))
    whole = len(inputs) // together * together
    return inputs[:whole].reshape(-1, inputs.shape[1] * together)


def _samples(model: Any, config: GenerationConfig, dataset: TokenDataset) -> list[dict[str, Any]]:
    """Texts after the beginning of the test part, at several temperatures."""
    vocabulary = dataset.vocabulary
    prompt = [int(number) for number in dataset.inputs["test"][0][:PROMPT]]
    samples, generator = [], TextGenerator(model, config.model)
    for temperature in SAMPLE_TEMPERATURES:
        text = vocabulary.decode(
            generator.generate(prompt, SAMPLE_LENGTH, temperature, SAMPLE_SEED)
        )
        samples.append(
            {"temperature": temperature, "prompt": vocabulary.decode(prompt), "text": text}
        )
    return samples


def _generation_contract(dataset: TokenDataset, config: GenerationConfig) -> Contract:
    facts = _text_facts(dataset, config.text, "pre", "pre", config.hash())
    return Contract(task=config.task, window=config.text.length, hop=1, mode="streaming", **facts)
