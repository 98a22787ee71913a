"""The dataset of text generation: a long text, with the next character of each as target.

The text is split by position, so no sentence is in both parts.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from pipeline.config.text_settings import MOST_OUTPUTS, GenerationConfig
from pipeline.core.artifacts import Int32
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import regular, why_missing
from pipeline.core.plurals import counted
from pipeline.core.tokens import FIRST, TokenDataset, Vocabulary, no_text_in
from pipeline.core.words import composed

FEWEST_SEQUENCES = 2  # of each part


def generation_dataset(config: GenerationConfig) -> TokenDataset:
    """Sequences of a text, in order.

    The vocabulary is that of the training part. Validation and test part are the same: only the
    best epoch is chosen by it.
    """
    text = read_text(config.data.path)
    end = round(len(text) * (1 - config.split.validation))
    parts = {"train": text[:end], "test": text[end:]}
    _require_enough(config, parts)
    vocabulary = Vocabulary.fit([parts["train"]], "characters", config.text.max_characters)
    _require_few(config, vocabulary)
    numbers = {part: vocabulary.encode(content) for part, content in parts.items()}
    cut = {part: shifted(encoded, config.text.length) for part, encoded in numbers.items()}
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
    """Inputs, and the next tokens as targets: int32 [n, length] both, only whole sequences."""
    whole = (len(numbers) - 1) // length * length
    return numbers[:whole].reshape(-1, length), numbers[1 : whole + 1].reshape(-1, length)


def read_text(path: Path) -> str:
    """Read a text; all line ends become a newline, and a letter with its accent one character."""
    file = _file_of(path)
    try:
        content = regular(file).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(
            f"{file} cannot be read as text: {error}.",
            "it is not UTF-8, or you may not read it",
            "save it as UTF-8",
        ) from None
    text = composed(content.replace("\r\n", "\n").removeprefix("\ufeff"))
    if not text.strip():
        raise UsageError(
            f"{file} is empty: there is nothing to train on.",
            "the file has only spaces",
            "use a text of at least some thousand characters",
        )
    if (odd := no_text_in(text)) is not None:
        raise PipelineError(
            f"{file} cannot be used: line {odd[0]} contains {odd[1]}.",
            "it is no text file, or is damaged",
            "delete that character, or name another file",
        )
    return text


def _file_of(path: Path) -> Path:
    """The file itself, or the one text in a folder."""
    texts = [path] if path.is_file() else sorted(path.glob("*.txt"))
    if len(texts) != 1:
        raise UsageError(
            f"One text is needed at {path}; there are {len(texts)} .txt files."
            if texts
            else f"There is no .txt file at {path}.",
            why_missing(
                path,
                "file or folder",
                "the path is misspelt, relative to another folder, or nothing was fetched yet",
            ),
            "name a text file; `gesture data get tinyshakespeare` fetches one",
        )
    return texts[0]


def _require_enough(config: GenerationConfig, parts: dict[str, str]) -> None:
    needed = FEWEST_SEQUENCES * config.text.length + 1
    short = min(parts, key=lambda part: len(parts[part]))
    if len(parts[short]) < needed:
        share = min(config.split.validation, 1 - config.split.validation)
        raise UsageError(
            f"{config.data.path} is too short: its {short} part has "
            f"{counted(len(parts[short]), 'character')}, and {needed} are needed.",
            f"a part must have {FEWEST_SEQUENCES} sequences of text.length, "
            f"{config.text.length} characters, and one more character",
            f"use a text of {int(np.ceil(needed / share))} characters or more, or a smaller "
            "text.length",
        )


def _require_few(config: GenerationConfig, vocabulary: Vocabulary) -> None:
    if vocabulary.size <= MOST_OUTPUTS:
        return
    raise UsageError(
        f"{config.data.path} has {len(vocabulary.entries)} different characters; a board supports "
        f"{MOST_OUTPUTS - FIRST}.",
        "each is an output of the network; a text with many scripts or signs has more",
        f"`--set text.max_characters={MOST_OUTPUTS}` uses the most frequent ones",
    )
