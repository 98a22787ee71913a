"""A million lines through a bad cable: is every fault repaired, or told in the recording?"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.results_file import Row, row
from tests.fixtures.bad_cable import Outcome, record_through
from tests.fixtures.faulty_port import POWER_LOSS, REBOOT, STALL, UNPLUG
from tests.fixtures.line_faults import LineFaults

COMMAND = "python -m benchmarks.capture faults"
SESSIONS = 10
LINES = 100_000  # of a session
RATE_HZ = 4000.0
SHARE = 0.05  # of the lines
TROUBLES = (STALL, UNPLUG, REBOOT, STALL, POWER_LOSS, REBOOT, UNPLUG, STALL)


def faults_rows() -> list[Row]:
    """Rows of captures over faulty lines."""
    outcomes = [_session(seed) for seed in range(SESSIONS)]
    injected = sum((outcome.injected for outcome in outcomes), Counter[str]())
    lines = sum(outcome.lines for outcome in outcomes)
    stored = sum(outcome.judged.samples for outcome in outcomes)
    wrong = sum(outcome.judged.wrong for outcome in outcomes)
    undetected = sum(outcome.undetected for outcome in outcomes)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(injected.items()))
    note = f"{lines} lines, {injected.total()} faults: {kinds}; {stored} samples stored"
    return [
        row("undetected faults", undetected, "", COMMAND, note, "== 0"),
        row("wrong samples stored as good", wrong, "", COMMAND, note, "== 0"),
        row("lines with injected faults", lines, "", COMMAND, note, ">= 1000000"),
    ]


def _session(seed: int) -> Outcome:
    plan = {
        LINES * place // (len(TROUBLES) + 1): trouble for place, trouble in enumerate(TROUBLES, 1)
    }
    with tempfile.TemporaryDirectory(prefix="capture-") as folder:
        return record_through(LineFaults(seed, SHARE), plan, LINES, RATE_HZ, Path(folder))
