"""Which column of a table is the text, and which the label."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.config.text_settings import MOST_LABELS, SentimentDataConfig
from pipeline.core.errors import PipelineError
from pipeline.datasets.recording_file import bad_file
from pipeline.datasets.tables.text_rows import TextRows

FEWEST_OF_A_LABEL = 2  # rows on average
FEWEST = 2  # columns
SHOWN = 30  # characters of a cell in a message
LONGER = 1.5  # the text is so many times as long as any other column
NAMED = re.compile(
    r"label|labels|sentiment|class|category|target|polarity|rating|stars?|score|emotion|intent|y|"
    r"airline_sentiment|topic|étiquette|classe|klasse|etiqueta|категория"
)


class Columns(NamedTuple):
    """Places of the two columns; names: of all, "1", "2" and so on without a header."""

    text: int
    label: int
    names: tuple[str, ...]


def find_columns(table: TextRows, config: SentimentDataConfig) -> tuple[TextRows, Columns]:
    """The rows without a header, and the places of their text and label.

    Raises:
        PipelineError: a named column is not there, or it is unclear which one it is.
    """
    numbered = tuple(str(number + 1) for number in range(len(table.columns)))
    if not table.has_keys and _has_header(table, numbered, config):
        table = table.without_header()
    names = table.columns if table.has_keys else numbered
    return table, _columns(table, names, config)


def _has_header(table: TextRows, numbered: Sequence[str], config: SentimentDataConfig) -> bool:
    """Whether the first row is a header: its cell in the column of labels is no label."""
    named = [name for name in (config.text, config.label) if name is not None]
    if named:
        return any(name not in numbered for name in named)
    places = _columns(table, numbered, config, header=table.columns)
    labels = [row[places.label] for row in table.rows]
    return labels[0] not in labels[1:]


def _columns(
    table: TextRows,
    names: Sequence[str],
    config: SentimentDataConfig,
    header: Sequence[str] = (),
) -> Columns:
    """header: other names of the columns, perhaps."""
    if len(names) < FEWEST:
        raise _unclear(table, names, "it has only one column", "text", names)
    text = _named(table, names, config.text, "text")
    label = _named(table, names, config.label, "label")
    if text is None:
        text = _longest(table, names, label)
    if label is None:
        label = _of_few(table, header or names, text)
    return Columns(text, label, tuple(names))


def _named(table: TextRows, names: Sequence[str], name: str | None, key: str) -> int | None:
    if name is None:
        return names.index(key) if names.count(key) == 1 else None
    if names.count(name) != 1:
        raise _unclear(table, names, f"there is no column {name!r}", key, names)
    return names.index(name)


def _longest(table: TextRows, names: Sequence[str], label: int | None) -> int:
    """The column of the longest words, if it is clearly longer than others."""
    lengths = np.array([np.mean([len(row[at]) for row in table.rows]) for at in range(len(names))])
    if label is not None:
        lengths[label] = 0
    ordered = np.argsort(-lengths)
    if len(names) > 2 and lengths[ordered[0]] < LONGER * lengths[ordered[1]]:
        both = [names[at] for at in ordered[:2]]
        raise _unclear(table, names, f"the text may be in {' or '.join(both)}", "text", both)
    return int(ordered[0])


def _of_few(table: TextRows, names: Sequence[str], text: int) -> int:
    """The column with few different words."""
    counts = [len(Counter(row[at] for row in table.rows)) for at in range(len(names))]
    most = max(len(table.rows) / FEWEST_OF_A_LABEL, 2 + len(table.rows) % 2)
    few = [
        at
        for at, count in enumerate(counts)
        if at != text and 1 < count <= min(most, MOST_LABELS + 1)
    ]
    named = [at for at in few if NAMED.fullmatch(names[at].lower())]
    for clear in (named, few):
        if len(clear) == 1:
            return clear[0]
    others = [at for at in range(len(names)) if at != text]
    if len(others) == 1:
        return others[0]
    several = [names[at] for at in (named or few or others)]
    raise _unclear(table, names, f"the label may be in {' or '.join(several)}", "label", several)


def _unclear(
    table: TextRows, names: Sequence[str], what: str, key: str, choices: Sequence[str]
) -> PipelineError:
    """choices: columns that the config may name."""
    row = table.rows[-1]
    seen = ", ".join(f"{name}: {cell[:SHOWN]!r}" for name, cell in zip(names, row, strict=True))
    return bad_file(
        table.place,
        f"{what}; its last row has {seen}",
        "the text is the column with the longest words, the label one with few different words",
        f"name it: `data.{key}: {choices[0]}`" + "".join(f" or `{name}`" for name in choices[1:4]),
    )
