"""What a person sees of a board that is watched, and the keys that say what it got wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from pipeline.artifacts import IMU_CHANNELS
from pipeline.console import err, out, print_json
from pipeline.console_events import show_seen
from pipeline.console_traces import SHOWN_SAMPLES, traces
from pipeline.keyboard import Keyboard

if TYPE_CHECKING:
    from pipeline.capture.gauge import Gauge
    from pipeline.capture.monitor import Seen
    from pipeline.stages.monitoring import Viewer
    from pipeline.stages.pulling import Pulled

BAR_COLUMNS = 40


@contextmanager
def viewing(as_json: bool) -> Iterator[Viewer]:
    """A live view in a terminal, a line an event elsewhere or with --json."""
    if as_json or not (out.is_terminal and err.is_terminal):
        yield _Lines(as_json)
        return
    with (
        Keyboard() as keyboard,
        Live(console=err, auto_refresh=False, transient=True, redirect_stdout=False) as live,
    ):
        yield _LiveView(live, keyboard)


def show_pulled(pulled: Pulled, as_json: bool) -> None:
    if as_json:
        print_json(pulled)
    else:
        out.print(_pulled(pulled), soft_wrap=True)


class _Lines:
    live = False

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def see(self, seen: Seen) -> None:
        show_seen(seen, self._as_json)

    def look(self, gauge: Gauge, labels: Sequence[str]) -> None:
        pass

    def tell(self, text: str) -> None:
        err.print(escape(text), soft_wrap=True)

    def keep(self, pulled: Pulled) -> None:
        show_pulled(pulled, self._as_json)

    def pressed(self) -> str:
        return ""


class _LiveView:
    live = True

    def __init__(self, live: Live, keyboard: Keyboard) -> None:
        self._live, self._keyboard = live, keyboard

    def see(self, seen: Seen) -> None:
        if seen.event is None:
            self._print(f"[yellow]{escape(seen.note)}[/]")
            return
        event = seen.event
        bold = f"[bold]{escape(event.label):<16}[/]"
        self._print(f"{event.t_us / 1e6:9.3f} s  {bold} {event.score:.3f}")

    def look(self, gauge: Gauge, labels: Sequence[str]) -> None:
        with suppress(OSError):  # the terminal has gone; what is logged must not suffer
            self._live.update(_screen(gauge, labels), refresh=True)

    def tell(self, text: str) -> None:
        self._print(escape(text))

    def keep(self, pulled: Pulled) -> None:
        self._print(_pulled(pulled))

    def pressed(self) -> str:
        return self._keyboard.pressed()

    def _print(self, text: str) -> None:
        with suppress(OSError):
            self._live.console.print(text, soft_wrap=True)


def _screen(gauge: Gauge, labels: Sequence[str]) -> RenderableType:
    rows = [sample.values for sample in gauge.samples][-SHOWN_SAMPLES:]
    lost = f"lost {gauge.lost} of {gauge.received + gauge.lost} samples, {gauge.damaged} damaged"
    delay = f"delay {gauge.delay_ms:.0f} ms, at worst {gauge.worst_delay_ms:.0f}"
    return Group(
        *traces(IMU_CHANNELS, rows),
        *_bars(gauge.scores, labels),
        Text(f"{gauge.rate_hz:.1f} Hz  {delay}  {lost}", no_wrap=True),
        Text(_keys(labels), style="dim", no_wrap=True),
    )


def _bars(scores: Sequence[float], labels: Sequence[str]) -> list[RenderableType]:
    if len(scores) != len(labels):
        return []
    width = max(map(len, labels), default=0)
    return [
        Text(f"{label:<{width}} {'█' * round(BAR_COLUMNS * score):<{BAR_COLUMNS}} {score:.2f}")
        for label, score in zip(labels, scores, strict=True)
    ]


def _keys(labels: Sequence[str]) -> str:
    missed = "a digit: that gesture was missed, counted from 1 without the background"
    return f"[w] the newest call was wrong  {missed if labels else ''}  Ctrl-C ends"


def _pulled(pulled: Pulled) -> str:
    kind = pulled.kind.replace("-", " ")
    return f"{kind}: {pulled.seconds:.1f} s in {escape(str(pulled.file))}"
