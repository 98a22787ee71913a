"""Pairs of texts, read from a table or from two aligned files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.translation_settings import PairsDataConfig
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import why_missing
from pipeline.core.pairs import Pair
from pipeline.core.plurals import counted
from pipeline.core.tokens import no_text_in
from pipeline.core.words import composed
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.encodings import as_utf8
from pipeline.datasets.tables.sources import Source, sources
from pipeline.datasets.tables.text_rows import TextRows, text_rows
from pipeline.datasets.text_files import SUFFIXES, part_of, text_files

HEADERS = (("source", "target"), ("src", "tgt"), ("src", "trg"), ("input", "output"))


@dataclass(frozen=True)
class ReadPairs:
    """Pairs by part: train, possibly also validation and test; noted: about the files."""

    parts: Mapping[str, Sequence[Pair]]
    noted: tuple[str, ...] = ()


def read_pairs(config: PairsDataConfig) -> ReadPairs:
    """Read all pairs of a dataset.

    Raises:
        PipelineError: a file cannot be read, or has no two columns of texts.
    """
    aligned = _aligned_files(config)
    if aligned:
        return _gathered({part: _of_files(*two, config.path) for part, two in aligned.items()}, ())
    if not config.path.exists() or not sources(config.path, SUFFIXES):
        raise _no_pairs(config.path)
    files = text_files(config.path)
    if not files.tables:
        raise _unusable(str(config.path), "it has a text a file, and pairs are needed")
    return _gathered(
        {part: _of_table(source, config) for part, source in files.tables.items()}, files.noted
    )


def _no_pairs(path: Path) -> PipelineError:
    """Of a path that is not there, or of a folder without tables."""
    if not path.exists():
        why = why_missing(path, "file or folder", "the path is misspelt, or nothing was made yet")
        return UsageError(f"There is no {path}.", why, f"{_EXPECTED}; {_MAKES_SOME}")
    found = ", ".join(sorted(file.name for file in path.glob("[!.]*"))[:MOST_NAMED]) or "no files"
    return UsageError(
        f"There is no table of texts in {path}; it has {found}.",
        "two aligned files are read when data.source and data.target name their endings",
        f"for train.en and train.de: `--set data.source=en --set data.target=de`; {_MAKES_SOME}",
    )


def _unusable(place: str, why: str) -> PipelineError:
    """The error for a file, or a line of one, that cannot be used."""
    return PipelineError(
        f"{place} cannot be used: {why}.",
        "it was cut short, edited, or has another format",
        _EXPECTED,
    )


_EXPECTED = (
    "a table such as TSV, CSV or JSON lines is expected, with a text and its translation in each "
    "row, or two aligned files; docs/translation.md shows them"
)
_MAKES_SOME = "`gesture data get dates` makes a table"
MOST_NAMED = 5  # files in a message


@dataclass(frozen=True)
class _Part:
    pairs: Sequence[Pair]
    noted: Sequence[str]


def _gathered(parts: Mapping[str, _Part], noted: Iterable[str]) -> ReadPairs:
    notes = dict.fromkeys([*noted, *(note for part in parts.values() for note in part.noted)])
    return ReadPairs({name: part.pairs for name, part in parts.items()}, tuple(notes))


def _aligned_files(config: PairsDataConfig) -> dict[str, tuple[Source, Source]]:
    """By part, the files with the two endings; empty where there are none."""
    if config.source is None or config.target is None or not config.path.is_dir():
        return {}
    endings = {f".{config.source}": 0, f".{config.target}": 1}
    found: dict[str, dict[int, Source]] = {}
    for source in sources(config.path, tuple(ending.lower() for ending in endings)):
        part = part_of(source.name) or "train"
        side = endings[source.name.suffix]
        if side in found.setdefault(part, {}):
            raise _two_files(config.path, found[part][side], source)
        found[part][side] = source
    for sides in found.values():
        if len(sides) == 1:
            raise _unusable(str(next(iter(sides.values())).place), "its translation has no file")
    if found and "train" not in found:
        raise _unusable(str(config.path), "none of its files is named train")
    return {part: (sides[0], sides[1]) for part, sides in found.items()}


def _two_files(path: Path, first: Source, second: Source) -> UsageError:
    return UsageError(
        f"{path} has two files for one part: {first.place.name} and {second.place.name}.",
        "the names train, val and test say which part a file is",
        "move one of them away",
    )


def _of_files(first: Source, second: Source, path: Path) -> _Part:
    """Pairs of two files with as many lines."""
    sides = [_lines(source) for source in (first, second)]
    counts = [len(side) for side in sides]
    if counts[0] != counts[1]:
        names = (
            f"{first.place.name} has {counted(counts[0], 'line')}, {second.place.name} {counts[1]}"
        )
        raise _unusable(str(path), f"{names}: the lines are not translations of each other")
    places = [f"{first.place}:{line}" for line in range(1, counts[0] + 1)]
    return _cleaned(list(zip(*sides, strict=True)), places, ())


def _lines(source: Source) -> list[str]:
    try:
        content, _ = as_utf8(source.content())
    except (OSError, ValueError) as error:
        raise _unusable(str(source.place), f"it cannot be read: {error}") from None
    return bytes(content).decode("utf-8", "replace").removesuffix("\n").split("\n")


def _of_table(source: Source, config: PairsDataConfig) -> _Part:
    table = text_rows(source)
    if isinstance(table, Noted):
        place = str(table.file) if table.line is None else f"{table.file}:{table.line}"
        raise _unusable(place, table.what)
    table, columns, noted = _columns(table, config)
    rows = [(row[columns[0]], row[columns[1]]) for row in table.rows]
    places = [f"{table.place}:{line}" for line in table.lines]
    return _cleaned(rows, places, [*table.noted, *noted])


def _columns(
    table: TextRows, config: PairsDataConfig
) -> tuple[TextRows, tuple[int, int], Sequence[str]]:
    """The rows below a header, the places of the two columns, and what to say of them."""
    if config.source is not None and config.target is not None:
        if not table.has_keys and not {config.source, config.target} <= _numbers(table):
            table = table.without_header()
        places = tuple(_place(table, name) for name in (config.source, config.target))
        return table, (places[0], places[1]), ()
    names = [name.strip().lower() for name in table.columns]
    if len(names) < 2:
        raise _unusable(str(table.place), f"it has one column, {names[0]!r}, and two are needed")
    known = next((two for two in HEADERS if set(two) <= set(names)), None)
    if known is not None:
        table = table if table.has_keys else table.without_header()
        return table, (names.index(known[0]), names.index(known[1])), ()
    used = "" if len(names) == 2 else f"the first two of {len(names)} columns are used"
    return table, (0, 1), [used] if used else []


def _numbers(table: TextRows) -> set[str]:
    return {str(number + 1) for number in range(len(table.columns))}


def _place(table: TextRows, name: str) -> int:
    names = list(table.columns) if table.has_keys else sorted(_numbers(table), key=int)
    if name not in names:
        raise UsageError(
            f"{table.place} has no column {name!r}.",
            f"its columns are {', '.join(names)}",
            "name two of them in data.source and data.target; without a header they are 1, 2, …",
        )
    return names.index(name)


def _cleaned(rows: Sequence[tuple[str, str]], places: Sequence[str], noted: Sequence[str]) -> _Part:
    """Pairs with text on both sides."""
    pairs, without = [], []
    for row, place in zip(rows, places, strict=True):
        pair = Pair(*(_clean(text, place) for text in row))
        if all(pair):
            pairs.append(pair)
        else:
            without.append(place)
    if not pairs:
        raise _unusable(places[0].rpartition(":")[0] if places else "the file", "it has no pair")
    left_out = f"left out: {counted(len(without), 'line')} without one of the texts, the first at "
    return _Part(pairs, [*noted, *([left_out + without[0]] if without else [])])


def _clean(text: str, place: str) -> str:
    if (odd := no_text_in(text)) is not None:
        raise _unusable(place, f"its text contains {odd[1]}")
    return composed(text.strip())
