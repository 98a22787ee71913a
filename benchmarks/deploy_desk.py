"""A desk with an emulated Nano 33 BLE on it: what is deployed, what ran before, and a command."""

from __future__ import annotations

import random
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
from serial.tools import list_ports

from pipeline.capture.usb_boards import Usb
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.errors import PipelineError
from pipeline.core.project import PROJECT
from pipeline.deployment.platformio import build_firmware
from pipeline.deployment.upload import Timeouts
from pipeline.workflows.deploy import UploadRequest, put_on_board
from tests.fixtures.nano.board import Nano
from tests.fixtures.nano.usb import UsbPorts
from tests.tiny_model import CONTRACT, WINDOW, network_output, write_sources

SEED = 8
LIMIT_S = 120.0  # of one command; past that it hangs
BUILD_TIMEOUT_S = 300.0
VECTORS = 4
IMAGE_BYTES = 160_092  # the real board's, with the demo's model
INTERRUPTED = "command interrupted"


@dataclass
class Desk:
    """The computer's USB, the image to deploy, and the one the board has run before."""

    usb: UsbPorts
    wanted: UploadRequest
    before: bytes
    log: Path


class HangsError(Exception):
    """A command did not end."""


@contextmanager
def desk(image_bytes: int = IMAGE_BYTES) -> Iterator[Desk]:
    """image_bytes: what both images are filled up to."""
    with tempfile.TemporaryDirectory(prefix="deploy-") as name:
        folder = Path(name)
        (folder / "dev").mkdir()
        usb = UsbPorts(folder / "dev")
        dice = np.random.default_rng(SEED)
        inputs = dice.integers(-128, 128, (VECTORS, WINDOW * 6)).astype(np.int8)
        golden = GoldenVectors(inputs, np.array([network_output(each) for each in inputs]))
        model = write_sources(folder / "model")
        image = _built(folder / "new", model, image_bytes)
        before = _built(folder / "old", None, image_bytes)
        wanted = UploadRequest("native", image, CONTRACT, golden, VECTORS)
        with patch.object(list_ports, "comports", usb.comports):
            yield Desk(usb, wanted, before, folder / "upload.log")


def _built(folder: Path, model: Path | None, image_bytes: int) -> bytes:
    folder.mkdir()
    built = build_firmware("native", model, PROJECT, folder / "build.log", BUILD_TIMEOUT_S)
    program = folder / "program"
    subprocess.run(["strip", "-o", str(program), str(built.flash)], check=True)
    content = program.read_bytes()
    return content + random.Random(SEED).randbytes(image_bytes - len(content))


def run_command(bench: Desk, on_step: Callable[[str], None], waits: Timeouts) -> str:
    """What it failed of, "" for success. Raises HangsError."""
    found = ["it ended without a word"]

    def command() -> None:
        try:
            put_on_board(bench.wanted, Usb(), "auto", bench.log, on_step, waits)
            found[0] = ""
        except PipelineError as error:
            found[0] = error.what
        except KeyboardInterrupt:
            found[0] = INTERRUPTED

    thread = threading.Thread(target=command, daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    if thread.is_alive():
        raise HangsError
    return found[0]


def runs_wanted(nano: Nano, wanted: UploadRequest) -> bool:
    """Whether the board runs the image that was deployed."""
    return nano.runs is not None and nano.runs.startswith(wanted.image)
