"""A run whose artifacts were swapped, before every command: `python -m benchmarks.trust_swapped`.

A run is trained, converted, reported and deployed once. Then each of its files has one byte changed
before each command that reads a run. A swap passes where the command ends well and the swapped file
is still there. What a command makes again, whatever is there, is swapped all at once.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.results_file import record, row
from benchmarks.trust_runs import COMMANDS, artifacts_of, converted_run, copy_of, ignore
from pipeline.core.errors import PipelineError
from pipeline.core.run_folder import STAGE_OF
from pipeline.workflows import deploy, report

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


def passed_by(command: str, run: Path, work: Path, *, remakes: bool) -> list[str]:
    """Swapped files that the command takes for what they were.

    Args:
        command: of COMMANDS.
        run: left as it is.
        work: a folder for copies of it.
        remakes: whether those that the command makes again are tried too, which takes its time.
    """
    files = artifacts_of(run)
    remade = [file for file in files if stage_of(file) == command]
    with copy_of(run, work) as copy:
        passed = [file for file in files if file not in remade and passes(command, copy, [file])]
    if remade and remakes:
        with copy_of(run, work) as copy:
            passed += remade if passes(command, copy, remade) else []
    return passed


def stage_of(file: str) -> str:
    """The command that writes this artifact."""
    return STAGE_OF.get(file, "convert" if file.startswith("firmware/") else "train")


def passes(command: str, run: Path, names: Sequence[str]) -> bool:
    """Whether the command ends well and leaves one of the swapped files swapped."""
    kept = {name: (run / name).read_bytes() for name in names}
    swapped = {name: content[:-1] + bytes([content[-1] ^ 1]) for name, content in kept.items()}
    for name, content in swapped.items():
        (run / name).write_bytes(content)
    try:
        COMMANDS[command](run)
    except PipelineError:
        for name, content in kept.items():
            (run / name).write_bytes(content)
        return False
    return any((run / name).read_bytes() == content for name, content in swapped.items())


if __name__ == "__main__":
    main()
