"""The jobs of trials: what a trial costs, then one inner fold, then the others while it is good.

Each job is chosen when there is room for it, so a trial knows what those before it came to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pipeline.config.budget import Budget
from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.search_space import SearchSpace
from pipeline.core.errors import PipelineError
from pipeline.training.models import check_hop, check_window
from pipeline.workflows.jobs.job import Job, Outcome
from pipeline.workflows.jobs.progress import JobStep, OnJobStep
from pipeline.workflows.resolved_config import in_samples
from pipeline.workflows.search.held_out import HeldOut, inner_job
from pipeline.workflows.search.trial import AGAIN, UNFIT, FoldScore, Trial
from pipeline.workflows.search.untrained_cost import board_cost, cost_job

if TYPE_CHECKING:
    from pipeline.workflows.search.study import Study

UNTRAINED_FOR_EACH, UNTRAINED_AT_LEAST = 20, 200  # choices that come to nothing, then it is enough
COST = -1  # in place of a fold
MOST_ERRORS = 3  # of jobs, with nothing scored: then the next will fail too


class TrialQueue:
    """The trials of this client, as jobs."""

    def __init__(
        self,
        study: Study,
        space: SearchSpace,
        base: GestureConfig,
        held_out: HeldOut,
        budget: Budget,
        trials: int,
        on_step: OnJobStep,
    ) -> None:
        """Trials until the study has so many that were trained."""
        self._study, self._space, self._base = study, space, base
        self._held_out, self._budget, self._trials = held_out, budget, trials
        self._on_step = on_step
        self._fingerprint = held_out.seen.fingerprint()
        self._left = UNTRAINED_AT_LEAST + UNTRAINED_FOR_EACH * trials
        self._ready: deque[tuple[Trial, int, Job]] = deque()
        self._running: dict[str, list[tuple[Trial, int]]] = {}  # trials may share a network
        self._begun: list[Trial] = []
        self._errors, self._scores = 0, 0

    @property
    def is_exhausted(self) -> bool:
        """Whether it ended because hardly any choice is new, or fits."""
        return self._left <= 0

    def jobs(self) -> Iterator[Job | None]:
        """The next job; None where another outcome is needed first."""
        while True:
            if not self._ready and self._left > 0 and self._study.count() < self._trials:
                self._ask()
            while self._ready and self._ready[0][0].is_over:
                self._ready.popleft()
            if self._ready:
                trial, part, job = self._ready.popleft()
                self._running.setdefault(job.key, []).append((trial, part))
                yield job
            elif self._running:
                yield None
            elif self._left <= 0 or self._study.count() >= self._trials:
                return

    def _ask(self) -> None:
        """Another trial, unless the choice is none that can be tried."""
        asked, settings = self._study.ask(self._space, self._base)
        try:
            config, _ = in_samples(GestureConfig.model_validate(settings))
            check_window(config.model, config.window.length)
            check_hop(config.model, config.window.hop)
        except (ValidationError, PipelineError):
            self._left -= 1
            self._study.leave_out(asked, UNFIT)
            return
        if self._study.knows(config.hash()):
            self._left -= 1
            self._study.leave_out(asked, AGAIN)
            return
        trial = self._study.begin(asked, config)
        self._begun.append(trial)
        job = cost_job(config, self._held_out.labels, f"{trial.name}, its cost")
        self._ready.append((trial, COST, job))

    def outcome(self, done: Outcome) -> None:
        """A job has ended.

        Raises:
            PipelineError: of a job, where no job does its work.
        """
        trial, part = self._running[done.job.key].pop(0)
        if not self._running[done.job.key]:
            del self._running[done.job.key]
        if trial.is_over:
            return
        if done.error:
            self._errors += 1
            self._study.fail(trial)
            self._say(trial, f"failed: {done.error.what}")
            if self._errors >= MOST_ERRORS and not self._scores:
                raise done.error
        elif part == COST:
            self._priced(trial, done)
        else:
            self._scored(trial, part, done)

    def _say(self, trial: Trial, what: str) -> None:
        self._on_step(JobStep(trial.name, what))

    def _priced(self, trial: Trial, done: Outcome) -> None:
        cost = board_cost(done, trial.config, self._budget)
        self._study.note_cost(trial, cost)
        if trial.is_over:
            self._left -= 1
            self._say(trial, f"over the budget: {', '.join(cost.overruns)}")
        else:
            self._release(trial, [0])

    def _scored(self, trial: Trial, fold: int, done: Outcome) -> None:
        folds = len(self._held_out.inner)
        score = FoldScore(**done.figures)
        self._scores += 1
        self._study.note_score(trial, fold, score, folds)
        if trial.is_over and len(trial.scores) < folds:
            self._say(trial, f"behind, ends after {len(trial.scores)} of {folds} folds")
        elif trial.is_over:
            self._say(trial, f"all {folds} folds are done")
        elif len(trial.scores) == 1:
            self._release(trial, range(1, folds))

    def _release(self, trial: Trial, folds: range | list[int]) -> None:
        of = len(self._held_out.inner)
        for fold in folds:
            split = self._held_out.inner[fold]
            name = f"{trial.name}, fold {fold + 1} of {of}"
            self._ready.append(
                (trial, fold, inner_job(trial.config, split, self._fingerprint, name))
            )

    def give_up(self) -> None:
        """The trials that are not over are tried again when the search goes on."""
        for trial in self._begun:
            if not trial.is_over:
                self._study.give_up(trial)
