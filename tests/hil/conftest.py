"""One corpus for the emulated boards; a real one is named with `--board` and `--serial-number`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from pipeline.artifacts import PROJECT, Recording
from pipeline.boards.supervisor import RunningBoard, start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.deployment.platformio import build
from tests.tiny_model import write_sources

BUILD_TIMEOUT_S = 300.0
LIMIT_S = 60.0
TOOLS = {"virtual": "qemu", "native": "host_compiler"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--board", default=None, help="the kind of the board to test: nano33ble")
    parser.addoption("--serial-number", default=None, help="of the only board to be touched")
    parser.addoption("--run", default="runs/latest", help="the run that was deployed to it")


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
def tiny_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sources(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def bench_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_sources: Path
) -> Callable[[str, bool], Bench]:
    """A board by its name, with the tiny model or with none; built once a session."""
    benches: dict[tuple[str, bool], Bench] = {}

    def bench(name: str, with_model: bool = True) -> Bench:
        if (name, with_model) not in benches:
            request.getfixturevalue(TOOLS[name])
            log = tmp_path_factory.mktemp(name) / "build.log"
            sources = tiny_sources if with_model else None
            built = build(name, sources, PROJECT, log, BUILD_TIMEOUT_S)
            benches[name, with_model] = Bench(name, built.path, built.flash)
        return benches[name, with_model]

    return bench


@pytest.fixture(params=TOOLS)
def bench(request: pytest.FixtureRequest, bench_of: Callable[[str, bool], Bench]) -> Bench:
    return bench_of(request.param, True)


@pytest.fixture(params=TOOLS)
def bare_bench(request: pytest.FixtureRequest, bench_of: Callable[[str, bool], Bench]) -> Bench:
    """Without a model."""
    return bench_of(request.param, False)
