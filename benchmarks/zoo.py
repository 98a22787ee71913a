"""Every network of the zoo on the same data: `python -m benchmarks.zoo [NAME …]`, all where none.

A NAME is a dataset, a network, or both: spells, gru, 'spells gru'. spells is judged 5-fold by take,
uhh_imu by leaving each person out: the compiled C on what was held out, its events, and what the
network costs. Folds are kept in build/recognition, beside those of benchmarks.recognition:
interrupted, the same command goes on after them.
"""

from __future__ import annotations

import itertools
import statistics
import sys
from dataclasses import dataclass

from benchmarks.recognition_folds import judged
from benchmarks.results_file import Row, load, record, row
from pipeline.artifacts import RunFolder
from pipeline.costs import NetworkCost
from pipeline.stages.evaluation import ProtocolScore

AREA = "recurrent"


PROTOCOLS = {"spells": "kfold", "uhh_imu": "lopo"}
SPLITS = {"spells": "5 folds by take", "uhh_imu": "leave one person out"}
POINT = 0.01  # by which a recurrent network may be worse than the Conv1D, where it is measured
BOUNDED = ("spells gru", "spells lstm")


@dataclass(frozen=True)
class Entry:
    """A network of the table. spells: a file in configs/; uhh_imu: settings of uhh_imu.yaml."""

    name: str
    spells: str
    uhh_imu: tuple[str, ...]
    spells_settings: tuple[str, ...] = ()

    def judged_on(self, data: str) -> ProtocolScore:
        config = self.spells if data == "spells" else "uhh_imu"
        settings = self.spells_settings if data == "spells" else self.uhh_imu
        return judged(data, config, PROTOCOLS[data], settings)


FRONT = "[{filters: 16, kernel: 5, pool: 4}]"
ON_STREAMS = ("window.mode=streaming", "fit.batch_size=16")
ENTRIES = (
    Entry("dense", "gesture_dense", ("model={kind: dense}",)),
    Entry("conv1d", "gesture_conv1d", ()),
    Entry("ds_conv1d", "gesture_ds_conv1d", ("model.kind=ds_conv1d",)),
    Entry("tcn", "gesture_tcn", ("model={kind: tcn, downsample: 1}",)),
    Entry(
        "simple_rnn",
        "gesture_gru",
        ("model={kind: simple_rnn, downsample: 2}",),
        ("model.kind=simple_rnn",),
    ),
    Entry("gru", "gesture_gru", ("model={kind: gru, downsample: 2}",)),
    Entry(
        "gru streaming",
        "gesture_gru_streaming",
        ("model={kind: gru, downsample: 2}", *ON_STREAMS),
    ),
    Entry("lstm", "gesture_lstm", ("model={kind: lstm, downsample: 2}",)),
    Entry("conv_gru", "gesture_conv_gru", (f"model={{kind: conv_gru, convolutions: {FRONT}}}",)),
)


def main() -> None:
    wanted = set(sys.argv[1:])
    for data, entry in itertools.product(PROTOCOLS, ENTRIES):
        if not wanted or wanted & {data, entry.name, f"{data} {entry.name}"}:
            rows = rows_of(data, entry)
            record(AREA, rows)
            for found in rows:
                print(f"{found['name']}: {found['value']:,} {found['unit']}")


def rows_of(data: str, entry: Entry) -> list[Row]:
    score = entry.judged_on(data)
    name = f"{data} {entry.name}"
    command = f"python -m benchmarks.zoo '{name}'"
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
            f"{name} int8 accuracy",
            round(score.int8_accuracy, 4),
            "",
            command,
            f"{SPLITS[data]}, compiled C; {_told(score)}",
            _bound(name),
        ),
        *(
            row(f"{name} {figure}", value, unit, command, note)
            for figure, (value, unit, note) in values.items()
        ),
    ]


def _bound(name: str) -> str:
    found = {known["name"]: known["value"] for known in load(AREA)}
    of_conv1d = found.get("spells conv1d int8 accuracy")
    return f">= {of_conv1d - POINT:.3f}" if name in BOUNDED and of_conv1d is not None else ""


def _told(score: ProtocolScore) -> str:
    folds = ", ".join(f"{fold.int8_accuracy:.2f}" for fold in score.folds)
    seconds = statistics.median(fold.train_s for fold in score.folds)
    called = score.called.gestures
    return (
        f"folds {folds}; float {score.float_accuracy:.3f}; event F1 "
        f"{called.f1:.3f}; {seconds:.0f} s to train a fold"
    )


if __name__ == "__main__":
    main()
