"""Every network of the zoo on the same data: `python -m benchmarks.zoo [KIND …]`, all where none.

spells, 5-fold by take, as benchmarks/recognition.py has it: the compiled C on held-out takes, its
events, and what the network costs. Folds are kept in build/recognition, with the conv1d that
`python -m benchmarks.recognition` makes too: interrupted, the same command goes on after them.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass

from benchmarks.recognition_folds import judged
from benchmarks.results_file import Row, record, row
from pipeline.artifacts import RunFolder
from pipeline.costs import NetworkCost
from pipeline.stages.evaluation import ProtocolScore

AREA = "recurrent"


@dataclass(frozen=True)
class Entry:
    """A network of the table. name: as rows are called; config: a file in configs/; bound: of its
    int8 accuracy."""

    name: str
    config: str
    settings: tuple[str, ...] = ()
    bound: str = ""


ENTRIES = (
    Entry("dense", "gesture_dense"),
    Entry("conv1d", "gesture_conv1d"),
    Entry("ds_conv1d", "gesture_ds_conv1d"),
    Entry("tcn", "gesture_tcn"),
    Entry("simple_rnn", "gesture_gru", ("model.kind=simple_rnn",)),
    Entry("gru", "gesture_gru"),
    Entry("gru streaming", "gesture_gru_streaming"),
    Entry("lstm", "gesture_lstm"),
    Entry("conv_gru", "gesture_conv_gru"),
)


def main() -> None:
    for entry in ENTRIES:
        if entry.name in (sys.argv[1:] or [one.name for one in ENTRIES]):
            rows = rows_of(entry)
            record(AREA, rows)
            for found in rows:
                print(f"{found['name']}: {found['value']:,} {found['unit']}")


def rows_of(entry: Entry) -> list[Row]:
    score = judged("spells", entry.config, "kfold", entry.settings)
    command = f"python -m benchmarks.zoo '{entry.name}'"
    run = RunFolder(score.folds[0].run)
    cost, contract = NetworkCost.load(run.cost_file), run.contract()
    a_second = round(cost.instructions * contract.rate_hz / contract.hop)
    late = score.called.gestures.latency_median_s
    values = {
        "instructions a second": (a_second, "instructions", "estimated, Cortex-M4F"),
        "flash bytes": (cost.flash_bytes, "bytes", "constants and code of the network"),
        "RAM bytes": (cost.ram_bytes, "bytes", "static, of the network with input and output"),
        "event latency": (round(late, 2), "s", "median, from a gesture's end to its event"),
    }
    return [
        row(
            f"spells {entry.name} int8 accuracy",
            round(score.int8_accuracy, 4),
            "",
            command,
            _told(score),
            entry.bound,
        ),
        *(
            row(f"spells {entry.name} {name}", value, unit, command, note)
            for name, (value, unit, note) in values.items()
        ),
    ]


def _told(score: ProtocolScore) -> str:
    folds = ", ".join(f"{fold.int8_accuracy:.2f}" for fold in score.folds)
    seconds = statistics.median(fold.train_s for fold in score.folds)
    called = score.called.gestures
    return (
        f"5-fold by take, compiled C; folds {folds}; float {score.float_accuracy:.3f}; event F1 "
        f"{called.f1:.3f}; {seconds:.0f} s to train a fold"
    )


if __name__ == "__main__":
    main()
