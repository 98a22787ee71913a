"""Jobs on this machine: a process for each processor, as far as the memory suffices."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from pipeline.core.errors import PipelineError
from pipeline.workflows.jobs.job import Event, Job, Result
from pipeline.workflows.jobs.worker import DiedError, Worker

WORKER_BYTES = 1_500_000_000  # TensorFlow twice, for training and for conversion, and windows
RETRIES = 3  # of a job whose worker has died


def most_workers() -> int:
    """How many worker processes this machine has room for, at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    free = _free_bytes()
    return max(1, min(cores or 1, cores or 1 if free is None else free // WORKER_BYTES))


def _free_bytes() -> int | None:
    """Memory that new processes may take; None where the system does not say it."""
    try:
        found = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text("ascii"))
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


@dataclass
class _Running:
    job: Job
    data: bytes
    deaths: int = 0


class LocalWorkers:
    """Worker processes, each started when there is work for it."""

    dashboard = ""

    def __init__(self, most: int) -> None:
        """At most so many processes."""
        self.most = most
        self._idle: list[Worker] = []
        self._busy: dict[Worker, _Running] = {}

    @property
    def has_room(self) -> bool:
        """Whether another job would start at once."""
        return len(self._busy) < self.most

    def begin(self, job: Job, data: bytes) -> None:
        """Start a job."""
        self._begin(_Running(job, data))

    def _begin(self, running: _Running) -> None:
        worker = self._idle.pop() if self._idle else Worker()
        worker.begin(running.job, running.data)
        self._busy[worker] = running

    def wait(self, timeout_s: float) -> list[Event | tuple[Job, Result | PipelineError]]:
        """What has happened within this time: steps, and jobs that have ended."""
        by_connection = {worker.connection: worker for worker in self._busy}
        ready = [by_connection[one] for one in wait(list(by_connection), timeout_s)]  # type: ignore[index]
        return [self._answer(worker) for worker in ready]

    def _answer(self, worker: Worker) -> Event | tuple[Job, Result | PipelineError]:
        running = self._busy[worker]
        try:
            answer: Result | PipelineError | tuple[str, float] = worker.answer()
        except PipelineError as error:
            answer = error
        except DiedError as died:
            return self._again(worker, died)
        if isinstance(answer, tuple):
            return Event(running.job, *answer)
        del self._busy[worker]
        if worker.has_done_its_share:
            worker.kill()
        else:
            self._idle.append(worker)
        return running.job, answer

    def _again(self, worker: Worker, died: DiedError) -> Event | tuple[Job, PipelineError]:
        running = self._busy.pop(worker)
        worker.kill()
        running.deaths += 1
        if running.deaths > RETRIES:
            return running.job, died_error(running.job, died.reason, died.log)
        self._begin(running)
        return Event(running.job, f"its worker died ({died.reason}); once more")

    def close(self) -> None:
        """Nothing goes on."""
        for worker in (*self._idle, *self._busy):
            worker.kill()


def died_error(job: Job, reason: str, log: str) -> PipelineError:
    """Of a job that has killed each of its workers."""
    printed = f"; it printed:\n{log.rstrip()}" if log.strip() else ""
    return PipelineError(
        f"{job.name or job.kind} failed: its worker died {RETRIES + 1} times ({reason}).",
        f"the memory possibly did not suffice, or another program ended it{printed}",
        "close other programs, or use machines with more memory; the same command goes on",
    )
