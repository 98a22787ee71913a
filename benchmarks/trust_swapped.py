"""A run whose artifacts were swapped, before every command: `python -m benchmarks.trust_swapped`.

A run is trained, converted, reported and deployed once. Then each of its files has one byte changed
before each command that reads a run. A swap passes where the command ends well and the swapped file
is still there. What a command makes again, whatever is there, is swapped all at once.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.results_file import record, row
from pipeline.workflows import deploy, report
from tests.fixtures.run_commands import COMMANDS, artifacts_of, converted_run, ignore, passed_by

COMMAND = "python -m benchmarks.trust_swapped"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="swapped-") as name:
        run = converted_run(Path(name) / "run")
        report.report(run, ignore)
        deploy.deploy(run, "native", "auto", False, ignore)
        files = artifacts_of(run)
        passed = [
            f"{command} with {file}"
            for command in COMMANDS
            for file in passed_by(command, run, Path(name), remakes=True)
        ]
    note = f"{len(files)} files, each before {len(COMMANDS)} commands; {passed or 'none'}"
    record("trust", [row("swapped artifacts that pass", len(passed), "", COMMAND, note, "== 0")])
    print(note)
    sys.exit(bool(passed))


if __name__ == "__main__":
    main()
