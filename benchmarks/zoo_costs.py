"""What networks of the zoo cost that were not judged yet: `python -m benchmarks.zoo_costs`.

Of each network as it is before it learns: what a board computes does not depend on the weights, and
its flash hardly. benchmarks.zoo replaces these rows by those of the networks it trains.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.datasets import ROOT, dataset
from benchmarks.results_file import load, record
from benchmarks.zoo import AREA, ENTRIES, PROTOCOLS, Entry, cost_rows
from pipeline.compiler import compile_network
from pipeline.config_gestures import GestureConfig, load_gesture_config
from pipeline.costs import NetworkCost
from pipeline.datasets.labelling import labels_of
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.usable import usable_recordings
from pipeline.run_folder import RunFolder
from pipeline.stages.quantising import quantise
from pipeline.training.models import Head, Source, build

COMMAND = "python -m benchmarks.zoo_costs"
WINDOWS = 64  # of noise, to measure ranges on


def main() -> None:
    judged = {row["name"] for row in load(AREA)}
    for data, entry in itertools.product(PROTOCOLS, ENTRIES):
        name = f"{data} {entry.name}"
        if f"{name} int8 accuracy" not in judged:
            config = config_of(data, entry)
            cost = untrained(config, data)
            a_second = round(cost.instructions * config.data.rate_hz / config.window.hop)
            rows = cost_rows(name, COMMAND, cost, a_second, "; not trained")
            record(AREA, rows)
            for found in rows:
                print(f"{found['name']}: {found['value']:,} {found['unit']}")


def config_of(data: str, entry: Entry) -> GestureConfig:
    name, settings = entry.config_for(data)
    path = f"data.path={dataset(data)}"
    return load_gesture_config(ROOT / "configs" / f"{name}.yaml", [path, *settings])


def untrained(config: GestureConfig, data: str) -> NetworkCost:
    recordings = usable_recordings(load_recordings(dataset(data)), config)
    length, channels = config.window.length, len(config.data.channels)
    model = build(config.model, Source(length, channels), Head(len(labels_of(recordings, config))))
    noise = np.random.default_rng(1).normal(0, 1, (WINDOWS, length, channels))
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        model.save(run.keras_file)
        log = run.build / "convert.log"
        quantise(run.keras_file, noise.astype(np.float32), run.flatbuffer_file, log)
        return compile_network(
            run.flatbuffer_file.read_bytes(),
            hop=config.window.hop,
            window=length,
            keep_state=config.window.mode == "streaming",
        ).cost


if __name__ == "__main__":
    main()
