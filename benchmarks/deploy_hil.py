"""The hardware-in-the-loop corpus on all boards that run here: do they find the same?

Run: python -m benchmarks.deploy_hil. tests/hil/corpus.py has the cases; a real board runs the same
ones with `make hil PORT=id:SERIAL`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results_file import record, row
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.errors import PipelineError
from pipeline.twin.library import Twin
from tests.firmware.building import ARDUINO_BOARDS, link_arduino
from tests.hil.corpus import CASES, Subject
from tests.hil.emulated_boards import EMULATED, emulated_board
from tests.once import built_with
from tests.tiny_model import CONTRACT, WINDOW, network_output, swings, write_sources

COMMAND = "python -m benchmarks.deploy_hil"
EQUAL = "hil cases equal on virtual, native and nano33ble host build"
FAILED = "failed"
SECONDS = 60.0  # of streaming, and of idling: as long as on a real board
PLAYED_S = 1800.0
CANNOT_SHOW = (
    "cannot show without a board: what the sensors read, USB on a cable, flash, real time and "
    "energy"
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="hil-") as folder:
        found = {board: _results(board, Path(folder)) for board in EMULATED}
    equal = [name for name in CASES if _is_equal([found[board][name][0] for board in EMULATED])]
    took = {board: sum(seconds for _, seconds in found[board].values()) for board in EMULATED}
    durations = ", ".join(f"{board} {took[board]:.0f} s" for board in EMULATED)
    note = f"with {SECONDS:.0f} s of streaming and of idling; {durations}; {CANNOT_SHOW}"
    longest_s = round(max(took.values()), 1)
    waiting = f"{durations}; {2 * SECONDS:.0f} s of it are waiting"
    share = len(equal) / len(CASES)
    rows = [
        row(EQUAL, share, f"of {len(CASES)} cases", COMMAND, note, ">= 1"),
        row("hil duration", longest_s, "s", COMMAND, waiting),
    ]
    record("deploy", rows)
    for name in CASES:
        print(f"{name}: {'equal' if name in equal else 'NOT EQUAL'}")
    sys.exit(len(equal) < len(CASES))


def _is_equal(results: Sequence[Any]) -> bool:
    return FAILED not in results and len({repr(result) for result in results}) == 1


def _results(board: str, work: Path) -> dict[str, tuple[Any, float]]:
    """What each case found, and how long it took."""
    sources = write_sources(work / f"model-{board}")
    inputs = np.random.default_rng(8).integers(-128, 128, (32, WINDOW * 6)).astype(np.int8)
    golden = GoldenVectors(inputs, np.array([network_output(vector) for vector in inputs]))
    twin = Twin(sources, work)
    with emulated_board(board, _image(board, sources, work / board), swings(PLAYED_S)) as port:
        subject = Subject(board, port, CONTRACT, golden, twin, swings(40), SECONDS)
        return {name: _result(case, subject) for name, case in CASES.items()}


def _image(board: str, sources: Path, folder: Path) -> Path:
    folder.mkdir()
    if board in ARDUINO_BOARDS:
        return link_arduino(folder / board, board, sources)
    return built_with(board, sources)(folder).path


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
