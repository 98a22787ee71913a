"""Creates, finds and locks run folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import count
from pathlib import Path

from pipeline.core.contract import Contract, Task
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import is_part, require_room, why_missing
from pipeline.core.locks import LOCK, Lock, LockedError, UnwritableError
from pipeline.core.run_folder import RunFolder, check

RUNS = Path("runs")
LATEST = RUNS / "latest"


@contextmanager
def begun_run(path: Path | None, name: str) -> Iterator[RunFolder]:
    """Create a run that this process has locked during the block.

    If the block fails before the first checkpoint, the folder is deleted. Else it stays, and
    `gesture train --resume` continues it.

    Args:
        path: its folder; it must not exist, as a run is never overwritten. None chooses one.
        name: of the chosen folder, `runs/NAME`, with a number if that exists.
    """
    run, lock = _first_free(name) if path is None else _named(path)
    with lock:
        try:
            yield run
        except Exception:
            if not run.is_resumable:
                shutil.rmtree(run.path, ignore_errors=True)
                with suppress(OSError):  # there are other runs
                    RUNS.rmdir()
            raise


def _first_free(name: str) -> tuple[RunFolder, Lock]:
    for number in count(1):
        path = RUNS / (name if number == 1 else f"{name}-{number}")
        with suppress(LockedError):
            lock = _take(path)
            if lock is not None:
                return RunFolder(path), lock
    raise AssertionError("numbers do not end")


def _named(path: Path) -> tuple[RunFolder, Lock]:
    lock = _take(path)
    if lock is not None:
        return RunFolder(path), lock
    if (path / LOCK).is_file():
        Lock(path, "train").release()  # raises where another command writes the folder
    run = RunFolder(path)
    begun = run.config_file.exists() and not run.contract_file.exists()
    other = "choose another name: `--run`"
    raise UsageError(
        f"{path} exists already.",
        "a run is never overwritten, so that its figures stay true",
        f"continue it with `gesture train --resume {path}`, {other}" if begun else other,
    )


def _take(path: Path) -> Lock | None:
    """Lock an empty or new folder; None if it is not empty."""
    if os.path.lexists(path) and not _is_empty(path):
        return None
    lock = Lock(path, "train")
    if _is_empty(path):
        return lock
    lock.release()
    return None


def _is_empty(path: Path) -> bool:
    """Whether it is empty, apart from files of a training that was killed at its start."""
    return path.is_dir() and all(file.name == LOCK or is_part(file) for file in path.iterdir())


def point_latest_at(run: RunFolder) -> None:
    """Let the link `runs/latest` point to this run, if it is in `runs/`."""
    if run.path.resolve().parent != RUNS.resolve():
        return
    draft = LATEST.with_name(".latest")
    while True:
        try:
            draft.symlink_to(run.name)
            draft.replace(LATEST)
            break
        except FileExistsError:
            draft.unlink(missing_ok=True)  # of a process that was killed, or that does the same now
        except FileNotFoundError:
            continue  # another process has removed it: try again


def open_run(path: Path) -> RunFolder:
    """Open a trained run for reading, and check all its artifacts."""
    run = find_run(path)
    require_unchanged(run)
    return run


@contextmanager
def locked_run(
    path: Path, command: str, patience_s: float = 0.0, *, reads: bool = False
) -> Iterator[RunFolder]:
    """Open a run as `open_run`, and lock it during the block.

    Args:
        command: `gesture COMMAND`; the artifacts that it makes again are not checked.
        reads: the command only reads; a run on a read-only disk needs no lock.
    """
    run = find_run(path)
    with _lock(run.path, command, patience_s, reads):
        require_unchanged(run, remakes=command)
        yield run


def _lock(
    folder: Path, command: str, patience_s: float, reads: bool
) -> AbstractContextManager[object]:
    try:
        return Lock(folder, command, patience_s)
    except UnwritableError:
        if reads:
            return nullcontext()
        raise


def require_space(run: RunFolder) -> None:
    """Check the disk space for the run, its build folder and temporary files."""
    for folder in (run.path, run.build, Path(tempfile.gettempdir())):
        require_room(folder)


def require_unchanged(run: RunFolder, remakes: str | None = None) -> None:
    """Check all artifacts of a trained run, but not those that command `remakes` makes again."""
    run.contract()  # raises if it is not trained
    check(run, remakes)


def find_run(path: Path) -> RunFolder:
    """Find a run folder, also of an interrupted training. Nothing is checked."""
    if not path.is_dir():
        raise UsageError(
            f"There is no run at {path}.",
            why_missing(
                path, "folder", "the path is misspelt, or nothing has been trained here yet"
            ),
            "run `gesture train CONFIG`, and give the run folder it prints",
        )
    real, here = path.resolve(), Path.cwd()  # runs/latest is a link to the run
    return RunFolder(real.relative_to(here) if real.is_relative_to(here) else real)


def contract_for(run: RunFolder, task: Task, command: str) -> Contract:
    """The contract of a run for `command`; USAGE if the run has another task."""
    contract = run.contract()
    if contract.task != task:
        raise UsageError(
            f"{run.path} is a run for {contract.task}, and `gesture {command}` needs one for "
            f"{task}.",
            "each task has its own commands",
            f"name another run; `gesture train` makes one of a config with `task: {task}`",
        )
    return contract


def converted_contract(run: RunFolder) -> Contract:
    """The contract of a converted run."""
    contract = run.contract()
    if contract.quantization is None:
        raise PipelineError(
            f"{run.path} has not been converted.",
            "a board needs a quantized model in C; training makes a Keras model",
            f"run `gesture convert {run.path}` first",
        )
    return contract
