"""The write-ahead log of a capture: all bytes are on disk when they are read.

Each capture has a folder. `N.raw` holds the bytes of port N. `log` holds one JSON line for each
thing that happened, such as "port N was read up to this byte at this time". The system copies
bytes from a port straight into a memory map of `N.raw`, so `kill -9` loses none. The takes of a
capture are a pure function of this log (session.py). So a capture that was killed can be
finished from its log.
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
from typing import Any

from pipeline.core.errors import PipelineError
from pipeline.core.files import regular

FOLDER = ".capture"  # in a dataset; hidden, so it is no label
VERSION = 1
BLOCK_BYTES = 1 << 20
LEAST_ROOM_BYTES = 1 << 14


class _MappedFile:
    """A file that grows by mapped blocks."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self.end = 0
        self._start = 0  # of the map, within the file
        self._map = self._map_from(0)

    def buffer(self) -> memoryview:
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
        # Allocate the blocks now: a full disk must be an error here, not a signal later.
        os.posix_fallocate(self._file, self._start, BLOCK_BYTES)
        return mmap.mmap(self._file, BLOCK_BYTES, offset=self._start)


class WriteAheadLog:
    """The log of a capture that runs now; other processes do not touch it.

    It is deleted at the end of its block, unless `is_needed` is set.
    """

    def __init__(self, dataset: Path, head: Mapping[str, Any]) -> None:
        """Create the log; the head has all that is needed to finish the capture."""
        with _write_errors(dataset / FOLDER):
            self.folder, self._log = _new_folder(dataset / FOLDER)
            self._files = [
                _MappedFile(self.folder / f"{place}.raw") for place in range(len(head["names"]))
            ]
        self.is_needed = False
        self.append("head", {"version": VERSION, **head})

    def buffer(self, place: int) -> memoryview:
        """The memory for the next bytes of port `place`; release it before the next call."""
        with _write_errors(self.folder):
            return self._files[place].buffer()

    def received(self, place: int, count: int, host_us: int) -> bytes:
        """Log that `count` bytes are in the buffer now, and return them."""
        file = self._files[place]
        start, file.end = file.end, file.end + count
        self.is_needed = True
        self.append("heard", [place, file.end, host_us])
        return file.content(start)

    def append(self, kind: str, value: Any) -> None:
        """Write an entry."""
        with _write_errors(self.folder):
            os.write(self._log, json.dumps([kind, value]).encode() + b"\n")

    def __enter__(self) -> WriteAheadLog:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.is_needed:
            _remove(self.folder)
        for file in self._files:
            file.close()
        os.close(self._log)


def _new_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = parent / f"{time.time_ns() // 1_000_000}-{os.getpid()}"
        folder.mkdir(parents=True)
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        fcntl.flock(log, fcntl.LOCK_EX)
        if os.fstat(log).st_nlink:
            return folder, log
        os.close(log)  # before the lock, another process took it for unfinished


@dataclass(frozen=True)
class LogEntry:
    """An entry of the log; the value of kind `heard` is (place, bytes, host_us)."""

    kind: str
    value: Any


class UnfinishedCapture:
    """The log of a capture that was killed; this process has locked it."""

    def __init__(self, folder: Path, log: int) -> None:
        self.folder, self._log = folder, log

    def entries(self) -> Iterator[LogEntry]:
        """Yield all entries in order; bytes that were read and not logged come last."""
        raw = {int(path.stem): regular(path).read_bytes() for path in self.folder.glob("*.raw")}
        received, host_us = dict.fromkeys(sorted(raw), 0), 0
        for kind, value in self._lines():
            if kind != "heard":
                yield LogEntry(kind, value)
                continue
            place, end, host_us = value
            yield LogEntry(kind, (place, raw[place][received[place] : end], host_us))
            received[place] = end
        for place, end in received.items():
            rest = raw[place][end:].rstrip(b"\0")  # zeros are unused space
            if rest:
                yield LogEntry("heard", (place, rest, host_us))

    def _lines(self) -> Iterator[tuple[str, Any]]:
        for line in regular(self.folder / "log").read_bytes().split(b"\n"):
            try:
                kind, value = json.loads(line)
            except ValueError:
                continue  # the last line may be incomplete
            yield kind, value

    def append(self, kind: str, value: Any) -> None:
        """Write an entry, so that an interrupted recovery does not save a take twice."""
        with _write_errors(self.folder):
            os.write(self._log, b"\n" + json.dumps([kind, value]).encode() + b"\n")

    def remove(self) -> None:
        """Delete the log."""
        _remove(self.folder)

    def close(self) -> None:
        """Release the lock."""
        os.close(self._log)


def unfinished_captures(dataset: Path) -> Iterator[UnfinishedCapture]:
    """Yield the logs in `dataset` whose capture no longer runs, oldest first."""
    for folder in sorted((dataset / FOLDER).glob("*/")):
        try:
            log = os.open(folder / "log", os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # its capture has ended just now
        if _is_free(log):
            yield UnfinishedCapture(folder, log)
        else:
            os.close(log)


def _is_free(log: int) -> bool:
    """Whether we have locked it now, and no other process has just finished it."""
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return os.fstat(log).st_nlink > 0


def _remove(folder: Path) -> None:
    """Delete the file `log` first: a folder without it is no capture."""
    (folder / "log").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # until a folder that is not empty
        for parent in folder.parents[:3]:
            parent.rmdir()


@contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise PipelineError(
            f"{folder} cannot be written: {error.strerror or error}.",
            "the disk is full" if full else "the folder may not be written by you",
            "make room and capture again; the recordings so far are saved"
            if full
            else "check who owns the folder, or capture into another --dataset",
        ) from None
