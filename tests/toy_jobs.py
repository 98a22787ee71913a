"""Jobs that take no time, or as long as is said, and that may fail or kill their worker."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import PipelineError
from pipeline.workflows.jobs.job import Job, Report

KIND = f"{__name__}:work"


def toy_job(seed: int, data: str = "", **config: Any) -> Job:
    """A job whose figure is twice its seed.

    Args:
        config: `seconds` it takes; `log`, a file with a line for each time that it begins;
            `deaths`, how often it kills its worker; `fails`, what it cannot do; `allocates`, bytes.
    """
    return Job(KIND, config, data, seed, name=f"job {seed}")


def work(job: Job, data: Any, folder: Path, report: Report) -> dict[str, Any]:
    report("working", 0.0)
    times = _times_begun(job.config.get("log"))
    if times <= job.config.get("deaths", 0):
        print("this worker dies", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if fails := job.config.get("fails"):
        raise PipelineError(fails, "it is a toy", "play")
    filled = b"x" * job.config.get("allocates", 0)
    time.sleep(job.config.get("seconds", 0.0))
    (folder / "made.txt").write_text(f"{job.seed} {data}", "utf-8")
    report("sleeping", 0.5)
    return {"twice": 2 * job.seed, "filled": len(filled)}


@dataclass(frozen=True)
class Loaded:
    """Data that note in `log` each process in which they are unpickled."""

    log: str

    def __reduce__(self) -> tuple[Any, ...]:
        return _loaded, (self.log,)


def _loaded(log: str) -> Loaded:
    _times_begun(log)
    return Loaded(log)


def _times_begun(log: str | None) -> int:
    """How often this job has begun, this time too."""
    if log is None:
        return 1
    with Path(log).open("a", encoding="utf-8") as lines:
        lines.write(f"{os.getpid()}\n")
    return len(begun(log))


def begun(log: str | Path) -> list[int]:
    """The processes of a log, in order."""
    return [int(line) for line in Path(log).read_text("utf-8").splitlines()]
