"""The files of labelled texts: tables of training, validation and test, or a folder for a label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import why_missing
from pipeline.datasets.tables.sources import Source, sources

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".txt")
TEXT = ".txt"
PARTS: Mapping[str, str] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
MOST_NAMED = 5  # files in a message


@dataclass(frozen=True)
class TextFiles:
    """Where the texts are.

    Args:
        tables: by part; empty where each text is a file.
        texts: by part, then by label: files with one text each.
        noted: what was left out.
    """

    tables: Mapping[str, Source]
    texts: Mapping[str, Mapping[str, Sequence[Source]]]
    noted: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that there are."""
        return tuple(self.tables or self.texts)

    def all_of(self, part: str) -> list[Source]:
        """All files of a part, in order."""
        if self.tables:
            return [self.tables[part]]
        return [source for files in self.texts[part].values() for source in files]


def text_files(path: Path) -> TextFiles:
    """Find the texts in a folder or an archive, or take the one file.

    Raises:
        PipelineError: there are none, or it is unclear which of several to take.
    """
    found = sources(path, SUFFIXES) if path.exists() else []
    if not found:
        raise _no_texts(path)
    texts = _by_label(path, found)
    return _tables(path, found) if texts is None else texts


def _no_texts(path: Path) -> PipelineError:
    others = sorted(file.name for file in path.glob("[!.]*")) if path.is_dir() else []
    seen = f"; it has {_some(others)}" if others else ""
    return UsageError(
        f"There are no texts in {path}: no train.csv, train.tsv or train.jsonl, no single table, "
        f"and no folders of .txt files{seen}.",
        why_missing(
            path,
            "file or folder",
            "the path is misspelt, relative to another folder, or nothing was fetched yet",
        ),
        "name a table or a folder in data.path; docs/text.md shows what is read, and `gesture data "
        "get imdb` fetches film reviews",
    )


def part_of(path: PurePath) -> str | None:
    """The part that the name of a file says, or that of its folder."""
    for name in (path.name.split(".")[0], path.parent.name):
        words = re.split(r"[\W_]+", name.lower())
        part = next((PARTS[word] for word in words if word in PARTS), None)
        if part is not None:
            return part
    return None


def _tables(path: Path, found: Sequence[Source]) -> TextFiles:
    if len(found) == 1:
        return TextFiles({"train": found[0]}, {}, ())
    tables: dict[str, Source] = {}
    others: list[Source] = []
    for source in found:
        part = part_of(_place(path, source))
        if part is None:
            others.append(source)
        elif part in tables:
            raise _two_tables(path, f"two of them are for {part}", found)
        else:
            tables[part] = source
    if "train" not in tables:
        raise _two_tables(path, "none of them is named train", found)
    noted = (f"left out: {_some(source.place.name for source in others)}",) if others else ()
    return TextFiles(tables, {}, noted)


def _place(path: Path, source: Source) -> PurePath:
    """The folders and the name of a file in the folder or the archive that the user named."""
    if path.is_dir() and not source.member:
        return source.path.relative_to(path)
    return PurePath(source.member or source.path.name)


def _two_tables(path: Path, what: str, found: Sequence[Source]) -> PipelineError:
    return UsageError(
        f"{path} has {len(found)} files of texts, and {what}: "
        f"{_some(source.place.name for source in found)}.",
        "only one can be the training part",
        "name one file in data.path, or name the files train, val and test",
    )


def _by_label(path: Path, found: Sequence[Source]) -> TextFiles | None:
    """Files with a text each, in a folder for each label; None where they are something else."""
    texts: dict[str, dict[str, list[Source]]] = {}
    for source in found:
        place = _place(path, source)
        label = place.parent.name
        if place.suffix.lower() != TEXT or not label or label.lower() in PARTS:
            continue
        part = PARTS.get(place.parent.parent.name.lower(), "train")
        texts.setdefault(part, {}).setdefault(label, []).append(source)
    if len(texts.get("train", {})) < 2:
        return None
    return _with_all_labels(texts)


def _with_all_labels(texts: Mapping[str, Mapping[str, Sequence[Source]]]) -> TextFiles:
    """Without the folders that a part lacks: those of texts without a label, as in aclImdb."""
    shared = set.intersection(*(set(labels) for labels in texts.values()))
    left_out = sorted({label for labels in texts.values() for label in labels} - shared)
    noted = [f"a folder is a label: {_some(sorted(shared))}"]
    if left_out:
        noted.append(f"left out: {_some(left_out)}, which not every part has")
    return TextFiles(
        {},
        {
            part: {label: labels[label] for label in sorted(shared)}
            for part, labels in texts.items()
        },
        tuple(noted),
    )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
