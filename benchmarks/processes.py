"""Commands in processes of their own, forked from one that has imported what they need."""

from __future__ import annotations

import importlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from pathlib import Path

from pipeline.core.errors import PipelineError

HEAVY = (
    "pipeline.training.gesture_task",
    "pipeline.training.run_files",
    "pipeline.twin.library",
)


def warm_up() -> None:
    """What a command would import first."""
    for name in HEAVY:
        importlib.import_module(name)


def forked(work: Callable[[], object]) -> int:
    """The id of a process that does the work; it ends with 1 where that is refused."""
    process = os.fork()
    if process:
        return process
    status = 2
    try:
        with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
            work()
        status = 0
    except PipelineError:
        status = 1
    finally:
        os._exit(status)


def ended(process: int) -> int:
    """Wait; its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def both(first: Callable[[], object], second: Callable[[], object], later_s: float) -> list[int]:
    """Two at once; their exit codes. Raises RuntimeError where one neither worked nor refused."""
    processes = [forked(first)]
    time.sleep(later_s)
    processes.append(forked(second))
    codes = [ended(process) for process in processes]
    if not set(codes) <= {0, 1}:
        raise RuntimeError(f"a command ended with {codes}")
    return codes


def killed_after(work: Callable[[], object], seconds: float) -> bool:
    """`kill -9` so many seconds after it has begun; whether it was still at work."""
    process = forked(work)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    return ended(process) < 0


@contextmanager
def new_folder() -> Iterator[Path]:
    """A folder to stand in."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="trust-") as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)
