"""Locks: a folder has one writer at a time, and the lock names it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.core.errors import PipelineError
from pipeline.core.files import PART, remove_parts

LOCK = ".lock"
POLL_S = 0.05
UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


class LockedError(PipelineError):
    """Another process writes in the folder."""


class UnwritableError(PipelineError):
    """This user may not write there, or the disk is read-only."""


class Lock:
    """The right to write in a folder, until the block ends or the process dies.

    The system releases the lock when the process dies. The next process then takes the lock file
    over, and removes the unfinished files. The content of the lock file is for people.
    """

    def __init__(self, folder: Path, command: str, patience_s: float = 0.0) -> None:
        """Lock `folder`.

        Args:
            patience_s: how long to wait for another process.

        Raises:
            LockedError: another process still has the lock.
            UnwritableError: the folder is read-only.
        """
        self._path = folder / LOCK
        give_up_at = time.monotonic() + patience_s
        while (file := self._try_or_explain()) is None:
            if time.monotonic() >= give_up_at:
                raise _locked(folder, self._path)
            time.sleep(POLL_S)
        self._file = file
        _write_holder(file, command)
        remove_parts(folder)

    def release(self) -> None:
        """Give the lock back; the file is deleted first, so no waiting process takes it over."""
        if _is_at(self._file, self._path):
            self._path.unlink()
        os.close(self._file)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _try_or_explain(self) -> int | None:
        try:
            return self._try()
        except OSError as error:
            kind = UnwritableError if error.errno in UNWRITABLE else PipelineError
            raise kind(
                f"{self._path.parent} cannot be written: {error.strerror or error}.",
                "the disk is full, a file is where a folder should be, you may not write in the "
                "folder, or its file system has no locks",
                "check who owns the folder, or use one on a local disk",
            ) from None

    def _try(self) -> int | None:
        """The locked file; None while another process has it."""
        while True:
            try:
                file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(file, self._path):
                    return file
            except BlockingIOError:
                os.close(file)
                return None
            except OSError:
                os.close(file)
                raise
            os.close(file)  # it was released between the lines above


def clear(folder: Path) -> None:
    """Remove all files of a folder but the lock."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


@contextmanager
def draft_beside(place: Path, command: str) -> Iterator[Path]:
    """An empty folder beside `place`, for files that go to `place` when they are complete.

    It is removed when the block ends. If the process is killed, the next one takes it over.
    """
    target = place.resolve()
    draft = target.with_name(f".{target.name}{PART}")
    with Lock(draft, command):
        try:
            clear(draft)
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def whole_folder(place: Path, command: str) -> Iterator[Path]:
    """A folder that becomes `place`, with all that the block wrote, or not at all."""
    with draft_beside(place, command) as draft:
        whole = draft / "whole"
        whole.mkdir()
        yield whole
        whole.replace(place.resolve())


def _is_at(file: int, path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return os.path.samestat(status, os.fstat(file))


def _write_holder(file: int, command: str) -> None:
    holder = {
        "command": f"gesture {command}",
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    with suppress(OSError):  # on a full disk the lock works too
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(holder).encode() + b"\n", 0)


def _locked(folder: Path, path: Path) -> LockedError:
    holder: Any = None
    with suppress(OSError, ValueError):  # it has just ended or begun
        holder = json.loads(path.read_text("utf-8"))
    return LockedError(
        f"{folder} is being written by another command.",
        "`{command}` writes it: process {process} on {host}, since {since}".format(**holder)
        if isinstance(holder, dict)
        else "that command has just begun or ended",
        "wait until it is done, or stop it; then try again",
    )


def dying_with_us() -> tuple[str, ...]:
    """A prefix of a command line: the command is killed when the calling thread ends.

    setpriv sets PR_SET_PDEATHSIG in the child, so it also works after `kill -9`. Empty without
    setpriv.
    """
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
