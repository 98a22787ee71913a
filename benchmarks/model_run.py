"""A run folder as training leaves it, of one of the comparison networks, on noise.

Run as a child, as models: `python -m benchmarks.model_run NAME RUN`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import build
from pipeline.config.gesture_settings import DataConfig, GestureConfig
from pipeline.core.artifacts import IMU_UNITS
from pipeline.core.contract import Channel, Contract, DecisionPolicy, Hashes, Scaling
from pipeline.core.files import save_json
from pipeline.core.run_folder import RunFolder, note
from pipeline.datasets.held_out_recordings import HeldOutRecordings

CALIBRATION, TEST = 100, 200  # windows
CHANNELS = 6  # of a window that the network sees flat


def main(name: str, path: Path) -> None:
    model = build(name)
    run = RunFolder(path)
    run.path.mkdir(parents=True)
    model.save(run.keras_file)
    noise = np.random.default_rng(1)
    shape, classes = model.input_shape[1:], model.output_shape[-1]
    windows: dict[str, Any] = {
        "calibration": noise.normal(size=(CALIBRATION, *shape)).astype(np.float32),
        "test": noise.normal(size=(TEST, *shape)).astype(np.float32),
        "test_targets": noise.integers(0, classes, TEST).astype(np.int32),
        "test_scores": np.zeros((TEST, classes), np.float32),
        "test_names": np.array([f"take-{number}" for number in range(TEST)]),
    }
    np.savez(run.windows_file, **windows)
    GestureConfig(data=DataConfig(path=Path("noise"))).save(run.config_file)
    HeldOutRecordings(validation=(), test=(), unseen=()).save(run.recordings_file)
    epoch = {"number": 1, "of": 1, "loss": 1.0, "validation_loss": 1.0, "validation_accuracy": 0.0}
    about = {"split": "noise", "parameters": model.count_params(), "versions": {}}
    found = {"accuracy": 0.0, "epochs": [epoch], **about}
    save_json(run.metrics_file, found)
    count = shape[1] if len(shape) > 1 else CHANNELS
    contract(int(np.prod(shape)) // count, count, classes).save(run.contract_file)
    note(run, "train")


def contract(window: int, count: int, classes: int) -> Contract:
    """For windows of `count` channels."""
    channels = [Channel(name=name, unit=unit) for name, unit in list(IMU_UNITS.items())[:count]]
    return Contract(
        task="gesture",
        channels=tuple(channels),
        rate_hz=119.0,
        window=window,
        hop=8,
        labels=tuple(f"class{number}" for number in range(classes)),
        scaling=Scaling(mean=(0.0,) * count, std=(1.0,) * count),
        decision=DecisionPolicy(
            smoothing_windows=4,
            thresholds=(0.5,) * classes,
            release=0.3,
            refractory_s=1.0,
            background=None,
        ),
        hashes=Hashes(data="0" * 64, config="0" * 64),
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
