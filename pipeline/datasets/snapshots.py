"""Snapshots: versions of a dataset that can be compared and brought back.

`.snapshots/NAME.json` in the folder of the dataset lists its files with their SHA-256. The contents
are in `.snapshots/files/`, each once, by their SHA-256. The list is written last: a snapshot is
there as a whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import chain, count
from pathlib import Path

from pipeline.core.errors import MismatchError, PipelineError, UsageError
from pipeline.core.files import atomic_write, load_json, reading, save_json, why_missing, writing
from pipeline.core.locks import Lock
from pipeline.core.progress import OnStep
from pipeline.datasets.recording_file import check_name

STORE = ".snapshots"
CONTENTS = "files"
RESTORING = "restoring"  # a file there says that a restore is not complete
BLOCK = 1 << 20
PATIENCE_S = 10.0  # an import or a capture's end is waited for


@dataclass(frozen=True)
class Snapshot:
    """A version of a dataset.

    Args:
        name: of the snapshot.
        made_s: when, in seconds since 1970.
        files: SHA-256 in hex of each file, by its path in the dataset.
    """

    name: str
    made_s: float
    files: Mapping[str, str]

    @property
    def made(self) -> str:
        """When it was made, in local time."""
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.made_s))


@dataclass(frozen=True)
class Taken:
    """A snapshot; is_new: it was made now, and nothing had the same files and name before."""

    snapshot: Snapshot
    is_new: bool


def take_snapshot(dataset: Path, name: str | None, on_step: OnStep) -> Taken:
    """Keep the files of a dataset as they are now.

    Args:
        dataset: its folder.
        name: of the snapshot; None for the day, or for the last snapshot if nothing has changed.
        on_step: is told what is being done.

    Raises:
        PipelineError: there is nothing to keep, or the name is taken (USAGE).
    """
    require_dataset(dataset)
    if name is not None:
        check_name("snapshot", name)
    with Lock(dataset, "data snapshot", PATIENCE_S):
        return keep_now(dataset, name, on_step)


def keep_now(dataset: Path, name: str | None, on_step: OnStep, usual: str = "") -> Taken:
    """As `take_snapshot`, in a dataset that is locked; usual: the name instead of the day."""
    known = snapshots_of(dataset)
    if name is not None and name.casefold() in {one.name.casefold() for one in known}:
        raise UsageError(
            f"{dataset} has a snapshot {name} already.",
            "a snapshot is never overwritten",
            f"choose another name; `gesture data snapshot {dataset} --list` shows all",
        )
    on_step(f"reading the files of {dataset}")
    now = {path: _kept(dataset, path) for path in visible_files(dataset)}
    equal = next((one for one in reversed(known) if one.files == now), None)
    if equal is not None and name is None:
        return Taken(equal, is_new=False)
    name = name or free_name(known, usual or time.strftime("%Y-%m-%d"))
    snapshot = Snapshot(name, time.time(), now)
    save_json(_list_file(dataset, snapshot.name), {"format": 1, **asdict(snapshot)})
    return Taken(snapshot, is_new=True)


def free_name(known: list[Snapshot], wish: str) -> str:
    """A name that no snapshot has: the wish, or with a number."""
    taken = {one.name.casefold() for one in known}
    wishes = chain([wish], (f"{wish}-{number}" for number in count(2)))
    return next(name for name in wishes if name.casefold() not in taken)


def snapshots_of(dataset: Path) -> list[Snapshot]:
    """The snapshots of a dataset, the oldest first.

    Raises:
        PipelineError: a list of files is damaged.
    """
    found = [_load(file) for file in (dataset / STORE).glob("[!.]*.json")]
    return sorted(found, key=lambda one: (one.made_s, one.name))


def find_snapshot(dataset: Path, name: str) -> Snapshot:
    """The snapshot of a name; USAGE if there is none."""
    require_dataset(dataset)
    known = {one.name: one for one in snapshots_of(dataset)}
    if name not in known:
        raise UsageError(
            f"{dataset} has no snapshot {name}.",
            f"it has {', '.join(known)}" if known else "none was taken yet",
            f"`gesture data snapshot {dataset} --list` shows all",
        )
    return known[name]


def snapshot_like(dataset: Path) -> str | None:
    """The newest snapshot that a dataset is equal to now; None where there is none."""
    known = snapshots_of(dataset) if (dataset / STORE).is_dir() else []
    if not known:
        return None
    now = {path: sha256_of(dataset / path) for path in visible_files(dataset)}
    return next((one.name for one in reversed(known) if one.files == now), None)


def visible_files(dataset: Path) -> list[str]:
    """The paths of all files of a dataset, in order; hidden ones belong to no version."""
    found = []
    for folder, folders, files in os.walk(dataset):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(folder, name) for name in files if not name.startswith("."))
        found += [path.relative_to(dataset).as_posix() for path in paths if path.is_file()]
    return sorted(found)


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def content_file(dataset: Path, sha256: str) -> Path:
    """Where a content is kept."""
    return dataset / STORE / CONTENTS / sha256[:2] / sha256


def require_contents(dataset: Path, snapshot: Snapshot) -> None:
    """Check that all contents of a snapshot are there as they were (PipelineError: MISMATCH)."""
    for path, sha256 in snapshot.files.items():
        file = content_file(dataset, sha256)
        if not file.is_file() or sha256_of(file) != sha256:
            raise MismatchError(
                f"The snapshot {snapshot.name} of {dataset} is damaged: {path} is lost.",
                f"{file} was changed or deleted",
                "take it from a copy of the dataset; nothing was changed",
            )


def require_dataset(dataset: Path) -> None:
    """Check that a dataset has files (PipelineError)."""
    if not dataset.is_dir():
        raise UsageError(
            f"There is no dataset {dataset}.",
            why_missing(dataset, "folder", "the name is misspelt, or the data are not made yet"),
            "`gesture data list` shows what there is",
        )
    if not visible_files(dataset) and not (dataset / STORE).is_dir():
        raise PipelineError(
            f"The dataset {dataset} is empty.",
            "nothing was captured or imported into it yet",
            "`gesture capture` or `gesture data import` fills it",
        )


def _kept(dataset: Path, path: str) -> str:
    """Keep the content of a file, and return its SHA-256."""
    file = dataset / path
    with writing(file):
        sha256 = sha256_of(file)
        place = content_file(dataset, sha256)
        if place.is_file() and place.stat().st_size == file.stat().st_size:
            return sha256
        with atomic_write(place) as unfinished:
            shutil.copyfile(file, unfinished)  # no link: an editor may write into the file
            if sha256_of(unfinished) != sha256:
                raise PipelineError(
                    f"{file} changed while it was read.",
                    "another program writes it now",
                    "close that program, and take the snapshot again",
                )
    return sha256


def _list_file(dataset: Path, name: str) -> Path:
    return dataset / STORE / f"{name}.json"


def _load(file: Path) -> Snapshot:
    content = load_json(file, "data snapshot")
    with reading(file, "data snapshot"):
        files = {str(path): str(sha256) for path, sha256 in content["files"].items()}
        unsafe = [path for path in files if Path(path).is_absolute() or ".." in Path(path).parts]
        if content["format"] != 1 or unsafe:
            raise ValueError("it is no list of files of a dataset")
        return Snapshot(str(content["name"]), float(content["made_s"]), files)


def require_restored(dataset: Path) -> None:
    """Check that no restore was cut short, which would leave files of two versions."""
    unfinished = dataset / STORE / RESTORING
    if unfinished.is_file():
        name = unfinished.read_text("utf-8").strip()
        raise PipelineError(
            f"{dataset} has files of two versions: the restore of {name} was cut short, or is not "
            "done yet.",
            "it was stopped while it wrote the files",
            f"run `gesture data restore {dataset} {name}` again",
        )
