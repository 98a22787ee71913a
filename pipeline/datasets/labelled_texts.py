"""Texts with a label each, read from any of their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.config.text_settings import LABEL, MOST_LABELS, SentimentDataConfig
from pipeline.core.artifacts import Int32
from pipeline.core.errors import PipelineError
from pipeline.core.original_names import OriginalNames, in_ascii
from pipeline.core.plurals import counted
from pipeline.core.tokens import no_text_in
from pipeline.core.words import composed
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.encodings import as_utf8
from pipeline.datasets.tables.sources import Source
from pipeline.datasets.tables.text_rows import text_rows
from pipeline.datasets.text_columns import find_columns
from pipeline.datasets.text_files import TextFiles

LINE_BREAK = "<br />"  # reviews are pieces of web pages
OF_NUMBERS = ("negative", "positive")  # what the labels 0 and 1 are called
LONGEST_LABEL = 32


@dataclass(frozen=True)
class LabelledTexts:
    """Texts and their labels, a word each, with the place of each text for messages."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    places: tuple[str, ...]
    noted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labels:
    """The labels of a dataset.

    Args:
        names: of the network's outputs, words that a board prints.
        originals: what people wrote for them.
        numbers: the index of each word in the files.
    """

    names: tuple[str, ...]
    originals: OriginalNames
    numbers: Mapping[str, int]
    noted: tuple[str, ...]


def read_texts(files: TextFiles, part: str, config: SentimentDataConfig) -> LabelledTexts:
    """The texts of one part.

    Raises:
        PipelineError: a file cannot be read, or its columns are unclear.
    """
    if files.tables:
        return _of_table(files.tables[part], config)
    found = [
        (_whole(source), label, str(source.place))
        for label, sources in files.texts[part].items()
        for source in sources
    ]
    return _labelled(found)


def _labelled(rows: Sequence[tuple[str, str, str]], noted: Sequence[str] = ()) -> LabelledTexts:
    """rows: text, label and place of each."""
    texts, labels, places = zip(*rows, strict=True)
    return LabelledTexts(texts, labels, places, tuple(noted))


def _whole(source: Source) -> str:
    try:
        content, _ = as_utf8(source.content())
    except (OSError, ValueError) as error:
        raise unusable(str(source.place), f"it cannot be read: {error}") from None
    return _clean(str(source.place), bytes(content).decode("utf-8", "replace").strip())


def _of_table(source: Source, config: SentimentDataConfig) -> LabelledTexts:
    table = text_rows(source)
    if isinstance(table, Noted):
        place = str(table.file) if table.line is None else f"{table.file}:{table.line}"
        raise unusable(place, table.what)
    if not table.has_keys and len(table.rows) == 1:
        raise unusable(str(table.place), "it has only one row")
    table, columns = find_columns(table, config)
    found, without = [], []
    for row, line in zip(table.rows, table.lines, strict=True):
        place = f"{table.place}:{line}"
        text, label = _clean(place, row[columns.text]), row[columns.label].strip()
        if text.strip() and label:
            found.append((text, label, place))
        else:
            without.append(line)
    if not found:
        raise unusable(str(table.place), "it has no text with a label")
    names = columns.names
    noted = [*table.noted]
    if (names[columns.text], names[columns.label]) != ("text", "label"):
        noted.append(f"texts are in column {names[columns.text]}, labels in {names[columns.label]}")
    if without:
        rows = counted(len(without), "row")
        noted.append(f"left out: {rows} without a text or a label, the first on line {without[0]}")
    return _labelled(found, noted)


def _clean(place: str, text: str) -> str:
    if (odd := no_text_in(text)) is not None:
        raise unusable(place, f"its text contains {odd[1]}")
    return composed(text.replace(LINE_BREAK, " "))


def unusable(place: str, why: str) -> PipelineError:
    """The error for a file, or a line of one, that cannot be used."""
    return PipelineError(
        f"{place} cannot be used: {why}.",
        "it was cut short, edited, or has another format",
        "a table such as CSV, TSV or JSON lines with a column of texts and one of labels is "
        "expected, or a folder for each label; docs/text.md shows them",
    )


def labels_of(texts: LabelledTexts, config: SentimentDataConfig) -> Labels:
    """The labels of the training part, as the config names them, or as they are written there.

    Raises:
        PipelineError: there are too many of them.
    """
    words = tuple(sorted(set(map(_plain, texts.labels)), key=_by_number))
    of_numbers = words == ("0", "1")
    names = config.labels or (OF_NUMBERS if of_numbers else words)
    _require_several(names, config)
    mapped = _for_boards(names)
    changed = {new: old for old, new in zip(names, mapped, strict=True) if old != new}
    noted = [f"the label {old!r} is {new} on boards" for new, old in changed.items()]
    if of_numbers and config.labels is None:
        noted.append("0 is called negative and 1 positive, unless data.labels names them")
    numbers = {name: number for number, name in enumerate(names)}
    if of_numbers or config.labels is not None:
        numbers = {str(number): number for number in range(len(names))} | numbers
    originals = OriginalNames({"label": changed} if changed else {})
    return Labels(mapped, originals, numbers, tuple(noted))


def _require_several(names: Sequence[str], config: SentimentDataConfig) -> None:
    if len(names) == 1:
        raise unusable(str(config.path), f"all its texts have the label {names[0]!r}")
    if len(names) > MOST_LABELS:
        raise unusable(
            str(config.path),
            f"its texts have {len(names)} different labels, such as {', '.join(names[:3])!r}; a "
            f"board knows {MOST_LABELS}: data.label names the column",
        )


def _plain(label: str) -> str:
    """A label without the decimals of a whole number."""
    return label.removesuffix(".0")


def _by_number(label: str) -> tuple[float, str]:
    try:
        return float(label), ""
    except ValueError:
        return np.inf, label


def _for_boards(names: Iterable[str]) -> tuple[str, ...]:
    """Names as words that a board prints, each another one."""
    mapped: list[str] = []
    for name in names:
        word = name if LABEL.fullmatch(name) else in_ascii(name, hyphens=True) or "label"
        shortened, number = word[:LONGEST_LABEL], 1
        while shortened in mapped:
            number += 1
            end = f"_{number}"
            shortened = word[: LONGEST_LABEL - len(end)] + end
        mapped.append(shortened)
    return tuple(mapped)


def targets_of(texts: LabelledTexts, labels: Labels) -> Int32:
    """The index of the label of each text: int32 [n].

    Raises:
        PipelineError: a label is unknown.
    """
    for label, place in zip(texts.labels, texts.places, strict=True):
        if _plain(label) not in labels.numbers:
            known = ", ".join(labels.numbers)
            raise unusable(place, f"its label is {label!r}; the labels are {known}")
    return np.array([labels.numbers[_plain(label)] for label in texts.labels], np.int32)
