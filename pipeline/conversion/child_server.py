"""`python -m pipeline.conversion.child_server`: runs each request of `child` in a copy of itself.

A module is imported once, here, so that only the first request waits for TensorFlow to load.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def serve() -> None:
    """Answer each line on standard input, a socket, with the exit code of what it asks for."""
    channel = socket.socket(fileno=0)
    for line in channel.makefile():
        module, arguments, log = json.loads(line)
        _print_to(log)
        with suppress(Exception):  # the copy fails again, and prints why
            import_module(module)
        copy = os.fork()
        if copy == 0:
            end_after(partial(_call, module, arguments))
        _, status = os.waitpid(copy, 0)
        channel.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _call(module: str, arguments: list[str]) -> None:
    import_module(module).main(*map(Path, arguments))


def end_after(work: Callable[[], None]) -> NoReturn:
    """End this copy as Python ends a program, but take no loaded module down.

    With TensorFlow among them that takes half a second.
    """
    die_with_parent()
    code: object = 0
    try:
        work()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    if not isinstance(code, int):
        os.write(2, f"{code}\n".encode())
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code)


def _print_to(log: str) -> None:
    stream = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.close(stream)


def die_with_parent() -> None:
    """A copy of a server that was killed has nobody to work for."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    serve()
