"""What changed from one version of a dataset to another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.datasets.snapshots import (
    Snapshot,
    content_file,
    find_snapshot,
    require_contents,
    require_dataset,
    sha256_of,
    snapshots_of,
    visible_files,
)

NOW = "now"


@dataclass(frozen=True)
class Changes:
    """The changes between two versions, by paths in the dataset.

    Args:
        one: the name of the earlier version.
        two: the name of the later one, or `now`.
        relabelled: takes with the same rows in the folder of another label, before and after.
        renamed: files with the same rows under another name, before and after.
        changed: files with other content, and what is different.
    """

    one: str
    two: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[tuple[str, str], ...]
    renamed: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]

    @property
    def count(self) -> int:
        """How many files are concerned."""
        kinds = (self.added, self.removed, self.relabelled, self.renamed, self.changed)
        return sum(map(len, kinds))


@dataclass(frozen=True)
class _Version:
    """place: of the content of a path."""

    name: str
    files: Mapping[str, str]
    place: Callable[[str], Path]

    def rows(self, path: str) -> list[bytes]:
        """The lines of a file without its header."""
        lines = self.place(path).read_bytes().splitlines()
        return [line for line in lines if not line.startswith(b"#")]

    def rows_hash(self, path: str) -> bytes:
        return hashlib.sha256(b"\n".join(self.rows(path))).digest()


def changes_between(dataset: Path, one: str | None, two: str | None) -> Changes:
    """Compare two snapshots, or one with the files as they are now.

    Args:
        dataset: its folder.
        one: the name of the earlier snapshot; None for the newest.
        two: the name of the later one; None for now.

    Raises:
        PipelineError: there is no such snapshot (USAGE), or it is damaged.
    """
    require_dataset(dataset)
    known = snapshots_of(dataset)
    first = known[-1] if one is None and known else find_snapshot(dataset, one or "")
    before = _of_snapshot(dataset, first)
    return _compared(before, _of_now(dataset) if two is None else _second(dataset, two))


def _second(dataset: Path, name: str) -> _Version:
    return _of_snapshot(dataset, find_snapshot(dataset, name))


def _of_snapshot(dataset: Path, snapshot: Snapshot) -> _Version:
    require_contents(dataset, snapshot)
    files = snapshot.files
    return _Version(snapshot.name, files, lambda path: content_file(dataset, files[path]))


def _of_now(dataset: Path) -> _Version:
    files = {path: sha256_of(dataset / path) for path in visible_files(dataset)}
    return _Version(NOW, files, lambda path: dataset / path)


def _compared(one: _Version, two: _Version) -> Changes:
    removed = sorted(set(one.files) - set(two.files))
    added = sorted(set(two.files) - set(one.files))
    by_rows: dict[bytes, list[str]] = {}
    for path in added:
        by_rows.setdefault(two.rows_hash(path), []).append(path)
    moved = []
    for path in removed:
        same = by_rows.get(one.rows_hash(path))
        if same:
            moved.append((path, same.pop(0)))
    gone, came = {old for old, _ in moved}, {new for _, new in moved}
    both = sorted(set(one.files) & set(two.files))
    return Changes(
        one=one.name,
        two=two.name,
        added=tuple(path for path in added if path not in came),
        removed=tuple(path for path in removed if path not in gone),
        relabelled=tuple(pair for pair in moved if _folder(pair[0]) != _folder(pair[1])),
        renamed=tuple(pair for pair in moved if _folder(pair[0]) == _folder(pair[1])),
        changed=tuple(
            (path, _difference(one, two, path))
            for path in both
            if one.files[path] != two.files[path]
        ),
    )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _difference(one: _Version, two: _Version, path: str) -> str:
    before, after = one.rows(path), two.rows(path)
    if before == after:
        return "another header"
    if len(before) != len(after):
        return f"{len(before) - 1} rows before, {len(after) - 1} after"
    return "other values"
