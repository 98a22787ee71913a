"""Run folders: where a new one goes, and which one is meant."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.contract import Contract, Task
from pipeline.errors import ExitCode, PipelineError
from pipeline.run_folder import RunFolder

RUNS = Path("runs")
LATEST = RUNS / "latest"


def new_run(name: str) -> RunFolder:
    """`runs/NAME`, or with a number behind it where that is taken."""
    number = 1
    path = RUNS / name
    while path.exists():
        number += 1
        path = RUNS / f"{name}-{number}"
    return RunFolder(path)


def named_run(path: Path) -> RunFolder:
    """`path`, which must be free: a run is never written over."""
    run = RunFolder(path)
    if path.exists():
        begun = run.config_file.exists() and not run.contract_file.exists()
        other = "choose another name, or delete the folder first"
        raise PipelineError(
            f"{path} exists already.",
            "a run is never written over, so that its figures stay true",
            f"go on with it by `gesture train --resume {path}`, {other}" if begun else other,
            ExitCode.USAGE,
        )
    return run


def point_latest_at(run: RunFolder) -> None:
    """Make `runs/latest` mean this run, for runs that lie in `runs/`."""
    if run.path.resolve().parent != RUNS.resolve():
        return
    draft = LATEST.with_name(f".latest.{os.getpid()}")
    draft.symlink_to(run.name)
    draft.replace(LATEST)


def open_run(path: Path) -> RunFolder:
    if not path.is_dir():
        raise PipelineError(
            f"There is no run at {path}.",
            "the path is misspelt, or nothing has been trained here yet",
            "run `gesture train CONFIG`, and give the run folder it prints",
            ExitCode.USAGE,
        )
    real, here = path.resolve(), Path.cwd()  # runs/latest is a link: the run's own name is wanted
    return RunFolder(real.relative_to(here) if real.is_relative_to(here) else real)


def contract_for(run: RunFolder, task: Task, command: str) -> Contract:
    """Raises PipelineError for a run of another task than the command's."""
    contract = run.contract()
    if contract.task != task:
        raise PipelineError(
            f"{run.path} is a run for {contract.task}, and `gesture {command}` needs one for "
            f"{task}.",
            "each task has its own commands",
            f"name another run; `gesture train` makes one of a config with `task: {task}`",
            ExitCode.USAGE,
        )
    return contract


def converted_contract(run: RunFolder) -> Contract:
    """Raises PipelineError where the run has not been through `gesture convert`."""
    contract = run.contract()
    if contract.quantisation is None:
        raise PipelineError(
            f"{run.path} has not been converted.",
            "training leaves a Keras model; a board needs it quantised and compiled to C",
            f"run `gesture convert {run.path}` first",
        )
    return contract
