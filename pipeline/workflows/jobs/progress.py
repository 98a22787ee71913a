"""How far jobs are, with an estimate of the time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pipeline.workflows.jobs.job import Event, Outcome

MINUTE_S, HOUR_S = 60, 3600


@dataclass(frozen=True)
class JobStep:
    """Where a job is, for people and programs.

    Args:
        job: its name; empty for what concerns all.
        step: what it does now.
        share: of the step that is done; 0 where it begins.
        done: how many jobs are done.
        jobs: how many there are.
        left_s: until all are done; None where it is not known.
    """

    job: str
    step: str
    share: float = 0.0
    done: int = 0
    jobs: int = 0
    left_s: float | None = None

    def __str__(self) -> str:
        left = "" if self.left_s is None else f", at most {duration(self.left_s)} left"
        return f"{self.job}{': ' if self.job else ''}{self.step}{left}"


OnJobStep: TypeAlias = Callable[[JobStep], None]


class JobProgress:
    """Progress of jobs that run side by side.

    The estimate comes from the jobs of this command; a training that stops early takes less.
    """

    def __init__(
        self, jobs: int, on_step: OnJobStep, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Progress of `jobs` jobs."""
        self.jobs, self.done = jobs, 0
        self._on_step, self._clock_s = on_step, clock_s
        self._begun_s = clock_s()
        self._worked = 0  # jobs that this command has done
        self._shares: dict[str, float] = {}  # of those that run, by key

    def event(self, event: Event) -> None:
        """A job has begun a step, or come further in it."""
        if event.job is None:
            self._report("", event.step)
            return
        key = event.job.key
        self._shares[key] = event.share or self._shares.get(key, 0.0)
        left_s = self._left_s() if event.share else None
        self._report(event.job.name, event.step, event.share, left_s)

    def outcome(self, outcome: Outcome) -> None:
        """A job has ended."""
        name = outcome.job.name
        self._shares.pop(outcome.job.key, None)
        self.done += outcome.error is None
        self._worked += not outcome.done_before
        if outcome.error or outcome.done_before:
            self._report(name, "failed" if outcome.error else "done before")
        else:
            self._report(name, "done", left_s=self._left_s())

    def _report(self, job: str, step: str, share: float = 0.0, left_s: float | None = None) -> None:
        self._on_step(JobStep(job, step, share, self.done, self.jobs, left_s))

    def _left_s(self) -> float | None:
        begun = sum(self._shares.values())
        worked, remaining = self._worked + begun, self.jobs - self.done - begun
        if remaining <= 0 or worked <= 0:
            return None
        return (self._clock_s() - self._begun_s) / worked * remaining


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h 10 min`: rounded up."""
    if seconds < MINUTE_S:
        return f"{max(1, round(seconds))} s"
    if seconds < HOUR_S:
        return f"{-(-seconds // MINUTE_S):.0f} min"
    hours, rest = divmod(-(-seconds // MINUTE_S), MINUTE_S)
    return f"{hours:.0f} h {rest:.0f} min"
