"""What a host that stalls gets of the Nano's own port: `python -m benchmarks.deploy_lines`.

The port runs on the stub of the Arduino core, with packets of 64 bytes that wait to be collected.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import serial

from benchmarks.results_file import record, row
from pipeline.capture.ports import find_port
from tests.firmware.building import HERE, link_arduino
from tests.fixtures.nano.arduino_bench import arduino_board
from tests.fixtures.nano.arduino_sketch import Imu
from tests.tiny_model import swings, write_sources

COMMAND = "python -m benchmarks.deploy_lines"
SEED = 17
LINES = 250_000
LONGEST = 255
CHUNK_BYTES = (1, 4_000)
LINES_AT_ONCE, ASK_AGAIN_S = 50, 0.06
STALLS, STALL_S = 0.02, 1.5  # of its readings, and so long: longer than the buffers between last
QUIET_S = 3.0  # after which nothing more comes
ANSWERS = 10_000
WHOLE = "longest answers that arrive whole"
LIMIT_S = 10.0
CUT = b"\x18"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lines-") as name:
        folder = Path(name)
        cut, marked, seen = stalled_lines(folder)
        whole = long_answers(folder)
    note = (
        f"{seen:,} lines arrived whole or marked, {marked:,} marked; the others were dropped whole"
    )
    packets = "`info`, in packets of 64 bytes, each time after a host that has gone or stalled"
    rows = [
        row("lines cut in silence", cut, f"of {LINES:,}", COMMAND, note, "== 0"),
        row(WHOLE, whole, f"of {ANSWERS:,}", COMMAND, packets, f"== {ANSWERS}"),
    ]
    record("deploy", rows)
    for each in rows:
        print(f"{each['name']}: {each['value']} {each['unit']} ({each['note']})")


def stalled_lines(folder: Path) -> tuple[int, int, int]:
    """Cut in silence, marked, and all lines that arrived."""
    image = link_arduino(folder / "lines", "nano33ble", main=HERE / "line_sketch.cpp")
    with arduino_board(image) as board, serial.Serial(find_port(board.port)) as port:
        threading.Thread(target=ask_for_lines, args=(port,), daemon=True).start()
        lines = heard(port).splitlines(keepends=True)
    marked = sum(CUT in line for line in lines)
    cut = sum(CUT not in line and not is_whole(line) for line in lines)
    return cut, marked, len(lines)


def ask_for_lines(port: serial.Serial) -> None:
    """Never far ahead: what is asked for while the host stalls is dropped."""
    dice = random.Random(SEED)
    for number in range(LINES):
        port.write(b"%d\n" % dice.randint(1, LONGEST))
        if number % LINES_AT_ONCE == 0:
            time.sleep(ASK_AGAIN_S)


def heard(port: serial.Serial) -> bytes:
    """By a host that reads in fits and starts, until nothing more comes."""
    dice, data = random.Random(SEED), bytearray()
    port.timeout = QUIET_S
    while chunk := port.read(dice.randint(*CHUNK_BYTES)):
        data += chunk
        if dice.random() < STALLS:
            time.sleep(STALL_S)
    return bytes(data)


def is_whole(line: bytes) -> bool:
    """A line of N bytes begins with N."""
    digits = str(len(line)).encode()[: len(line) - 1]
    return line.startswith(digits) and line.endswith(b"\n")


def long_answers(folder: Path) -> int:
    """Long answers that a stalled host received whole."""
    image = link_arduino(folder / "port", "nano33ble", write_sources(folder / "model"))
    with arduino_board(image, imu=Imu("lsm9ds1", 116.3, swings(20))) as board:
        return sum(_answers(find_port(board.port)))


def _answers(device: str) -> Iterator[bool]:
    """Whether each answer is whole; the port is opened anew now and then."""
    per_opening = 100
    for _ in range(ANSWERS // per_opening):
        with serial.Serial(device, timeout=LIMIT_S) as port:
            for _ in range(per_opening):
                port.write(b"info\n")
                answer = next(line for line in iter(port.readline, b"") if line[:2] == b"ok")
                yield answer.endswith(b"\n") and b" stack_unused=" in answer


if __name__ == "__main__":
    main()
