"""Verifies that a board runs exactly the converted model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zlib import crc32

import numpy as np

from pipeline.core.artifacts import GoldenVectors, Int8
from pipeline.core.board_profiles import BoardInfo
from pipeline.core.contract import Contract
from pipeline.core.errors import MismatchError, PipelineError
from pipeline.deployment.firmware_image import check_constants, check_labels

BENCH_RUNS = 10


class VerifiableBoard(Protocol):
    """The part of a board that verification needs; pipeline.capture.client.BoardClient has it."""

    def info(self) -> BoardInfo:
        """The answer to `info`."""

    def image_crc(self, length: int) -> int:
        """CRC-32 of the first `length` bytes in the flash."""

    def labels(self) -> Sequence[str]:
        """Names of the classes."""

    def constants(self) -> Mapping[str, str]:
        """Constants of scaling and decision."""

    def selftest(self) -> str:
        """Run the self-test; its CRC."""

    def run_vector(self, network_input: Int8) -> Int8:
        """Run the network once: int8 [elements] to int8 [classes]."""

    def bench(self, runs: int) -> int:
        """Ticks of `runs` runs of the network."""


@dataclass(frozen=True)
class Verified:
    """The result of a verification; image_crc: in hex, None if it was not compared."""

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


def verify_board(
    board: VerifiableBoard,
    contract: Contract,
    golden: GoldenVectors,
    vectors: int,
    on_vector: Callable[[int], None] | None = None,
    image: bytes | None = None,
) -> Verified:
    """Compare contract, labels, constants, image, self-test and golden vectors.

    Args:
        vectors: number of golden vectors to compare.
        on_vector: called with the number of compared vectors.
        image: the expected bytes in the flash; None to skip this comparison.

    Raises:
        PipelineError: MISMATCH; it names the difference, or there is no golden vector.
    """
    _require_vectors(golden, vectors)
    info = board.info()
    check_contract(info.contract, contract.hash())
    check_labels(board.labels(), contract)
    check_constants(board.constants(), contract)
    image_crc = None if image is None else _check_image(board.image_crc(len(image)), image)
    crc = board.selftest()
    chosen = min(vectors, len(golden.inputs))
    for index in range(chosen):
        _check_vector(index, board.run_vector(golden.inputs[index]), golden.outputs[index])
        if on_vector is not None:
            on_vector(index + 1)
    ticks = board.bench(BENCH_RUNS) / BENCH_RUNS
    info = board.info()  # after the benchmark it has measured its sensor's rate
    return Verified(
        board=info.board,
        revision=info.revision,
        imu=info.imu,
        environment=info.environment,
        nominal_hz=info.nominal_hz,
        sensor_hz=info.sensor_hz,
        contract_hash=info.contract,
        image_crc=image_crc,
        selftest_crc=crc,
        vectors=chosen,
        ticks_per_inference=ticks,
        tick_hz=info.tick_hz,
    )


def runs_image(board: VerifiableBoard, contract: Contract, image: bytes) -> bool:
    """Whether the board already runs exactly this image."""
    same_model = board.info().contract == contract.hash()
    return same_model and board.image_crc(len(image)) == crc32(image)


def check_contract(found: str, expected: str) -> None:
    """Compare contract hashes; MISMATCH if they differ."""
    if found == "none":
        raise MismatchError(
            "The board has no model.",
            "its firmware was built without one, which only streams",
            "`gesture deploy RUN`, or `gesture board start BOARD --run RUN` for an emulated board",
        )
    if found != expected:
        raise MismatchError(
            f"The board runs the contract {found}, the run's is {expected}.",
            "another model was flashed, or the run was converted again after it was deployed",
            "`gesture deploy RUN`; for an emulated board, end it and start it again with --run RUN",
        )


def _require_vectors(golden: GoldenVectors, vectors: int) -> None:
    if min(vectors, len(golden.inputs), len(golden.outputs)) < 1:
        raise MismatchError(
            "There is no golden vector to run on the board.",
            "possibly golden.npz of the run was edited; without a vector nothing can be proven",
            "convert the run again",
        )


def _check_image(found: int, image: bytes) -> str:
    expected = crc32(image)
    if found != expected:
        raise MismatchError(
            f"The board's flash holds another image: CRC {found:08X}, built was {expected:08X}.",
            "the upload was damaged, or the board still runs its earlier image",
            "run the command again: it uploads again",
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
    raise MismatchError(
        f"The board computes golden vector {index} differently: {difference}.",
        "the image was built from other sources, or by a compiler that broke them",
        "convert and deploy again; if it stays, report it as a fault of the firmware",
    )


NEXT = "convert the run again, or train it again where its model is not the one it was"


def compare_texts(folder: Path, expected: Mapping[str, str]) -> int:
    """Compare a folder's files with texts, and count them; MISMATCH names the first other line."""
    for name, text in sorted(expected.items()):
        path = folder / name
        if not path.is_file():
            raise differs(f"{path} is missing", "it was deleted")
        found = path.read_bytes().decode("utf-8", "replace")
        if found != text:
            raise differs(
                f"{path} is not what its model compiles to: line {_first_difference(found, text)}",
                "it was edited, or another version of this program wrote it",
            )
    return len(expected)


def refuse_other_files(folder: Path, expected: Mapping[str, str], patterns: Sequence[str]) -> None:
    """Refuse files that match one of the patterns and are not expected."""
    found = {path for pattern in patterns for path in folder.rglob(pattern)}
    others = sorted(found - {folder / name for name in expected})
    if others:
        raise differs(f"{others[0]} is not of the run's model", "somebody put it there")


def compare_hashes(what: str, found: str, expected: str, why: str, next_step: str = NEXT) -> None:
    """Compare SHA-256 hashes; MISMATCH names `what`."""
    if found != expected:
        raise differs(f"{what} has the SHA-256 {found}, expected {expected}", why, next_step)


def _first_difference(found: str, expected: str) -> int:
    pairs = zip(found.splitlines(), expected.splitlines(), strict=False)
    same = next((number for number, (a, b) in enumerate(pairs) if a != b), None)
    return (min(found.count("\n"), expected.count("\n")) if same is None else same) + 1


def differs(what: str, why: str, next_step: str = NEXT) -> PipelineError:
    """The error (MISMATCH) for a file that is not what the run's model compiles to."""
    return MismatchError(f"{what}.", why, next_step)
