"""One task of the studio, in a process of its own: messages and commands are lines of JSON.

The first line on standard input is the task. Each later line is a command for it. When standard
input ends, the server is gone, and the task ends as with Ctrl-C, so that it keeps what it has.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from pipeline.core.errors import StoppedError
from pipeline.core.failures import explained
from pipeline.core.json_values import plain

NAME = "gesture studio"  # of the process, as others read it: at most 15 letters
MOST_WAITING = 256  # messages; samples beyond are left out, so that a slow server delays nothing
STOP = "stop"


class Channel:
    """Messages to the server, and its commands."""

    def __init__(self, commands: IO[bytes], messages: IO[bytes]) -> None:
        self._in, self._out = commands, messages
        self.is_stopped = False  # by the page, or because the server is gone
        self._commands: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def task(self) -> dict[str, Any]:
        """The task, from the first line; then commands are read."""
        task: dict[str, Any] = json.loads(self._in.readline())
        threading.Thread(target=self._read, daemon=True).start()
        return task

    def send(self, message_type: str, /, **content: Any) -> None:
        """Send a message."""
        message = {"type": message_type, **plain(content)}
        self._waiting.put(json.dumps(message, allow_nan=False).encode() + b"\n")

    def show(self, message_type: str, /, **content: Any) -> None:
        """Send what only a live picture needs; it is left out if the server is slow."""
        if self._waiting.qsize() < MOST_WAITING:
            self.send(message_type, **content)

    def on_step(self, text: str) -> None:
        """Say what is done now."""
        self.send("step", text=text)

    def next_command(self) -> dict[str, Any] | None:
        """The next command; None if there is none."""
        with suppress(queue.Empty):
            return self._commands.get_nowait()
        return None

    def close(self) -> None:
        """Send all that waits."""
        self._waiting.put(None)
        self._writer.join()

    def _write(self) -> None:
        with suppress(OSError):  # the server is gone, and the end of its commands says so
            while (line := self._waiting.get()) is not None:
                self._out.write(line)
                self._out.flush()

    def _read(self) -> None:
        for line in self._in:
            command = json.loads(line)
            if command.get("command") == STOP:
                self._stop()
            else:
                self._commands.put(command)
        self._stop()

    def _stop(self) -> None:
        self.is_stopped = True
        os.kill(os.getpid(), signal.SIGINT)


def main() -> None:
    """Run one task; what else it prints goes to the log."""
    with suppress(OSError):  # whoever finds a port in use reads this name
        Path("/proc/self/comm").write_text(NAME, "ascii")
    with os.fdopen(os.dup(1), "wb") as messages:
        os.dup2(2, 1)
        channel = Channel(sys.stdin.buffer, messages)
        _run(channel)
        channel.close()
    os._exit(0)  # threads may still wait for commands


def _run(channel: Channel) -> None:
    from pipeline.studio.tasks import TASKS

    try:
        task = channel.task()
        channel.send("result", result=TASKS[task["task"]](task["options"], channel))
    except (KeyboardInterrupt, StoppedError):
        channel.send("stopped")
    except BaseException as problem:
        error = explained(problem)
        if channel.is_stopped:  # it says what is kept
            channel.on_step(error.what)
            channel.send("stopped")
            return
        channel.send("error", what=error.what, why=error.why, next=error.next_step)


if __name__ == "__main__":
    main()
