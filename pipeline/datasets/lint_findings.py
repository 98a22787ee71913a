"""What lint reports, and the take it looks at with the lines of its file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pipeline.artifacts import IMU_CHANNELS, Float32, Recording


@dataclass(frozen=True)
class Finding:
    """check: which check found it; line: in `file`, from 1, None where it is about all of it."""

    check: str
    file: Path
    line: int | None
    what: str
    next_step: str

    @property
    def place(self) -> str:
        return f"{self.file}" if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class TakeFile:
    """A take, and where its rows stand in its file."""

    path: Path
    recording: Recording

    @cached_property
    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8-sig").split("\n")

    def line_of_row(self, row: int) -> int:
        """The line of sample `row`, both counted as people and programs do: from 1, from 0."""
        filled = [n for n, line in enumerate(self._lines, 1) if line.strip() and line[0] != "#"]
        return filled[row + 1]

    def line_of_key(self, key: str) -> int | None:
        starts = (n for n, line in enumerate(self._lines, 1) if line.startswith(f"# {key}:"))
        return next(starts, None)

    @property
    def has_imu(self) -> bool:
        return set(IMU_CHANNELS) <= set(self.recording.channels)

    @cached_property
    def imu(self) -> Float32:
        """float32 [n, 6] in the order of IMU_CHANNELS; only where `has_imu`."""
        columns = [self.recording.channels.index(name) for name in IMU_CHANNELS]
        return np.ascontiguousarray(self.recording.samples[:, columns])

    @property
    def group(self) -> tuple[str, str]:
        """The smallest unit that a split by session keeps whole."""
        return self.recording.person, self.recording.session

    @property
    def whose(self) -> str:
        return f"{self.recording.person}, session {self.recording.session}"
