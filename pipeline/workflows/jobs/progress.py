"""How far jobs are, in words, with an estimate of the time left."""

from __future__ import annotations

import time
from collections.abc import Callable

from pipeline.core.progress import OnStep
from pipeline.workflows.jobs.job import Event, Outcome

MINUTE_S, HOUR_S = 60, 3600


class JobProgress:
    """Progress of jobs that run side by side.

    The estimate comes from the jobs of this command; a training that stops early takes less.
    """

    def __init__(
        self,
        jobs: int,
        on_step: OnStep,
        on_progress: OnStep,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Progress of `jobs` jobs.

        Args:
            on_step: is called with a text when a step of a job begins, or a job ends.
            on_progress: is called with a text when a step has come further.
        """
        self.jobs, self.done = jobs, 0
        self._on_step, self._on_progress, self._clock_s = on_step, on_progress, clock_s
        self._begun_s = clock_s()
        self._worked = 0  # jobs that this command has done
        self._shares: dict[str, float] = {}  # of those that run, by key

    def event(self, event: Event) -> None:
        """A job has begun a step, or come further in it."""
        is_step = not event.share
        self._shares[event.job.key] = event.share or self._shares.get(event.job.key, 0.0)
        text = f"{event.job.name}: {event.step}"
        if is_step:
            self._on_step(text)
        else:
            self._on_progress(f"{text}{self._left()}")

    def outcome(self, outcome: Outcome) -> None:
        """A job has ended."""
        self._shares.pop(outcome.job.key, None)
        if outcome.error:
            self._on_step(f"{outcome.job.name}: failed")
            return
        self.done += 1
        self._worked += not outcome.done_before
        ended = "done before" if outcome.done_before else f"done{self._left()}"
        self._on_step(f"{outcome.job.name}: {ended}")

    def _left(self) -> str:
        begun = sum(self._shares.values())
        worked, remaining = self._worked + begun, self.jobs - self.done - begun
        if remaining <= 0 or worked <= 0:
            return ""
        worked_s = self._clock_s() - self._begun_s
        return f", at most {duration(worked_s / worked * remaining)} left"


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h 10 min`: rounded up."""
    if seconds < MINUTE_S:
        return f"{max(1, round(seconds))} s"
    if seconds < HOUR_S:
        return f"{-(-seconds // MINUTE_S):.0f} min"
    hours, rest = divmod(-(-seconds // MINUTE_S), MINUTE_S)
    return f"{hours:.0f} h {rest:.0f} min"
