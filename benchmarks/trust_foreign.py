"""Native code in a stranger's run, before every command: `python -m benchmarks.trust_foreign`.

The code leaves a file behind as soon as it is loaded or run. It lies in the run as a library and an
image that were built before, and as C: in each generated file, and in one file more. The run's
hashes are those of its files: whoever wrote the C wrote them too.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.results_file import record, row
from tests.fixtures.run_commands import (
    C_FILES,
    COMMANDS,
    converted_run,
    copy_of,
    put_built,
    put_c,
    ran,
)
from tests.noted import note_all

COMMAND = "python -m benchmarks.trust_foreign"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="foreign-") as name:
        run = converted_run(Path(name) / "run")
        tried = [*(f"C in {file}" for file in C_FILES), "what was built"]
        ran = [f"{command} with {what}" for command in COMMANDS for what in ran_by(command, run)]
    note = f"{len(tried)} places, each before {len(COMMANDS)} commands; {ran or 'none'}"
    name = "native code run from a stranger's run"
    record("trust", [row(name, len(ran), "", COMMAND, note, "== 0")])
    print(note)
    sys.exit(bool(ran))


def ran_by(command: str, run: Path) -> Iterator[str]:
    """Where code lay that the command ran."""
    for file in C_FILES:
        with tempfile.TemporaryDirectory() as work, copy_of(run, Path(work)) as stranger:
            put_c(stranger / "firmware" / file, Path(work) / "mark")
            note_all(stranger)
            if ran(command, stranger, Path(work) / "mark"):
                yield f"C in {file}"
    with tempfile.TemporaryDirectory() as work, copy_of(run, Path(work)) as stranger:
        put_built(stranger, Path(work))
        if ran(command, stranger, Path(work) / "mark"):
            yield "what was built"


if __name__ == "__main__":
    main()
