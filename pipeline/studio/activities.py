"""What the studio is doing: each activity is a task in a worker process, seen by all tabs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pipeline.core.errors import UsageError
from pipeline.studio.page_words import in_page_words

MESSAGE_BYTES = 8 * 2**20
STOP_S = 20.0  # for what a stopped task keeps
LOG_LINES = 200
STEPS = 100
RUNNING, DONE, FAILED, STOPPED = "running", "done", "failed", "stopped"
_END = {"result": DONE, "error": FAILED, "stopped": STOPPED}
WORDS = {  # for people
    "capture": "recording",
    "monitor": "live view",
    "board": "virtual board",
    "enrol": "enrolment",
    "train": "training",
    "convert": "conversion",
    "deploy": "upload",
}
IN_WORDS = ("step", "error", "result")  # messages that people read
OnMessage = Callable[[dict[str, Any]], None]


@dataclass
class Activity:
    """A task, and what is known of it.

    Attributes:
        state: running, done, failed or stopped.
        messages: the newest of each kind, for a tab that comes later.
        steps: what was said, the newest last.
        history: epochs or events, all of them.
    """

    number: int
    task: str
    options: dict[str, Any]
    state: str = RUNNING
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    def add(self, message: dict[str, Any]) -> None:
        """Take in a message of the worker."""
        kind = message["type"]
        self.state = _END.get(kind, self.state)
        if kind == "step":
            self.steps = [*self.steps, message["text"]][-STEPS:]
        elif kind in ("epoch", "event"):
            self.history.append(message)
        else:
            self.messages[kind] = message

    def shown(self) -> dict[str, Any]:
        """All of it, for a tab."""
        return {
            "id": self.number,
            "task": self.task,
            "options": self.options,
            "state": self.state,
            "messages": self.messages,
            "steps": self.steps,
            "history": self.history,
        }


class Activities:
    """Starts tasks and stops them; `on_message` gets whatever changes, for all tabs."""

    def __init__(self, on_message: OnMessage) -> None:
        self._on_message = on_message
        self._workers: dict[int, asyncio.subprocess.Process] = {}
        self._readers: set[asyncio.Task[None]] = set()
        self.all: dict[int, Activity] = {}

    async def start(self, task: str, options: dict[str, Any]) -> Activity:
        """Start a task.

        Raises:
            UsageError: another activity has its port, or a training runs already.
        """
        self._require_free(task, options)
        if task == "train":
            self._require_no_training()
        activity = Activity(len(self.all) + 1, task, options)
        self.all[activity.number] = activity
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pipeline.studio.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MESSAGE_BYTES,
            start_new_session=True,  # Ctrl-C in the terminal stops the server, which stops them
        )
        self._workers[activity.number] = worker
        self._send(worker, {"task": task, "options": options})
        self._on_message({"type": "activity", "activity": activity.shown()})
        reader = asyncio.create_task(self._read(activity, worker))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)
        return activity

    def command(self, number: int, command: str) -> None:
        """Give a running task a command."""
        worker = self._workers.get(number)
        if worker is not None:
            self._send(worker, {"command": command})

    async def stop(self, number: int) -> None:
        """Stop a task, and wait until it has kept what it keeps."""
        worker = self._workers.get(number)
        if worker is None:
            return
        self._send(worker, {"command": "stop"})
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(worker.wait(), STOP_S)
        if worker.returncode is None:
            worker.kill()

    async def stop_all(self) -> None:
        """Stop all tasks; the server ends."""
        await asyncio.gather(*(self.stop(number) for number in list(self._workers)))
        await asyncio.gather(*self._readers)

    def _require_free(self, task: str, options: dict[str, Any]) -> None:
        port = options.get("port") or options.get("ports")
        for other in self.all.values():
            used = other.options.get("port") or other.options.get("ports")
            if port and other.state == RUNNING and set(_ports(port)) & set(_ports(used)):
                using, wanting = WORDS.get(other.task, other.task), WORDS.get(task, task)
                raise UsageError(
                    f"The board is used by the {using} that runs.",
                    "a board does one thing at a time",
                    f"end the {using} first, then start the {wanting}",
                )

    def _require_no_training(self) -> None:
        if any(other.task == "train" and other.state == RUNNING for other in self.all.values()):
            raise UsageError(
                "A training runs already.",
                "two at once would both be slow, and the page shows one",
                "wait for its end, or stop it on the Train page",
            )

    @staticmethod
    def _send(worker: asyncio.subprocess.Process, line: dict[str, Any]) -> None:
        if worker.stdin is not None and not worker.stdin.is_closing():
            worker.stdin.write(json.dumps(line).encode() + b"\n")

    async def _read(self, activity: Activity, worker: asyncio.subprocess.Process) -> None:
        assert worker.stdout is not None
        assert worker.stderr is not None
        log = asyncio.create_task(_newest_lines(worker.stderr))
        async for line in worker.stdout:
            self._take(activity, json.loads(line))
        await worker.wait()
        del self._workers[activity.number]
        if activity.state == RUNNING:
            self._take(activity, _died(activity.task, worker.returncode, await log))

    def _take(self, activity: Activity, message: dict[str, Any]) -> None:
        if message["type"] in IN_WORDS:
            message = in_page_words(message)
        activity.add(message)
        self._on_message({**message, "activity": activity.number, "state": activity.state})


def _ports(ports: object) -> list[object]:
    return list(ports) if isinstance(ports, list | tuple) else [ports]


async def _newest_lines(stream: asyncio.StreamReader) -> list[str]:
    lines: list[str] = []
    while line := await stream.readline():
        lines = [*lines, line.decode(errors="replace").rstrip()][-LOG_LINES:]
    return lines


def _died(task: str, code: int | None, log: list[str]) -> dict[str, Any]:
    return {
        "type": "error",
        "what": f"The {WORDS.get(task, task)} ended without a word (code {code}).",
        "why": "it was killed, possibly because memory ran out; its last lines: "
        + (" / ".join(log[-3:]) or "none"),
        "next": "close other programs and try again; recordings that had begun are kept",
    }
