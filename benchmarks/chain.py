"""The whole chain on real recordings: accuracy, calls on the board, and how long things take.

Run: python -m benchmarks.chain
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets import ROOT
from benchmarks.recognition_folds import among_gestures, judged, listed
from benchmarks.results_file import Row, record, row, show
from pipeline.workflows import boards, datasets
from pipeline.workflows.evaluate import ProtocolScore

GESTURE = Path(sys.executable).with_name("gesture")
COMMAND = "python -m benchmarks.chain"
CONFIG = "gesture_conv1d"
FOLDS = "split.folds=5"
SHARED = "data.labels=[punch, flex]"
HELP_RUNS = 15


@dataclass(frozen=True)
class Called:
    """calls: gestures of the stream that the board was played; right: called once, by name."""

    calls: int
    right: int
    false_alarms: int


def main() -> None:
    rows = [*spells_rows(), *punch_flex_rows(), demo_row(), help_row()]
    record("chain", rows)
    show(rows)


def spells_rows() -> list[Row]:
    """Rows of accuracy on the spells dataset."""
    kfold = judged("spells", CONFIG, "kfold", [FOLDS])
    slowest_s = max(fold.seconds for fold in kfold.folds)
    said = (
        f"by take, compiled C; folds {listed(kfold)}; published, without an idle class: 0.88; "
        "takes that hardly move look like rest; the default settings were chosen looking at "
        f"this data, so expect less on data not seen; {slowest_s:.0f} s a fold"
    )
    named = "the same networks, asked which of the five gestures it was, as was published"
    name = "spells 5-fold int8 accuracy"
    return [
        accuracy_row(name, kfold, said, ">= 0.95"),
        row(f"{name} among gestures", round(among_gestures(kfold), 4), "", COMMAND, named),
        calls_row([_played(fold.run) for fold in kfold.folds]),
    ]


def calls_row(played: Sequence[Called]) -> Row:
    """The row of takes that a board recognized."""
    calls = sum(fold.calls for fold in played)
    right = sum(fold.right for fold in played)
    false_alarms = sum(fold.false_alarms for fold in played)
    note = (
        f"{right} of {calls} held-out takes of all folds, called once by name on QEMU; "
        f"{false_alarms} false alarms; the usual decision policy was chosen on such streams"
    )
    return row("spells on-board calls right", round(right / calls, 4), "", COMMAND, note, ">= 0.9")


def punch_flex_rows() -> list[Row]:
    """Leave one person out, and the split that flatters, on the classes they share."""
    lopo, kfold = (
        judged("punch_flex", CONFIG, protocol, [SHARED, FOLDS]) for protocol in ("lopo", "kfold")
    )
    people = f"{len(lopo.folds)} people; persons {listed(lopo)}"
    mixed = f"5-fold by take, the same people on both sides; folds {listed(kfold)}"
    return [
        accuracy_row("punch_flex leave-one-person-out int8 accuracy", lopo, people),
        accuracy_row("punch_flex random split int8 accuracy", kfold, mixed),
    ]


def accuracy_row(name: str, score: ProtocolScore, note: str, bound: str = "") -> Row:
    """The row of the int8 accuracy of a protocol."""
    return row(name, round(score.int8_accuracy, 4), "", COMMAND, note, bound)


def _played(run: Path) -> Called:
    """The held-out takes of a fold, played to the virtual board."""
    stream = datasets.make_stream(datasets.dataset_of(run), run / "stream.csv", run, seed=1)
    calls = boards.watch_stream(run, "virtual", stream)
    return Called(calls.takes, calls.right, calls.false)


def demo_row() -> Row:
    """The row of the time of `gesture demo`."""
    started = time.monotonic()
    subprocess.run([str(GESTURE), "demo", "--json"], cwd=ROOT, check=True)
    seconds = round(time.monotonic() - started)
    said = "`gesture demo`, what `make demo` does after installing"
    return row("demo seconds", seconds, "s", COMMAND, said, "<= 180")


def help_row() -> Row:
    """The row of the time of `gesture --help`."""
    bare = _median_s([sys.executable, "-I", "-c", "pass"])
    ratio = round(_median_s([str(GESTURE), "--help"]) / bare, 1)
    said = "gesture --help over python -I -c pass"
    return row("help times python", ratio, "", COMMAND, said, "<= 15")


def _median_s(command: list[str]) -> float:
    times = []
    for _ in range(HELP_RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
