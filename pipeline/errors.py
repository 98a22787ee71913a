"""What a user is told when something goes wrong, and the exit codes that go with it."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; docs/errors.md explains each."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LEFT_OUT = 3
    NO_BOARD = 4
    MISMATCH = 5
    NO_TOOL = 6
    FINDINGS = 7
    INTERRUPTED = 130


class PipelineError(Exception):
    """An error a user can act on: what happened, why it probably did, what to do next."""

    def __init__(
        self, what: str, why: str, next_step: str, exit_code: ExitCode = ExitCode.FAILED
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.what}\n  why:  {self.why}\n  next: {self.next_step}"
