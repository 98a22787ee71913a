"""A board proves what it runs, and every way it can be something else is found."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.project import PROJECT
from pipeline.deployment.platformio import build_firmware
from pipeline.deployment.verify import verify_board
from tests.tiny_model import CONTRACT, SELFTEST_CRC, WINDOW, network_output, write_sources

BUILD_TIMEOUT_S = 300.0
CONTRACT_HASH = CONTRACT.hash()


@pytest.fixture(scope="module")
def golden() -> GoldenVectors:
    inputs = np.random.default_rng(6).integers(-128, 128, (12, WINDOW * 6)).astype(np.int8)
    return GoldenVectors(inputs, np.array([network_output(row) for row in inputs]))


def test_the_right_board_is_verified(bench, golden):
    seen: list[int] = []
    with bench.client(fast=True) as client:
        verified = verify_board(client, CONTRACT, golden, 10, seen.append)
    assert verified.contract_hash == CONTRACT.hash()
    assert int(verified.selftest_crc, 16) == SELFTEST_CRC
    assert (verified.vectors, seen) == (10, list(range(1, 11)))
    assert verified.ticks_per_inference > 0
    assert verified.tick_hz > 0


CONSTANTS = {
    "labels": {"labels": ("idle", "down", "up")},
    "smoothing_windows": {"smoothing_windows": 3},
    "background": {"background": None},
    "release_sum": {"release": 0.4},
    "refractory_us": {"refractory_s": 0.3},
    "fire_sums": {"thresholds": (1.0, 0.8, 0.7)},
    "shift": {"std": (1e-4,) * 6},
    "scales": {"mean": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)},
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_labels_and_constants_are_read_back_from_the_board(bench_of, golden, name, monkeypatch):
    """As of a board whose image says the contract's hash, and was built of other C."""
    changed = CONSTANTS[name]
    parts = {
        part: getattr(CONTRACT, part).model_copy(
            update={key: value for key, value in changed.items() if key != "labels"}
        )
        for part in ("scaling", "decision")
    }
    other = CONTRACT.model_copy(update={**parts, **({} if name != "labels" else changed)})
    assert other != CONTRACT
    monkeypatch.setattr(Contract, "hash", lambda _: CONTRACT_HASH)
    with bench_of("native", True).client() as client, pytest.raises(PipelineError) as caught:
        verify_board(client, other, golden, 10)
    assert caught.value.what.startswith(f"The board's {name} is ")
    assert caught.value.exit_code == ExitCode.MISMATCH


@pytest.mark.parametrize(("kept", "wanted"), [(0, 10), (12, 0)])
def test_no_vectors_prove_nothing(bench_of, golden, kept, wanted):
    emptied = GoldenVectors(golden.inputs[:kept], golden.outputs[:kept])
    with bench_of("native", True).client() as client, pytest.raises(PipelineError) as caught:
        verify_board(client, CONTRACT, emptied, wanted)
    assert "without a vector nothing can be proven" in caught.value.why
    assert caught.value.exit_code == ExitCode.MISMATCH


def test_another_contract_is_found_and_both_are_named(bench, golden):
    other = CONTRACT.model_copy(update={"hop": 6})
    with bench.client() as client, pytest.raises(PipelineError) as caught:
        verify_board(client, other, golden, 10)
    assert caught.value.exit_code == ExitCode.MISMATCH
    assert CONTRACT.hash() in caught.value.what
    assert other.hash() in caught.value.what


def test_a_board_without_a_model_is_another_contract(bare_bench, golden):
    with bare_bench.client() as client, pytest.raises(PipelineError) as caught:
        verify_board(client, CONTRACT, golden, 10)
    assert caught.value.exit_code == ExitCode.MISMATCH


def test_one_wrong_byte_is_found_and_named(bench, golden):
    outputs = golden.outputs.copy()
    outputs[7, 1] ^= 1
    with bench.client() as client, pytest.raises(PipelineError, match="vector 7") as caught:
        verify_board(client, CONTRACT, GoldenVectors(golden.inputs, outputs), 10)
    assert "byte 1 is" in caught.value.what
    assert caught.value.exit_code == ExitCode.MISMATCH


@pytest.mark.usefixtures("host_compiler")
def test_a_network_that_computes_something_else_fails_the_selftest(tmp_path, golden):
    sources = write_sources(tmp_path / "model", selftest_crc=SELFTEST_CRC ^ 1)
    image = build_firmware("native", sources, PROJECT, tmp_path / "build.log", BUILD_TIMEOUT_S).path
    with start("native", image) as board, open_port(board.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        with pytest.raises(PipelineError, match="self-test failed") as caught:
            verify_board(client, CONTRACT, golden, 10)
    assert caught.value.exit_code == ExitCode.MISMATCH
