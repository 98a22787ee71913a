"""A board on a port that runs a run, and is asked something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.run_folder import RunFolder
from pipeline.stages.runs import converted_contract

if TYPE_CHECKING:
    from pipeline.capture.client import BoardClient


@contextmanager
def board_that_runs(run: RunFolder, port: str) -> Iterator[BoardClient]:
    """Raises PipelineError (MISMATCH) where the board runs another model."""
    from pipeline.capture.client import BoardClient
    from pipeline.capture.ports import open_port
    from pipeline.deployment.verify import check_contract

    contract = converted_contract(run)
    with open_port(port) as connection:
        board = BoardClient(connection)
        check_contract(board.wait_ready().contract, contract.hash())
        yield board
