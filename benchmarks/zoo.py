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
from benchmarks.results_file import Row, chosen, load, record, row
from pipeline.core.costs import NetworkCost
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.evaluate import ProtocolScore

AREA = "recurrent"


PROTOCOLS = {"spells": "kfold", "uhh_imu": "lopo"}
SPLITS = {"spells": "5 folds by take", "uhh_imu": "leave one person out"}
POINT = 0.01  # by which a recurrent network may be worse than the Conv1D, where it is measured
BOUNDED = ("spells gru", "spells lstm")


@dataclass(frozen=True)
class Entry:
    """A network of the table. spells: a file in configs/; uhh_imu: settings of uhh_imu.yaml;
    tried: what its settings for spells were chosen from."""

    name: str
    spells: str
    uhh_imu: tuple[str, ...]
    spells_settings: tuple[str, ...] = ()
    tried: str = ""

    def judged_on(self, data: str) -> ProtocolScore:
        config, settings = data, self.uhh_imu
        if data == "spells":
            config, settings = self.spells, self.spells_settings
        return judged(data, config, PROTOCOLS[data], settings)


FRONT = "[{filters: 16, kernel: 5, pool: 4}]"
TRIED = (
    "10 epochs on two folds of split seed 11, of which the Conv1D has 0.96 of the takes and a "
    "cross-entropy of 0.17 and 0.07 of the windows: 24 units 0.96 (0.37, 0.24), learning rate 0.01 "
    "0.94 (0.34, 0.17), 32 units and dropout 0.5 0.94 (0.32, 0.23; taken, with 0.006), twice the "
    "steps 0.94 (0.25, 0.23), conv_gru 0.96 (0.25, 0.18)"
)
TRIED_LSTM = "24 units, learning rate 0.01, on the same folds: 0.92 (0.29, 0.18)"
ON_STREAMS = ("window.mode=streaming", "fit.batch_size=16", "fit.epochs=80")  # of few batches
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
    Entry("gru", "gesture_gru", ("model={kind: gru, downsample: 2}",), tried=TRIED),
    Entry(
        "gru streaming",
        "gesture_gru_streaming",
        ("model={kind: gru, downsample: 2}", *ON_STREAMS),
    ),
    Entry("lstm", "gesture_lstm", ("model={kind: lstm, downsample: 2}",), tried=TRIED_LSTM),
    Entry("conv_gru", "gesture_conv_gru", (f"model={{kind: conv_gru, convolutions: {FRONT}}}",)),
)


def main() -> None:
    pairs = itertools.product(PROTOCOLS, ENTRIES)
    parts = {f"{data} {entry.name}": (data, entry) for data, entry in pairs}
    for part in chosen(parts, sys.argv[1:]):
        rows = rows_of(*parts[part])
        record(AREA, rows)
        for found in rows:
            print(f"{found['name']}: {found['value']:,} {found['unit']}")


def rows_of(data: str, entry: Entry) -> list[Row]:
    """Rows of a network of the zoo on a dataset."""
    score = entry.judged_on(data)
    name = f"{data} {entry.name}"
    command = f"python -m benchmarks.zoo '{name}'"
    run = RunFolder(score.folds[0].run)
    cost, contract = NetworkCost.load(run.cost_file), run.contract()
    a_second = round(cost.instructions * contract.rate_hz / contract.hop)
    late = round(score.called.gestures.latency_median_s, 2)
    said = "median, from a gesture's end to its event"
    return [
        row(
            f"{name} int8 accuracy",
            round(score.int8_accuracy, 4),
            "",
            command,
            f"{SPLITS[data]}, compiled C; {_told(score)}{_tried(data, entry)}",
            _bound(name),
        ),
        *_cost_rows(name, command, cost, a_second),
        row(f"{name} event latency", late, "s", command, said),
    ]


def _cost_rows(name: str, command: str, cost: NetworkCost, a_second: int) -> list[Row]:
    values = {
        "instructions a second": (a_second, "instructions", "estimated, Cortex-M4F"),
        "flash bytes": (cost.flash_bytes, "bytes", "constants and code of the network"),
        "RAM bytes": (cost.ram_bytes, "bytes", "static, of the network with input and output"),
    }
    return [
        row(f"{name} {figure}", value, unit, command, note)
        for figure, (value, unit, note) in values.items()
    ]


def _bound(name: str) -> str:
    found = {known["name"]: known["value"] for known in load(AREA)}
    of_conv1d = found.get("spells conv1d int8 accuracy")
    return f">= {of_conv1d - POINT:.3f}" if name in BOUNDED and of_conv1d is not None else ""


def _tried(data: str, entry: Entry) -> str:
    return f"; tried: {entry.tried}" if data == "spells" and entry.tried else ""


def _told(score: ProtocolScore) -> str:
    folds = ", ".join(f"{fold.int8_accuracy:.2f}" for fold in score.folds)
    seconds = statistics.median(fold.seconds for fold in score.folds)
    called = score.called.gestures
    return (
        f"folds {folds}; float {score.float_accuracy:.3f}; event F1 "
        f"{called.f1:.3f}; {seconds:.0f} s to train a fold"
    )


if __name__ == "__main__":
    main()
