"""One corpus for the emulated boards; a real one is named with `--board` and `--serial-number`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import serial
from serial.tools import list_ports

from pipeline.boards.supervisor import RunningBoard, start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import Message, is_sensor_stopped
from pipeline.capture.usb_boards import Usb
from pipeline.core.artifacts import GoldenVectors, Recording
from pipeline.deployment.upload import Timeouts
from pipeline.workflows.deploy import Uploaded, UploadRequest, put_on_board
from tests.firmware.building import ARDUINO_BOARDS, link_arduino
from tests.fixtures.nano.usb import UsbPorts
from tests.hil.emulated_boards import VECTORS, WAITS
from tests.once import Once, built_with
from tests.tiny_model import CONTRACT, WINDOW, network_output, write_sources

LIMIT_S = 300.0
TOOLS = {"virtual": "qemu", "native": "host_compiler"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--board", default=None, help="the kind of the board to test: nano33ble")
    parser.addoption("--serial-number", default=None, help="of the only board to be touched")
    parser.addoption("--run", default="runs/latest", help="the run that was deployed to it")


def until_stopped(client: BoardClient) -> None:
    """Wait until the board says that its sensor gives nothing more."""
    for item in client.items(LIMIT_S):
        if isinstance(item, Message) and is_sensor_stopped(item):
            return
    raise AssertionError("the sensor did not stop")


@dataclass(frozen=True)
class Bench:
    """Starts one kind of board, each time anew."""

    name: str
    image: Path
    flash: Path

    def start(self, imu: Recording | None = None, *, fast: bool = False) -> RunningBoard:
        return start(self.name, self.image, imu, fast=fast)

    @contextmanager
    def client(self, imu: Recording | None = None, *, fast: bool = False) -> Iterator[BoardClient]:
        with self.start(imu, fast=fast) as board, open_port(board.port) as port:
            client = BoardClient(port)
            client.wait_ready()
            yield client

    @contextmanager
    def played(self, imu: Recording) -> Iterator[RunningBoard]:
        """A board whose sensor has given the whole recording, as fast as it can, and stopped."""
        with self.start(imu, fast=True) as board:
            with open_port(board.port) as port:
                client = BoardClient(port)
                client.wait_ready()
                until_stopped(client)
            yield board

    @contextmanager
    def terminal(
        self, imu: Recording | None = None, *, fast: bool = False
    ) -> Iterator[serial.Serial]:
        """The port as any program opens it."""
        with (
            self.start(imu, fast=fast) as board,
            serial.Serial(board.port, 115200, timeout=LIMIT_S) as port,
        ):
            yield port


@pytest.fixture(scope="session")
def tiny_sources(once: Once) -> Path:
    return once("tiny-model", write_sources)


@pytest.fixture(scope="session")
def bench_of(
    request: pytest.FixtureRequest, once: Once, tiny_sources: Path
) -> Callable[[str, bool], Bench]:
    """A board by its name, with the tiny model or with none; built once a session."""
    benches: dict[tuple[str, bool], Bench] = {}

    def bench(name: str, with_model: bool = True) -> Bench:
        if (name, with_model) not in benches:
            request.getfixturevalue(TOOLS[name])
            sources = tiny_sources if with_model else None
            built = once(f"{name}-{'tiny' if with_model else 'bare'}", built_with(name, sources))
            benches[name, with_model] = Bench(name, built.path, built.flash)
        return benches[name, with_model]

    return bench


@pytest.fixture(scope="session")
def image_of(
    once: Once, bench_of: Callable[[str, bool], Bench], tiny_sources: Path
) -> Callable[[str], Path]:
    """The image of one of EMULATED with the tiny model."""

    def image(board: str) -> Path:
        if board not in ARDUINO_BOARDS:
            return bench_of(board, True).image
        return once(f"{board}-tiny", lambda to: link_arduino(to / board, board, tiny_sources))

    return image


@pytest.fixture(params=TOOLS)
def bench(request: pytest.FixtureRequest, bench_of: Callable[[str, bool], Bench]) -> Bench:
    return bench_of(request.param, True)


@pytest.fixture(params=TOOLS)
def bare_bench(request: pytest.FixtureRequest, bench_of: Callable[[str, bool], Bench]) -> Bench:
    """Without a model."""
    return bench_of(request.param, False)


@pytest.fixture
def usb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UsbPorts:
    """The ports of emulated boards: no other is seen."""
    (tmp_path / "dev").mkdir()
    ports = UsbPorts(tmp_path / "dev")
    monkeypatch.setattr(list_ports, "comports", ports.comports)
    return ports


@pytest.fixture(scope="session")
def golden() -> GoldenVectors:
    inputs = np.random.default_rng(6).integers(-128, 128, (VECTORS, WINDOW * 6)).astype(np.int8)
    return GoldenVectors(inputs, np.array([network_output(row) for row in inputs]))


@pytest.fixture
def wanted(bench_of, golden) -> UploadRequest:
    image = bench_of("native", True).flash.read_bytes()
    return UploadRequest("native", image, CONTRACT, golden, VECTORS)


@pytest.fixture
def old_image(bench_of) -> bytes:
    """The same firmware without a model."""
    return bench_of("native", False).flash.read_bytes()


@pytest.fixture
def deploy(wanted: UploadRequest, tmp_path: Path) -> Callable[..., Uploaded]:
    def run(
        port: str = "auto",
        on_step: Callable[[str], None] = lambda _: None,
        waits: Timeouts = WAITS,
        chosen: UploadRequest = wanted,
    ) -> Uploaded:
        return put_on_board(chosen, Usb(), port, tmp_path / "upload.log", on_step, waits)

    return run
