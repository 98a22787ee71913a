"""How long the tests take: `python -m benchmarks.house_time`.

Wall time depends on what else the machine does, so the note names its load when the command began.
"""

from __future__ import annotations

import os
import subprocess
import time

from benchmarks.results_file import Row, record, row
from pipeline.core.project import PROJECT

COMMAND = "python -m benchmarks.house_time"
MEASURED = {  # by row: the command and its bound
    "quick seconds": (("make", "quick"), "<= 60"),
    "ci seconds": ((".ci/run",), "<= 480"),
}


def main() -> None:
    """Measure both commands; a figure of a command that failed is not recorded."""
    record("house", [measured(name) for name in MEASURED])


def measured(name: str) -> Row:
    """The row of one command, run now."""
    command, bound = MEASURED[name]
    load, begun_s = os.getloadavg()[0], time.monotonic()
    subprocess.run(command, cwd=PROJECT, check=True)
    taken_s = round(time.monotonic() - begun_s)
    note = f"on {os.cpu_count()} cores; load {load:.1f} before it, of other work on the machine"
    return row(name, taken_s, "s", COMMAND, note, bound)


if __name__ == "__main__":
    main()
