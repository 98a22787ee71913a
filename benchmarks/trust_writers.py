"""Two commands at once on one run or dataset: `python -m benchmarks.trust_writers`.

Real commands, in processes of their own: trainings but for what they learn (trust_training.py),
captures of sketches on pseudo terminals, imports of the tutorial's CSV.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.results_file import record, row
from benchmarks.trust_training import both, dataset_in, is_whole, new_folder, train, warm_up
from pipeline.datasets.importers import ImportOptions
from pipeline.datasets.importers.columns import TUTORIAL_COLUMNS
from pipeline.datasets.recordings import load_recordings
from pipeline.workflows import datasets
from pipeline.workflows.capture import CaptureOptions, capture
from pipeline.workflows.runs import RUNS
from tests.fixtures.capturing import Quiet
from tests.fixtures.sketches import imu_capture, sending

COMMAND = "python -m benchmarks.trust_writers"
NAMED, UNNAMED, CAPTURES, IMPORTS = 120, 80, 60, 60  # pairs
LATEST_S = 0.05  # after the first, when the second begins
BURSTS, SKETCH_HZ = 2, 1000.0
ROWS = 20
RUN = Path("run")
DATASET = Path("data/mine")


def main() -> None:
    warm_up()
    chance = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="takes-") as name:
        takes = dataset_in(Path(name))
        mixed = sum(in_one_run(takes, later_s(chance)) for _ in range(NAMED))
        runs = [without_a_name(takes, later_s(chance)) for _ in range(UNNAMED)]
    lost = {
        "runs": sum(lost for _, lost in runs),
        "takes": sum(captures_at_once(later_s(chance)) for _ in range(CAPTURES)),
        "imported takes": sum(imports_at_once(later_s(chance)) for _ in range(IMPORTS)),
    }
    mixed += sum(mixed for mixed, _ in runs)
    races = f"pairs of trainings: {NAMED} into one run, {UNNAMED} without --run"
    files = f"pairs: {UNNAMED} of trainings, {CAPTURES} of captures, {IMPORTS} of imports; {lost}"
    some = sum(lost.values())
    record(
        "trust",
        [
            row("runs mixed by two writers", mixed, "", COMMAND, races, "== 0"),
            row("files lost by two writers", some, "", COMMAND, files, "== 0"),
        ],
    )
    print(f"mixed {mixed}; lost {lost}")
    sys.exit(bool(mixed or some))


def later_s(chance: np.random.Generator) -> float:
    """A random delay."""
    return float(chance.uniform(0, LATEST_S))


def in_one_run(takes: Path, later_s: float) -> int:
    """Mixed runs: one of the two trainings must be all that is in it."""
    with new_folder():
        codes = both(lambda: train(takes, 1, RUN), lambda: train(takes, 2, RUN), later_s)
        return int(sorted(codes) != [0, 1] or not is_whole(RUN))


def without_a_name(takes: Path, later_s: float) -> tuple[int, int]:
    """Mixed runs, and lost ones: each of the two trainings must have its own."""
    with new_folder():
        codes = both(lambda: train(takes, 1, None), lambda: train(takes, 2, None), later_s)
        runs = [path for path in RUNS.iterdir() if path.is_dir() and not path.is_symlink()]
        return sum(not is_whole(run) for run in runs), codes.count(0) - len(runs)


def captures_at_once(later_s: float) -> int:
    """Takes of two captures with the same label, person and session that are in no file."""

    def captured(port: str) -> Callable[[], object]:
        options = CaptureOptions(labels=("up",), person="anna", count=BURSTS, ports=(port,))
        return lambda: capture(options, Quiet())

    sketches = [imu_capture(BURSTS, SKETCH_HZ) for _ in range(2)]
    with new_folder(), sending(sketches[0]) as first, sending(sketches[1]) as second:
        codes = both(captured(first), captured(second), later_s)
        found = Counter((take.source, take.take) for take in load_recordings(DATASET))
        return codes.count(0) * BURSTS - len(found)


def imports_at_once(later_s: float) -> int:
    """Takes of two files with the same label and person that are not in the dataset."""

    def imported(value: int) -> Callable[[], object]:
        file = Path(f"{value}.csv")
        bursts = [f"{value}.{burst},0,0,0,0,0\n" * ROWS for burst in range(BURSTS)]
        file.write_text("\n".join([",".join(TUTORIAL_COLUMNS), *bursts]), "utf-8")
        return lambda: datasets.import_data(
            file, DATASET.name, ImportOptions("up", "anna", 119.0, ROWS)
        )

    with new_folder():
        codes = both(imported(1), imported(2), later_s)
        found = {float(take.samples[0, 0]) for take in load_recordings(DATASET)}
        return codes.count(0) * BURSTS - len(found)


if __name__ == "__main__":
    main()
