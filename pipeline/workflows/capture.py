"""`gesture capture`: from the options to recordings in a dataset."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from pipeline.capture.ports import BAUD, find_port
from pipeline.capture.recorder import CaptureView, Recorder
from pipeline.capture.segmentation import MODES, CaptureInfo, CapturePlan, Mode
from pipeline.capture.session import Session
from pipeline.capture.write_ahead_log import WriteAheadLog
from pipeline.config.gesture_settings import DataConfig, load_gesture_config
from pipeline.core.errors import UsageError
from pipeline.core.original_names import OriginalNames
from pipeline.core.units_option import read_units
from pipeline.datasets.intervals import single_takes
from pipeline.datasets.recordings import check_new_label, find_dataset, load_recordings
from pipeline.workflows.boards import board_at
from pipeline.workflows.recover import Recovered, TakeFiles, head_of, recover_captures
from pipeline.workflows.typed_names import typed_names, written_dataset

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Captured:
    """The result of a capture.

    Attributes:
        files: one for each take and board.
        takes: number by label.
        faults: number by kind, over all boards.
        recovered: earlier captures that were finished first.
    """

    files: tuple[Path, ...]
    takes: dict[str, int]
    faults: dict[str, int]
    recovered: tuple[Recovered, ...]
    interrupted: bool
    dataset: Path


def capture(options: CaptureOptions, view: CaptureView) -> Captured:
    """Record takes; each take is saved when it is complete.

    Ctrl-C ends the capture, and saves the take in progress if it is long enough.

    Raises:
        PipelineError: USAGE for impossible options, NO_BOARD if a board is missing or stays away.
            The takes before that are saved.
    """
    dataset = written_dataset(options.dataset, view.report)
    for label in options.labels:
        check_new_label(dataset, label, options.new_label)
    with typed_names(dataset, view.report) as names:
        labels = tuple(names.typed("label", label) for label in options.labels)
        info = CaptureInfo(
            names.typed("person", options.person), names.typed("session", options.session)
        )
        plan = plan_of(replace(options, labels=labels), names.originals)
    specs = [board_at(spec, view.report) for spec in options.ports]
    ports = [find_port(spec) for spec in specs]
    recovered = recover_captures(dataset)
    session = Session(plan, [plan.decoder() for _ in ports])
    with _until_signalled() as stopped, WriteAheadLog(dataset, head_of(plan, info, ports)) as log:
        store = TakeFiles(dataset, info, ports, session, log, view.report)
        with Recorder(session, specs, log, store, view, options.baud) as recorder:
            recorder.run(stopped)
    return _captured(session, store, recovered, stopped(), dataset)


def _captured(
    session: Session,
    store: TakeFiles,
    recovered: list[Recovered],
    interrupted: bool,
    dataset: Path,
) -> Captured:
    faults: dict[str, int] = {}
    for decoder in session.decoders:
        clipped = {"clipped": decoder.clipping.samples}
        for kind, count in {**decoder.track.totals, **clipped}.items():
            faults[kind] = faults.get(kind, 0) + count
    return Captured(
        tuple(path for paths in store.files.values() for path in paths if path),
        dict(session.take_counts),
        {kind: count for kind, count in sorted(faults.items()) if count},
        tuple(recovered),
        interrupted and session.has_limit and not session.done,
        dataset,
    )


@contextmanager
def _until_signalled() -> Iterator[Callable[[], bool]]:
    """Yield a function: has a signal asked to stop? A second Ctrl-C stops at once."""
    signals: list[int] = []

    def on_signal(number: int, _: Any) -> None:
        if signals:
            raise KeyboardInterrupt
        signals.append(number)

    before = {number: signal.signal(number, on_signal) for number in ENDING}
    try:
        yield lambda: bool(signals)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


GUIDED_TAKES = 10  # default for each label
SENSORS = ("imu", "environment")
USUAL_PERIOD_S = 60.0
PERIODS_S = (0.3, 86_400.0)  # limits of a board
NOT_OF_A_SERIES = {
    "labels": "--label",
    "labels_from": "--labels-from",
    "person": "--person",
    "mode": "--mode",
    "count": "--count",
    "seed": "--seed",
    "units": "--units",
    "baud": "--baud",
}


@dataclass(frozen=True)
class CaptureOptions:
    """The options of the command line.

    Attributes:
        labels_from: a config or a dataset; its labels are added to `labels`.
        new_label: accept a label that is similar to one of the dataset.
        units: of the rows of another sketch; see read_units.
    """

    labels: tuple[str, ...] = ()
    labels_from: Path | None = None
    person: str = "me"
    session: str = "1"
    dataset: str = "mine"
    mode: str = "motion"
    count: int | None = None
    seconds: float | None = None
    seed: int = 1
    new_label: bool = False
    sensor: str = "imu"
    period_s: float | None = None
    ports: tuple[str, ...] = ("auto",)
    units: str = ""
    baud: int = BAUD


def plan_of(options: CaptureOptions, names: OriginalNames) -> CapturePlan:
    """The plan of a capture; names: of the dataset."""
    _check(options)
    if options.sensor == "environment":
        return _series_plan(options)
    labels, background = _labels(options, names)
    if options.mode != "guided" and len(labels) > 1:
        raise UsageError(
            f"{len(labels)} labels were given: {', '.join(labels)}.",
            f"in {options.mode} mode all takes get the same label",
            "give one --label, or let `--mode guided` say which comes next",
        )
    count = options.count
    if options.mode == "guided" and count is None:
        count = GUIDED_TAKES
    mode = cast("Mode", options.mode)
    return CapturePlan(
        mode,
        labels,
        count,
        options.seconds,
        background,
        options.seed,
        originals=names.only("label", labels).texts.get("label", {}),
        units=options.units,
    )


def _series_plan(options: CaptureOptions) -> CapturePlan:
    usual = CaptureOptions()
    flags = [
        flag
        for name, flag in NOT_OF_A_SERIES.items()
        if getattr(options, name) != getattr(usual, name)
    ]
    if flags:
        raise UsageError(
            f"{', '.join(flags)} cannot be used with `--sensor environment`.",
            "a series is one recording; it has no takes, no labels and no person",
            "leave it out; --period, --seconds, --dataset, --session and --port are for a series",
        )
    period_s = USUAL_PERIOD_S if options.period_s is None else options.period_s
    least_s, most_s = PERIODS_S
    if not least_s <= period_s <= most_s:
        raise UsageError(
            f"A period of {period_s:g} s cannot be used.",
            f"a reading takes up to {least_s:g} s, and boards count to {most_s:g} s, a day",
            f"choose a --period from {least_s:g} to {most_s:g}",
        )
    return CapturePlan("continuous", ("environment",), seconds=options.seconds, period_s=period_s)


def _check(options: CaptureOptions) -> None:
    if options.units:
        read_units(options.units)
    if options.mode not in MODES:
        raise UsageError(
            f"There is no mode `{options.mode}`.",
            "the name is misspelt",
            f"use one of: {', '.join(MODES)}",
        )
    if options.sensor not in SENSORS:
        raise UsageError(
            f"There is no sensor `{options.sensor}`.",
            "the board's accelerometer and gyroscope, together `imu`, can be recorded, and its "
            "`environment`: temperature, pressure and humidity",
            f"use one of: {', '.join(SENSORS)}",
        )
    if options.sensor == "imu" and options.period_s is not None:
        raise UsageError(
            "--period cannot be used with `--sensor imu`.",
            "the IMU has a rate of its own",
            "leave it out, or record the `--sensor environment`",
        )
    if options.mode == "continuous" and options.count is not None:
        raise UsageError(
            "--count cannot be used with `--mode continuous`.",
            "that makes one recording of all that comes",
            "say how long with --seconds, or end it with Ctrl-C",
        )
    if len(set(options.ports)) < len(options.ports):
        raise UsageError(
            f"A port is named twice: {', '.join(options.ports)}.",
            "every board has a port of its own",
            "`gesture ports` lists them",
        )


def _labels(options: CaptureOptions, names: OriginalNames) -> tuple[tuple[str, ...], str]:
    labels, background = options.labels, str(DataConfig.model_fields["background"].default)
    path = options.labels_from
    if path is not None and path.is_dir():
        labels += _labels_of_dataset(path)
    elif path is not None:
        data = load_gesture_config(path).data
        wanted = (names.known("label", label) for label in data.labels or ())
        labels += tuple(wanted) or _labels_of_dataset(find_dataset(data.path).path)
        background = names.known("label", data.background)
    if not labels:
        raise UsageError(
            "There is no label to record.",
            "every take needs a label",
            "give --label punch, or in guided mode `--labels-from` a config or a dataset",
        )
    return tuple(dict.fromkeys(labels)), background


def _labels_of_dataset(folder: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys(take.label for take in single_takes(load_recordings(folder))))
