"""How long the default config learns from spells, from recordings to report."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.datasets import ROOT, dataset
from benchmarks.results_file import Row, row
from pipeline.workflows import train

COMMAND = "python -m benchmarks.recognition training"
CONFIG = ROOT / "configs" / "gesture_conv1d.yaml"


def training_rows() -> list[Row]:
    """Rows of the time of training."""
    settings = [f"data.path={dataset('spells')}"]
    with tempfile.TemporaryDirectory(prefix="training-") as work:
        started = time.monotonic()
        trained = train.train(CONFIG, settings, Path(work) / "run", lambda _: None)
        seconds = round(time.monotonic() - started, 1)
    cores = f"on a machine of {os.cpu_count()} cores"
    note = f"fold 1 of 5, {cores}; {trained.accuracy:.2f} of its takes in float"
    return [row("spells training", seconds, "s", COMMAND, note, "<= 60")]
