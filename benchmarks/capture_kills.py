"""kill -9 at random moments of a capture: is every line that it had read in a recording?"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from benchmarks.results_file import Row, row
from tests.fixtures.killed_capture import kill_once

COMMAND = "python -m benchmarks.capture kills"
KILLS = 200
RATE_HZ = 1000.0
LATEST_LINES = 1500  # after which a capture is killed, at a random one
LATEST_S = 0.003  # after that line
MODES = ("continuous", "motion")
SEED = 1


def kills_rows(kills: int = KILLS) -> list[Row]:
    """Rows of captures that were killed."""
    chance = random.Random(SEED)
    killed = []
    for kill in range(kills):
        with tempfile.TemporaryDirectory(prefix="capture-") as folder:
            later_s = chance.uniform(0, LATEST_S)
            after = chance.randint(1, LATEST_LINES)
            killed.append(kill_once(Path(folder), RATE_HZ, MODES[kill % 2], after, later_s))
    read = sum(one.read for one in killed)
    note = f"{kills} captures at {RATE_HZ:g} Hz killed at random moments, {read} lines read"
    return [
        row("lines lost to kill -9", sum(one.lost for one in killed), "", COMMAND, note, "== 0")
    ]
