"""What `gesture capture` was asked for, checked before any port is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.config_gestures import DataConfig, load_gesture_config
from pipeline.errors import ExitCode, PipelineError

if TYPE_CHECKING:
    from pipeline.capture.directors import Mode, Plan

GUIDED_TAKES = 10  # of each label, where nothing else is asked for
SENSORS = ("imu", "environment")
USUAL_PERIOD_S = 60.0
PERIODS_S = (0.3, 86_400.0)  # that a board keeps
NOT_OF_A_SERIES = {
    "labels": "--label",
    "labels_from": "--labels-from",
    "person": "--person",
    "mode": "--mode",
    "count": "--count",
    "seed": "--seed",
}


@dataclass(frozen=True)
class CaptureOptions:
    """As on the command line. labels_from: a config or a dataset, besides `labels`."""

    labels: tuple[str, ...] = ()
    labels_from: Path | None = None
    person: str = "me"
    session: str = "1"
    dataset: str = "mine"
    mode: str = "motion"
    count: int | None = None
    seconds: float | None = None
    seed: int = 1
    sensor: str = "imu"
    period_s: float | None = None
    ports: tuple[str, ...] = ("auto",)


def plan_of(options: CaptureOptions) -> Plan:
    """Raises PipelineError (USAGE) for what does not go together."""
    from pipeline.capture.directors import Plan
    from pipeline.datasets.recordings import check_name

    for label in options.labels:
        check_name("label", label)
    _check(options)
    if options.sensor == "environment":
        return _series_plan(options)
    labels, background = _labels(options)
    if options.mode != "guided" and len(labels) > 1:
        raise _unusable(
            f"{len(labels)} labels were given: {', '.join(labels)}.",
            f"in {options.mode} mode all takes get the same label",
            "give one --label, or let `--mode guided` say which comes next",
        )
    count = options.count
    if options.mode == "guided" and count is None:
        count = GUIDED_TAKES
    mode = cast("Mode", options.mode)
    return Plan(mode, labels, count, options.seconds, background, options.seed)


def _series_plan(options: CaptureOptions) -> Plan:
    from pipeline.capture.directors import Plan

    usual = CaptureOptions()
    given = [
        flag
        for name, flag in NOT_OF_A_SERIES.items()
        if getattr(options, name) != getattr(usual, name)
    ]
    if given:
        raise _unusable(
            f"{', '.join(given)} cannot be used with `--sensor environment`.",
            "a series is recorded as a whole; it has no takes, no labels and nobody who makes them",
            "leave it out; --period, --seconds, --dataset, --session and --port are for a series",
        )
    period_s = USUAL_PERIOD_S if options.period_s is None else options.period_s
    least_s, most_s = PERIODS_S
    if not least_s <= period_s <= most_s:
        raise _unusable(
            f"A period of {period_s:g} s cannot be used.",
            f"a reading takes up to {least_s:g} s, and boards count to {most_s:g} s, a day",
            f"choose a --period from {least_s:g} to {most_s:g}",
        )
    return Plan("continuous", ("environment",), seconds=options.seconds, period_s=period_s)


def _check(options: CaptureOptions) -> None:
    from pipeline.capture.directors import MODES

    if options.mode not in MODES:
        raise _unusable(
            f"There is no mode `{options.mode}`.",
            "the name is misspelt",
            f"use one of: {', '.join(MODES)}",
        )
    if options.sensor not in SENSORS:
        raise _unusable(
            f"There is no sensor `{options.sensor}`.",
            "the board's accelerometer and gyroscope, together `imu`, can be recorded, and its "
            "`environment`: temperature, pressure and humidity",
            f"use one of: {', '.join(SENSORS)}",
        )
    if options.sensor == "imu" and options.period_s is not None:
        raise _unusable(
            "--period cannot be used with `--sensor imu`.",
            "the IMU has a rate of its own",
            "leave it out, or record the `--sensor environment`",
        )
    if options.mode == "continuous" and options.count is not None:
        raise _unusable(
            "--count cannot be used with `--mode continuous`.",
            "that makes one recording of all that comes",
            "say how long with --seconds, or end it with Ctrl-C",
        )
    if len(set(options.ports)) < len(options.ports):
        raise _unusable(
            f"A port is named twice: {', '.join(options.ports)}.",
            "every board has a port of its own",
            "`gesture ports` lists them",
        )


def _labels(options: CaptureOptions) -> tuple[tuple[str, ...], str]:
    """What is recorded, and the label of holding still."""
    labels, background = options.labels, str(DataConfig.model_fields["background"].default)
    path = options.labels_from
    if path is not None and path.is_dir():
        labels += _labels_of_dataset(path)
    elif path is not None:
        data = load_gesture_config(path).data
        labels += data.labels or _labels_of_dataset(data.path)
        background = data.background
    if not labels:
        raise _unusable(
            "It was not said what is recorded.",
            "a take is nothing without a label",
            "give --label punch, or in guided mode `--labels-from` a config or a dataset",
        )
    return tuple(dict.fromkeys(labels)), background


def _labels_of_dataset(folder: Path) -> tuple[str, ...]:
    from pipeline.datasets.recordings import recording_paths

    return tuple(dict.fromkeys(path.parent.name for path in recording_paths(folder)))


def _unusable(what: str, why: str, next_step: str) -> PipelineError:
    return PipelineError(what, why, next_step, ExitCode.USAGE)
