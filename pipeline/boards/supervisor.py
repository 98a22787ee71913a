"""Starts an emulated board behind a serial port that any program can open."""

from __future__ import annotations

import signal
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from pipeline.artifacts import Recording
from pipeline.boards import native, virtual
from pipeline.boards.board_line import BoardLine
from pipeline.boards.environment_file import environment_bytes
from pipeline.boards.imu_file import imu_bytes
from pipeline.boards.launch import end, spawn
from pipeline.boards.pseudo_port import PseudoPort
from pipeline.boards.pump import Pump
from pipeline.boards.slots import Slot
from pipeline.errors import ExitCode, PipelineError

LAUNCHERS = {"virtual": virtual.launch, "native": native.launch}
LAST_WORDS_BYTES = 500  # QEMU says what is wrong first, then all registers


def start(
    board: str,
    image: Path,
    imu: Recording | None = None,
    environment: Recording | None = None,
    *,
    fast: bool = False,
) -> RunningBoard:
    """A board that is switched on when its port is first opened.

    board: `virtual` or `native`. imu: what its sensor will measure, from the first sample on;
    without it the board has no IMU. environment: the same of temperature, pressure and humidity,
    a series. fast: as quick as the computer can instead of at the
    sensor's pace. Raises PipelineError where the image or QEMU is missing.
    """
    if board not in LAUNCHERS:
        raise PipelineError(
            f"There is no emulated board `{board}`.",
            "the name is misspelt, or it is a real board, which is not started from here",
            f"use one of: {', '.join(LAUNCHERS)}",
            ExitCode.USAGE,
        )
    if not image.is_file():
        raise PipelineError(
            f"There is no firmware image {image}.",
            "the firmware has not been built for this board",
            f"build it first: `gesture deploy RUN --board {board}`",
        )
    return RunningBoard(board, image.resolve(), Sensors(imu, environment), fast)


@dataclass(frozen=True)
class Sensors:
    """What an emulated board's sensors measure; None for one that it has not."""

    imu: Recording | None
    environment: Recording | None

    def files(self, slot: Slot) -> tuple[Path | None, Path | None]:
        """For the board to read; they go with the slot."""
        imu = environment = None
        if self.imu is not None:
            imu = slot.imu_file
            imu.write_bytes(imu_bytes(self.imu))
        if self.environment is not None:
            environment = slot.environment_file
            environment.write_bytes(environment_bytes(self.environment))
        return imu, environment


class RunningBoard:
    """An emulated board: open `port`, and call `stop` or leave the `with` block at the end.

    Leaving the block raises what the board died of, where it died by itself.
    """

    def __init__(self, board: str, image: Path, sensors: Sensors, fast: bool) -> None:
        self._board = board
        self._failure: PipelineError | None = None
        with ExitStack() as undo:
            slot = Slot(board)
            undo.callback(slot.release)
            self._launch = LAUNCHERS[board](image, *sensors.files(slot), fast=fast)
            port = PseudoPort()
            undo.callback(port.close)
            self._pump = Pump(port)
            slot.publish(port.path)
            self._undo = undo.pop_all()
        self.port = str(slot.link)
        # Not Thread.join: interrupted by Ctrl-C once, it takes a running thread for an ended one.
        self._ended = threading.Event()
        threading.Thread(target=self._supervise, name=self.port, daemon=True).start()

    def __enter__(self) -> RunningBoard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._failure is not None:
            raise self._failure

    def wait(self) -> None:
        """Until the board ends by itself. Raises PipelineError with what it died of.

        Being told to end (SIGTERM, SIGHUP) raises KeyboardInterrupt, as Ctrl-C does, so that
        the `with` block takes the port away.
        """
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        self._ended.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End the board and take its port away. Calling it again does nothing."""
        self._pump.stop()
        self._ended.wait()
        self._pump.close()

    def _supervise(self) -> None:
        """Switch on at the first opening, then serve. The board lives as long as this thread."""
        try:
            with self._undo:
                if self._pump.wait_for_client():
                    self._run()
        except OSError as error:
            self._failure = _cannot_serve(self._board, error)
        finally:
            self._ended.set()

    def _run(self) -> None:
        with BoardLine() as line, tempfile.TemporaryFile() as errors:
            process = spawn(self._launch, line.stdin, line.stdout, errors)
            line.close_board_side()
            ended_by_itself = False
            try:
                ended_by_itself = self._pump.run(line)
            finally:
                status = end(process, ask=not ended_by_itself)
            if ended_by_itself and status != 0:
                self._failure = self._died(status, errors)

    def _died(self, status: int, errors: IO[bytes]) -> PipelineError:
        errors.seek(0)
        said = errors.read(LAST_WORDS_BYTES).decode(errors="replace").strip()
        return PipelineError(
            f"The {self._board} board ended with status {status}.",
            f"it said: {said}" if said else "it said nothing",
            "build the firmware again; if it goes on, this is a fault of the firmware",
            ExitCode.NO_BOARD,
        )


def _cannot_serve(board: str, error: OSError) -> PipelineError:
    return PipelineError(
        f"The {board} board could not be run: {error}.",
        "its image is not a program, or this computer has run out of memory or open files",
        "build the firmware again, and end boards that are not needed",
        ExitCode.NO_BOARD,
    )
