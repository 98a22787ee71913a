"""Runs `gesture` as a person does: a process, its exit code and what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent.parent
GESTURE = Path(sys.executable).with_name("gesture")
TIMEOUT_S = 300


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def told(self) -> str:
        """All that was printed, in one line, as if the terminal were wide."""
        return " ".join((self.out + self.err).split())


def gesture(*words: str | Path, cwd: Path) -> Ended:
    result = subprocess.run(
        [str(GESTURE), *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )
    return Ended(result.returncode, result.stdout, result.stderr)


@contextmanager
def running(*words: str | Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """The same while it runs; ended with the block if it has not ended before."""
    process = subprocess.Popen(
        [str(GESTURE), *map(str, words)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
