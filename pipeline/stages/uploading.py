"""A built image onto a real board, which then proves that it runs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import GoldenVectors
from pipeline.contract import Contract
from pipeline.errors import ExitCode, PipelineError

if TYPE_CHECKING:
    from pipeline.capture.client import BoardClient
    from pipeline.capture.usb_boards import Usb
    from pipeline.deployment.upload import SeenBoard, Talk, Waits
    from pipeline.deployment.verify import Verified

OnStep = Callable[[str], None]

ASKING_TIMEOUT_S = 3.0  # of a board that may run anything


@dataclass(frozen=True)
class Wanted:
    """What the board has to run, and to prove with so many golden vectors.

    board: the name by which the firmware goes; image: what shall lie in the flash.
    """

    board: str
    image: bytes
    contract: Contract
    golden: GoldenVectors
    vectors: int


@dataclass(frozen=True)
class Uploaded:
    """unchanged: the board ran this image already, and nothing was uploaded.

    device: the path that the board's port has now.
    """

    verified: Verified
    unchanged: bool
    device: str


def put_on_board(
    wanted: Wanted, usb: Usb, port: str, log: Path, on_step: OnStep, waits: Waits
) -> Uploaded:
    """Upload where the board does not run it yet, and let the board prove it.

    The log tells each step and each word to the bootloader, with the seconds since the start.
    Raises PipelineError; whatever happened, running it again recovers.
    """
    from pipeline.deployment.upload import Talk, find_board, upload

    with _log_file(log) as write:
        talk = Talk(on_step, write)
        board = find_board(usb, port, talk, waits)
        if _runs_already(wanted, usb, board, talk, waits):
            talk.both("unchanged: the board runs this image already, nothing is uploaded")
            return Uploaded(_verify(wanted, usb, board, talk, waits), True, board.device)
        board = upload(usb, board, wanted.image, talk, waits)
        return Uploaded(_verify(wanted, usb, board, talk, waits), False, board.device)


def _runs_already(wanted: Wanted, usb: Usb, board: SeenBoard, talk: Talk, waits: Waits) -> bool:
    """A board that does not answer, or answers otherwise, runs something else."""
    from pipeline.deployment.verify import runs_image

    if board.in_bootloader:
        return False
    try:
        with _client(usb, board, waits, ASKING_TIMEOUT_S) as client:
            return runs_image(client, wanted.contract, wanted.image)
    except PipelineError as error:
        talk.log(f"it does not say what it runs: {error.what}")
        return False


def _verify(wanted: Wanted, usb: Usb, board: SeenBoard, talk: Talk, waits: Waits) -> Verified:
    from pipeline.deployment.verify import verify

    talk.both(f"asking the board at {board.device} to prove what it runs")
    with _client(usb, board, waits, waits.application_s) as client:
        _check_name(client.info().board, wanted.board)
        return verify(client, wanted.contract, wanted.golden, wanted.vectors, image=wanted.image)


@contextmanager
def _client(usb: Usb, board: SeenBoard, waits: Waits, ready_s: float) -> Iterator[BoardClient]:
    from pipeline.capture.client import BoardClient
    from pipeline.deployment.upload import open_patiently

    with open_patiently(usb, board, waits) as port:
        client = BoardClient(port)
        client.wait_ready(ready_s)
        yield client


def _check_name(found: str, wanted: str) -> None:
    if found != wanted:
        raise PipelineError(
            f"The board calls itself {found}, not {wanted}.",
            "another board answers at this port, or it runs other firmware",
            "name the right one with --port; `gesture ports` lists them",
            ExitCode.MISMATCH,
        )


@contextmanager
def _log_file(path: Path) -> Iterator[Callable[[str], None]]:
    start = time.monotonic()
    with path.open("w", buffering=1, encoding="utf-8") as file:

        def write(text: str) -> None:
            file.write(f"{time.monotonic() - start:8.3f} {text}\n")

        try:
            yield write
        except PipelineError as error:
            write(f"failed: {error}")
            raise
