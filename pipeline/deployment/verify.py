"""Does the board run exactly the model that was converted?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import numpy as np

from pipeline.artifacts import GoldenVectors, Int8
from pipeline.contract import Contract
from pipeline.errors import ExitCode, PipelineError

BENCH_RUNS = 10


class Info(Protocol):
    """What a board says of itself, as far as it matters here."""

    @property
    def board(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def imu(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def nominal_hz(self) -> float: ...
    @property
    def sensor_hz(self) -> float: ...
    @property
    def contract(self) -> str: ...
    @property
    def tick_hz(self) -> int: ...


class Board(Protocol):
    """What verifying needs of a board; pipeline.capture.client.BoardClient is one."""

    def info(self) -> Info: ...
    def image_crc(self, length: int) -> int: ...
    def selftest(self) -> str: ...
    def run_vector(self, network_input: Int8) -> Int8: ...
    def bench(self, runs: int) -> int: ...


@dataclass(frozen=True)
class Verified:
    """What was proven, by which board, and how long one inference took in its ticks.

    imu: its sensor, or "none"; nominal_hz: the sensor's rate as it is set, and sensor_hz: as
    measured. image_crc: of the image in the board's flash, in hex; None where it was not compared.
    """

    board: str
    revision: str
    imu: str
    environment: str
    nominal_hz: float
    sensor_hz: float
    contract_hash: str
    image_crc: str | None
    selftest_crc: str
    vectors: int
    ticks_per_inference: float
    tick_hz: int


def verify(
    board: Board,
    contract: Contract,
    golden: GoldenVectors,
    vectors: int,
    on_vector: Callable[[int], None] | None = None,
    image: bytes | None = None,
) -> Verified:
    """Compare contract hash, image, self-test and the first `vectors` golden vectors.

    image: what should lie in the board's flash; not compared where it is None.
    Raises PipelineError (MISMATCH) that names what differs.
    """
    info = board.info()
    check_contract(info.contract, contract.hash())
    image_crc = None if image is None else _check_image(board.image_crc(len(image)), image)
    crc = board.selftest()
    chosen = min(vectors, len(golden.inputs))
    for index in range(chosen):
        _check_vector(index, board.run_vector(golden.inputs[index]), golden.outputs[index])
        if on_vector is not None:
            on_vector(index + 1)
    ticks = board.bench(BENCH_RUNS) / BENCH_RUNS
    told = board.info()  # by now it has measured its sensor's rate
    return Verified(
        board=told.board,
        revision=told.revision,
        imu=told.imu,
        environment=told.environment,
        nominal_hz=told.nominal_hz,
        sensor_hz=told.sensor_hz,
        contract_hash=told.contract,
        image_crc=image_crc,
        selftest_crc=crc,
        vectors=chosen,
        ticks_per_inference=ticks,
        tick_hz=told.tick_hz,
    )


def runs_image(board: Board, contract: Contract, image: bytes) -> bool:
    """Whether the board runs this very image already."""
    same_model = board.info().contract == contract.hash()
    return same_model and board.image_crc(len(image)) == crc32(image)


def check_contract(found: str, expected: str) -> None:
    if found != expected:
        raise PipelineError(
            f"The board runs the contract {found}, the run's is {expected}.",
            "another model was flashed, or the run was converted again after it was deployed",
            "deploy this run to the board",
            ExitCode.MISMATCH,
        )


def _check_image(found: int, image: bytes) -> str:
    expected = crc32(image)
    if found != expected:
        raise PipelineError(
            f"The board's flash holds another image: CRC {found:08X}, built was {expected:08X}.",
            "the upload was damaged on its way, or the board still runs what it ran before",
            "run the command again: it uploads anew",
            ExitCode.MISMATCH,
        )
    return f"{found:08X}"


def _check_vector(index: int, found: Int8, expected: Int8) -> None:
    if np.array_equal(found, expected):
        return
    if len(found) != len(expected):
        difference = f"{len(found)} bytes came back, {len(expected)} were expected"
    else:
        at = int(np.flatnonzero(found != expected)[0])
        difference = f"byte {at} is {found[at]}, expected {expected[at]}"
    raise PipelineError(
        f"The board computes golden vector {index} differently: {difference}.",
        "the image was built from other sources, or by a compiler that broke them",
        "convert and deploy again; if it stays, report it as a fault of the firmware",
        ExitCode.MISMATCH,
    )
