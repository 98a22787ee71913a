"""Text: networks that judge it and networks that write it, trained and asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.artifacts import Float32, RunFolder
from pipeline.config_file import load_section
from pipeline.config_text import GenerationConfig, SentimentConfig
from pipeline.contract import Contract, Task
from pipeline.errors import ExitCode, PipelineError
from pipeline.stages.reporting import read_json, write_report
from pipeline.stages.runs import open_run
from pipeline.stages.settling import Proven, Settled
from pipeline.tokens import UNKNOWN, Vocabulary, padded

if TYPE_CHECKING:
    from pipeline.training.fit import Epoch
    from pipeline.training.train import Trained

LONGEST = 100_000  # characters that are written at once
HIGHEST_TEMPERATURE = 5.0
LOWEST_TEMPERATURE = 1e-4  # but for 0: the likeliest character at all times


@dataclass(frozen=True)
class Judgement:
    """scores: by label, 0 to 1; unknown: words that training has not seen often enough; left_out:
    words at the end that was cut; int8: whether the compiled C said it."""

    text: str
    label: str
    scores: dict[str, float]
    words: int
    unknown: tuple[str, ...]
    left_out: int
    int8: bool


@dataclass(frozen=True)
class Written:
    """bits_per_character: of the run, on the text that it was tested on."""

    prompt: str
    text: str
    temperature: float
    seed: int
    bits_per_character: float
    int8: bool


def train_sentiment(
    config: SentimentConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    from pipeline.datasets.text import sentiment_dataset
    from pipeline.training.sentiment import train_sentiment as fit

    trained = fit(sentiment_dataset(config), config, folder, on_epoch)
    write_report(folder)
    return trained


def train_generation(
    config: GenerationConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    from pipeline.datasets.characters import generation_dataset
    from pipeline.training.generation import train_generation as fit

    trained = fit(generation_dataset(config), config, folder, on_epoch)
    write_report(folder)
    return trained


def settle_text(proven: Proven) -> Settled:
    """The board's C has been proven; nothing is chosen by what was held out."""
    return Settled(proven.contract)


def predict(path: Path, texts: Sequence[str]) -> list[Judgement]:
    """What a run says to each text. Raises PipelineError for a run of another task."""
    run, contract, vocabulary = _open(path, "sentiment", "predict")
    facts = contract.vocabulary
    assert facts is not None  # _open has asked
    numbers = [vocabulary.encode(text) for text in texts]
    tokens = padded(numbers, contract.window, facts.padding, facts.truncating)
    found = zip(texts, numbers, _scores(run, tokens), strict=True)
    return [
        Judgement(
            text=text,
            label=contract.labels[int(np.argmax(scores))],
            scores=dict(zip(contract.labels, map(float, scores), strict=True)),
            words=len(number),
            unknown=tuple(vocabulary.unseen(text)) if UNKNOWN in number else (),
            left_out=max(0, len(number) - contract.window),
            int8=False,
        )
        for text, number, scores in found
    ]


def _scores(run: RunFolder, tokens: object) -> Float32:
    """Of the float network, [n, labels]."""
    from pipeline.training.saved import load_network

    network = load_network(run.require(run.keras_file, "train"))
    scores: Float32 = network.predict(tokens, verbose=0)
    return scores


def generate(path: Path, prompt: str, length: int, temperature: float, seed: int) -> Written:
    """Write on after a prompt; temperature 0 takes the likeliest character at all times.

    Raises PipelineError for a run of another task, a prompt that is empty or has characters that
    training has never seen, and a length or temperature out of range.
    """
    run, _, vocabulary = _open(path, "generation", "generate")
    _check_wish(length, temperature)
    _check_prompt(prompt, vocabulary)
    metrics = read_json(run.require(run.metrics_file, "train"))
    return Written(
        prompt=prompt,
        text=_written(run, vocabulary, prompt, length, temperature, seed),
        temperature=temperature,
        seed=seed,
        bits_per_character=metrics["bits_per_character"],
        int8=False,
    )


def _written(
    run: RunFolder, vocabulary: Vocabulary, prompt: str, length: int, temperature: float, seed: int
) -> str:
    """By the float network."""
    from pipeline.training.sampling import Writer
    from pipeline.training.saved import load_network

    config = load_section(run.require(run.config_file, "train"), GenerationConfig)
    network = load_network(run.require(run.keras_file, "train"))
    writer = Writer(network, config.model, temperature, seed)
    return vocabulary.decode(writer.write(vocabulary.encode(prompt).tolist(), length))


def _open(path: Path, task: Task, command: str) -> tuple[RunFolder, Contract, Vocabulary]:
    run = open_run(path)
    contract = run.contract()
    if contract.task != task or contract.vocabulary is None:
        raise PipelineError(
            f"{run.path} is a run for {contract.task}, and `gesture {command}` needs one for "
            f"{task}.",
            "each task has its own commands",
            f"name another run; `gesture train` makes one of a config with `task: {task}`",
            ExitCode.USAGE,
        )
    return run, contract, Vocabulary.load(run.vocabulary_file, contract.vocabulary.sha256)


def _check_wish(length: int, temperature: float) -> None:
    if not 0 < length <= LONGEST:
        raise PipelineError(
            f"{length} characters cannot be written.",
            f"at least 1 is, and {LONGEST:,} at most",
            "give another --length",
            ExitCode.USAGE,
        )
    if temperature != 0 and not LOWEST_TEMPERATURE <= temperature <= HIGHEST_TEMPERATURE:
        raise PipelineError(
            f"A temperature of {temperature:g} cannot be written at.",
            "0 takes the likeliest character at all times; from 0.0001 on others are drawn too, "
            f"and at {HIGHEST_TEMPERATURE:g} nearly all alike",
            f"give --greedy, or {LOWEST_TEMPERATURE:g} to {HIGHEST_TEMPERATURE:g}",
            ExitCode.USAGE,
        )


def _check_prompt(prompt: str, vocabulary: Vocabulary) -> None:
    unseen = vocabulary.unseen(prompt)
    if prompt and not unseen:
        return
    named = ", ".join(map(repr, unseen))
    raise PipelineError(
        f"The prompt has characters that training has never seen: {named}."
        if unseen
        else "The prompt is empty.",
        "the network goes on from what it reads, in the characters of the text it has learned",
        f"use some of these: {''.join(sorted(vocabulary.entries))!r}",
        ExitCode.USAGE,
    )
