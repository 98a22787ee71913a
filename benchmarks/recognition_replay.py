"""How fast the twin hears recordings: the same C as on a board, on one core of this computer."""

from __future__ import annotations

import time

from benchmarks.recognition_folds import dataset, judged
from benchmarks.results_file import Row, row
from pipeline.artifacts import Recording, RunFolder
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.unknown import unknown_motion
from pipeline.twin import Twin

COMMAND = "python -m benchmarks.recognition replay"
SECONDS = 1200.0
REPEATS = 5


def replay_rows() -> list[Row]:
    score = judged("spells", "gesture_conv1d", "kfold")
    run = RunFolder(score.folds[0].run)
    twin = Twin(run.sources, run.build)
    stream = unknown_motion(load_recordings(dataset("spells")), "idle", SECONDS, seed=1)
    seconds = len(stream) / stream.rate_hz
    best_s = min(_processor_s(twin, stream) for _ in range(REPEATS))
    note = f"{seconds:.0f} s at 119 Hz, default network; processor time, best of {REPEATS}"
    value = round(seconds / best_s)
    return [row("replay times real time", value, "", COMMAND, note, ">= 2000")]


def _processor_s(twin: Twin, stream: Recording) -> float:
    started = time.process_time()
    twin.replay(stream)
    return time.process_time() - started
