"""Every command that reads a run, by its name, and a run of a stranger's for it to read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import PipelineError
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder
from pipeline.workflows import (
    boards,
    compare,
    convert,
    datasets,
    deploy,
    evaluate,
    export,
    predict,
    report,
    train,
)

Command = Callable[[Path], object]

SAMPLE = PROJECT / "data" / "sample"
CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
SETTINGS = [
    *(f"data.path={SAMPLE}", "fit.epochs=2", "augment.passes=1"),
    "model.convolutions=[{filters: 4, pool: 2}]",
]
RECORDING = SAMPLE / "punch" / "sim1-1-001.csv"
NO_PORT = "/dev/null"
EXPORTED = "exported"


def ignore(_: object) -> None:
    """Nobody watches."""


def converted_run(path: Path) -> Path:
    """A run on the sample data, with few epochs: what it computes, not how well."""
    train.train(CONFIG, SETTINGS, path, ignore)
    convert.convert(path, None, ignore)
    return path


@contextmanager
def copy_of(run: Path, folder: Path) -> Iterator[Path]:
    """A stranger's: nothing was built of it here."""
    place = shutil.copytree(run, folder / "stranger")
    try:
        yield place
    finally:
        shutil.rmtree(place)


def _start(run: Path) -> None:
    with boards.start_board("native", run, None, None, fast=True):
        pass


def _list(run: Path) -> None:
    """A run that cannot be read is listed with its fault."""
    (found,) = (one for one in compare.list_runs(run.parent) if one.run.name == run.name)
    if isinstance(found, compare.BrokenRun):
        raise PipelineError(found.fault, "", "")


COMMANDS: Mapping[str, Command] = {
    "deploy": lambda run: deploy.deploy(run, "native", "auto", False, ignore),
    "export": lambda run: export.export(run, run.parent / EXPORTED),
    "replay": lambda run: predict.replay(run, RECORDING),
    "report": lambda run: report.report(run, ignore),
    "verify": lambda run: export.verify(run, ignore),
    "convert": lambda run: convert.convert(run, None, ignore),
    "evaluate": lambda run: evaluate.evaluate(run, [], [], ignore, run.parent / "evaluations"),
    "board check": lambda run: deploy.check_board(run, NO_PORT, ignore),
    "board build": lambda run: deploy.build_only("native", run),
    "board start": _start,
    "data stream": lambda run: datasets.make_stream(SAMPLE, run.parent / "stream.csv", run, 1),
    "runs list": _list,
    "runs compare": lambda run: compare.compare_runs([run, run]),
}


def artifacts_of(run: Path) -> list[str]:
    """Every file of the run, but for logs of its training."""
    files = (file.relative_to(run) for file in run.rglob("*") if file.is_file())
    return sorted(str(file) for file in files if file.parts[0] != RunFolder(run).training.name)
