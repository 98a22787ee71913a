"""`gesture translate`: texts through an encoder and a decoder, on this computer or on a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.capture.requests import translate_text
from pipeline.config.file import load_section
from pipeline.config.translation_settings import TranslationConfig
from pipeline.core.errors import UsageError
from pipeline.core.pairs import numbered
from pipeline.core.run_folder import RunFolder
from pipeline.core.subwords import Subwords, load_vocabulary
from pipeline.core.tokens import Vocabulary
from pipeline.training.encoder_decoder import Translator
from pipeline.training.run_files import load_network
from pipeline.twin.text_twin import ONE_E4, TextTwin, temperature_e4_of
from pipeline.workflows.boards import board_that_runs
from pipeline.workflows.generated import run_twin
from pipeline.workflows.runs import contract_for, open_run


@dataclass(frozen=True)
class Translation:
    """A text, and what a network wrote for it.

    Args:
        unknown: tokens of the text that are not in the vocabulary.
        left_out: tokens that were cut off; a board reads all of them.
        int8: whether the compiled C wrote it.
    """

    source: str
    text: str
    unknown: tuple[str, ...]
    left_out: int
    int8: bool


@dataclass(frozen=True)
class Choice:
    """How each next token is chosen: by a beam search, or drawn at a temperature above 0.

    Args:
        beam: None for that of the config.
        temperature: 0 takes the likeliest.
        seed: of what is drawn.
    """

    beam: int | None = None
    temperature: float = 0.0
    seed: int = 1


def translate(
    path: Path, texts: Sequence[str], choice: Choice, port: str | None = None
) -> list[Translation]:
    """Translate texts.

    A converted run answers with the board's own C, unless a beam is asked for: that needs the
    probabilities of the float network.

    Args:
        port: of a board with this run; None for this computer.
    """
    run = open_run(path)
    contract = contract_for(run, "translation", "translate")
    assert contract.vocabulary is not None  # every translation has one
    vocabulary = load_vocabulary(run.vocabulary_file, contract.vocabulary)
    config = load_section(run.require(run.config_file, "train"), TranslationConfig)
    temperature = temperature_e4_of(choice.temperature) / ONE_E4  # as fine as on a board
    _check(texts, choice, port, vocabulary)
    int8 = port is not None or (contract.quantization is not None and choice.beam is None)
    if port is not None:
        with board_that_runs(run, port) as board:
            written = [translate_text(board, text, temperature, choice.seed) for text in texts]
    elif int8:
        twin = TextTwin(run_twin(run))
        written = [twin.translate(text, temperature, choice.seed) for text in texts]
    else:
        written = _by_float_network(run, config, vocabulary, texts, choice)
    most = config.text.max_len
    return [
        Translation(
            text,
            answer,
            tuple(vocabulary.unseen(text)),
            0 if int8 else max(0, len(vocabulary.encode(text)) - most),
            int8,
        )
        for text, answer in zip(texts, written, strict=True)
    ]


def _by_float_network(
    run: RunFolder,
    config: TranslationConfig,
    vocabulary: Vocabulary | Subwords,
    texts: Sequence[str],
    choice: Choice,
) -> list[str]:
    translator = Translator(load_network(run.require(run.keras_file, "train")), config.model)
    sources, _ = numbered(texts, vocabulary, config.text.max_len)
    if choice.temperature > 0:
        tokens = translator.sample(sources, choice.temperature, choice.seed)
    else:
        tokens = translator.translate(sources, choice.beam or config.decoding.beam)
    return [vocabulary.decode(numbers) for numbers in tokens]


def _check(
    texts: Sequence[str], choice: Choice, port: str | None, vocabulary: Vocabulary | Subwords
) -> None:
    for number, text in enumerate(texts, start=1):
        if len(vocabulary.encode(text)) == 0:
            place = f" (text {number} of {len(texts)})" if len(texts) > 1 else ""
            raise UsageError(
                f"There is nothing to translate in {text!r}{place}.",
                f"it has no {vocabulary.level}",
                "give a text in quotes, or leave it out",
            )
    if choice.beam is not None and choice.temperature > 0:
        raise UsageError(
            "--beam and --temperature cannot be used together.",
            "a beam search looks for the likeliest translation, a temperature draws one",
            "leave one of them out",
        )
    if choice.beam is not None and port is not None:
        raise UsageError(
            "A board cannot search with a beam.",
            "it takes one token at a time, and does not go back",
            "leave --beam out, or leave --port out to translate on this computer",
        )
