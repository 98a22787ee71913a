"""A program of the user's that is run when a board calls a gesture."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable

from pipeline.artifacts import Event
from pipeline.errors import ExitCode, PipelineError

ANY = "any"
MOST_RUNNING = 8  # a program that never ends must not fill the machine


class EventCommands:
    """Runs a command at each event of a label, and does not wait for it.

    It is cut into words as a shell would (quotes and backslashes, Python's shlex), and nothing
    else of it means anything, unless `shell` hands it to /bin/sh as it is. The event is in its
    environment: GESTURE_LABEL, GESTURE_SCORE, GESTURE_T_US.
    """

    def __init__(
        self, wanted: tuple[str, str] | None, shell: bool, tell: Callable[[str], None]
    ) -> None:
        """wanted: the label, or ANY, and the command.

        Raises PipelineError (USAGE) for a command that cannot be read or found.
        """
        self.label, command = wanted or (ANY, "")
        self._command = command if shell or wanted is None else _words(command)
        self._tell = tell
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def run(self, event: Event) -> None:
        self.reap()
        if self._command and self.label in (event.label, ANY):
            self._start(self._command, event)

    def reap(self) -> None:
        """Tell which have failed since."""
        for name, process in self._running:
            if process.poll():
                self._tell(f"`{name}` ended with {process.returncode}")
        self._running = [entry for entry in self._running if entry[1].returncode is None]

    def _start(self, command: str | list[str], event: Event) -> None:
        name = command if isinstance(command, str) else command[0]
        if len(self._running) >= MOST_RUNNING:
            self._tell(f"`{name}` was not started: {MOST_RUNNING} commands still run")
            return
        told = {
            "GESTURE_LABEL": event.label,
            "GESTURE_SCORE": f"{event.score:.3f}",
            "GESTURE_T_US": str(event.t_us),
        }
        try:
            process = subprocess.Popen(
                command,
                shell=isinstance(command, str),
                stdin=subprocess.DEVNULL,
                env={**os.environ, **told},
                start_new_session=True,  # Ctrl-C ends the watching, not what it has begun
            )
        except OSError as error:
            self._tell(f"`{name}` could not be started: {error.strerror}")
            return
        self._running.append((name, process))


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise _unusable(command, f"{error}", "close the quotes") from None
    if not words or shutil.which(words[0]) is None:
        name = words[0] if words else ""
        raise _unusable(
            command,
            f"there is no program `{name}`",
            "name a program that is in PATH, or its path; with --shell a shell reads the command",
        )
    return words


def _unusable(command: str, why: str, next_step: str) -> PipelineError:
    return PipelineError(f"The command `{command}` cannot be run.", why, next_step, ExitCode.USAGE)
