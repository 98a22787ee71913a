"""Trainings that take no time, and commands in processes of their own."""

from __future__ import annotations

import importlib
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
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
    said = {
        float(json.loads(folder.metrics_file.read_text("utf-8"))["epochs"][0]["loss"]),
        float(folder.keras_file.read_text("utf-8")),
    }
    return said == {seed}


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


HEAVY = (
    "pipeline.training.gesture_task",
    "pipeline.training.run_files",
    "pipeline.twin.library",
)


def warm_up() -> None:
    """What a command would import first."""
    for name in HEAVY:
        importlib.import_module(name)


def forked(work: Callable[[], object]) -> int:
    """The id of a process that does the work; it ends with 1 where that is refused."""
    process = os.fork()
    if process:
        return process
    status = 2
    try:
        with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
            work()
        status = 0
    except PipelineError:
        status = 1
    finally:
        os._exit(status)


def ended(process: int) -> int:
    """Wait; its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def both(first: Callable[[], object], second: Callable[[], object], later_s: float) -> list[int]:
    """Two at once; their exit codes. Raises RuntimeError where one neither worked nor refused."""
    processes = [forked(first)]
    time.sleep(later_s)
    processes.append(forked(second))
    codes = [ended(process) for process in processes]
    if not set(codes) <= {0, 1}:
        raise RuntimeError(f"a command ended with {codes}")
    return codes


def killed_after(work: Callable[[], object], seconds: float) -> bool:
    """`kill -9` so many seconds after it has begun; whether it was still at work."""
    process = forked(work)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    return ended(process) < 0


@contextmanager
def new_folder() -> Iterator[Path]:
    """A folder to stand in."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="trust-") as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)
