"""`gesture monitor` and `gesture pull`: a board's events, and recordings of its mistakes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, Protocol

from pipeline.capture import feedback
from pipeline.capture.client import BoardClient
from pipeline.capture.feedback import FALSE_ALARM, pull_samples
from pipeline.capture.link_statistics import (
    LinkStatistics,
    MonitorEntry,
    Smoothing,
    monitor_entry,
    smoothing_of,
)
from pipeline.capture.ports import Port, open_port, stable_name
from pipeline.capture.protocol import Message
from pipeline.capture.segmentation import CaptureInfo
from pipeline.core.artifacts import Event
from pipeline.core.board_profiles import EMULATED, BoardInfo
from pipeline.core.errors import ExitCode, PipelineError, UsageError
from pipeline.core.files import writing
from pipeline.core.original_names import OriginalNames, load_names
from pipeline.core.progress import OnStep
from pipeline.core.project import DATA
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import add_recording, check_new_label, find_dataset
from pipeline.workflows.boards import board_at
from pipeline.workflows.next_commands import after_recording
from pipeline.workflows.runs import LATEST, RUNS
from pipeline.workflows.typed_names import typed_names, written_dataset

RETRY_EVERY_S = 0.5  # for a board that is away
AWAY_LIMIT_S = 600.0  # people restart an emulated board, or look for another cable
WRONG, UNDO = "w", "u"
MISTAKES = 3  # that a person has marked, before enrolling is offered


@dataclass(frozen=True)
class MonitorOptions:
    """Options of `gesture monitor`; `on` is a label, or `any`, and the command for its events."""

    port: str
    log: Path | None
    on: tuple[str, str] | None
    shell: bool
    pull: PullOptions


class MonitorView(Protocol):
    """Shows a board to a person."""

    live: bool  # it shows signals and scores, and reads keys
    update_every_s: float

    def begin(self, title: str, names: OriginalNames) -> None:
        """Show the title; called for each connection. names: of the board's labels."""

    def show(self, entry: MonitorEntry) -> None:
        """Show an event or a note."""

    def update(
        self, statistics: LinkStatistics, labels: Sequence[str], called: Mapping[str, int]
    ) -> None:
        """Show statistics, and the number of events by label."""

    def report(self, text: str) -> None:
        """Show a message."""

    def show_pulled(self, pulled: Pulled) -> None:
        """Show that a recording was saved."""

    def pressed_keys(self) -> str:
        """The keys since the last call."""

    def end(self, summary: Summary, next_commands: Sequence[str]) -> None:
        """Show the summary."""


def monitor(options: MonitorOptions, view: MonitorView) -> None:
    """Show a board's events until the caller stops; wait for a board that is away.

    Raises:
        PipelineError: USAGE for an unknown label or an impossible command, NO_BOARD if the board
            is missing or stays away.
    """
    commands = EventCommands(options.on, options.shell, view.report)
    options = replace(options, pull=ready_pull(options.pull, view.report))
    port = board_at(options.port, view.report)
    patience_s = 0.0
    with _log(options.log) as log:
        watch = _Watch(options, view, commands, log)
        try:
            while True:
                with _connected(watch, port, patience_s):
                    if patience_s:
                        view.report("it is back")
                    _watch_until_gone(watch, view)
                patience_s = AWAY_LIMIT_S
        finally:
            watch.sum_up()


@contextmanager
def _connected(watch: _Watch, port: str, patience_s: float) -> Iterator[None]:
    give_up_s = time.monotonic() + patience_s
    with ExitStack() as stack:
        while True:
            try:
                connection = stack.enter_context(open_port(port))
                watch.introduce(connection)
                break
            except PipelineError as error:
                stack.close()
                if error.exit_code != ExitCode.NO_BOARD or time.monotonic() >= give_up_s:
                    raise
            time.sleep(RETRY_EVERY_S)
        yield


def _watch_until_gone(watch: _Watch, view: MonitorView) -> None:
    try:
        with _streaming_all(watch.client) if view.live else nullcontext():
            watch.run()
    except PipelineError as error:
        if error.exit_code != ExitCode.NO_BOARD:
            raise
        view.report(f"{error.what} Waiting for it to come back; Ctrl-C ends")


class _Watch:
    def __init__(
        self,
        options: MonitorOptions,
        view: MonitorView,
        commands: EventCommands,
        log: IO[str] | None,
    ) -> None:
        self.client: BoardClient
        self._options, self._view = options, view
        self._commands, self._log = commands, log
        self._statistics = LinkStatistics()
        self._info: BoardInfo | None = None
        self._labels: tuple[str, ...] = ()
        self._learned: tuple[str, ...] = ()
        self._port = ""
        self._newest: Event | None = None
        self._counts = MonitorCounts()
        self._has_begun = False

    def introduce(self, connection: Port) -> None:
        """Ask a new connection for its board; its clock and its model may have changed."""
        self.client = BoardClient(connection)
        self._info, self._labels = self.client.wait_ready(), self.client.labels()
        self._learned = self.client.learned() if self._labels else ()
        self._port = stable_name(connection.device)
        self._newest = None
        self._statistics.smoothing = self._smoothing() if self._view.live else None
        names = _names_of(self._labels, self._options.pull.dataset)
        self._commands.label = names.known("label", self._commands.label)
        if self._commands.label not in (ANY, *self._labels, *self._learned):
            known = ", ".join(names.all_shown("label", (*self._labels, *self._learned)))
            raise UsageError(
                f"The board never detects {self._commands.label}.",
                "the label is misspelt, or another model is on the board",
                f"use one of: {known or 'none, it has no model'}, or any",
            )
        self._has_begun = True
        self._view.begin(_title(self._info, self._port, self._options), names)
        if self._info.contract == "none":
            self._view.report(
                f"the board has no model and detects nothing: `{_with_model(self._info.board)}`"
            )
        if self._info.imu == "none":
            self._view.report("the board has no working sensor")

    def _smoothing(self) -> Smoothing | None:
        info = self._info
        if not self._labels or info is None or not info.rate_hz:
            return None
        try:
            return smoothing_of(self.client.constants(), info.window / info.rate_hz)
        except PipelineError as error:
            if error.exit_code == ExitCode.NO_BOARD:
                raise
            return None  # other firmware does not know `constants`

    def sum_up(self) -> None:
        """Show the summary, if a board was ever connected."""
        if not self._has_begun:
            return
        recordings = {pulled.file.parent.parent for pulled in self._counts.recordings}
        goes_on = [command for folder in recordings for command in after_recording(folder)]
        is_counted = self._view.live or self._statistics.received > 0
        self._view.end(self._counts.summary(self._statistics, is_counted), goes_on)

    def run(self) -> None:
        while True:
            for item in self.client.items(self._view.update_every_s):
                self._statistics.add(item, time.time_ns() // 1000)
                if isinstance(item, Message) and item.kind == "learned":
                    self._learned += item.words[:1]
                entry = monitor_entry(item, (*self._labels, *self._learned))
                if entry is not None:
                    self._show(entry)
            self._commands.reap()
            self._view.update(self._statistics, self._labels, self._counts.called)
            for key in self._view.pressed_keys():
                self._press(key)

    def _show(self, entry: MonitorEntry) -> None:
        self._view.show(entry)
        self._write(asdict(entry))
        if entry.event is not None:
            self._newest = entry.event
            self._counts.called[entry.event.label] += 1
            self._commands.run(entry.event)

    def _press(self, key: str) -> None:
        """Handle a key. A digit is the number of a missed gesture, from 1, without background."""
        gestures = [label for label in self._labels if label != self._options.pull.background]
        if key == WRONG and self._newest is not None:
            self._save_feedback(self._options.pull.background, self._newest.t_us)
        elif key == WRONG:
            self._view.report("there is no event yet")
        elif key == UNDO:
            self._undo()
        elif key.isdigit() and 0 < int(key) <= len(gestures):
            self._save_feedback(gestures[int(key) - 1], None)
        elif key.isdigit():
            known = f"1 to {len(gestures)}" if gestures else "none, it has no gestures"
            self._view.report(f"no gesture has the number {key}; the board's are {known}")

    def _save_feedback(self, label: str, event_us: int | None) -> None:
        assert self._info is not None  # keys come only to a live view, which is introduced
        try:
            pulled = save_feedback(
                self.client, self._info, self._port, label, self._options.pull, event_us
            )
        except PipelineError as error:
            if error.exit_code == ExitCode.NO_BOARD:
                raise
            self._view.report(error.what)
            return
        self._counts.add(pulled)
        self._view.show_pulled(pulled)
        if self._counts.asks_who:
            self._view.report(
                f"{MISTAKES} mistakes: a new person? Their three takes of each gesture teach the "
                f"board: gesture enrol --person NAME --port {shlex.quote(self._port)}"
            )
        self._write({"pulled": str(pulled.file), "kind": pulled.kind, "label": label})

    def _undo(self) -> None:
        """Delete the newest recording that a key has made; next time, the one before it."""
        file = self._counts.undo()
        if file is None:
            self._view.report("no recording of a key is left to delete")
            return
        self._view.report(f"{file}: deleted")
        self._write({"undone": str(file)})

    def _write(self, content: dict[str, Any]) -> None:
        if self._log is not None and self._options.log is not None:
            line = {"at": datetime.now(timezone.utc).isoformat(), **content}
            with writing(self._options.log):
                self._log.write(json.dumps(line, sort_keys=True, allow_nan=False) + "\n")
                self._log.flush()


def _with_model(board: str) -> str:
    """What gives a board a model; an emulated one has it from its start."""
    is_emulated = board in EMULATED
    return f"gesture board start {board} --run RUN" if is_emulated else "gesture deploy RUN"


def _title(info: BoardInfo, port: str, options: MonitorOptions) -> str:
    logged = "" if options.log is None else f", logged to {options.log}"
    return (
        f"{info.board} at {port}, {_run_of(info.contract)}; "
        f"keys record to data/{options.pull.dataset}{logged}"
    )


def _run_of(contract_hash: str) -> str:
    if contract_hash == "none":
        return "no model"
    for run in map(RunFolder, sorted(RUNS.glob("*"))):
        with suppress(PipelineError, OSError):
            if not run.path.is_symlink() and run.contract().hash() == contract_hash:
                return f"run {run.path}"
    return f"a run that is not here ({contract_hash[:12]})"


@contextmanager
def _log(path: Path | None) -> Iterator[IO[str] | None]:
    if path is None:
        yield None
        return
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8")
    with stream:
        yield stream


@contextmanager
def _streaming_all(client: BoardClient) -> Iterator[None]:
    switches = ("stream", "scores") if client.labels() else ("stream",)
    try:
        for switch in switches:
            client.switch(switch, True)
        yield
    finally:
        with suppress(PipelineError):  # it may be gone
            for switch in switches:
                client.switch(switch, False)


ANY = "any"
MOST_RUNNING = 8  # limit for programs that never end


class EventCommands:
    """Runs a command for each event of a label, and does not wait for it.

    The command is split into words with quotes and backslashes, as by Python's shlex. With `shell`,
    /bin/sh runs it as it is. Its environment holds the event: GESTURE_LABEL, GESTURE_SCORE,
    GESTURE_T_US.
    """

    def __init__(
        self, wanted: tuple[str, str] | None, shell: bool, report: Callable[[str], None]
    ) -> None:
        """Check the command; wanted: the label, or ANY, and the command; None for no command."""
        self.label, command = wanted or (ANY, "")
        self._command = command if shell or wanted is None else _words(command)
        self._report = report
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def run(self, event: Event) -> None:
        """Start the command, if the event has its label."""
        self.reap()
        if self._command and self.label in (event.label, ANY):
            self._start(self._command, event)

    def reap(self) -> None:
        """Report the commands that have failed since the last call."""
        for name, process in self._running:
            if process.poll():
                self._report(f"`{name}` ended with {process.returncode}")
        self._running = [entry for entry in self._running if entry[1].returncode is None]

    def _start(self, command: str | list[str], event: Event) -> None:
        name = command if isinstance(command, str) else command[0]
        if len(self._running) >= MOST_RUNNING:
            self._report(f"`{name}` was not started: {MOST_RUNNING} commands still run")
            return
        line = {
            "GESTURE_LABEL": event.label,
            "GESTURE_SCORE": f"{event.score:.3f}",
            "GESTURE_T_US": str(event.t_us),
        }
        try:
            process = subprocess.Popen(
                command,
                shell=isinstance(command, str),
                stdin=subprocess.DEVNULL,
                env={**os.environ, **line},
                start_new_session=True,  # Ctrl-C ends the monitor, not its commands
            )
        except OSError as error:
            self._report(f"`{name}` could not be started: {error.strerror}")
            return
        self._running.append((name, process))


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise _unusable(command, f"{error}", "close the quotes") from None
    if not words or shutil.which(words[0]) is None:
        name = words[0] if words else ""
        raise _unusable(
            command,
            f"there is no program `{name}`",
            "name a program that is in PATH, or its path; with --shell a shell reads the command",
        )
    return words


def _unusable(command: str, why: str, next_step: str) -> PipelineError:
    return UsageError(f"The command `{command}` cannot be run.", why, next_step)


@dataclass(frozen=True)
class Summary:
    """What was seen in a monitor.

    Attributes:
        wrong: number of recordings of wrong events that were not deleted.
        missed: number of recordings of missed gestures that were not deleted.
        samples: None if the board was not asked for samples, as `lost`.
    """

    seconds: float
    called: dict[str, int]
    wrong: int
    missed: int
    samples: int | None
    lost: int | None
    damaged: int


class MonitorCounts:
    """Counts events by label in `called`, and holds the recordings that keys have made."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.called: Counter[str] = Counter()
        self._recordings: list[tuple[Pulled, tuple[int, int] | None]] = []
        self._clock_s = clock_s
        self._begun_s = clock_s()

    def summary(self, statistics: LinkStatistics, is_counted: bool = True) -> Summary:
        """Sum up; is_counted says whether the board was asked for its samples."""
        wrong = sum(pulled.kind == FALSE_ALARM for pulled in self.recordings)
        return Summary(
            seconds=round(self._clock_s() - self._begun_s, 1),
            called=dict(sorted(self.called.items())),
            wrong=wrong,
            missed=len(self.recordings) - wrong,
            samples=statistics.received if is_counted else None,
            lost=statistics.lost if is_counted else None,
            damaged=statistics.damaged,
        )

    @property
    def recordings(self) -> list[Pulled]:
        """The recordings that keys have made, the newest last."""
        return [pulled for pulled, _ in self._recordings]

    @property
    def asks_who(self) -> bool:
        """Whether so many mistakes were just reached that somebody else may be making the moves."""
        return len(self._recordings) == MISTAKES

    def add(self, pulled: Pulled) -> None:
        """Add a recording."""
        self._recordings.append((pulled, _stamp(pulled.file)))

    def undo(self) -> Path | None:
        """Delete the newest recording, unless another program has changed it; returns its path."""
        if not self._recordings:
            return None
        pulled, stamp = self._recordings.pop()
        if stamp is not None and _stamp(pulled.file) == stamp:
            pulled.file.unlink()
        return pulled.file


def _stamp(file: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = file.stat()
        return found.st_ino, found.st_mtime_ns
    return None


@dataclass(frozen=True)
class PullOptions:
    """Options of a pull; seconds: length of a false alarm before its event."""

    person: str
    session: str
    dataset: str
    background: str
    seconds: float


@dataclass(frozen=True)
class Pulled:
    """A recording from a board; its kind is `false-alarm` or `missed`."""

    file: Path
    kind: str
    seconds: float


def pull(
    port: str,
    label: str,
    options: PullOptions,
    new_label: bool = False,
    on_step: OnStep = lambda _: None,
) -> Pulled:
    """Save the board's newest movement under `label`; for the background, all of its samples.

    on_step: is told which names were mapped.
    """
    options = ready_pull(options, on_step)
    check_new_label(DATA / options.dataset, label, new_label)
    with typed_names(DATA / options.dataset, on_step) as names:
        label = names.typed("label", label)
    with open_port(board_at(port)) as connection:
        client = BoardClient(connection)
        info = client.wait_ready()
        return save_feedback(client, info, stable_name(connection.device), label, options)


def ready_pull(options: PullOptions, on_step: OnStep) -> PullOptions:
    """The options with names that files can carry; on_step is told which were mapped."""
    dataset = written_dataset(options.dataset, on_step)
    with typed_names(dataset, on_step) as names:
        return replace(
            options,
            dataset=dataset.name,
            person=names.typed("person", options.person),
            session=names.typed("session", options.session),
            background=names.typed("label", options.background),
        )


def _names_of(labels: Sequence[str], dataset: str) -> OriginalNames:
    """What people wrote for a board's labels: in the dataset for its mistakes, or the last run."""
    both = load_names(LATEST) | load_names(find_dataset(Path(dataset)).path)
    return both.only("label", labels)


def save_feedback(
    client: BoardClient,
    info: BoardInfo,
    port: str,
    label: str,
    options: PullOptions,
    event_us: int | None = None,
) -> Pulled:
    """As `pull`, from a connected board; event_us: of a false event, None for the newest."""
    folder = DATA / options.dataset
    samples = pull_samples(client)
    if label == options.background:
        kind, part = feedback.FALSE_ALARM, feedback.false_alarm(samples, options.seconds, event_us)
    else:
        kind, part = feedback.MISSED, feedback.missed_gesture(samples)
    capture_info = CaptureInfo(options.person, options.session)
    recording = feedback.feedback_recording(part, kind, label, info, capture_info, port)
    with writing(folder / label):
        path = add_recording(recording, folder)
    return Pulled(path, kind, len(part) / recording.rate_hz)
