"""Files that stages leave: written whole or not at all, and read with every fault told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ExitCode, PipelineError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def save_text(path: Path, text: str) -> None:
    with atomic_write(path) as unfinished:
        unfinished.write_text(text, "utf-8")


def save_text_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write each text under its name; a file that already says the same is not touched."""
    for name, text in texts.items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            save_text(path, text)


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    save_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def save_arrays(path: Path, /, **arrays: Any) -> None:
    with atomic_write(path) as unfinished, unfinished.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


@contextmanager
def reading(path: Path, stage: str) -> Iterator[None]:
    """Raises PipelineError (MISMATCH) where `path`, which `gesture STAGE` wrote, is not as it left
    it."""
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:  # a damaged zip alone comes to ten kinds, some of C libraries
        raise PipelineError(
            f"{path} cannot be read: {' '.join(str(error).split()) or type(error).__name__}.",
            "it was cut short or edited, or is of another version",
            f"`gesture {stage}` makes it anew; generated files are never edited by hand",
            ExitCode.MISMATCH,
        ) from error


def load_json(path: Path, stage: str) -> dict[str, Any]:
    """An object that `gesture STAGE` left; raises as `reading` does."""
    with reading(path, stage):
        content = json.loads(path.read_text("utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is no JSON object")
    return content


def load_arrays(path: Path, stage: str, needed: Set[str]) -> dict[str, NDArray[Any]]:
    """All arrays of a .npz that `gesture STAGE` left; raises as `reading` does."""
    with reading(path, stage):
        with np.load(path) as content:
            arrays = dict(content)
        if missing := needed - set(arrays):
            raise ValueError(f"it has no {', '.join(sorted(missing))}")
    return arrays
