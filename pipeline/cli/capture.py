"""`gesture capture`: what it records, what a person sees of it, and the keys that control it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape

from pipeline.capture.ports import BAUD
from pipeline.capture.recorder import CaptureView, PortView
from pipeline.capture.session import Session, TakeCommand
from pipeline.capture.stream_decoder import StreamDecoder
from pipeline.cli import console
from pipeline.cli.asking import ask_about_label
from pipeline.cli.console import print_json
from pipeline.cli.dataset_argument import found
from pipeline.cli.keyboard import UPDATE_EVERY_S, Keyboard, live_view
from pipeline.cli.parser import App, Json, NewLabel
from pipeline.cli.traces import SHOWN_SAMPLES, traces, wrapped
from pipeline.core.errors import ExitCode
from pipeline.core.original_names import load_names
from pipeline.workflows import capture as workflow
from pipeline.workflows import next_commands
from pipeline.workflows.capture import Captured, CaptureOptions

app = App()

Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="What is being done: punch, flex, idle …; guided: several."),
]
LabelsFrom = Annotated[
    Path | None,
    typer.Option(callback=found, help="Guided: labels of a config (.yaml) or of a dataset."),
]
Ports = Annotated[
    list[str] | None,
    typer.Option("--port", help="auto, a path, id:SERIAL or socket://HOST:PORT; several boards."),
]


@app.command()
def capture(
    label: Labels = None,
    labels_from: LabelsFrom = None,
    person: Annotated[str, typer.Option(help="Who does it.")] = "me",
    session: Annotated[str, typer.Option(help="A name for one sitting.")] = "1",
    dataset: Annotated[str, typer.Option(help="Recordings go to data/DATASET.")] = "mine",
    mode: Annotated[str, typer.Option(help="motion, continuous or guided.")] = "motion",
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many takes; guided: of each label.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="End after so long; else with q or Ctrl-C.")
    ] = None,
    port: Ports = None,
    sensor: Annotated[
        str,
        typer.Option(
            help="imu: accelerometer and gyroscope; environment: temperature, pressure, humidity."
        ),
    ] = "imu",
    period: Annotated[
        float | None, typer.Option(help="Environment: seconds between readings; else 60.")
    ] = None,
    units: Annotated[
        str,
        typer.Option(help='Of another sketch: "m/s2, rad/s" or "counts 16384, counts 131".'),
    ] = "",
    baud: Annotated[int, typer.Option(min=50, help="Speed of the port.")] = BAUD,
    seed: Annotated[int, typer.Option(help="Guided: the order of the labels.")] = 1,
    new_label: NewLabel = False,
    json: Json = False,
) -> None:
    """Record takes of gestures, or a series of the environment.

    motion: each movement becomes a take. guided: says what comes next, counts down, shuffles
    labels. continuous: one recording of all that comes. Any sketch that prints its acceleration
    can be recorded; docs/capture.md has the details.

    \b
    Example: gesture capture --label punch --person anna --count 20
    Example: gesture capture --sensor environment --period 60 --dataset room
    """
    options = CaptureOptions(
        labels=tuple(label or ()),
        labels_from=labels_from,
        person=person,
        session=session,
        dataset=dataset,
        mode=mode,
        count=count,
        seconds=seconds,
        seed=seed,
        sensor=sensor,
        period_s=period,
        ports=tuple(port or ("auto",)),
        units=units,
        baud=baud,
    )

    def captured_as(is_meant: bool) -> Captured:
        with watching(json) as view:
            return workflow.capture(replace(options, new_label=is_meant), view)

    captured = ask_about_label(captured_as, new_label, json)
    show_captured(captured, json)
    if captured.files:
        console.show_next(next_commands.after_recording(captured.dataset, sensor), json)
    if captured.interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)


STATUS_EVERY_S = 5.0
KEYS = {"k": "keep", "d": "discard", "r": "redo", "q": "quit"}
SHOWN_BOARDS = 2  # of more, only the state lines
FAULTS = ("lost", "duplicate", "late", "corrupt", "refused", "reboot", "unplugged", "short-burst")


@contextmanager
def watching(as_json: bool) -> Iterator[CaptureView]:
    """A live view in a terminal, lines elsewhere, nothing with --json."""
    if as_json:
        yield _Silent()
    elif not console.err.is_terminal:
        yield _Lines()
    else:
        with live_view(console.err) as view:
            yield _LiveView(*view)


class _Silent:
    update_every_s = UPDATE_EVERY_S

    def update(self, session: Session, ports: Sequence[PortView]) -> None:
        pass

    def report(self, text: str) -> None:
        pass

    def next_command(self) -> TakeCommand | None:
        return None


class _Lines(_Silent):
    """For logs and pipes: what changes, and now and then how it goes."""

    def __init__(self) -> None:
        self._prompt = ""
        self._printed_s = time.monotonic()

    def update(self, session: Session, ports: Sequence[PortView]) -> None:
        if session.prompt != self._prompt:
            self._prompt = session.prompt
            self.report(self._prompt)
        if time.monotonic() - self._printed_s >= STATUS_EVERY_S:
            self._printed_s = time.monotonic()
            for port in ports:
                self.report(
                    f"{port.name}: {port.state}, {_numbers(port.decoder)}; {_takes(session)}"
                )

    def report(self, text: str) -> None:
        with suppress(OSError):  # nobody reads any more; what is recorded must not suffer
            console.err.print(escape(text), soft_wrap=True)


class _LiveView:
    update_every_s = UPDATE_EVERY_S

    def __init__(self, live: Live, keyboard: Keyboard) -> None:
        self._live, self._keyboard = live, keyboard
        self._commands: deque[str] = deque()

    def update(self, session: Session, ports: Sequence[PortView]) -> None:
        with suppress(OSError):  # as above
            self._live.update(_screen(session, ports), refresh=True)

    def report(self, text: str) -> None:
        with suppress(OSError):
            self._live.console.print(escape(text), soft_wrap=True)

    def next_command(self) -> TakeCommand | None:
        self._commands += [KEYS[key] for key in self._keyboard.pressed() if key in KEYS]
        return TakeCommand(self._commands.popleft()) if self._commands else None


def _screen(session: Session, ports: Sequence[PortView]) -> RenderableType:
    what = ", ".join(map(session.plan.shown, session.plan.labels)) or "the environment"
    lines: list[RenderableType] = [wrapped(f"recording {what}, {session.plan.mode}", "bold")]
    for place, port in enumerate(ports):
        lines.append(wrapped(f"{port.name}  {port.state}  {_numbers(port.decoder)}", "bold"))
        if place < SHOWN_BOARDS and port.decoder.channels:
            lines.append(traces(port.decoder.channels, port.decoder.track.newest(SHOWN_SAMPLES)))
    keys = "  ".join(f"[{key}] {name}" for key, name in KEYS.items())
    return Group(
        *lines,
        wrapped(session.prompt, "bold black on bright_green" if session.in_progress else "bold"),
        wrapped(f"{session.seconds:.0f} s  {_takes(session)}"),
        wrapped(f"{keys}   the newest take; Ctrl-C ends too", "dim"),
    )


def _numbers(decoder: StreamDecoder) -> str:
    totals = decoder.track.totals
    faults = [f"{kind} {totals[kind]}" for kind in FAULTS if totals[kind]]
    if decoder.clipping.samples:
        faults.append(f"clipped {decoder.clipping.samples}")
    counted = ", ".join(faults) or "nothing lost"
    if not decoder.stream.is_imu:
        failing = ", its sensors give nothing now" if decoder.failing else ""
        return f"{len(decoder.track)} readings, {counted}{failing}"
    return f"{decoder.track.newest_rate_hz:.1f} Hz, {counted}"


def _takes(session: Session) -> str:
    of = f" of {session.plan.count}" if session.plan.count is not None else ""
    takes = ", ".join(
        f"{session.plan.shown(label)} {count}{of}"
        for label, count in sorted(session.take_counts.items())
    )
    return f"takes: {takes or 'none yet'}"


def show_captured(captured: Captured, as_json: bool) -> None:
    """Print the files of a capture, and its faults."""
    if as_json:
        print_json(captured)
        return
    console.show_recovered(captured.recovered)
    for file in captured.files:
        console.out.print(escape(str(file)), soft_wrap=True)
    names = load_names(captured.dataset)
    takes = ", ".join(
        f"{names.shown('label', label)} {count}" for label, count in sorted(captured.takes.items())
    )
    faults = ", ".join(f"{kind} {count}" for kind, count in captured.faults.items())
    console.out.print(f"takes: {escape(takes) or 'none'}; {faults or 'nothing lost'}")
