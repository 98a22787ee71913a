"""Errors for users, and exit codes."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command, with their meanings."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    DONE = 0, "The command did all of its work."
    FAILED = 1, "The command failed. It left nothing half-written."
    USAGE = 2, "The command line or a config file has an error."
    LEFT_OUT = 3, "The command did its work, but left some input out. It names what it left out."
    NO_BOARD = 4, "The port is missing, in use, not permitted, or silent."
    MISMATCH = 5, "The board, the C, an image or a file of the run is not the one that was trained."
    NO_TOOL = 6, "A compiler, QEMU or PlatformIO is missing."
    FINDINGS = 7, "`gesture data lint` or `gesture doctor` found something. It names each finding."
    INTERRUPTED = 130, "Ctrl-C stopped the command. It says what it kept."


class PipelineError(Exception):
    """An error that a user can act on."""

    exit_code = ExitCode.FAILED  # of the command

    def __init__(
        self, what: str, why: str, next_step: str, exit_code: ExitCode | None = None
    ) -> None:
        """An error.

        Args:
            what: happened, a sentence.
            why: it happened; "possibly" where that is a guess.
            next_step: what to do.
            exit_code: of the command; None for that of the class.
        """
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.exit_code = exit_code or self.exit_code

    def __str__(self) -> str:
        return f"{self.what}\n  why:  {self.why}\n  next: {self.next_step}"


class UsageError(PipelineError):
    """The command line or a config file has an error."""

    exit_code = ExitCode.USAGE


class NoBoardError(PipelineError):
    """The port is missing, in use, not permitted, or silent."""

    exit_code = ExitCode.NO_BOARD


class MismatchError(PipelineError):
    """The board, the C, an image or a file of the run is not the one that was trained."""

    exit_code = ExitCode.MISMATCH


class NoToolError(PipelineError):
    """A compiler, QEMU or PlatformIO is missing."""

    exit_code = ExitCode.NO_TOOL


class StoppedError(Exception):
    """Ctrl-C, for typer, which does not report KeyboardInterrupt."""
