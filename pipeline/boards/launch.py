"""How the process that plays a board is started, so that it never outlives its supervisor."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

STOP_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Launch:
    """A program whose serial line is its stdin and stdout."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def spawn(launch: Launch, stdin: int, stdout: int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start it; it is killed when the calling thread ends, even by `kill -9`.

    Call from a thread that lives as long as the board shall.
    """
    # setpriv asks the kernel (PR_SET_PDEATHSIG) in the child, without a fork that runs Python.
    setpriv = shutil.which("setpriv")
    guard = (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
    return subprocess.Popen(
        (*guard, *launch.command),
        stdin=stdin,
        stdout=stdout,
        stderr=errors,
        env={**os.environ, **launch.environment},
        start_new_session=True,  # Ctrl-C in the terminal is the supervisor's to handle
    )


def end(process: subprocess.Popen[bytes], *, ask: bool) -> int:
    """Wait for its end, asking for it first where `ask`; the status, negative for a signal."""
    if ask:
        process.terminate()
    try:
        return process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
