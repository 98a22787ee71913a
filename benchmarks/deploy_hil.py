"""The hardware-in-the-loop corpus on both emulated boards: do they find the same?

Run: python -m benchmarks.deploy_hil. tests/hil/corpus.py has the cases; a real board runs the same
ones with `make hil PORT=id:SERIAL`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results_file import record, row
from pipeline.artifacts import PROJECT, GoldenVectors
from pipeline.boards.supervisor import start
from pipeline.deployment.platformio import build
from pipeline.errors import PipelineError
from pipeline.twin import Twin
from tests.hil.corpus import CASES, Subject
from tests.tiny_model import CONTRACT, WINDOW, network_output, swings, write_sources

COMMAND = "python -m benchmarks.deploy_hil"
FAILED = "failed"
BOARDS = ("virtual", "native")
SECONDS = 60.0  # of streaming, and of idling: as long as on a real board
PLAYED_S = 1800.0
BUILD_TIMEOUT_S = 300.0
CANNOT_SHOW = (
    "cannot show without a board: what the sensors read, USB and its reconnecting, flash, the "
    "bootloader, real time and energy"
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="hil-") as folder:
        found = {board: _results(board, Path(folder)) for board in BOARDS}
    first, second = (found[board] for board in BOARDS)
    equal = [name for name in CASES if first[name][0] == second[name][0] != FAILED]
    took = {board: sum(seconds for _, seconds in found[board].values()) for board in BOARDS}
    durations = ", ".join(f"{board} {took[board]:.0f} s" for board in BOARDS)
    rows = [
        row(
            "hil cases equal on native and virtual",
            len(equal) / len(CASES),
            f"of {len(CASES)} cases",
            COMMAND,
            f"with {SECONDS:.0f} s of streaming and of idling; {durations}; {CANNOT_SHOW}",
            ">= 1",
        ),
        row(
            "hil duration",
            round(max(took.values()), 1),
            "s",
            COMMAND,
            f"{durations}; {2 * SECONDS:.0f} s of it are waiting",
        ),
    ]
    record("deploy", rows)
    for name in CASES:
        print(f"{name}: {'equal' if name in equal else 'NOT EQUAL'}")
    sys.exit(len(equal) < len(CASES))


def _results(board: str, work: Path) -> dict[str, tuple[Any, float]]:
    """What each case found, and how long it took."""
    sources = write_sources(work / "model")
    image = build(board, sources, PROJECT, work / board / "build.log", BUILD_TIMEOUT_S).path
    inputs = np.random.default_rng(8).integers(-128, 128, (32, WINDOW * 6)).astype(np.int8)
    golden = GoldenVectors(inputs, np.array([network_output(vector) for vector in inputs]))
    twin = Twin(sources, work)
    with start(board, image, swings(PLAYED_S)) as running:
        subject = Subject(board, running.port, CONTRACT, golden, twin, swings(40), SECONDS)
        return {name: _result(case, subject) for name, case in CASES.items()}


def _result(case: Callable[[Subject], Any], subject: Subject) -> tuple[Any, float]:
    began_s = time.monotonic()
    try:
        found = case(subject)
    except (AssertionError, PipelineError) as error:
        print(f"{subject.board}: {case.__name__}: {error}")
        found = FAILED
    return found, time.monotonic() - began_s


if __name__ == "__main__":
    main()
