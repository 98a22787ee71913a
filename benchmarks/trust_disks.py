"""Every command on a disk that is full or read-only: `python -m benchmarks.trust_disks`.

The disk is a small file system of its own, mounted for this; that takes root. It is filled so that
writing fails at the first file, and at later ones; there commands do not look for room first.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.results_file import record, row
from tests.fixtures.full_disk import COMMANDS, PRINTING, blames_on, blames_on_output, mounted
from tests.fixtures.run_commands import converted_run

COMMAND = "python -m benchmarks.trust_disks"
FILLS = (0, 16 << 10, 256 << 10, 1 << 20)  # bytes that are left


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="disks-") as name, mounted(Path(name)) as disk:
        run = converted_run(Path(name) / "run")
        found = [*blames_on(disk, run, COMMANDS, FILLS), *blames_on_output(disk)]
    count = len(COMMANDS) * (len(FILLS) + 1) + len(PRINTING)
    note = f"{count} times, {len(COMMANDS)} commands; {', '.join(found) or 'none'}"
    name = "commands on a full or read-only disk that blame the program"
    record("trust", [row(name, len(found), "", COMMAND, note, "== 0")])
    print(note)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
