"""`gesture monitor` and `gesture pull`: a board as a person sees it, and keys that mark errors."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from pipeline.capture.link_statistics import LinkStatistics, MonitorEntry, Smoothing
from pipeline.cli import console
from pipeline.cli.asking import ask_about_label
from pipeline.cli.console import print_json
from pipeline.cli.keyboard import UPDATE_EVERY_S, Keyboard, live_view
from pipeline.cli.parser import App, Json, NewLabel, Port
from pipeline.cli.replay import event_line, show_entry
from pipeline.cli.terminal import visible
from pipeline.cli.traces import SHOWN_SAMPLES, Wide, traces, wrapped
from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.core.original_names import OriginalNames
from pipeline.workflows import monitor as workflow
from pipeline.workflows import next_commands
from pipeline.workflows.monitor import MonitorView, Pulled, PullOptions, Summary

app = App()

Person = Annotated[str, typer.Option(help="Who moved the board.")]
Session = Annotated[str, typer.Option(help="A name for one sitting.")]
Dataset = Annotated[str, typer.Option(help="Pulled recordings go to data/DATASET.")]
Background = Annotated[str, typer.Option(help="The label of 'no gesture'.")]
Seconds = Annotated[
    float, typer.Option(min=0.3, max=8.6, help="How much of a false alarm to keep.")
]


@app.command()
def monitor(
    port: Port = "auto",
    log: Annotated[
        Path | None, typer.Option(help="Write all that happens there, a line of JSON each.")
    ] = None,
    on: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="LABEL COMMAND", help="Run a command at each event of LABEL, or any."),
    ] = None,
    shell: Annotated[
        bool, typer.Option("--shell", help="Let a shell read the command of --on.")
    ] = False,
    person: Person = "me",
    session: Session = "1",
    dataset: Dataset = "mine",
    background: Background = "idle",
    seconds: Seconds = 2.5,
    json: Json = False,
) -> None:
    """Watch what a board calls out.

    In a terminal: signals, scores, events, rate, delay and losses, live. `w` says that the newest
    event was wrong, a digit that a gesture was missed: the board's last seconds become a
    recording to learn from; `u` takes it back. Elsewhere a line an event. Ctrl-C ends.
    docs/monitor.md has the details.

    \b
    Example: gesture monitor --log calls.jsonl --on punch 'paplay bell.wav'
    """
    options = workflow.MonitorOptions(
        port,
        log,
        on,
        shell,
        PullOptions(person, session, dataset, background, seconds),
    )
    with viewing(json) as view:
        workflow.monitor(options, view)


@app.command()
def pull(
    label: Annotated[
        str, typer.Option(help="What it really was: `idle` for a false alarm, or a gesture.")
    ],
    port: Port = "auto",
    person: Person = "me",
    session: Session = "1",
    dataset: Dataset = "mine",
    background: Background = "idle",
    seconds: Seconds = 2.5,
    new_label: NewLabel = False,
    json: Json = False,
) -> None:
    """Learn from what a board got wrong.

    Saves what the board has just seen as a recording: its last seconds as background where it
    called a gesture that was none, its newest movement where it missed one. The next
    `gesture train` on that dataset weighs it in.

    \b
    Example: gesture pull --label idle
    """
    options = workflow.PullOptions(person, session, dataset, background, seconds)

    def pulled_as(is_meant: bool) -> Pulled:
        with console.steps(json) as on_step:
            return workflow.pull(port, label, options, is_meant, on_step)

    pulled = ask_about_label(pulled_as, new_label, json)
    show_pulled(pulled, json)
    console.show_next(next_commands.after_recording(pulled.file.parent.parent), json)


CALLED_SHOWN_S = 2.0
SMOOTHED_MARK, THRESHOLD_MARK = "◆", "┃"
CALLED_STYLE = "bold black on bright_green"


@contextmanager
def viewing(as_json: bool) -> Iterator[MonitorView]:
    """A live view in a terminal, a line an event elsewhere or with --json."""
    if as_json or not (console.out.is_terminal and console.err.is_terminal):
        yield _Lines(as_json)
        return
    with live_view(console.err) as view:
        yield _LiveView(*view)


def show_pulled(pulled: Pulled, as_json: bool) -> None:
    """Print where a pulled recording is."""
    if as_json:
        print_json(pulled)
    else:
        console.out.print(_pulled(pulled), soft_wrap=True)


class _Lines:
    live = False
    update_every_s = UPDATE_EVERY_S

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._names = OriginalNames()

    def begin(self, _title: str, names: OriginalNames) -> None:
        self._names = names

    def show(self, entry: MonitorEntry) -> None:
        show_entry(entry, self._names, self._as_json)

    def update(
        self, statistics: LinkStatistics, labels: Sequence[str], called: Mapping[str, int]
    ) -> None:
        pass

    def report(self, text: str) -> None:
        console.err.print(escape(text), soft_wrap=True)

    def show_pulled(self, pulled: Pulled) -> None:
        show_pulled(pulled, self._as_json)

    def pressed_keys(self) -> str:
        return ""

    def end(self, summary: Summary, next_commands: Sequence[str]) -> None:
        if self._as_json:
            print_json({"summary": summary})
        else:
            _show_summary(summary, self._names, next_commands)


class _LiveView:
    live = True
    update_every_s = UPDATE_EVERY_S

    def __init__(self, live: Live, keyboard: Keyboard) -> None:
        self._live, self._keyboard = live, keyboard
        self._title, self._names = "", OriginalNames()
        self._called, self._called_s = "", 0.0

    def begin(self, title: str, names: OriginalNames) -> None:
        self._title, self._names = title, names

    def show(self, entry: MonitorEntry) -> None:
        if entry.event is None:
            self._print(f"[yellow]{escape(entry.note)}[/]")
            return
        label = self._names.shown("label", entry.event.label)
        self._called, self._called_s = label, time.monotonic()
        self._print(event_line(entry.event, self._names))

    def update(
        self, statistics: LinkStatistics, labels: Sequence[str], called: Mapping[str, int]
    ) -> None:
        is_new = time.monotonic() - self._called_s < CALLED_SHOWN_S
        with suppress(OSError):  # the terminal has gone; what is logged must not suffer
            newest = self._called if is_new else ""
            shown = _screen(
                self._title,
                newest,
                statistics,
                self._names.all_shown("label", labels),
                _shown_counts(called, self._names),
            )
            self._live.update(shown, refresh=True)

    def report(self, text: str) -> None:
        self._print(escape(text))

    def show_pulled(self, pulled: Pulled) -> None:
        self._print(_pulled(pulled))

    def pressed_keys(self) -> str:
        return self._keyboard.pressed()

    def end(self, summary: Summary, next_commands: Sequence[str]) -> None:
        with suppress(OSError):
            self._live.update("", refresh=True)
            _show_summary(summary, self._names, next_commands)

    def _print(self, text: str) -> None:
        with suppress(OSError):
            self._live.console.print(text)


def _show_summary(summary: Summary, names: OriginalNames, next_commands: Sequence[str]) -> None:
    """On standard error, where the live view was too: events alone are the output."""
    total, called = sum(summary.called.values()), _counts(_shown_counts(summary.called, names))
    rows = [f"watched for {summary.seconds:.0f} s: {total} called{called}"]
    if summary.wrong or summary.missed:
        rows.append(f"marked: {summary.wrong} wrong, {summary.missed} missed")
    if summary.samples and summary.lost is not None:
        of = summary.samples + summary.lost
        rows.append(f"lost {summary.lost} of {of} samples, {summary.damaged} lines damaged")
    rows += [f"next  {command}" for command in next_commands]
    for row in rows:
        console.err.print(escape(row), soft_wrap=True)


def _shown_counts(called: Mapping[str, int], names: OriginalNames) -> dict[str, int]:
    return {names.shown("label", label): count for label, count in called.items()}


def _counts(called: Mapping[str, int]) -> str:
    counts = ", ".join(f"{label} {count}" for label, count in sorted(called.items()))
    return f" ({counts})" if counts else ""


def _screen(
    title: str,
    called: str,
    statistics: LinkStatistics,
    labels: Sequence[str],
    counts: Mapping[str, int] = MappingProxyType({}),
) -> RenderableType:
    rows = [sample.values for sample in statistics.samples][-SHOWN_SAMPLES:]
    sent = statistics.received + statistics.lost
    lost = f"lost {statistics.lost} of {sent} samples, {statistics.damaged} damaged"
    delay = f"delay {statistics.delay_ms:.0f} ms, at worst {statistics.worst_delay_ms:.0f}"
    return Group(
        wrapped(title, "bold"),
        *([Wide(lambda width: _banner(called, width))] if labels else []),
        traces(IMU_CHANNELS, rows),
        Wide(lambda width: _bars(statistics.scores, labels, width, statistics.smoothing)),
        *([wrapped(f"{sum(counts.values())} called{_counts(counts)}")] if labels else []),
        wrapped(f"{statistics.rate_hz:.1f} Hz  {delay}  {lost}", "red" if statistics.lost else ""),
        wrapped(_keys(labels), "dim"),
    )


def _banner(called: str, width: int) -> Iterator[Text]:
    """The gesture, large; as high where there is none, so that nothing below it jumps."""
    spaced = " ".join(visible(called).upper())
    words = spaced if len(spaced) <= width else visible(called)[:width]
    for line in ("", words, ""):
        yield Text(line.center(width), CALLED_STYLE if called else "", no_wrap=True)


def _bars(
    scores: Sequence[float], labels: Sequence[str], width: int, smoothing: Smoothing | None
) -> Iterator[Text]:
    if len(scores) != len(labels):
        return
    names = [visible(label) for label in labels]
    name_width = min(max(map(len, names), default=0), width // 2)
    room = max(width - name_width - len("  0.00"), 1)
    for place, (name, score) in enumerate(zip(names, scores, strict=True)):
        bar = _marked("█" * round(room * score), room, smoothing, place)
        style = "bold bright_cyan" if score == max(scores) else "cyan"
        yield Text.assemble(
            f"{name[:name_width]:<{name_width}} ", (f"{bar:<{room}}", style), f" {score:.2f}"
        )


def _marked(bar: str, room: int, smoothing: Smoothing | None, place: int) -> str:
    """With the threshold and the smoothed score of the class in it, as far as they are known."""
    cells = list(f"{bar:<{room}}")
    if smoothing is None or place >= len(smoothing.thresholds):
        return bar
    threshold = smoothing.thresholds[place]
    if threshold is not None:
        cells[min(round(room * threshold), room - 1)] = THRESHOLD_MARK
    if place < len(smoothing.scores):
        cells[min(round(room * smoothing.scores[place]), room - 1)] = SMOOTHED_MARK
    return "".join(cells)


def _keys(labels: Sequence[str]) -> str:
    if not labels:
        return "Ctrl-C ends"
    missed = "a digit: that gesture was missed, counted from 1 without the background"
    marks = f"{SMOOTHED_MARK} smoothed score  {THRESHOLD_MARK} called from here on"
    return f"{marks}  [w] the newest call was wrong  [u] take that back  {missed}  Ctrl-C ends"


def _pulled(pulled: Pulled) -> str:
    kind = pulled.kind.replace("-", " ")
    return f"{kind}: {pulled.seconds:.1f} s in {escape(str(pulled.file))}"
