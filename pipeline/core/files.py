"""Files: atomic writes, and reads that report every fault as an error for users."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import MismatchError, PipelineError

MOST_UNPACKED = 1 << 31  # bytes
NO_LINKS = (errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP)
PART = ".part"  # the suffix of an unfinished file
ROOM_BYTES = 32 << 20  # free space for long work: more than any command writes
FULL = "No space left on device"  # the text of the system, also in messages of other programs


class WriteError(PipelineError):
    """A file cannot be written."""


class TooLargeError(ValueError):
    """A file would unpack to more than there is room for."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors of the file system into WriteError; `path` is for errors that name no file."""
    try:
        yield
    except OSError as error:
        raise refused(error, path) from None


def refused(error: OSError, path: Path) -> WriteError:
    """The error where the system refuses to write; path: where the error names no file."""
    named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else path
    file = path if any(is_part(Path(part)) for part in named.parts) else named
    return WriteError(
        f"{file} cannot be written: {reason_of(error)}.",
        "the disk is full, you may not write in the folder, or a file is in the way",
        "make room, check the path or name another one; the old files are unchanged",
    )


def reason_of(error: OSError) -> str:
    """The reason in the words of the system; NumPy says only how much it could write."""
    return error.strerror or (FULL if "requested and" in str(error) else str(error))


def require_room(folder: Path, needed_bytes: int | None = None) -> None:
    """Check before long work that a folder, which need not exist yet, is writable and has room."""
    needed_bytes = ROOM_BYTES if needed_bytes is None else needed_bytes
    folders = (folder.absolute(), *folder.absolute().parents)
    place = next(candidate for candidate in folders if candidate.exists())
    with writing(place):
        free_bytes = shutil.disk_usage(place).free
        probe, lock = _new_part(place / "room")
        probe.unlink()
        os.close(lock)
    if free_bytes < needed_bytes:
        raise PipelineError(
            f"There are {free_bytes / 1e6:.1f} MB free for {folder}, "
            f"and {needed_bytes / 1e6:.0f} MB may be needed.",
            "the disk is nearly full",
            "make room, or use a folder on another disk; nothing was begun",
        )


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that replaces it when the block ends without an error."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished, lock = _new_part(path)
        try:
            yield unfinished
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
            os.close(lock)


def write_new(paths: Iterable[Path], write: Callable[[Path], None]) -> Path:
    """Write a file under the first free path, and return it; FileExistsError if none is free.

    The whole file appears at once. If two processes want the same path, one gets it, and the other
    takes the next one.
    """
    candidates = iter(paths)
    path = next(candidates)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished, lock = _new_part(path)
    try:
        with writing(path):
            write(unfinished)
        while not _linked(path, unfinished):
            try:
                path = next(candidates)
            except StopIteration:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
        return path
    finally:
        unfinished.unlink(missing_ok=True)
        os.close(lock)


def _linked(path: Path, unfinished: Path) -> bool:
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return _reserved_and_replaced(path, unfinished)
    return True


def _reserved_and_replaced(path: Path, unfinished: Path) -> bool:
    """For a file system without hard links: an empty file first, then this one replaces it."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    unfinished.replace(path)
    return True


def _new_part(path: Path) -> tuple[Path, int]:
    """An empty file beside `path`, locked as long as its writer lives."""
    while True:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with suppress(OSError):  # a file system without locks: no process removes it
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            return part, file
        os.close(file)  # another process removed it between the lines above


def is_part(path: Path) -> bool:
    """Whether a path is an unfinished file."""
    return path.name.startswith(".") and PART in path.name


def remove_parts(folder: Path) -> None:
    """Remove the unfinished files in `folder`, at any depth, whose writers have died."""
    for part in filter(is_part, folder.rglob(".*")):
        with suppress(OSError):  # it is locked, or just finished
            file = os.open(part, os.O_WRONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(file)


def save_text(path: Path, text: str) -> None:
    """Write a UTF-8 file atomically."""
    with atomic_write(path) as unfinished:
        unfinished.write_text(text, "utf-8")


def save_text_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write each text under its name; a file with the same content is not touched."""
    for name, text in texts.items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            save_text(path, text)


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically, with sorted keys."""
    save_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def save_arrays(path: Path, /, **arrays: Any) -> None:
    """Write a compressed .npz file atomically."""
    with atomic_write(path) as unfinished, unfinished.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def regular(path: Path) -> Path:
    """The path, unless it is a pipe, socket or device (OSError): reading may wait without end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is a pipe, a socket or a device, not a file", str(path))
    return path


def unzipped(path: Path) -> Path:
    """The path of a .npz file, unless it would unpack to too much (TooLargeError)."""
    if regular(path).is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MOST_UNPACKED:
            raise TooLargeError(
                f"it would unpack to {size:,} bytes; the limit is {MOST_UNPACKED:,}"
            )
    return path


def why_missing(path: Path, wanted: str, otherwise: str) -> str:
    """Why a file or folder is missing.

    Args:
        wanted: "file", "folder" or "file or folder".
        otherwise: the reason to give where nothing has this name.
    """
    if path.is_symlink() and not path.exists():
        return f"it is a link to {path.readlink()}, which was moved, renamed or deleted"
    parent = next((above for above in path.parents if above.exists()), None)
    if parent is not None and not parent.is_dir():
        return f"{parent} is a file, and a folder is wanted"
    kinds = {"folder": path.is_dir(), "file": path.is_file()}
    if not path.exists() or any(kinds[kind] for kind in kinds if kind in wanted):
        return otherwise
    found = next((f"a {kind}" for kind in kinds if kinds[kind]), "a pipe, a socket or a device")
    return f"it is {found}, and a {wanted} is wanted"


@contextmanager
def reading(path: Path, stage: str) -> Iterator[None]:
    """Turn errors of reading a file that `gesture STAGE` wrote into PipelineError."""
    try:
        regular(path)
        yield
    except PipelineError:
        raise
    except ImportError as error:
        raise PipelineError(
            f"{path} cannot be read, because a Python package cannot be loaded: {error}.",
            "this installation is incomplete or damaged; the file is possibly sound",
            "install again: `make setup`, or `pip install --force-reinstall` of the package",
        ) from error
    except MemoryError as error:
        raise PipelineError(
            f"{path} cannot be read: this computer has too little memory.",
            "other programs use much of it, or possibly the file is damaged and gives a wrong size",
            f"close other programs and try again; `gesture {stage}` makes the file again",
        ) from error
    except Exception as error:  # a damaged zip raises ten kinds
        raise MismatchError(
            f"{path} cannot be read: {' '.join(str(error).split()) or type(error).__name__}.",
            "it was cut short, edited, or is of another version",
            f"`gesture {stage}` makes it again; do not edit generated files",
        ) from error


def load_json(path: Path, stage: str) -> dict[str, Any]:
    """Read a JSON object that `gesture STAGE` wrote; raises as `reading` does."""
    with reading(path, stage):
        content = json.loads(path.read_text("utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is no JSON object")
    return content


def load_arrays(path: Path, stage: str, needed: Set[str]) -> dict[str, NDArray[Any]]:
    """Read all arrays of a .npz that `gesture STAGE` wrote; raises as `reading` does."""
    with reading(path, stage):
        with np.load(unzipped(path)) as content:
            arrays = dict(content)
        if missing := needed - set(arrays):
            raise ValueError(f"it has no {', '.join(sorted(missing))}")
    return arrays
