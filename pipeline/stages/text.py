"""Networks that judge text and that write it, asked: by the twin where they are converted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.artifacts import Float32, Int8
from pipeline.config_file import load_section
from pipeline.config_text import GenerationConfig, SentimentConfig
from pipeline.contract import Contract, Level, Task
from pipeline.errors import ExitCode, PipelineError
from pipeline.run_folder import RunFolder
from pipeline.stages.held_out_text import losses
from pipeline.stages.run_facts import whole_artefacts
from pipeline.stages.runs import contract_for, converted_contract, open_run
from pipeline.stages.text_board import judged_by_board, written_by_board
from pipeline.text_twin import ONE_E4, TextTwin, temperature_e4_of
from pipeline.tokens import Vocabulary, padded
from pipeline.twin import Twin

LONGEST = 100_000  # characters that are written at once
LONGEST_BY_BOARD = 10_000


@dataclass(frozen=True)
class Judgement:
    """scores: by label, 0 to 1; tokens: how many words, or characters, as `level` says;
    unknown: those that training has not seen often enough; left_out: at the end that was cut;
    int8: whether the compiled C said it."""

    text: str
    label: str
    scores: dict[str, float]
    level: Level
    tokens: int
    unknown: tuple[str, ...]
    left_out: int
    int8: bool


@dataclass(frozen=True)
class Written:
    """bits_per_character: of the network that wrote, int8 or float, on the text held out."""

    prompt: str
    text: str
    temperature: float
    seed: int
    bits_per_character: float
    int8: bool


def predict(path: Path, texts: Sequence[str], port: str | None = None) -> list[Judgement]:
    """What a run says to each text, or a board with it at `port`.

    Raises PipelineError for a run of another task, and a text of nothing.
    """
    run, contract, vocabulary = _open(path, "sentiment", "predict")
    _check_texts(texts, vocabulary)
    converted = contract.quantisation is not None
    if converted or port is not None:
        scores = _int8_scores(run, texts, port)
    else:
        scores = _float_scores(run, vocabulary, texts)
    return [
        _judgement(text, vocabulary, contract, row, converted)
        for text, row in zip(texts, scores, strict=True)
    ]


def _judgement(
    text: str, vocabulary: Vocabulary, contract: Contract, scores: Float32, int8: bool
) -> Judgement:
    tokens = len(vocabulary.encode(text))
    return Judgement(
        text=text,
        label=contract.labels[int(np.argmax(scores))],
        scores=dict(zip(contract.labels, map(float, scores), strict=True)),
        level=vocabulary.level,
        tokens=tokens,
        unknown=tuple(vocabulary.unseen(text)),
        left_out=max(0, tokens - contract.window),
        int8=int8,
    )


def _int8_scores(run: RunFolder, texts: Sequence[str], port: str | None) -> Float32:
    """Of the compiled C, float32 [n, labels], 0 to 1."""
    quantisation = converted_contract(run).quantisation
    assert quantisation is not None  # a converted one has it
    int8 = _judged_by_twin(run, texts) if port is None else judged_by_board(run, texts, port)
    steps = np.stack(int8).astype(np.float32) - quantisation.output_zero_point
    scores: Float32 = steps * np.float32(quantisation.output_scale)
    return scores


def _judged_by_twin(run: RunFolder, texts: Sequence[str]) -> list[Int8]:
    twin = _twin(run)
    return [twin.sentiment(text) for text in texts]


def _float_scores(run: RunFolder, vocabulary: Vocabulary, texts: Sequence[str]) -> Float32:
    from pipeline.training.saved import load_network

    config = load_section(run.require(run.config_file, "train"), SentimentConfig)
    numbers = [vocabulary.encode(text) for text in texts]
    tokens = padded(numbers, config.text.max_len, config.text.padding, config.text.truncating)
    network = load_network(run.require(run.keras_file, "train"))
    scores: Float32 = network.predict(tokens, verbose=0)
    return scores


def generate(
    path: Path,
    prompt: str,
    length: int,
    temperature: float,
    seed: int,
    port: str | None = None,
) -> Written:
    """Write on after a prompt; temperature 0 takes the likeliest character at all times. A board
    with the run at `port` writes itself.

    Raises PipelineError for a run of another task, a prompt that is empty or has characters that
    training has never seen, and a length or temperature out of range.
    """
    run, contract, vocabulary = _open(path, "generation", "generate")
    _check_length(length, port)
    temperature = temperature_e4_of(temperature) / ONE_E4  # no finer than a board can be told
    _check_prompt(prompt, vocabulary)
    converted = contract.quantisation is not None
    with whole_artefacts(run):
        bits_per_character = losses(run, contract)[-1].value / math.log(2)
    if port is not None:
        text = written_by_board(run, prompt, length, temperature, seed, port)
    elif converted:
        text = _twin(run).generate(prompt, length, temperature, seed)
    else:
        text = _float_written(run, vocabulary, prompt, length, temperature, seed)
    return Written(
        prompt=prompt,
        text=text,
        temperature=temperature,
        seed=seed,
        bits_per_character=bits_per_character,
        int8=converted,
    )


def _float_written(
    run: RunFolder, vocabulary: Vocabulary, prompt: str, length: int, temperature: float, seed: int
) -> str:
    from pipeline.training.sampling import Writer
    from pipeline.training.saved import load_network

    config = load_section(run.require(run.config_file, "train"), GenerationConfig)
    network = load_network(run.require(run.keras_file, "train"))
    prompted = vocabulary.encode(prompt).tolist()
    written = Writer(network, config.model).write(prompted, length, temperature, seed)
    return vocabulary.decode(written)


def _twin(run: RunFolder) -> TextTwin:
    return TextTwin(Twin(run.sources, run.build))


def _open(path: Path, task: Task, command: str) -> tuple[RunFolder, Contract, Vocabulary]:
    run = open_run(path)
    contract = contract_for(run, task, command)
    facts = contract.vocabulary
    assert facts is not None  # both tasks have one
    return run, contract, Vocabulary.load(run.vocabulary_file, facts.sha256)


def _check_texts(texts: Sequence[str], vocabulary: Vocabulary) -> None:
    for text in texts:
        _check_encoding(text)
        if len(vocabulary.encode(text)) == 0:
            raise PipelineError(
                f"There is nothing to judge in {text!r}.",
                f"it has no {vocabulary.level}: the network would judge how it is filled up",
                "give a text in quotes",
                ExitCode.USAGE,
            )


def _check_encoding(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PipelineError(
            f"{text!r} is not UTF-8.",
            f"the byte 0x{ord(text[error.start]) & 0xFF:02x} of it is of another encoding",
            "give the text in UTF-8; `iconv` converts it",
            ExitCode.USAGE,
        ) from None


def _check_length(length: int, port: str | None) -> None:
    if not 0 < length <= LONGEST:
        raise PipelineError(
            f"{length} characters cannot be written.",
            f"at least 1 is, and {LONGEST:,} at most",
            "give another --length",
            ExitCode.USAGE,
        )
    if port is not None and length > LONGEST_BY_BOARD:
        raise PipelineError(
            f"A board cannot write {length} characters.",
            f"it writes {LONGEST_BY_BOARD:,} at most for one command",
            "give another --length, or let this computer write: leave --port out",
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
