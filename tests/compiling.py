"""Compiles C for a test: each file by a command of its own, which ccache may know already."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

LIMIT_S = 300


def objects_of(command: Sequence[str], sources: Iterable[Path], folder: Path) -> list[str]:
    """Compile each source to an object in `folder`; objects among the sources stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for number, source in enumerate(sources):
        if source.suffix == ".o":
            objects.append(str(source))
        else:
            objects.append(str(folder / f"{number}-{source.stem}.o"))
            # A kernel sees its own folder only. Without a model's folder, ccache knows it at once.
            is_kernel = source.parent.name == "nn"
            flags = [word for word in command if not (is_kernel and word.startswith("-I"))]
            succeed([*flags, "-c", str(source), "-o", objects[-1]])
    return objects


def succeed(command: Sequence[str]) -> None:
    """Run a compiler; the test fails with what it printed."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    assert result.returncode == 0, result.stderr
