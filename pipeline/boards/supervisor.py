"""Starts an emulated board behind a serial port that any program can open."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pipeline.boards.pseudo_terminal import CHUNK_BYTES, BoardLine, PseudoPort
from pipeline.boards.sensor_files import PSRAM_BYTES, environment_bytes, imu_bytes
from pipeline.core.artifacts import Recording
from pipeline.core.board_slots import Slot
from pipeline.core.errors import NoBoardError, NoToolError, PipelineError, UsageError
from pipeline.core.locks import dying_with_us

STOP_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Launch:
    """A program whose serial line is its stdin and stdout."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def spawn(launch: Launch, stdin: int, stdout: int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program that is killed when the calling thread ends, even by `kill -9`."""
    return subprocess.Popen(
        (*dying_with_us(), *launch.command),
        stdin=stdin,
        stdout=stdout,
        stderr=errors,
        env={**os.environ, **launch.environment},
        start_new_session=True,  # the supervisor handles Ctrl-C
    )


def end(process: subprocess.Popen[bytes], *, ask: bool) -> int:
    """Wait for a process, terminated first if `ask`; its exit status, negative for a signal."""
    if ask:
        process.terminate()
    try:
        return process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def launch_native(
    image: Path, imu_file: Path | None, environment_file: Path | None = None, *, fast: bool
) -> Launch:
    """The native board's program, with the files of its sensors."""
    environment = {"GESTURE_IMU_FILE": str(imu_file)} if imu_file else {}
    if environment_file:
        environment["GESTURE_ENVIRONMENT_FILE"] = str(environment_file)
    if fast:
        environment["GESTURE_FAST"] = "1"
    return Launch((str(image),), environment)


QEMU = "qemu-system-arm"
MACHINE = "mps2-an386"
PSRAM_ADDRESS = 0x21000000
SPARE_RAM_ADDRESS = 0x20300000
FAST_TICK_HZ = 25_000_000
FAST_NS_PER_INSTRUCTION = 16  # -icount shift=4


def instructions_of_ticks(ticks: float) -> float:
    """Convert ticks of the fast virtual board (25 MHz) to instructions."""
    return ticks * (1e9 / FAST_TICK_HZ) / FAST_NS_PER_INSTRUCTION


def launch_virtual(
    image: Path, imu_file: Path | None, environment_file: Path | None = None, *, fast: bool
) -> Launch:
    """QEMU with its UART on stdin and stdout, and the sensors' memory from both files.

    If fast, time counts instructions, so that every run gives the same bytes, and the files are
    read at each start. Else the IMU's file is mapped as memory.
    """
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise NoToolError(
            f"{QEMU} is not installed.",
            "the virtual board runs on QEMU, and its program is not on the PATH",
            "sudo apt-get install --no-install-recommends qemu-system-arm",
        )
    options = ["-no-user-config", "-nodefaults", "-display", "none"]
    options += ["-chardev", "stdio,id=uart0,signal=off", "-serial", "chardev:uart0"]
    options += ["-icount", "shift=4,sleep=off"] if fast else []
    options += _memory(imu_file, live=not fast)
    if environment_file is not None:
        options += _loaded(environment_file, SPARE_RAM_ADDRESS)
    return Launch((qemu, *options, "-kernel", str(image)))


def _memory(imu_file: Path | None, *, live: bool) -> list[str]:
    if imu_file is None:
        return ["-M", MACHINE]
    if not live:
        return ["-M", MACHINE, *_loaded(imu_file, PSRAM_ADDRESS)]
    with imu_file.open("r+b") as file:
        file.truncate(PSRAM_BYTES)
    backend = f"memory-backend-file,id=m,size={PSRAM_BYTES},mem-path={imu_file},share=on"
    return ["-M", f"{MACHINE},memory-backend=m", "-object", backend]


def _loaded(file: Path, address: int) -> list[str]:
    return ["-device", f"loader,file={file},addr={address:#x},force-raw=on"]


BUFFER_BYTES = 64 << 20  # for a slow or absent client; then the board has to wait
BOARD_BUFFER_BYTES = 65536
CLIENT_CHECK_MS = 10
LINGER_S = 0.5  # a close would discard bytes that the client has not read


class Pump:
    """Copies bytes between a board and its clients. No byte is dropped.

    Bytes that the board sends without a client wait for the next client.
    """

    def __init__(self, port: PseudoPort) -> None:
        self._port = port
        self._to_client = bytearray()
        self._to_board = bytearray()
        self._stopping = False
        self._waker, self._wake = socket.socketpair()

    def stop(self) -> None:
        """End `run`; may be called from another thread."""
        if not self._stopping:
            self._stopping = True
            self._waker.send(b".")

    def close(self) -> None:
        """Release its sockets."""
        self._waker.close()
        self._wake.close()

    def wait_for_client(self) -> bool:
        """Wait for a client; False if stopped before."""
        while not self._stopping:
            if self._port.is_ready():
                return True
            if self._port.is_open():
                self._to_board += self._port.read()
            self._wait({}, CLIENT_CHECK_MS)
        return False

    def run(self, board: BoardLine) -> bool:
        """Copy until the board ends; False if stopped before."""
        board_open = True
        while board_open and not self._stopping:
            board_open = self._turn(board)
        deadline = time.monotonic() + LINGER_S
        while self._port.is_open() and not self._stopping and time.monotonic() < deadline:
            if self._to_client:
                deadline = time.monotonic() + LINGER_S
            self._serve_client()
            self._wait({}, CLIENT_CHECK_MS)
        return not board_open

    def _turn(self, board: BoardLine) -> bool:
        wanted = {}
        client_open = self._port.is_open()
        if client_open:
            events = select.POLLIN if len(self._to_board) < BOARD_BUFFER_BYTES else 0
            wanted[self._port.fileno()] = events | (select.POLLOUT if self._to_client else 0)
        if self._to_board:
            wanted[board.to_board] = select.POLLOUT
        if len(self._to_client) < BUFFER_BYTES:
            wanted[board.from_board] = select.POLLIN
        ready = self._wait(wanted, None if client_open else CLIENT_CHECK_MS)
        if self._port.fileno() in ready:
            self._serve_client()
        if board.to_board in ready:
            del self._to_board[: board.write(self._to_board)]
        return board.from_board not in ready or self._read_board(board)

    def _read_board(self, board: BoardLine) -> bool:
        received = board.read()
        self._to_client += received
        return bool(received)

    def _wait(self, wanted: dict[int, int], limit_ms: int | None) -> set[int]:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        return {descriptor for descriptor, _ in poll.poll(limit_ms)}

    def _serve_client(self) -> None:
        if len(self._to_board) < BOARD_BUFFER_BYTES:
            self._to_board += self._port.read()
        if self._to_client:
            with memoryview(self._to_client) as unsent:
                taken = self._port.write(unsent[:CHUNK_BYTES])
            del self._to_client[:taken]


LAUNCHERS = {"virtual": launch_virtual, "native": launch_native}
LAST_WORDS_BYTES = 500  # QEMU prints the fault first, then all registers


def start(
    board: str,
    image: Path,
    imu: Recording | None = None,
    environment: Recording | None = None,
    *,
    fast: bool = False,
    loop: bool = False,
) -> RunningBoard:
    """Prepare an emulated board; it starts when its port is first opened.

    Args:
        imu: the recording that its IMU plays; None for no IMU.
        environment: the series that its environment sensors play; None for no such sensors.
        loop: play the IMU's recording again and again.
    """
    if board not in LAUNCHERS:
        raise UsageError(
            f"There is no emulated board `{board}`.",
            "the name is misspelt, or it is a real board, which is not started from here",
            f"use one of: {', '.join(LAUNCHERS)}",
        )
    if not image.is_file():
        raise PipelineError(
            f"There is no firmware image {image}.",
            "the firmware has not been built for this board",
            f"build it first: `gesture deploy RUN --board {board}`",
        )
    return RunningBoard(board, image.resolve(), Sensors(imu, environment, loop), fast)


@dataclass(frozen=True)
class Sensors:
    """The recordings that emulated sensors play; None for a missing sensor."""

    imu: Recording | None
    environment: Recording | None
    loop: bool

    def files(self, slot: Slot) -> tuple[Path | None, Path | None]:
        """Write the sensors' files, None for a missing sensor; `Slot.release` deletes them."""
        imu = environment = None
        if self.imu is not None:
            imu = slot.imu_file
            imu.write_bytes(imu_bytes(self.imu, self.loop))
        if self.environment is not None:
            environment = slot.environment_file
            environment.write_bytes(environment_bytes(self.environment))
        return imu, environment


class RunningBoard:
    """An emulated board: open `port`, and call `stop` or leave the `with` block at the end.

    At the end of the block, PipelineError is raised if the board has failed.
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
        # Not Thread.join: after a Ctrl-C it may take a running thread for an ended one.
        self._ended = threading.Event()
        threading.Thread(target=self._supervise, name=self.port, daemon=True).start()

    def __enter__(self) -> RunningBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._failure is not None:
            raise self._failure

    def wait(self) -> None:
        """Wait until the board ends.

        SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does, so that the `with` block removes
        the port.
        """
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        self._ended.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End the board and remove its port. A second call does nothing."""
        self._pump.stop()
        self._ended.wait()
        self._pump.close()

    def _supervise(self) -> None:
        """Start the board when its port is first opened. The board ends with this thread."""
        try:
            with self._undo:
                if self._pump.wait_for_client():
                    self._run()
        except OSError as error:
            self._failure = NoBoardError(
                f"The {self._board} board could not be run: {error}.",
                "its image is not a program, or this computer has run out of memory or open files",
                "build the firmware again, and end boards that are not needed",
            )
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
        received = errors.read(LAST_WORDS_BYTES).decode(errors="replace").strip()
        return NoBoardError(
            f"The {self._board} board ended with status {status}.",
            f"it said: {received}" if received else "it said nothing",
            "build the firmware again; if it goes on, this is a fault of the firmware",
        )
