"""What the file system refuses, told so that it can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import PipelineError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PipelineError(
            f"{path} cannot be written: {error.strerror or error}.",
            "the disk is full, the folder may not be written by you, or a file is in the way",
            "check the path, or name another one; nothing that was there is lost",
        ) from None
