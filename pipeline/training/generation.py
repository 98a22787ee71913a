"""Generation as a course: at each character of a text, what the next one is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.artifacts import Figure, Float32, Int32
from pipeline.config_text import GenerationConfig
from pipeline.contract import Contract
from pipeline.files import save_json
from pipeline.run_folder import RunFolder
from pipeline.tokens import TokenDataset
from pipeline.training.fit import Epoch, fit
from pipeline.training.journal import Journal
from pipeline.training.lessons import Course, Lesson, itself
from pipeline.training.models import Head, build
from pipeline.training.run_files import (
    CALIBRATION_STRETCH,
    CALIBRATION_STRETCHES,
    Trained,
    finish,
    save_model,
    spread,
)
from pipeline.training.sampling import Writer, log_softmax
from pipeline.training.streams import Lanes, keeping_state
from pipeline.training.texts import learned, save_tokens, source_of, text_facts

SAMPLE_TEMPERATURES = (0.0001, 0.5, 1.0, 5.0)
SAMPLE_LENGTH = 300
SAMPLE_SEED = 1
PROMPT = 20  # characters that it goes on from


def train_generation(
    dataset: TokenDataset,
    config: GenerationConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Fill the run folder. contract.json comes last: it makes the run count as trained."""
    journal = Journal(run, config, dataset.fingerprint)
    fitted = fit(_course(dataset, config), config.fit, on_epoch, journal)
    test, targets = dataset.inputs["test"], dataset.targets["test"]
    likelihoods = carried_likelihoods(fitted.model, config, test, targets)
    loss = -float(likelihoods.mean())
    bits = loss / math.log(2)
    save_model(run, fitted)
    dataset.vocabulary.save(run.vocabulary_file)
    calibration = spread(_stretches(dataset.inputs["train"]), CALIBRATION_STRETCHES)
    save_tokens(run, calibration, test, test_targets=targets, test_scores=likelihoods)
    content = learned(dataset, fitted)
    content |= {"loss": loss, "bits_per_character": bits, "characters": test.size}
    content["samples"] = _samples(fitted.model, config, dataset)
    save_json(run.metrics_file, content)
    finish(run, _contract(dataset, config))
    in_bits = Figure("loss in bits", bits, "bits a character")
    figures = (Figure("loss", loss, "nats a character"), in_bits)
    return Trained(run.path, None, len(test), dataset.split_note, run.report_file, figures=figures)


def _course(dataset: TokenDataset, config: GenerationConfig) -> Course:
    source = source_of(dataset, config.text.embedding)
    head = Head(dataset.vocabulary.size, "linear", every_step=True)

    def on_lanes(model: Any) -> Any:
        return keeping_state(model, config.model, source.window, 1, config.fit.batch_size)

    return Course(
        network=lambda: build(config.model, source, head),
        learned=_lesson(dataset, "train", config),
        held=_lesson(dataset, "validation", config),
        loss=_cross_entropy,
        learner=on_lanes if config.text.stateful else itself,
    )


def _cross_entropy() -> Any:
    """Of logits: no log of a probability that has become 0."""
    from keras.losses import SparseCategoricalCrossentropy

    return SparseCategoricalCrossentropy(from_logits=True)


def _lesson(dataset: TokenDataset, part: str, config: GenerationConfig) -> Lesson:
    """Sequences one by one; or, to keep the state, the text in as many lanes as a batch has."""
    inputs, targets = dataset.inputs[part], dataset.targets[part]
    if not config.text.stateful:
        return Lesson(inputs, targets)
    lanes = Lanes.of(np.arange(len(inputs)) == 0, config.fit.batch_size)
    weights = lanes.each(np.ones(inputs.shape, np.float32))
    return Lesson(lanes.each(inputs), lanes.each(targets), weights / weights.mean(), lanes.begins)


def carried_likelihoods(
    model: Any, config: GenerationConfig, inputs: Int32, targets: Int32
) -> Float32:
    """The logarithm of the probability of what came, float32 [n, T] as targets, heard in one go:
    the state is carried on from sequence to sequence, as when it writes."""
    stream = keeping_state(model, config.model, inputs.shape[1], 1, 1)
    found = np.empty(targets.shape, np.float32)
    places = np.arange(inputs.shape[1])
    for row, (given, wanted) in enumerate(zip(inputs, targets, strict=True)):
        logits = np.asarray(stream.predict_on_batch(given[np.newaxis]))[0]  # [T, vocabulary]
        found[row] = log_softmax(logits)[places, wanted]
    return found


def _stretches(inputs: Int32) -> Int32:
    """int32 [n, T * CALIBRATION_STRETCH], or of fewer sequences where there are not so many."""
    together = min(CALIBRATION_STRETCH, len(inputs))
    whole = len(inputs) // together * together
    return inputs[:whole].reshape(-1, inputs.shape[1] * together)


def _samples(model: Any, config: GenerationConfig, dataset: TokenDataset) -> list[dict[str, Any]]:
    """What it writes after the beginning of what was held out."""
    vocabulary = dataset.vocabulary
    prompt = [int(number) for number in dataset.inputs["test"][0][:PROMPT]]
    samples, writer = [], Writer(model, config.model)
    for temperature in SAMPLE_TEMPERATURES:
        text = vocabulary.decode(writer.write(prompt, SAMPLE_LENGTH, temperature, SAMPLE_SEED))
        samples.append(
            {"temperature": temperature, "prompt": vocabulary.decode(prompt), "text": text}
        )
    return samples


def _contract(dataset: TokenDataset, config: GenerationConfig) -> Contract:
    facts = text_facts(dataset, config.text.embedding, "pre", "pre", config.hash())
    return Contract(task=config.task, window=config.text.length, hop=1, mode="streaming", **facts)
