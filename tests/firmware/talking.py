"""A board as a child process whose serial port is a pair of pipes."""

from __future__ import annotations

import os
import selectors
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.contract import Contract
from pipeline.deployment.firmware_image import expected_constants

LIMIT_S = 300.0
PERIOD_US = 8403
MAGIC = 0x31554D49
ENDED = 1
RECORD = struct.Struct("<Q6i")
ENVIRONMENT_MAGIC = 0x31564E45
READING = struct.Struct("<Q3i12x")


class Talk:
    """Lines from a board, and commands to it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._input, self._output = process.stdin, process.stdout
        self._received = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self.output = self._output.fileno()

    def send(self, text: str | bytes) -> None:
        self._input.write(text if isinstance(text, bytes) else text.encode() + b"\n")
        self._input.flush()

    def line(self) -> str:
        """The next whole line; fails when none comes."""
        give_up_at = time.monotonic() + LIMIT_S
        while b"\n" not in self._received:
            left_s = give_up_at - time.monotonic()
            assert left_s > 0, f"no line within {LIMIT_S} s, got {self._received!r}"
            if not self._selector.select(left_s):
                continue
            chunk = os.read(self._output.fileno(), 65536)
            assert chunk, f"the board ended with {self.process.wait()}"
            self._received += chunk
        line, self._received = self._received.split(b"\n", 1)
        return line.decode("ascii")

    def until(self, *starts: str) -> list[str]:
        """All lines up to the first that starts with one of `starts`, which is the last."""
        lines = [self.line()]
        while not lines[-1].startswith(starts):
            lines.append(self.line())
        return lines

    def until_empty(self) -> None:
        """Throws away what has arrived."""
        while self._selector.select(0):
            os.read(self.output, 65536)
        self._received = b""

    def ask(self, command: str) -> str:
        self.send(command)
        return self.until("ok", "err")[-1]


@contextmanager
def start(command: Sequence[str], **variables: str) -> Iterator[Talk]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **variables},
    )
    try:
        yield Talk(process)
    finally:
        process.kill()
        process.communicate()


def qemu_command(image: Path, *options: str) -> list[str]:
    machine = ["qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-monitor", "none"]
    return [*machine, "-serial", "stdio", "-kernel", str(image), *options]


def fast_replay(imu: Path, address: int = 0x21000000) -> list[str]:
    """Options for a replay in board time, the same on every run."""
    loader = f"loader,file={imu},addr={address:#x},force-raw=on"
    return ["-icount", "shift=4,sleep=off", "-device", loader]


def imu_file(
    path: Path,
    values: Sequence[Sequence[int]],
    t_us: Sequence[int] | None = None,
    period_us: int = PERIOD_US,
    flags: int = ENDED,
) -> Path:
    """A sensor's memory as firmware/boards/emulated_imu describes it, ended after its samples."""
    times = t_us if t_us is not None else [i * PERIOD_US for i in range(len(values))]
    header = struct.pack("<8I", MAGIC, 1, len(values), period_us, flags, 0, 0, 0)
    records = (RECORD.pack(t, *row) for t, row in zip(times, values, strict=True))
    path.write_bytes(header + b"".join(records))
    return path


def environment_file(
    path: Path, values: Sequence[Sequence[int]], t_us: Sequence[int], period_ms: int
) -> Path:
    """A series' memory as firmware/boards/emulated_environment describes it."""
    header = struct.pack("<4I16x", ENVIRONMENT_MAGIC, 1, len(values), period_ms)
    records = (READING.pack(t, *row) for t, row in zip(t_us, values, strict=True))
    path.write_bytes(header + b"".join(records))
    return path


@contextmanager
def held_back(imu: Path) -> Iterator[Callable[[], None]]:
    """The file as one without samples yet, and what lets the samples go."""
    with imu.open("r+b", buffering=0) as memory:
        header = memory.read(32)
        memory.seek(0)
        memory.write(struct.pack("<8I", MAGIC, 1, 0, PERIOD_US, 0, 0, 0, 0))

        def let_go() -> None:
            for start in (16, 8):  # the flags, then the count: as a feeder does
                memory.seek(start)
                memory.write(header[start : start + 4])

        yield let_go


def answer_to_constants(contract: Contract) -> str:
    """What a board with this contract says; fields that it has none of are left out."""
    fields = expected_constants(contract).items()
    return " ".join(["ok", *(f"{name}={value}" for name, value in fields if value)])
