"""Trainings that take no time: `gesture train` but for its network, which only knows its seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.core.errors import PipelineError
from pipeline.core.run_folder import RunFolder, check
from pipeline.workflows import train as workflow
from tests.fixtures.run_commands import CONFIG, ignore
from tests.takes import save_all, takes

SMALL = ("window.length=40", "augment.passes=1", "model.convolutions=[{filters: 4, pool: 2}]")
LABELS, PEOPLE = ("flex", "punch"), ("anna", "bo")


def dataset_in(folder: Path) -> Path:
    """Save a small dataset."""
    return save_all(folder / "takes", takes(LABELS, PEOPLE))


def train(dataset: Path, seed: int, run: Path | None) -> Path:
    """A run whose every part tells its seed; in a process of its own, for it changes modules."""
    _take_no_time()
    settings = [f"data.path={dataset}", f"fit.seed={seed}", *SMALL]
    return workflow.train(CONFIG, settings, run, ignore).run


def resume(run: Path) -> Path:
    """`gesture train --resume`, as `train`."""
    _take_no_time()
    return workflow.resume(run, ignore).run


def _take_no_time() -> None:
    from pipeline.training import gesture_task

    vars(gesture_task).update(fit=_fit, confusion_picture=lambda *_: b"a picture")


def is_whole(run: Path) -> bool:
    """Whether all of it is one training's, by its hashes and by what tells its seed."""
    folder = RunFolder(run)
    try:
        check(folder)
    except PipelineError:
        return False
    seed = yaml.safe_load(folder.config_file.read_text("utf-8"))["fit"]["seed"]
    told = {
        float(json.loads(folder.metrics_file.read_text("utf-8"))["epochs"][0]["loss"]),
        float(folder.keras_file.read_text("utf-8")),
    }
    return told == {seed}


class _Network:
    def __init__(self, seed: int) -> None:
        self._seed = seed

    def predict(self, windows: Any, **_options: Any) -> Any:
        return np.full((len(windows), len(LABELS)), 1 / len(LABELS), np.float32)

    def save(self, path: Path) -> None:
        path.write_text(str(self._seed), "utf-8")

    def count_params(self) -> int:
        return 1


def _fit(_course: Any, config: Any, _on_epoch: Any, journal: Any) -> Any:
    from pipeline.training.fit import Epoch, Fitted

    journal.begin()
    return Fitted(_Network(config.seed), (Epoch(1, 1, float(config.seed), None, None),))
