"""The one place where jobs run: on this machine, or where a scheduler is."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sized
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from pipeline.core.errors import PipelineError
from pipeline.core.locks import Lock, LockedError
from pipeline.workflows.jobs import kept
from pipeline.workflows.jobs.job import Event, Job, Outcome, Result
from pipeline.workflows.jobs.local import LocalWorkers, most_workers

POLL_S = 0.2
Ended: TypeAlias = tuple[Job, Result | PipelineError]


class Workers(Protocol):
    """Where jobs run. dashboard: the address of a page that shows them; possibly empty."""

    dashboard: str

    @property
    def has_room(self) -> bool:
        """Whether another job is wanted."""

    def begin(self, job: Job, data: bytes) -> None:
        """Start a job; data: pickled."""

    def wait(self, timeout_s: float) -> list[Event | Ended]:
        """What has happened within this time."""

    def close(self) -> None:
        """Nothing goes on anywhere."""


def run_jobs(
    jobs: Iterable[Job | None],
    data: Mapping[str, Any],
    scheduler: str | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
    folder: Path = kept.JOBS,
    command: str = "evaluate",
) -> Generator[Outcome, None, None]:
    """Do jobs, and yield each outcome when it is there; what was done before is not done again.

    A job is taken from `jobs` when there is room for it, so a generator may choose it by the
    outcomes so far. It yields None where it first needs another outcome. Close the iterator
    (contextlib.closing) where it is left early: no job goes on then.

    Args:
        data: by fingerprint.
        scheduler: an address of Dask, or `module.Class` of a Dask cluster; None for this machine.
        folder: where results are kept.
        command: who does them, for another command that waits for one.

    Raises:
        PipelineError: the scheduler cannot be used. The error of a job is in its outcome.
    """
    most = len(jobs) if isinstance(jobs, Sized) else None
    with closing(_workers(scheduler, most)) as workers:
        if workers.dashboard:
            on_event(Event(None, f"the workers are seen at {workers.dashboard}"))
        yield from _Run(workers, data, on_event, folder, command).outcomes(iter(jobs))


def _workers(scheduler: str | None, jobs: int | None) -> Workers:
    if scheduler is None:
        return LocalWorkers(min(most_workers(), jobs or most_workers()))
    if find_spec("distributed") is None:
        raise PipelineError(
            "Dask is not installed, and --scheduler needs it.",
            "one machine needs no scheduler, so the tool is installed without",
            "run: pip install 'gesture-pipeline[cluster]' (or: pip install distributed)",
        )
    from pipeline.workflows.jobs.cluster import DaskWorkers

    return DaskWorkers(scheduler)


class _Run:
    """The jobs of one command. `elsewhere` are those that another command does now."""

    def __init__(
        self,
        workers: Workers,
        data: Mapping[str, Any],
        on_event: Callable[[Event], None],
        folder: Path,
        command: str,
    ) -> None:
        self._workers, self._on_event = workers, on_event
        self._folder, self._command = folder, command
        self._data, self._pickled = data, {"": pickle.dumps(None)}
        self._locks: dict[str, Lock] = {}
        self._elsewhere: list[Job] = []

    def outcomes(self, jobs: Iterator[Job | None]) -> Iterator[Outcome]:
        """All of them; the locks of jobs that have not ended are released at the end."""
        try:
            while True:
                exhausted = yield from self._begun(jobs)
                if exhausted and not self._locks and not self._elsewhere:
                    return
                for event in self._workers.wait(POLL_S):
                    if isinstance(event, Event):
                        self._on_event(event)
                    else:
                        yield self._ended(*event)
        finally:
            for lock in self._locks.values():
                lock.release()

    def _begun(self, jobs: Iterator[Job | None]) -> Generator[Outcome, None, bool]:
        """Begin as many as there is room for; yields those that are done already.

        Returns:
            Whether there are no more.
        """
        waiting, self._elsewhere = self._elsewhere, []
        for one in waiting:
            yield from self._begun_or_done(one)
        while self._workers.has_room:
            try:
                job = next(jobs)
            except StopIteration:
                return True
            if job is None:
                return False
            yield from self._begun_or_done(job)
        return False

    def _begun_or_done(self, job: Job) -> Iterator[Outcome]:
        done = kept.load(job, self._folder)
        if done is None and self._workers.has_room:
            with suppress(LockedError):
                lock = Lock(kept.place_of(job, self._folder), self._command)
                done = kept.load(job, self._folder)  # by who has just released the lock
                if done is None:
                    self._locks[job.key] = lock
                    self._workers.begin(job, self._pickled_data(job.data))
                    return
                lock.release()
        if done is None:
            self._elsewhere.append(job)
        else:
            yield done

    def _pickled_data(self, fingerprint: str) -> bytes:
        if fingerprint not in self._pickled:
            self._pickled[fingerprint] = pickle.dumps(self._data[fingerprint], protocol=5)
        return self._pickled[fingerprint]

    def _ended(self, job: Job, result: Result | PipelineError) -> Outcome:
        with self._locks.pop(job.key):
            if isinstance(result, PipelineError):
                return Outcome(job, error=result)
            return kept.save(job, result, self._folder)
