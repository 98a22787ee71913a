"""One long text, and what comes after each of its characters.

A text is split by position: its beginning is learned from, its end is held out, so that no sentence
stands on both sides.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from pipeline.artifacts import Int32
from pipeline.config_text import MOST_OUTPUTS, GenerationConfig
from pipeline.errors import ExitCode, PipelineError
from pipeline.tokens import FIRST, TokenDataset, Vocabulary, no_text_in

FEWEST_SEQUENCES = 2  # of each part


def generation_dataset(config: GenerationConfig) -> TokenDataset:
    """Sequences one after the other, and their characters shifted by one as targets.

    The vocabulary is of the training part. Validation and test part are one: nothing but the
    epoch that is kept is chosen by it. Raises PipelineError for a text that is missing, empty,
    too short or not UTF-8, and for one of more characters than a board's network tells apart.
    """
    text = read_text(config.data.path)
    end = round(len(text) * (1 - config.split.validation))
    parts = {"train": text[:end], "test": text[end:]}
    _require_enough(config, parts)
    vocabulary = Vocabulary.fit([parts["train"]], "characters", config.text.max_characters)
    _require_few(config, vocabulary)
    numbers = {part: vocabulary.encode(held) for part, held in parts.items()}
    cut = {part: shifted(held, config.text.length) for part, held in numbers.items()}
    inputs = {part: pair[0] for part, pair in cut.items()}
    targets = {part: pair[1] for part, pair in cut.items()}
    return TokenDataset(
        inputs={**inputs, "validation": inputs["test"]},
        targets={**targets, "validation": targets["test"]},
        labels=(),
        vocabulary=vocabulary,
        texts=(),
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        split_note=f"the last {config.split.validation:.0%} of the text",
    )


def shifted(numbers: Int32, length: int) -> tuple[Int32, Int32]:
    """Inputs and targets, int32 [n, length] both: as many whole sequences as there are."""
    whole = (len(numbers) - 1) // length * length
    return numbers[:whole].reshape(-1, length), numbers[1 : whole + 1].reshape(-1, length)


def read_text(path: Path) -> str:
    """Lines end in \\n, whatever the file has. Raises PipelineError where it cannot be used."""
    file = _file_of(path)
    try:
        text = file.read_bytes().decode("utf-8").replace("\r\n", "\n").removeprefix("\ufeff")
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(
            f"{file} cannot be read as text: {error}.",
            "it is not UTF-8, or may not be read by you",
            "save it as UTF-8",
        ) from None
    if not text.strip():
        raise PipelineError(
            f"{file} is empty: there is nothing to learn from.",
            "the file holds no characters but spaces",
            "put a text of at least some thousand characters there",
            ExitCode.USAGE,
        )
    if (odd := no_text_in(text)) is not None:
        raise PipelineError(
            f"{file} cannot be learned from: line {odd[0]} has {odd[1]} in it.",
            "it is no text file, or was damaged",
            "delete that character, or name another file",
        )
    return text


def _file_of(path: Path) -> Path:
    """The file itself, or the one text in a folder."""
    texts = [path] if path.is_file() else sorted(path.glob("*.txt"))
    if len(texts) != 1:
        found = "no .txt" if not texts else f"{len(texts)} .txt files"
        raise PipelineError(
            f"There is not one text at {path}, but {found}.",
            "the path is misspelt, relative to another folder, or nothing was fetched yet",
            "name a text file; `gesture data get tinyshakespeare` fetches one",
            ExitCode.USAGE,
        )
    return texts[0]


def _require_enough(config: GenerationConfig, parts: dict[str, str]) -> None:
    needed = FEWEST_SEQUENCES * config.text.length + 1
    short = min(parts, key=lambda part: len(parts[part]))
    if len(parts[short]) < needed:
        share = min(config.split.validation, 1 - config.split.validation)
        raise PipelineError(
            f"{config.data.path} is too short: its {short} part has {len(parts[short])} "
            f"characters, and {needed} are needed.",
            f"a part must hold {FEWEST_SEQUENCES} sequences of text.length, "
            f"{config.text.length} characters, and the one after them",
            f"take a text of {int(np.ceil(needed / share))} characters or more, or a smaller "
            "text.length",
            ExitCode.USAGE,
        )


def _require_few(config: GenerationConfig, vocabulary: Vocabulary) -> None:
    if vocabulary.size <= MOST_OUTPUTS:
        return
    raise PipelineError(
        f"{config.data.path} has {len(vocabulary.entries)} different characters to learn, and a "
        f"board's network tells {MOST_OUTPUTS - FIRST} apart.",
        "each is an output of the network; a text of many scripts or signs has more",
        f"`--set text.max_characters={MOST_OUTPUTS}` learns the most frequent of them",
        ExitCode.USAGE,
    )
