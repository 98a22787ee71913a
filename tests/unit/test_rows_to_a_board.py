"""Rows of a series as they are told to a board, and what is made of its forecasts."""

from __future__ import annotations

import pytest

from pipeline.capture.client import BoardClient
from pipeline.core.errors import ExitCode, PipelineError


class Answering:
    """The far end of a line that says `told` to each command."""

    device = "a line"

    def __init__(self, told: bytes) -> None:
        self.told, self.heard, self._waiting = told, b"", b""

    def read(self) -> bytes:
        waiting, self._waiting = self._waiting, b""
        return waiting

    def write(self, data: bytes) -> None:
        self.heard += data
        self._waiting += self.told


def test_a_row_is_told_in_as_few_digits_as_it_needs() -> None:
    line = Answering(b"forecast 9 20.500 -0.001\nok rows=3\n")
    assert BoardClient(line).forecast([[0, 100_000, -12_340, 5]], 2) == (20_500, -1)
    assert line.heard == b"observe 0 100 -12.34 0.005\n"


def test_a_row_that_does_not_fit_a_line_is_refused_before_it_is_sent() -> None:
    line = Answering(b"")
    with pytest.raises(PipelineError, match="A row of 32 channels does not fit") as caught:
        BoardClient(line).observe([-12_345] * 32)
    assert (caught.value.exit_code, line.heard) == (ExitCode.USAGE, b"")


@pytest.mark.parametrize("told", [b"", b"forecast 9 1.000\n", b"forecast\n", b"forecast 9 1.0 x\n"])
def test_a_forecast_that_is_missing_or_damaged_is_told(told: bytes) -> None:
    board = BoardClient(Answering(told + b"ok rows=3\n"))
    with pytest.raises(PipelineError) as caught:
        board.forecast([[1, 2]], 2)
    assert caught.value.exit_code == ExitCode.MISMATCH
