"""Native code in a stranger's run, before every command: `python -m benchmarks.trust_foreign`.

The code leaves a file behind as soon as it is loaded or run. It lies in the run as a library and an
image that were built before, and as C: in each generated file, and in one file more. The run's
hashes are those of its files: whoever wrote the C wrote them too.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.results_file import record, row
from benchmarks.trust_runs import COMMANDS, converted_run, copy_of
from pipeline.core.errors import PipelineError
from pipeline.twin.library import build_library
from tests.noted import note_all

COMMAND = "python -m benchmarks.trust_foreign"
CONSTRUCTOR = "__attribute__((constructor)) static void probe(void)"
BUILT = ("build", "build/pio/native")  # where a run had what was built of it
C_FILES = ("model_contract.c", "model_network.c", "model_size.h", "extra.c", "sub/extra.h")


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


def ran(command: str, run: Path, mark: Path) -> bool:
    """Whether the command ran the code that leaves `mark`."""
    with suppress(PipelineError):
        COMMANDS[command](run)
    return mark.exists()


def put_c(file: Path, mark: Path) -> None:
    """Add code to a C file that leaves `mark` where it is run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as end:
        end.write(f'#include <stdio.h>\n{CONSTRUCTOR} {{ fclose(fopen("{mark}", "w")); }}\n')


def put_built(run: Path, work: Path) -> None:
    """Code that leaves `work`/mark, as the library and the image that the run's C comes to."""
    with copy_of(run, work / "made") as copy:
        put_c(copy / "firmware" / "model_network.c", work / "mark")
        library = build_library(copy / "firmware", work / "made").read_bytes()
    own = build_library(run / "firmware", work / "own").name
    for folder in BUILT:
        (run / folder).mkdir(parents=True, exist_ok=True)
        for name in (own, "firmware.elf"):
            (run / folder / name).write_bytes(library)
            (run / folder / name).chmod(0o755)


if __name__ == "__main__":
    main()
