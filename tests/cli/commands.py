"""Runs `gesture` as a person does: a process, its exit code and what it prints."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from pipeline.conversion.child import ENVIRONMENT

PROJECT = Path(__file__).resolve().parent.parent.parent
GESTURE = Path(sys.executable).with_name("gesture")
TIMEOUT_S = 900


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """All that was printed, in one line, as if the terminal were wide."""
        return " ".join((self.out + self.err).split())


def gesture(*words: str | Path, cwd: Path, code: int | None = 0) -> Ended:
    """In a copy of a process that has loaded TensorFlow; see gesture_server.

    Args:
        words: what is typed after `gesture`.
        cwd: the folder to stand in.
        code: the exit code that it must have; None takes any.
    """
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        out.touch()
        err.touch()
        request = {
            "words": [str(GESTURE), *map(str, words)],
            "files": [os.devnull, str(out), str(err)],
            "folder": str(cwd),
            "variables": dict(os.environ),
        }
        ended = Ended(_server().run(request), out.read_text("utf-8"), err.read_text("utf-8"))
    assert code is None or ended.code == code, ended.said
    return ended


class _Server:
    """A connection to the server of this session; the first worker that needs it starts it."""

    def __init__(self) -> None:
        session = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        address = Path(gettempdir()) / f"gesture-{session}"
        self._channel = socket.socket(socket.AF_UNIX)
        with Path(__file__).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                self._channel.connect(str(address))
            except OSError:  # there is none yet, or its last worker has left
                _start_server(address)
                self._channel.connect(str(address))

    def run(self, request: dict[str, Any]) -> int:
        self._channel.settimeout(TIMEOUT_S)
        try:
            self._channel.sendall(json.dumps(request).encode() + b"\n")
            return int(self._channel.recv(16))
        except BaseException:
            self._channel.close()
            _server.cache_clear()
            raise


def _start_server(address: Path) -> None:
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        subprocess.Popen(
            [sys.executable, "-m", "tests.cli.gesture_server"],
            cwd=PROJECT,
            stdin=listening.fileno(),
            env={**os.environ, **ENVIRONMENT},
        )


@cache
def _server() -> _Server:
    return _Server()


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
