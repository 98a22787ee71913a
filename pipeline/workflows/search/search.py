"""`gesture search`: the best network for a budget, in the words of a config."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config.budget import Budget, load_budget
from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.search_space import SearchSpace, load_search_space
from pipeline.core.errors import ExitCode, PipelineError, UsageError
from pipeline.core.files import require_room
from pipeline.core.plurals import counted
from pipeline.core.run_folder import RunFolder
from pipeline.reports.search_page import Point
from pipeline.workflows.decision import Events, outcome
from pipeline.workflows.evaluate import config_of
from pipeline.workflows.fold import GestureData, fold_job
from pipeline.workflows.jobs.job import Outcome
from pipeline.workflows.jobs.kept import JOBS
from pipeline.workflows.jobs.progress import JobProgress, JobStep, OnJobStep
from pipeline.workflows.jobs.run import run_jobs
from pipeline.workflows.jobs.versions import code_version
from pipeline.workflows.resolved_config import in_samples
from pipeline.workflows.runs import RUNS
from pipeline.workflows.search.found import PAGE, SEARCHES, WINNER, Found, TestScore
from pipeline.workflows.search.held_out import HeldOut
from pipeline.workflows.search.trial_queue import TrialQueue

if TYPE_CHECKING:
    from pipeline.workflows.search.study import Study

DATABASE = "searches.db"
HASH_LETTERS = 8


def search(
    config_file: Path,
    settings: Sequence[str],
    space_file: Path,
    trials: int,
    budget_file: Path | None,
    on_step: OnJobStep,
    storage: str | None = None,
    resume: bool = False,
    scheduler: str | None = None,
) -> Found:
    """Search the best network within a budget, and test it on recordings that it has not seen.

    Args:
        settings: that replace those of the config.
        space_file: keys of the config, with the values to try.
        trials: networks to train.
        budget_file: what a network may take; None for no limit.
        storage: a database that several clients share, as SQLAlchemy writes it; None for a file in
            the runs folder.
        resume: go on with the newest search of the same, or join it.
        scheduler: where jobs run, as in run_jobs; None for this machine.

    Raises:
        PipelineError: a file has faults, the data do not suffice, nothing fits the budget; or
            Ctrl-C (INTERRUPTED).
    """
    require_optuna()
    if config_file.is_dir():
        raise UsageError(
            f"{config_file} is a folder, and a search begins with a config.",
            "a run has been trained already",
            f"name its config: `gesture search {config_file / 'config.yaml'}`",
        )
    config, name, _ = config_of(config_file, settings)
    space = load_search_space(space_file, config)
    budget = Budget() if budget_file is None else load_budget(budget_file)
    held_out = HeldOut.of(GestureData.load(config), config)
    require_room(JOBS)
    study = _study(name, config, space, budget, held_out, storage, resume)
    with closing(study):
        queue = TrialQueue(study, space, config, held_out, budget, trials, on_step)
        progress = _progress(study, held_out, trials, on_step)
        with _stoppable(study, queue, trials):
            _run(queue, held_out, scheduler, progress)
            return _found(study, queue, space, config, held_out, scheduler, progress)


def require_optuna() -> None:
    """Raises:
    PipelineError: Optuna is not installed.
    """
    if find_spec("optuna") is None:
        raise PipelineError(
            "Optuna is not installed, and it chooses what a search tries.",
            "only searches need it, so the tool is installed without",
            "run: pip install 'gesture-pipeline[search]' (or: pip install optuna)",
        )


def _study(
    name: str,
    config: GestureConfig,
    space: SearchSpace,
    budget: Budget,
    held_out: HeldOut,
    storage: str | None,
    resume: bool,
) -> Study:
    from pipeline.workflows.search.study import Study

    if storage is None:
        require_room(RUNS)
        RUNS.mkdir(exist_ok=True)
        storage = f"sqlite:///{RUNS / DATABASE}"
    alike = _hash(space.plain(), held_out.seen.fingerprint())
    own = _hash(alike, config.hash(), budget.model_dump(), code_version())
    study = Study(storage, own, alike, f"{name}-{own[:HASH_LETTERS]}", resume)
    if not resume:
        study.begin_with(space, config)
    return study


def _hash(*content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _progress(study: Study, held_out: HeldOut, trials: int, on_step: OnJobStep) -> JobProgress:
    folds = len(held_out.inner)
    said = f"{study.count()} of {trials} trials are there; each has {folds} inner folds"
    on_step(JobStep(f"study {study.name}", said))
    jobs = max(0, trials - study.count()) * (1 + folds)
    return JobProgress(jobs, on_step)


@contextmanager
def _stoppable(study: Study, queue: TrialQueue, trials: int) -> Iterator[None]:
    """Ctrl-C, and faults of the database: what is finished stays."""
    from pipeline.workflows.search.study import storage_errors

    with storage_errors():
        try:
            yield
        except KeyboardInterrupt:
            queue.give_up()
            raise PipelineError(
                f"The search was stopped; {study.count()} of {trials} trials are kept.",
                "Ctrl-C was pressed",
                "type the same command with --resume to go on",
                ExitCode.INTERRUPTED,
            ) from None
        finally:
            queue.give_up()


def _run(
    queue: TrialQueue, held_out: HeldOut, scheduler: str | None, progress: JobProgress
) -> None:
    data = {held_out.seen.fingerprint(): held_out.seen}
    ended = run_jobs(queue.jobs(), data, scheduler, progress.event, command="search")
    with closing(ended) as ending:
        for one in ending:
            progress.outcome(one)
            queue.outcome(one)


def _found(
    study: Study,
    queue: TrialQueue,
    space: SearchSpace,
    config: GestureConfig,
    held_out: HeldOut,
    scheduler: str | None,
    progress: JobProgress,
) -> Found:
    """Test the winner, and the config as it was, on the test part; then write all files."""
    front, scored = study.front(space), study.scored(space)
    if not front:
        raise _nothing_found(study)
    winner = front[0]
    chosen = _config_of(winner, space, config)
    tested, before = _tested([chosen, config], held_out, scheduler, progress)
    folder = SEARCHES / study.name
    found = Found(
        folder=folder,
        study=study.name,
        split=_split_said(held_out),
        folds=len(held_out.inner),
        scored=len(scored),
        ended=study.counts(),
        front=tuple(front),
        winner=winner,
        config=folder / WINNER,
        page=folder / PAGE,
        tested=tested,
        before=before,
        note=_EXHAUSTED if queue.is_exhausted else "",
    )
    found.save(chosen.plain(), scored)
    return found


_EXHAUSTED = (
    "The search ended early: hardly any other choice of the space is new, fits together and keeps "
    "the budget. A larger space, or a budget with more room, has more."
)


def _config_of(point: Point, space: SearchSpace, base: GestureConfig) -> GestureConfig:
    settings = space.settings(base.plain(), lambda key, _: point.chosen[key])
    return in_samples(GestureConfig.model_validate(settings))[0]


def _split_said(held_out: HeldOut) -> str:
    fold, test = held_out.split.fold + 1, len(held_out.test)
    return f"fold {fold} by {held_out.split.by}, {counted(test, 'recording')}"


def _tested(
    configs: Sequence[GestureConfig],
    held_out: HeldOut,
    scheduler: str | None,
    progress: JobProgress,
) -> list[TestScore]:
    """Networks on the outer fold, as `gesture evaluate` trains and tests one."""
    fingerprint = held_out.whole.fingerprint()
    jobs = {}
    for name, config in zip(("the winner's test", "the config's own test"), configs, strict=True):
        job = fold_job(config.model_copy(update={"split": held_out.split}), fingerprint, name)
        jobs[job.key] = job
    progress.jobs = progress.done + len(jobs)
    done: dict[str, Outcome] = {}
    data = {fingerprint: held_out.whole}
    ended = run_jobs(list(jobs.values()), data, scheduler, progress.event, command="search")
    with closing(ended) as ending:
        for one in ending:
            progress.outcome(one)
            if one.error:
                raise one.error
            done[one.job.key] = one
    keys = [
        fold_job(config.model_copy(update={"split": held_out.split}), fingerprint, "").key
        for config in configs
    ]
    return [_test_score(done[key], held_out) for key in keys]


def _test_score(done: Outcome, held_out: HeldOut) -> TestScore:
    assert done.folder is not None  # it has not failed
    assert set(done.figures["test"]) <= set(held_out.test), "the search has seen the test part"
    gestures = outcome([Events.load(RunFolder(done.folder).events_file)]).gestures
    figures = done.figures
    return TestScore(done.folder, gestures.f1, gestures.takes, figures["int8"], figures["windows"])


def _nothing_found(study: Study) -> PipelineError:
    ended = ", ".join(f"{count} {how}" for how, count in study.counts().items() if count)
    return PipelineError(
        f"No network of the space was trained on all folds: {ended or 'none was tried'}.",
        "the budget has no room for the smallest of them, or the settings do not fit together",
        "let the space begin with smaller networks, or raise the limits of the budget",
    )
