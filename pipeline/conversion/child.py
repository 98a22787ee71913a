"""Work that may crash its process, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from pipeline.core.errors import PipelineError
from pipeline.core.files import FULL, writing
from pipeline.core.locks import dying_with_us
from pipeline.core.project import PACKAGE

NO_MEMORY = ("MemoryError", "bad_alloc", "Cannot allocate memory", "Unable to allocate", "OOM when")
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",  # calibration on a GPU would round differently
    "TF_ENABLE_ONEDNN_OPTS": "0",  # sums in one order on every processor
    "TF_CPP_MIN_LOG_LEVEL": "1",
    "PYTHONHASHSEED": "0",
}
_ANSWER_BYTES = 16  # more than an exit code takes


class Server:
    """A process that runs each request in a copy of itself; see child_server."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self.process = process
        self.owner = os.getpid()
        self._channel = channel

    def run(self, module: str, arguments: Sequence[Path], log: Path, timeout_s: float) -> int:
        """The exit code; that of the server where it dies. Raises TimeoutError."""
        request = [module, [str(path.absolute()) for path in arguments], str(log.absolute())]
        self._channel.settimeout(timeout_s)
        try:
            self._channel.sendall(json.dumps(request).encode() + b"\n")
            answer = self._channel.recv(_ANSWER_BYTES)
        except ConnectionError:
            answer = b""
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return int(answer) if answer else self.process.wait()


servers = threading.local()  # a server dies with the thread that started it


def _server() -> Server:
    server: Server | None = getattr(servers, "server", None)
    if server is None or server.owner != os.getpid() or server.process.poll() is not None:
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        with theirs:
            process = subprocess.Popen(
                [*dying_with_us(), sys.executable, "-m", "pipeline.conversion.child_server"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **ENVIRONMENT, "PYTHONPATH": path},
            )
        server = servers.server = Server(process, ours)
    return server


def run_child(
    module: str, arguments: Sequence[Path], log: Path, timeout_s: float, task: str, hint: str
) -> None:
    """Call `main(*arguments)` of `module`; all it prints is added to `log`.

    task: in words, as in "converting model.keras". hint: the usual reason of a failure.
    Raises PipelineError that names the log where it crashes, fails or takes too long.
    """
    with writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    begin = log.stat().st_size
    try:
        code = _server().run(module, arguments, log, timeout_s)
    except TimeoutError:
        raise PipelineError(
            f"{task[0].upper()}{task[1:]} was stopped after {timeout_s:g} s.",
            "the model is very large, or this machine is busy",
            f"try again, or with a smaller model; {log} says how far it came",
        ) from None
    if code != 0:
        printed = log.read_bytes()[begin:].decode("utf-8", errors="replace")
        if code == -signal.SIGKILL or any(map(printed.__contains__, NO_MEMORY)):
            raise _no_memory(task, log)
        raise PipelineError(
            f"{task[0].upper()}{task[1:]} failed: {_reason(code, printed)}.",
            hint if FULL not in printed else f"there is no room left where {log} is",
            f"{log} has all that was printed",
        )


def _no_memory(task: str, log: Path) -> PipelineError:
    return PipelineError(
        f"The memory of this computer did not suffice for {task}.",
        "the model is large, or other programs take much; where memory runs out, the system "
        "possibly ends a process",
        f"close other programs and try again, or with a smaller model; {log} has all that was "
        "printed",
    )


def _reason(returncode: int, printed: str) -> str:
    if returncode < 0:
        return f"the process crashed ({signal.Signals(-returncode).name})"
    lines = printed.strip().splitlines()
    last = lines[-1].strip().rstrip(".").removeprefix("ValueError: ") if lines else ""
    return last[:300] or f"exit status {returncode}"
