"""What a worker can do: each task calls one workflow, as a command does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.core.original_names import load_names
from pipeline.core.project import DATA
from pipeline.studio.views import CaptureMessages, MonitorMessages
from pipeline.studio.worker import Channel
from pipeline.training.fit import Epoch
from pipeline.workflows import (
    boards,
    convert,
    datasets,
    deploy,
    enrol,
    monitor,
    next_commands,
    train,
)
from pipeline.workflows.capture import CaptureOptions, capture
from pipeline.workflows.monitor import MonitorOptions, PullOptions

Options = dict[str, Any]


def _capture(options: Options, channel: Channel) -> Any:
    lists = {name: tuple(value) for name, value in options.items() if isinstance(value, list)}
    return capture(CaptureOptions(**{**options, **lists}), CaptureMessages(channel))


def _monitor(options: Options, channel: Channel) -> None:
    pull = PullOptions(
        options.get("person", "me"),
        options.get("session", "1"),
        options.get("dataset", "mine"),
        options.get("background", "idle"),
        options.get("seconds", 2.5),
    )
    watching = MonitorOptions(options.get("port", "auto"), None, None, False, pull)
    monitor.monitor(watching, MonitorMessages(channel))


def _board(options: Options, channel: Channel) -> None:
    """Runs until it is stopped; it plays the takes of a dataset again and again."""
    with TemporaryDirectory() as folder:
        imu = _stream(options, Path(folder)) if options.get("dataset") else None
        with boards.start_board(
            options["board"],
            _path(options, "run"),
            imu,
            None,
            fast=False,
            loop=imu is not None,
            on_step=channel.on_step,
        ) as running:
            channel.send("port", port=running.port)
            running.wait()


def _stream(options: Options, folder: Path) -> Path:
    file = folder / "stream.csv"
    dataset = DATA / load_names(DATA).known("dataset", options["dataset"])
    datasets.make_stream(dataset, file, None, seed=1)
    return file


def _train(options: Options, channel: Channel) -> Any:
    def on_epoch(epoch: Epoch) -> None:
        channel.send("epoch", epoch=epoch)

    unfinished = _path(options, "resume")
    if unfinished is not None:
        trained = train.resume(unfinished, on_epoch)
    else:
        trained = train.train(Path(options["config"]), options["settings"], None, on_epoch)
    return {"trained": trained, "next": next_commands.after_training(trained.run, trained.task)}


def _convert(options: Options, channel: Channel) -> Any:
    return convert.convert(Path(options["run"]), _path(options, "budget"), channel.on_step)


def _deploy(options: Options, channel: Channel) -> Any:
    run, port = Path(options["run"]), options.get("port", "auto")
    return deploy.deploy(run, options["board"], port, False, channel.on_step)


def _enrol(options: Options, channel: Channel) -> Any:
    """Takes are asked for on the board."""
    return enrol.enrol_from_board(
        Path(options["run"]),
        options["person"],
        options.get("port", "auto"),
        options.get("takes", enrol.TAKES),
        CaptureMessages(channel),
        channel.on_step,
    )


def _path(options: Options, name: str) -> Path | None:
    return Path(options[name]) if options.get(name) else None


TASKS: dict[str, Callable[[Options, Channel], Any]] = {
    "capture": _capture,
    "monitor": _monitor,
    "board": _board,
    "train": _train,
    "convert": _convert,
    "deploy": _deploy,
    "enrol": _enrol,
}
