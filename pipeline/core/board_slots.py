"""Emulated boards by name: the names that are in use, on this computer and by this user."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from pipeline.core.errors import NoBoardError, PipelineError

MOST_BOARDS = 64
STARTING = ".coming-"  # no name of a board


class Slot:
    """A name that this process owns until `release`, or until it dies, however it dies.

    The system releases the lock with the process; a name without a lock is free.
    """

    def __init__(self, board: str) -> None:
        folder = _run_folder()
        for number in range(1, MOST_BOARDS + 1):
            lock = _try_lock(folder / f"{board}-{number}.lock")
            if lock is not None:
                self._lock = lock
                self.link = folder / f"{board}-{number}"
                self.imu_file = folder / f"{board}-{number}.imu"
                self.environment_file = folder / f"{board}-{number}.environment"
                return
        raise NoBoardError(
            f"{MOST_BOARDS} {board} boards are running.",
            "boards were started and never stopped",
            "end some of them with Ctrl-C",
        )

    def publish(self, port: str) -> None:
        """Let the name point at `port`, at once, whatever it pointed at before."""
        unfinished = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        unfinished.unlink(missing_ok=True)
        unfinished.symlink_to(port)
        unfinished.replace(self.link)

    def release(self) -> None:
        """Give the name back."""
        self.link.unlink(missing_ok=True)
        self.imu_file.unlink(missing_ok=True)
        self.environment_file.unlink(missing_ok=True)
        os.close(self._lock)


def running_boards() -> list[Path]:
    """The names of the boards that run now, of whatever process of this user."""
    locks = sorted(_run_folder().glob("*.lock"))
    return [link for lock in locks if _is_locked(lock) and (link := lock.with_suffix("")).exists()]


@contextmanager
def announce_start() -> Iterator[None]:
    """A board is being made as long as the block lasts; it has no name yet."""
    folder = _run_folder()
    places = (_try_lock(folder / f"{STARTING}{number}.lock") for number in count(1))
    lock = next(place for place in places if place is not None)
    try:
        yield
    finally:
        os.close(lock)


def is_board_starting() -> bool:
    """Whether a board is being made now, by whatever process of this user."""
    return any(_is_locked(lock) for lock in _run_folder().glob(f"{STARTING}*.lock"))


def _is_locked(path: Path) -> bool:
    lock = _try_lock(path)
    if lock is not None:
        os.close(lock)
    return lock is None


def _run_folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        folder = Path(runtime) / "gesture"
    else:
        folder = Path(tempfile.gettempdir()) / f"gesture-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PipelineError(
            f"{folder} belongs to another user.",
            "somebody else made it first",
            "set XDG_RUNTIME_DIR to a folder of your own",
        )
    return folder


def _try_lock(path: Path) -> int | None:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
