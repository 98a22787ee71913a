"""What engines are compared by: golden vectors, and the inputs of the self-test."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.conversion.c_source import selftest_inputs
from pipeline.conversion.golden import compare_outputs
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.errors import ExitCode, PipelineError


def test_engines_are_compared_byte_by_byte() -> None:
    golden = GoldenVectors(np.zeros((5, 8), np.int8), np.arange(20, dtype=np.int8).reshape(5, 4))
    compare_outputs(golden, golden.outputs, "the twin")
    compare_outputs(golden, golden.outputs[:3], "the board")
    wrong = golden.outputs.copy()
    wrong[2, 1] += 1
    wrong[4, 3] -= 2
    with pytest.raises(PipelineError) as caught:
        compare_outputs(golden, wrong, "the twin")
    assert caught.value.exit_code == ExitCode.MISMATCH
    assert "vector 2, byte 1 is 10, not 9 (2 of 5 vectors differ)" in caught.value.what
    for other in (golden.outputs[:, :3], golden.outputs[:0], np.zeros((6, 4), np.int8)):
        with pytest.raises(PipelineError, match="the twin gave outputs of shape"):
            compare_outputs(golden, other, "the twin")


def test_the_selftest_generator_is_the_documented_one() -> None:
    # The states are 0x3C88596C = 1664525 + 1013904223, 0x5E8885DB, 0x8116017E, 0xB47340C5.
    assert selftest_inputs(4).dtype == np.int8
    assert selftest_inputs(4)[0].tolist() == [0x3C, 0x5E, 0x81 - 256, 0xB4 - 256]
    loudest = np.abs(selftest_inputs(2000).astype(int)).max(axis=1)
    assert loudest.tolist() == [128, 32, 8, 2]
    second = selftest_inputs(4)[1].tolist()
    assert second == [int(value / 4) for value in selftest_inputs(8)[0, 4:].tolist()]
