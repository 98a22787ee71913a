"""What a path brings: files, the members of zip archives, and what gzip has packed."""

from __future__ import annotations

import gzip
import io
import mmap
import os
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.core.files import MOST_UNPACKED, regular

GZIP, ZIP = ".gz", ".zip"

OF_PROGRAMS = ("__MACOSX", "Thumbs.db", "desktop.ini")  # nobody has written these by hand

THREADS = os.cpu_count() or 1
BLOCK = 2**20  # bytes

Content = bytes | mmap.mmap
Block = NDArray[np.uint8]
T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """A file, or a member of a zip archive; what gzip has packed is unpacked.

    Args:
        member: its path inside the archive; empty for a file of its own.
    """

    path: Path
    member: str = ""

    @property
    def place(self) -> Path:
        """Where it is, for people."""
        return self.path / self.member if self.member else self.path

    @property
    def name(self) -> PurePath:
        """Its folders and its name, without the ending of gzip.

        An archive counts as a folder, unless it packs the one file that it is named after.
        """
        place = self._place_in_folders if self.member else self.path
        return place.with_suffix("") if place.suffix.lower() == GZIP else place

    @property
    def _place_in_folders(self) -> PurePath:
        member = PurePath(self.member)
        is_packed_file = member.name.partition(".")[0] == self.path.stem and len(member.parts) == 1
        return (self.path.parent if is_packed_file else self.path.with_suffix("")) / member

    def content(self) -> Content:
        """The bytes, unpacked; a plain file is mapped, so that it takes no memory of its own.

        Raises:
            OSError: it cannot be read, or what is packed in it is damaged or too large.
        """
        if self.path.suffix.lower() == ZIP and not self.member:
            raise OSError("it is a damaged archive")
        if self.member:
            content = _member(self.path, self.member)
            return _unpacked(content) if self.member.lower().endswith(GZIP) else content
        if self.path.suffix.lower() == GZIP:
            return _unpacked(regular(self.path).read_bytes())
        return _mapped(regular(self.path))


def sources(path: Path, suffixes: Collection[str]) -> list[Source]:
    """What a file, a folder with all its folders, or a zip archive holds, by name.

    A damaged archive is a source that cannot be read.

    Args:
        suffixes: of files in folders and archives, such as ".csv"; a single file may have any.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        visible = (file for file in files if _is_visible(file.relative_to(path)))
        return [source for file in visible for source in _in_folder(file, suffixes)]
    return _members(path, suffixes) if path.suffix.lower() == ZIP else [Source(path)]


def _in_folder(file: Path, suffixes: Collection[str]) -> list[Source]:
    if file.suffix.lower() == ZIP:
        return _members(file, suffixes)
    return [Source(file)] if _has_suffix(file, suffixes) else []


def _members(archive: Path, suffixes: Collection[str]) -> list[Source]:
    try:
        with zipfile.ZipFile(regular(archive)) as opened:
            names = sorted(info.filename for info in opened.infolist() if not info.is_dir())
    except (zipfile.BadZipFile, OSError):
        return [Source(archive)]
    paths = (PurePosixPath(name) for name in names)
    return [
        Source(archive, str(path))
        for path in paths
        if _is_visible(path) and _has_suffix(path, suffixes)
    ]


def _has_suffix(path: PurePath, suffixes: Collection[str]) -> bool:
    name = path.with_suffix("") if path.suffix.lower() == GZIP else path
    return name.suffix.lower() in suffixes


def _is_visible(path: PurePath) -> bool:
    return not any(part.startswith(".") or part in OF_PROGRAMS for part in path.parts)


def _member(archive: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(regular(archive)) as opened, opened.open(member) as stream:
            return _limited(iter(lambda: stream.read(2**20), b""))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError) as error:
        raise OSError(f"it is a damaged archive: {error}") from None
    except RuntimeError:  # of zipfile, for members with a password
        raise OSError("it needs a password; unpack it first") from None


def _unpacked(content: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            return _limited(iter(lambda: stream.read(2**20), b""))
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise OSError(f"it is no gzip file, or damaged: {error}") from None


def _limited(pieces: Iterator[bytes]) -> bytes:
    collected: list[bytes] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MOST_UNPACKED:
            raise OSError(f"it would unpack to more than {MOST_UNPACKED:,} bytes")
        collected.append(piece)
    return b"".join(collected)


def in_blocks(content: Content, look: Callable[[Block, int], T]) -> list[T]:
    """What `look` finds in each block of a text, which starts at a place; on all cores."""
    whole = np.frombuffer(content, np.uint8)
    starts = range(0, len(whole), BLOCK)
    with ThreadPoolExecutor(THREADS) as pool:  # numpy lets other threads work meanwhile
        return list(pool.map(lambda start: look(whole[start : start + BLOCK], start), starts))


def forget(content: Content) -> None:
    """Let go of the memory of a mapped file; it is read again when it is used."""
    if isinstance(content, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        content.madvise(mmap.MADV_DONTNEED)


def _mapped(path: Path) -> Content:
    with path.open("rb") as stream:
        if path.stat().st_size == 0:
            return b""
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
