"""A board watched: what it calls is shown, logged, acted on, and learned from where it is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from pipeline.artifacts import Event
from pipeline.errors import ExitCode, PipelineError
from pipeline.stages.event_commands import ANY, EventCommands
from pipeline.stages.pulling import Pulled, PullOptions, keep
from pipeline.stages.writing import writing

if TYPE_CHECKING:
    from pipeline.capture.board_info import BoardInfo
    from pipeline.capture.client import BoardClient
    from pipeline.capture.gauge import Gauge
    from pipeline.capture.monitor import Seen

LOOK_EVERY_S = 0.1
WRONG = "w"


@dataclass(frozen=True)
class MonitorOptions:
    """on: a label, or `any`, and the command to run at its events."""

    port: str
    log: Path | None
    on: tuple[str, str] | None
    shell: bool
    pull: PullOptions


class Viewer(Protocol):
    """What a person sees. live: signals and scores are wanted too, and keys may come."""

    live: bool

    def see(self, seen: Seen) -> None: ...
    def look(self, gauge: Gauge, labels: Sequence[str]) -> None: ...
    def tell(self, text: str) -> None: ...
    def keep(self, pulled: Pulled) -> None: ...
    def pressed(self) -> str: ...


def monitor(options: MonitorOptions, viewer: Viewer) -> None:
    """Until the caller stops or the board is gone.

    Raises PipelineError (USAGE) for a label the board does not know or a command that cannot be
    run, (NO_BOARD) where the board is missing or lost.
    """
    from pipeline.capture.client import BoardClient
    from pipeline.capture.ports import lasting_name, open_port

    commands = EventCommands(options.on, options.shell, viewer.tell)
    with ExitStack() as stack:
        log = stack.enter_context(_log(options.log))
        connection = stack.enter_context(open_port(options.port))
        watch = _Watch(BoardClient(connection), options, viewer, commands, log)
        watch.introduce(lasting_name(connection.device))
        if viewer.live:
            stack.enter_context(_telling_all(watch.client))
        watch.run()


class _Watch:
    def __init__(
        self,
        client: BoardClient,
        options: MonitorOptions,
        viewer: Viewer,
        commands: EventCommands,
        log: IO[str] | None,
    ) -> None:
        from pipeline.capture.gauge import Gauge

        self.client = client
        self._options, self._viewer = options, viewer
        self._commands, self._log = commands, log
        self._gauge = Gauge()
        self._info: BoardInfo | None = None
        self._labels: tuple[str, ...] = ()
        self._port = ""
        self._newest: Event | None = None

    def introduce(self, port: str) -> None:
        self._info, self._labels = self.client.wait_ready(), self.client.labels()
        self._port = port
        if self._commands.label not in (ANY, *self._labels):
            raise PipelineError(
                f"The board never calls {self._commands.label}.",
                "the label is misspelt, or another model is on the board",
                f"use one of: {', '.join(self._labels) or 'none, it has no model'}, or any",
                ExitCode.USAGE,
            )
        if self._info.contract == "none":
            self._viewer.tell("the board has no model and calls nothing: `gesture deploy RUN`")
        if self._info.imu == "none":
            self._viewer.tell("the board has no sensor that measures, and sees nothing")

    def run(self) -> None:
        from pipeline.capture.monitor import seen_in

        while True:
            for item in self.client.items(LOOK_EVERY_S):
                self._gauge.add(item, time.time_ns() // 1000)
                seen = seen_in(item)
                if seen is not None:
                    self._see(seen)
            self._commands.reap()
            self._viewer.look(self._gauge, self._labels)
            for key in self._viewer.pressed():
                self._press(key)

    def _see(self, seen: Seen) -> None:
        self._viewer.see(seen)
        self._write(asdict(seen))
        if seen.event is not None:
            self._newest = seen.event
            self._commands.run(seen.event)

    def _press(self, key: str) -> None:
        """A digit is the gesture that was missed, counted from 1; the background is none."""
        gestures = [label for label in self._labels if label != self._options.pull.background]
        if key == WRONG and self._newest is not None:
            self._keep(self._options.pull.background, self._newest.t_us)
        elif key == WRONG:
            self._viewer.tell("nothing has been called yet")
        elif key.isdigit() and 0 < int(key) <= len(gestures):
            self._keep(gestures[int(key) - 1], None)

    def _keep(self, label: str, event_us: int | None) -> None:
        assert self._info is not None  # keys come only to a live view, which is introduced
        try:
            pulled = keep(self.client, self._info, self._port, label, self._options.pull, event_us)
        except PipelineError as error:
            if error.exit_code == ExitCode.NO_BOARD:
                raise
            self._viewer.tell(error.what)
            return
        self._viewer.keep(pulled)
        self._write({"pulled": str(pulled.file), "kind": pulled.kind, "label": label})

    def _write(self, content: dict[str, Any]) -> None:
        if self._log is not None and self._options.log is not None:
            told = {"at": datetime.now(timezone.utc).isoformat(), **content}
            with writing(self._options.log):
                self._log.write(json.dumps(told, sort_keys=True) + "\n")
                self._log.flush()


@contextmanager
def _log(path: Path | None) -> Iterator[IO[str] | None]:
    """Lines are added to what is there: a log of yesterday is not lost."""
    if path is None:
        yield None
        return
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8")
    with stream:
        yield stream


@contextmanager
def _telling_all(client: BoardClient) -> Iterator[None]:
    switches = ("stream", "scores") if client.labels() else ("stream",)
    try:
        for switch in switches:
            client.switch(switch, True)
        yield
    finally:
        with suppress(PipelineError):  # it may be gone
            for switch in switches:
                client.switch(switch, False)
