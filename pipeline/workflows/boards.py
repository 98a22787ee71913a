"""Finds the board of a command, or starts an emulated one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.boards.supervisor import RunningBoard, start
from pipeline.capture.client import BoardClient
from pipeline.capture.link_statistics import watch
from pipeline.capture.ports import is_board_plugged_in, open_port
from pipeline.core.artifacts import Event, Recording
from pipeline.core.board_profiles import EMULATED
from pipeline.core.board_slots import announce_start, is_board_starting, running_boards
from pipeline.core.errors import NoBoardError, UsageError
from pipeline.core.progress import OnStep
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.environment_series import load_series
from pipeline.datasets.recordings import load_recording
from pipeline.deployment.verify import check_contract
from pipeline.training.events import MatchedEvents, match_events
from pipeline.workflows.generated import build_image, build_without_model
from pipeline.workflows.runs import converted_contract, locked_run, open_run

AUTO = "auto"
LOOK_EVERY_S = 0.1
FULL_BUILD_S = 600.0  # of a board that is being started; longer than any took


def board_at(spec: str, report: Callable[[str], None] = lambda _: None) -> str:
    """Resolve `auto`, a path, `id:SERIAL` or a URL for `open_port`.

    A board on USB comes before emulated ones. It keeps the name `auto`, because its path may change
    when it comes back. If an emulated board is starting, we wait for it.
    """
    if spec != AUTO or is_board_plugged_in():
        return spec
    if is_board_starting():
        report("waiting for the board that is being started; Ctrl-C ends")
    give_up_s = time.monotonic() + FULL_BUILD_S
    while is_board_starting() and time.monotonic() < give_up_s:
        time.sleep(LOOK_EVERY_S)
    boards = running_boards()
    if len(boards) > 1:
        raise NoBoardError(
            f"{len(boards)} emulated boards run: {', '.join(map(str, boards))}.",
            "`auto` takes the only one",
            f"name one, for example `--port {boards[0]}`",
        )
    return str(boards[0]) if boards else spec


@contextmanager
def board_that_runs(
    run: RunFolder, port: str, on_step: OnStep = lambda _: None
) -> Iterator[BoardClient]:
    """Connect to a board for the block; MISMATCH if it has another model."""
    contract = converted_contract(run)
    with open_port(board_at(port, on_step)) as connection:
        board = BoardClient(connection)
        check_contract(board.wait_ready().contract, contract.hash())
        yield board


BUILD_PATIENCE_S = 60.0  # several boards may start with one run at once
SLOWEST = 4  # seconds for one second of the sensor's time
START_S = 60.0


@contextmanager
def start_board(
    board: str,
    run: Path | None,
    imu: Path | None,
    environment: Path | None,
    fast: bool,
    *,
    loop: bool = False,
    on_step: OnStep = lambda _: None,
) -> Iterator[RunningBoard]:
    """Run an emulated board, as fast as possible or at the sensor's rate, during the block."""
    _check_board(board)
    _check_loop(loop, imu)
    with ExitStack() as stack:
        with announce_start():
            on_step(f"building the firmware for {board}")
            image = build_without_model(board).path if run is None else _image_of(run, board)
            on_step("reading the recordings for its sensors")
            recording = None if imu is None else load_recording(imu)
            series = None if environment is None else load_series(environment)
            started = start(board, image, recording, series, fast=fast, loop=loop)
            running = stack.enter_context(started)
        yield running


def watch_stream(path: Path, board: str, stream: Recording) -> MatchedEvents:
    """Play a stream to an emulated board's sensor, and match what the board calls out."""
    run = open_run(path)
    contract = converted_contract(run)
    image = _image_of(path, board)
    events: list[Event] = []
    limit_s = START_S + SLOWEST * stream.seconds
    with start(board, image, stream, fast=True) as running, open_port(running.port) as connection:
        for entry in watch(BoardClient(connection), contract.labels, limit_s):
            if entry.event is not None:
                events.append(entry.event)
            elif entry.sensor_stopped:
                return match_events(events, stream, contract.gestures)
    raise NoBoardError(
        f"The {board} board did not play the stream to its end within {limit_s:.0f} s.",
        "this computer is very busy, or the emulation hangs",
        "close other programs and try again",
    )


def _image_of(path: Path, board: str) -> Path:
    with locked_run(path, "board start", BUILD_PATIENCE_S, reads=True) as run:
        return Path(build_image(run, board, converted_contract(run).hash()).path)


def _check_loop(loop: bool, imu: Path | None) -> None:
    if loop and imu is None:
        raise UsageError(
            "There is no recording to repeat.",
            "--loop repeats the recording of --imu",
            "name one: `--imu stream.csv --loop`; `gesture data stream` makes one",
        )


def _check_board(board: str) -> None:
    if board not in EMULATED:
        raise UsageError(
            f"There is no emulated board `{board}`.",
            "the name is misspelt, or is that of a real board, which starts by itself",
            f"use one of: {', '.join(EMULATED)}",
        )
