"""What a person sees of a capture while it runs, and the keys that steer it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from pipeline.console import err, out, print_json
from pipeline.console_traces import SHOWN_SAMPLES, traces
from pipeline.keyboard import Keyboard

if TYPE_CHECKING:
    from pipeline.capture.ear import Ear
    from pipeline.capture.recorder import PortView, Watcher
    from pipeline.capture.session import Session, Wish
    from pipeline.stages.capturing import Captured
    from pipeline.stages.recovery import Recovered

STATUS_EVERY_S = 5.0
KEYS = {"k": "keep", "d": "discard", "r": "redo", "q": "quit"}
SHOWN_BOARDS = 2  # of more, only the state lines

FAULTS = ("lost", "duplicate", "late", "corrupt", "refused", "reboot", "unplugged", "short-burst")


@contextmanager
def watching(as_json: bool) -> Iterator[Watcher]:
    """A live view in a terminal, lines elsewhere, nothing with --json."""
    if as_json:
        yield _Silent()
    elif not err.is_terminal:
        yield _Lines()
    else:
        with (
            Keyboard() as keyboard,
            Live(console=err, auto_refresh=False, transient=True, redirect_stdout=False) as live,
        ):
            yield _LiveView(live, keyboard)


class _Silent:
    def look(self, session: Session, ports: Sequence[PortView]) -> None:
        pass

    def tell(self, text: str) -> None:
        pass

    def wish(self) -> Wish | None:
        return None


class _Lines(_Silent):
    """For logs and pipes: what changes, and now and then how it goes."""

    def __init__(self) -> None:
        self._prompt = ""
        self._told_s = time.monotonic()

    def look(self, session: Session, ports: Sequence[PortView]) -> None:
        if session.prompt != self._prompt:
            self._prompt = session.prompt
            self.tell(self._prompt)
        if time.monotonic() - self._told_s >= STATUS_EVERY_S:
            self._told_s = time.monotonic()
            for port in ports:
                self.tell(f"{port.name}: {port.state}, {_numbers(port.ear)}; {_takes(session)}")

    def tell(self, text: str) -> None:
        with suppress(OSError):  # nobody reads any more; what is recorded must not suffer
            err.print(escape(text), soft_wrap=True)


class _LiveView:
    def __init__(self, live: Live, keyboard: Keyboard) -> None:
        self._live, self._keyboard = live, keyboard
        self._wishes: deque[str] = deque()

    def look(self, session: Session, ports: Sequence[PortView]) -> None:
        with suppress(OSError):  # as above
            self._live.update(_screen(session, ports), refresh=True)

    def tell(self, text: str) -> None:
        with suppress(OSError):
            self._live.console.print(escape(text), soft_wrap=True)

    def wish(self) -> Wish | None:
        from pipeline.capture.session import Wish

        self._wishes += [KEYS[key] for key in self._keyboard.pressed() if key in KEYS]
        return Wish(self._wishes.popleft()) if self._wishes else None


def _screen(session: Session, ports: Sequence[PortView]) -> RenderableType:
    lines: list[RenderableType] = []
    for place, port in enumerate(ports):
        lines.append(Text(f"{port.name}  {port.state}  {_numbers(port.ear)}", no_wrap=True))
        if place < SHOWN_BOARDS:
            lines += _traces(port.ear)
    keys = "  ".join(f"[{key}] {name}" for key, name in KEYS.items())
    return Group(
        *lines,
        Text(session.prompt, style="bold"),
        Text(f"{session.seconds:.0f} s  {_takes(session)}"),
        Text(f"{keys}   the newest take; Ctrl-C ends too", style="dim", no_wrap=True),
    )


def _numbers(ear: Ear) -> str:
    totals = ear.track.totals
    faults = [f"{kind} {totals[kind]}" for kind in FAULTS if totals[kind]]
    counted = ", ".join(faults) or "nothing lost"
    if not ear.stream.is_imu:
        failing = ", its sensors give nothing now" if ear.failing else ""
        return f"{len(ear.track)} readings, {counted}{failing}"
    clipped = f", clipped {ear.clipping.samples}" if ear.clipping.samples else ""
    return f"{ear.track.newest_rate_hz:.1f} Hz, {counted}{clipped}"


def _takes(session: Session) -> str:
    of = f" of {session.plan.count}" if session.plan.count is not None else ""
    takes = ", ".join(f"{label} {count}{of}" for label, count in sorted(session.takes.items()))
    return f"takes: {takes or 'none yet'}"


def _traces(ear: Ear) -> list[RenderableType]:
    return traces(ear.channels, ear.track.newest(SHOWN_SAMPLES)) if ear.channels else []


def show_captured(captured: Captured, as_json: bool) -> None:
    if as_json:
        print_json(captured)
        return
    show_recovered(captured.recovered)
    for file in captured.files:
        out.print(escape(str(file)), soft_wrap=True)
    takes = ", ".join(f"{label} {count}" for label, count in sorted(captured.takes.items()))
    faults = ", ".join(f"{kind} {count}" for kind, count in captured.faults.items())
    out.print(f"takes: {escape(takes) or 'none'}; {faults or 'nothing lost'}")


def show_recovered(recovered: Sequence[Recovered]) -> None:
    """Said by whichever command met them first."""
    for capture in recovered:
        err.print("[yellow]A capture had not ended well; what it had read is kept:[/]")
        for file in (*capture.takes, *capture.streams):
            err.print(f"  {escape(str(file))}", soft_wrap=True)
