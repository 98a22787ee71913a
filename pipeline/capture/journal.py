"""All that a capture has read, on disk the moment it is read: `kill -9` loses nothing of it.

A folder a capture: `N.raw` holds the bytes of port N as they came, and `log` one JSON line for
whatever happened, among it up to which byte port N had been read at which time. The system
copies what it reads from a port straight into a shared map of `N.raw`, so that there is no
moment at which bytes are read and not yet in the file. What a capture makes of its journal is a
pure function (session.py), so a capture that was killed is finished from its journal.
"""

from __future__ import annotations

import errno
import fcntl
import json
import mmap
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from pipeline.errors import PipelineError

FOLDER = ".capture"  # within a dataset; hidden, so it is no label
VERSION = 1
BLOCK_BYTES = 1 << 20
LEAST_ROOM_BYTES = 1 << 14


class Notebook(Protocol):
    """Where it is noted what becomes of a capture."""

    def note(self, kind: str, what: Any) -> None: ...


class _Tape:
    """A file that grows by mapped blocks."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self.end = 0
        self._start = 0  # of the map, within the file
        self._map = self._map_from(0)

    def room(self) -> memoryview:
        if self._start + len(self._map) - self.end < LEAST_ROOM_BYTES:
            self._map.close()
            self._map = self._map_from(self.end)
        return memoryview(self._map)[self.end - self._start :]

    def content(self, start: int) -> bytes:
        return self._map[start - self._start : self.end - self._start]

    def close(self) -> None:
        self._map.close()
        os.close(self._file)

    def _map_from(self, end: int) -> mmap.mmap:
        self._start = end - end % mmap.ALLOCATIONGRANULARITY
        # Blocks on disk now: a full disk must be an error here, not a signal at the next byte.
        os.posix_fallocate(self._file, self._start, BLOCK_BYTES)
        return mmap.mmap(self._file, BLOCK_BYTES, offset=self._start)


class Journal:
    """The journal of a capture that runs now; other processes leave it alone.

    Once its block has ended and `is_needed` was not set, all is in recordings and it goes.
    """

    def __init__(self, dataset: Path, head: Mapping[str, Any]) -> None:
        """head: what is needed to finish the capture; `names` has one entry a port.

        Raises PipelineError where nothing can be written there.
        """
        with _told(dataset / FOLDER):
            self.folder, self._log = _new_folder(dataset / FOLDER)
            self._tapes = [
                _Tape(self.folder / f"{place}.raw") for place in range(len(head["names"]))
            ]
        self.is_needed = False
        self.note("head", {"version": VERSION, **head})

    def room(self, place: int) -> memoryview:
        """Where the next bytes of a port belong; give it up before the next call."""
        with _told(self.folder):
            return self._tapes[place].room()

    def heard(self, place: int, count: int, host_us: int) -> bytes:
        """The `count` bytes that are in the room now."""
        tape = self._tapes[place]
        start, tape.end = tape.end, tape.end + count
        self.is_needed = True
        self.note("heard", [place, tape.end, host_us])
        return tape.content(start)

    def note(self, kind: str, what: Any) -> None:
        with _told(self.folder):
            os.write(self._log, json.dumps([kind, what]).encode() + b"\n")

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.is_needed:
            _remove(self.folder)
        for tape in self._tapes:
            tape.close()
        os.close(self._log)


def _new_folder(parent: Path) -> tuple[Path, int]:
    """A folder for a journal, and its log, locked by this process."""
    while True:
        folder = parent / f"{time.time_ns() // 1_000_000}-{os.getpid()}"
        folder.mkdir(parents=True)
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        fcntl.flock(log, fcntl.LOCK_EX)
        if os.fstat(log).st_nlink:
            return folder, log
        os.close(log)  # between the two lines above, another process took it for left behind


@dataclass(frozen=True)
class Entry:
    """kind: `heard` with what = (place, bytes, host_us), or as it was noted."""

    kind: str
    what: Any


class LeftBehind:
    """The journal of a capture that did not end well, taken over by this process."""

    def __init__(self, folder: Path, log: int) -> None:
        self.folder, self._log = folder, log

    def entries(self) -> Iterator[Entry]:
        """What happened, in order; bytes that were read and not noted any more come last."""
        tapes = {int(path.stem): path.read_bytes() for path in self.folder.glob("*.raw")}
        heard, host_us = dict.fromkeys(sorted(tapes), 0), 0
        for kind, what in self._lines():
            if kind != "heard":
                yield Entry(kind, what)
                continue
            place, end, host_us = what
            yield Entry(kind, (place, tapes[place][heard[place] : end], host_us))
            heard[place] = end
        for place, end in heard.items():
            rest = tapes[place][end:].rstrip(b"\0")  # zeros: room that was not used any more
            if rest:
                yield Entry("heard", (place, rest, host_us))

    def _lines(self) -> Iterator[tuple[str, Any]]:
        for line in (self.folder / "log").read_bytes().split(b"\n"):
            try:
                kind, what = json.loads(line)
            except ValueError:
                continue  # the line that was being written when it died
            yield kind, what

    def note(self, kind: str, what: Any) -> None:
        """What has been saved is not saved again where finishing is cut short too."""
        with _told(self.folder):
            os.write(self._log, b"\n" + json.dumps([kind, what]).encode() + b"\n")

    def remove(self) -> None:
        _remove(self.folder)
        self.close()

    def close(self) -> None:
        os.close(self._log)


def left_behind(dataset: Path) -> Iterator[LeftBehind]:
    """The journals in `dataset` whose capture does not run any more, oldest first."""
    for folder in sorted((dataset / FOLDER).glob("*/")):
        try:
            log = os.open(folder / "log", os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # its capture has ended just now
        if _is_free(log):
            yield LeftBehind(folder, log)
        else:
            os.close(log)


def _is_free(log: int) -> bool:
    """Locked for us now, and not finished by another process a moment ago."""
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return os.fstat(log).st_nlink > 0


def _remove(folder: Path) -> None:
    """The log first: without it a folder is no journal, however little of it has gone yet."""
    (folder / "log").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # until a folder that is not empty
        for parent in folder.parents[:3]:
            parent.rmdir()


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Errors of the file system, told so that they can be mended."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise PipelineError(
            f"{folder} cannot be written: {error.strerror or error}.",
            "the disk is full" if full else "the folder may not be written by you",
            "make room and capture again; what was recorded so far is kept"
            if full
            else "check who owns the folder, or capture into another --dataset",
        ) from None
