"""Fuzzes the board's commands and lines with libFuzzer, guided by coverage: an equal share of the
time for a model of each task.

Findings stay in build/fuzz, to be played again with `build/fuzz/TASK/fuzzer FILE`; what reached new
code is added to tests/fixtures/fuzz_commands.zip, which the tests play to every build.
Run: python -m benchmarks.capture_fuzz [MINUTES]
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results_file import Row, record, row
from pipeline.core.project import PROJECT
from tests.firmware.building import SANITIZED, STRICT, compile_c
from tests.firmware.fuzzing import SOURCES, TASKS, model_of, pack_corpus, unpack_corpus

COMMAND = "python -m benchmarks.capture_fuzz"
MINUTES = 10.0
MOST_BYTES = 600  # of one input: two lines and more
WORK = PROJECT / "build" / "fuzz"


@dataclass(frozen=True)
class Fuzzed:
    """Inputs that were tried, and findings."""

    runs: int
    findings: int


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    record("capture", fuzz_rows(minutes))


def fuzz_rows(minutes: float) -> list[Row]:
    """Rows of fuzzing for so many minutes."""
    fuzzed = [fuzz(task, minutes / len(TASKS)) for task in TASKS]
    runs = sum(one.runs for one in fuzzed)
    findings = sum(one.findings for one in fuzzed)
    note = (
        f"{runs} inputs, models of {len(TASKS)} tasks; clang's libFuzzer with address and "
        "undefined-behaviour sanitizers"
    )
    return [
        row("fuzzing minutes", minutes, "min", COMMAND, note, ">= 10"),
        row("fuzzing findings", findings, "", COMMAND, note, "== 0"),
    ]


def fuzz(task: str, minutes: float) -> Fuzzed:
    """Run the fuzzer, then add to the corpus the new inputs that reach code no other reaches."""
    work = WORK / task
    found, corpus = work / "corpus", work / "recorded"
    found.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(corpus, ignore_errors=True)
    unpack_corpus(corpus)
    program = _program(task, work)
    before = _findings(work)
    limits = [f"-max_total_time={round(minutes * 60)}", f"-max_len={MOST_BYTES}"]
    options = [*limits, f"-artifact_prefix={work}/", "-print_final_stats=1"]
    said = subprocess.run([program, *options, found, corpus], capture_output=True, text=True)
    runs = re.search(r"stat::number_of_executed_units: (\d+)", said.stderr)
    findings = len(_findings(work) - before) or int(said.returncode != 0)
    if findings == 0:
        merge = ["-merge=1", "-use_counters=0", f"-max_len={MOST_BYTES}"]
        subprocess.run([program, *merge, corpus, found], check=True, capture_output=True)
        pack_corpus(corpus)
    return Fuzzed(int(runs[1]) if runs else 0, findings)


def _program(task: str, work: Path) -> Path:
    flags = [*STRICT, *SANITIZED, "-fsanitize=fuzzer"]
    model = model_of(task, work / "model")
    return compile_c(work / "fuzzer", SOURCES, flags, model, compiler="clang")


def _findings(work: Path) -> set[Path]:
    return {path for kind in ("crash", "leak", "timeout", "oom") for path in work.glob(f"{kind}-*")}


if __name__ == "__main__":
    main()
