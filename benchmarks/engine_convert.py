"""How long `gesture convert` takes for the networks over time, without importing TensorFlow.

`python -m benchmarks.engine_convert` times the whole command and takes off what the import, in the
child process that quantizes, takes by itself; the fastest of several of each, so that other work of
the machine counts little.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.results_file import record, row
from pipeline.core.project import PROJECT

COMMAND = "python -m benchmarks.engine_convert"
GESTURE = Path(sys.executable).with_name("gesture")
REPEATS = 3
SERIES = ("conv1d window", "ds_conv1d")  # the others' inputs are not those of a gesture run
IMPORT = "import keras, numpy, tensorflow"


def main() -> None:
    import_s = min(seconds([sys.executable, "-c", IMPORT]) for _ in range(REPEATS))
    with tempfile.TemporaryDirectory() as folder:
        taken = {prefix: convert_s(Path(folder) / prefix, prefix) for prefix in SERIES}
    own = {prefix: round(whole_s - import_s, 2) for prefix, whole_s in taken.items()}
    said = ", ".join(f"{prefix} {value}" for prefix, value in own.items())
    note = f"the slowest of {said}; the import alone takes {import_s:.2f} s"
    slowest = max(own.values())
    found = row("convert seconds without TensorFlow", slowest, "s", COMMAND, note, "<= 3")
    record("engine", [found])
    print(f"{found['name']}: {slowest} s ({note})")


def convert_s(run: Path, name: str) -> float:
    """Seconds of the fastest of several conversions of a new run."""
    child = [sys.executable, "-m", "benchmarks.model_run", name, str(run)]
    subprocess.run(child, cwd=PROJECT, check=True, capture_output=True)
    return min(convert_anew_s(run) for _ in range(REPEATS))


def convert_anew_s(run: Path) -> float:
    """Seconds of a conversion without anything built before."""
    shutil.rmtree(run / "build", ignore_errors=True)
    return seconds([str(GESTURE), "convert", str(run)])


def seconds(command: Sequence[str]) -> float:
    """The wall time of a command."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
