"""Emulated boards: with a run's model or with none, and what one calls out of a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import PROJECT, Event, Recording
from pipeline.errors import ExitCode, PipelineError
from pipeline.stages.images import BUILD_TIMEOUT_S, build_image
from pipeline.stages.runs import converted_contract, open_run

if TYPE_CHECKING:
    from pipeline.boards.supervisor import RunningBoard
    from pipeline.capture.monitor import Seen
    from pipeline.training.events import Calls

EMULATED = ("virtual", "native")


@contextmanager
def start_board(
    board: str, run: Path | None, imu: Path | None, environment: Path | None, fast: bool
) -> Iterator[RunningBoard]:
    """An emulated board with the model of `run`, or with none, for as long as the block lasts."""
    from pipeline.boards.supervisor import start
    from pipeline.datasets.recordings import load_recording
    from pipeline.datasets.series_file import load_series

    _check_board(board)
    recording = None if imu is None else load_recording(imu)
    series = None if environment is None else load_series(environment)
    if run is None:
        image = _image_without_model(board)
    else:
        folder = open_run(run)
        image = Path(build_image(folder, board, converted_contract(folder).hash()).path)
    with start(board, image, recording, series, fast=fast) as running:
        yield running


def watch_stream(path: Path, board: str, stream: Recording) -> Calls:
    """Play a stream to an emulated board's sensor, and judge what the board calls out."""
    from pipeline.boards.supervisor import start
    from pipeline.training.events import judge

    run = open_run(path)
    contract = converted_contract(run)
    image = Path(build_image(run, board, contract.hash()).path)
    events: list[Event] = []
    with start(board, image, stream, fast=True) as running:
        for seen in _seen_at(running.port):
            if seen.event is not None:
                events.append(seen.event)
            elif seen.sensor_stopped:
                break
    return judge(events, stream, contract.gestures)


def _seen_at(port: str) -> Iterator[Seen]:
    from pipeline.capture.client import BoardClient
    from pipeline.capture.monitor import watch
    from pipeline.capture.ports import open_port

    with open_port(port) as connection:
        yield from watch(BoardClient(connection))


def _check_board(board: str) -> None:
    if board not in EMULATED:
        raise PipelineError(
            f"There is no emulated board `{board}`.",
            "the name is misspelt, or is that of a real board, which starts by itself",
            f"use one of: {', '.join(EMULATED)}",
            ExitCode.USAGE,
        )


def _image_without_model(board: str) -> Path:
    from pipeline.deployment.platformio import build

    log = PROJECT / "build" / f"build-{board}.log"
    log.parent.mkdir(exist_ok=True)
    return build(board, None, PROJECT, log, BUILD_TIMEOUT_S).path
