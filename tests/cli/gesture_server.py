"""`python -m tests.cli.gesture_server`: runs each `gesture` in a copy of itself.

It has loaded what commands load, TensorFlow too, which takes seconds. Each copy begins as a new
process does: with the arguments, folder, variables and open files of its request.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from importlib import import_module

import pipeline.cli
import pipeline.workflows
from pipeline.conversion import child, child_server

HEAVY = ("keras", "tensorflow", "tflite_micro", "matplotlib.pyplot", "pandas")


def serve() -> None:
    """Answer each request on standard input, a socket, with the exit code of its command."""
    channel = socket.socket(fileno=0)
    _load()
    for line in channel.makefile():
        copy = os.fork()
        if copy == 0:
            _end_after(lambda line=line: _run(json.loads(line)))
        _, status = os.waitpid(copy, 0)
        channel.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _load() -> None:
    for name in HEAVY:
        import_module(name)
    for package in (pipeline.cli, pipeline.workflows):
        for part in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{part.name}")
    gc.freeze()  # a copy shares the memory that it does not write


def _run(request: dict[str, list[str]]) -> None:
    ours, theirs = socket.socketpair()
    converter = os.fork()
    if converter == 0:
        os.dup2(theirs.fileno(), 0)
        ours.close()
        theirs.close()
        _end_after(child_server.serve)
    theirs.close()
    child.servers.server = child.Server(Converter(converter), ours)
    for number, file in enumerate(request["files"]):
        os.dup2(os.open(file, os.O_RDWR | os.O_APPEND), number)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["variables"])
    sys.argv = request["words"]
    pipeline.cli.app.main()


def _end_after(work: Callable[[], None]) -> None:
    """End this copy as Python ends a program, but take no loaded module down: that takes long."""
    child_server.die_with_parent()
    code: object = 0
    try:
        work()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    if not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code)


class Converter:
    """A copy that converts for another one, in place of a process that would be started."""

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


if __name__ == "__main__":
    serve()
