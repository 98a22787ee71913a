"""`python -m tests.cli.gesture_server`: runs each `gesture` in a copy of itself.

It has loaded what commands load, TensorFlow too, which takes seconds. Each copy begins as a new
process does: with the arguments, folder, variables and open files of its request. All workers of a
session share one server; it ends when the last of them has closed its connection.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import pipeline.cli
import pipeline.workflows
from pipeline.conversion import child, child_server
from pipeline.workflows.jobs import worker, worker_process

HEAVY = ("keras", "tensorflow", "tflite_micro", "matplotlib.pyplot", "pandas")


def serve() -> None:
    """Answer each line of a connection with the exit code of the command it asks for."""
    listening = socket.socket(fileno=0)
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for copies that have answered
    connections = [listening.accept()[0].makefile("rb")]
    while connections or _is_called(listening):
        for ready in select.select([listening, *connections], [], [])[0]:
            if ready is listening:
                connections.append(listening.accept()[0].makefile("rb"))
            elif request := ready.readline():
                _begin(lambda ready=ready, request=request: _answer(ready, json.loads(request)))
            else:
                connections.remove(ready)


def _is_called(listening: socket.socket) -> bool:
    """Whether somebody connected before the address was taken down."""
    Path(listening.getsockname()).unlink(missing_ok=True)
    return bool(select.select([listening], [], [], 0)[0])


def _begin(work: Callable[[], None]) -> int:
    """Its process, a copy of this one."""
    copy = os.fork()
    if copy == 0:
        child_server.end_after(work)
    return copy


def _answer(connection: BufferedReader, request: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, status = os.waitpid(_begin(lambda: _run(request)), 0)
    os.write(connection.fileno(), str(os.waitstatus_to_exitcode(status)).encode())


def _load() -> None:
    for name in HEAVY:
        import_module(name)
    for package in (pipeline.cli, pipeline.workflows):
        for part in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{part.name}")
    gc.freeze()  # a copy shares the memory that it does not write


def _run(request: dict[str, Any]) -> None:
    worker.subprocess = Workers
    for number, file in enumerate(request["files"]):
        os.dup2(os.open(file, os.O_RDWR | os.O_APPEND), number)
    _stand_in(request["folder"], request["variables"], request["words"])
    pipeline.cli.app.main()


def _stand_in(folder: str, variables: Mapping[str, str], words: list[str]) -> None:
    """Be as a new process is there, and have another copy convert for this one."""
    ours, theirs = socket.socketpair()
    converter = Copy(_begin(lambda: _convert(ours, theirs)))
    theirs.close()
    child.servers.server = child.Server(converter, ours)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = words


def _convert(ours: socket.socket, theirs: socket.socket) -> None:
    os.dup2(theirs.fileno(), 0)
    ours.close()
    theirs.close()
    child_server.serve()


class Copy:
    """In place of a process that would be started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.code: int | None = None

    def poll(self) -> int | None:
        return self._wait(os.WNOHANG)

    def wait(self) -> int:
        return self._wait(0)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def _wait(self, options: int) -> int | None:
        if self.code is None:
            pid, status = os.waitpid(self.pid, options)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code


class Workers:
    """What stands for `subprocess` where workers of jobs are started: a worker is a copy too."""

    DEVNULL = subprocess.DEVNULL

    @staticmethod
    def Popen(words: list[str], *, stdout: BinaryIO, cwd: str, **more: Any) -> Copy:  # noqa: N802
        log, place = stdout.fileno(), (cwd, more["env"], words[-2:])
        copy = Copy(_begin(lambda: _work(log, *place)))
        os.setpgid(copy.pid, copy.pid)  # it is killed with all that it starts
        return copy


def _work(log: int, folder: str, variables: Mapping[str, str], words: list[str]) -> None:
    atexit._clear()  # else it removes the folders of who begins it
    tempfile.tempdir = None
    for number in (1, 2):
        os.dup2(log, number)
    sys.stdout = sys.stderr = os.fdopen(
        1, "w", closefd=False
    )  # a thread may hold the locks of the old
    _stand_in(folder, variables, words)
    worker_process.main()


if __name__ == "__main__":
    serve()
