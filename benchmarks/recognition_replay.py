"""How fast the twin hears recordings: the same C as on a board, on one core of this computer."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.datasets import ROOT, dataset
from benchmarks.results_file import Row, row
from pipeline.core.artifacts import Recording
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.synthetic_negatives import synthetic_negatives
from pipeline.twin.library import Twin
from pipeline.workflows import convert, train

CONFIG = ROOT / "configs" / "gesture_conv1d.yaml"
COMMAND = "python -m benchmarks.recognition replay"
SECONDS = 1200.0
REPEATS = 5


def replay_rows() -> list[Row]:
    """Rows of the speed of replay."""
    folder = dataset("spells")
    with tempfile.TemporaryDirectory(prefix="replay-") as work:
        twin = _twin(folder, RunFolder(Path(work) / "run"))
        stream = synthetic_negatives(load_recordings(folder), "idle", SECONDS, seed=1)
        best_s = min(_processor_s(twin, stream) for _ in range(REPEATS))
    seconds = len(stream) / stream.rate_hz
    note = f"{seconds:.0f} s at 119 Hz, default network; processor time, best of {REPEATS}"
    value = round(seconds / best_s)
    return [row("replay times real time", value, "", COMMAND, note, ">= 2000")]


def _twin(data: Path, run: RunFolder) -> Twin:
    """Of the default network; what it has learned does not matter to its speed."""
    settings = [f"data.path={data}", "fit.epochs=1", "augment.passes=1", "unknown.share=0"]
    train.train(CONFIG, settings, run.path, lambda _: None)
    convert.convert(run.path, None, lambda _: None)
    return Twin(run.sources, run.build)


def _processor_s(twin: Twin, stream: Recording) -> float:
    started = time.process_time()
    twin.replay(stream)
    return time.process_time() - started
