"""What to try next: a study of Optuna, kept in a database that several searches may share."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from statistics import fmean, median
from typing import Any

import optuna
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.search_space import Range, SearchSpace, Values, written
from pipeline.core.errors import PipelineError, UsageError
from pipeline.reports.search_page import Point
from pipeline.workflows.search.trial import (
    BEHIND,
    FAILED,
    OVER_BUDGET,
    UNFIT,
    UNTRAINED,
    FoldScore,
    Trial,
)
from pipeline.workflows.search.untrained_cost import BoardCost

DATABASE_ERRORS = (optuna.exceptions.StorageInternalError, SQLAlchemyError)
HEARTBEAT_S, LOST_AFTER_S = 20, 120  # after that, another search does the trial
RETRIES = 3
WARM_TRIALS = 8  # of earlier searches, tried first
FEWEST_PEERS = 4  # a median of fewer says little
DIGITS = 4  # of a chosen number; more would not be read
DIRECTIONS = ["maximize", "minimize", "minimize", "minimize"]  # event F1, then BoardCost.figures
SEARCH, ALIKE = "search", "space and data"  # attributes of a study
CONFIG, COST, SCORES, ENDED = "config", "cost", "scores", "ended"  # attributes of a trial
FEASIBLE = "feasible"


class Study:
    """The trials of a search, of all clients that work on it."""

    def __init__(self, url: str, search: str, alike: str, name: str, resume: bool) -> None:
        """Open a study.

        Args:
            url: of a database, as SQLAlchemy writes it.
            search: a hash of all that decides what a trial means.
            alike: a hash of the space and the data; the best of earlier studies with the same are
                tried first.
            name: how a new study is called; a number follows where others are called so.
            resume: go on with the newest study of this search, or join it.

        Raises:
            PipelineError: the database cannot be used; or there is nothing to resume.
        """
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage", UserWarning)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with storage_errors():
            self._storage = _storage(url)
            known = optuna.get_all_study_summaries(self._storage, include_best_trial=False)
            own = [one.study_name for one in known if one.user_attrs.get(SEARCH) == search]
            if resume and not own:
                raise _nothing_to_resume()
            taken = {one.study_name for one in known}
            self.name = own[-1] if resume else _free_name(name, taken)
            self._study = self._opened(search, alike)
            if not resume:
                names = [one.study_name for one in known if one.user_attrs.get(ALIKE) == alike]
                self._begin_with_best_of(names)
        self._alive: set[int] = set()
        self._stopped = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def _opened(self, search: str, alike: str) -> optuna.Study:
        # TPE learns from few trials, and of those that were stopped or do not fit the budget too.
        sampler = optuna.samplers.TPESampler(multivariate=True, group=True)
        study = optuna.create_study(
            storage=self._storage,
            study_name=self.name,
            sampler=sampler,
            directions=DIRECTIONS,
            load_if_exists=True,
        )
        study.set_user_attr(SEARCH, search)
        study.set_user_attr(ALIKE, alike)
        return study

    def _begin_with_best_of(self, names: Sequence[str]) -> None:
        """Warm start: what was best before is tried first, and its jobs are mostly done."""
        for name in names:
            earlier = optuna.load_study(study_name=name, storage=self._storage)
            best = sorted(_best(earlier), key=lambda trial: -trial.values[0])
            for trial in best[:WARM_TRIALS]:
                self._study.enqueue_trial(trial.params, skip_if_exists=True)

    def begin_with(self, space: SearchSpace, base: GestureConfig) -> None:
        """Try the config itself first, where the space has it."""
        chosen: dict[str, Any] = {}

        def own(key: str, values: Values) -> Any:
            value: Any = base.plain()
            for name in key.split("."):
                value = value[int(name)] if isinstance(value, list) else value.get(name)
            chosen[key] = _if_possible(value, values)
            return value

        try:
            space.settings(base.plain(), own)
        except ValueError:  # window.length_s, where the config has window.length
            return
        if None not in chosen.values():
            self._study.enqueue_trial(chosen, skip_if_exists=True)

    def ask(self, space: SearchSpace, base: GestureConfig) -> tuple[optuna.Trial, dict[str, Any]]:
        """The next trial, and its settings."""
        optuna.storages.fail_stale_trials(self._study)  # others are tried again
        asked = self._study.ask()
        self._alive.add(asked._trial_id)  # the storage knows heartbeats by it
        return asked, space.settings(base.plain(), lambda key, of: _suggested(asked, key, of))

    def begin(self, asked: optuna.Trial, config: GestureConfig) -> Trial:
        """A trial whose settings fit together, and are new."""
        asked.set_user_attr(CONFIG, config.hash())
        return Trial(asked, config)

    def knows(self, config_hash: str) -> bool:
        """Whether a trial of the study has this config."""
        begun = filter(_is_begun, self._trials())
        return any(one.user_attrs.get(CONFIG) == config_hash for one in begun)

    def count(self) -> int:
        """How many trials are trained or begun, by all clients, also those that failed."""
        return sum(
            _is_begun(trial) and trial.user_attrs.get(ENDED) not in UNTRAINED
            for trial in self._trials()
        )

    def counts(self) -> dict[str, int]:
        """How many trials ended so."""
        ended = [trial.user_attrs.get(ENDED) for trial in self._trials()]
        return {how: ended.count(how) for how in (*UNTRAINED, BEHIND, FAILED)}

    def _trials(self) -> list[FrozenTrial]:
        waiting = TrialState.WAITING
        return [one for one in self._study.get_trials(deepcopy=False) if one.state != waiting]

    def leave_out(self, asked: optuna.Trial, why: str) -> None:
        """A choice that is not trained: UNFIT, which the sampler shall avoid, or AGAIN."""
        asked.set_user_attr(ENDED, why)
        if why == UNFIT:
            asked.set_constraint(FEASIBLE, 1.0)
        self._tell(asked, TrialState.PRUNED if why == UNFIT else TrialState.FAIL)

    def note_cost(self, trial: Trial, cost: BoardCost) -> None:
        """Note what a trial costs; a trial that exceeds the budget ends."""
        trial.cost = cost
        trial.asked.set_user_attr(COST, cost.figures)
        if cost.overruns:
            trial.asked.set_constraint(FEASIBLE, sum(cost.overruns.values()))
            self._end(trial, OVER_BUDGET, TrialState.PRUNED)

    def note_score(self, trial: Trial, fold: int, score: FoldScore, folds: int) -> None:
        """Note the score of a fold; a trial that has all, or is behind, ends."""
        trial.scores[fold] = score
        scores = {str(number): vars(one) for number, one in trial.scores.items()}
        trial.asked.set_user_attr(SCORES, scores)
        if len(trial.scores) == folds:
            assert trial.cost is not None
            f1 = fmean(one.f1 for one in trial.scores.values())
            trial.is_over = True
            self._tell(trial.asked, values=(f1, *trial.cost.figures))
        elif self._is_behind(trial):
            self._end(trial, BEHIND, TrialState.PRUNED)

    def _is_behind(self, trial: Trial) -> bool:
        """Whether most trials of no larger cost are better on the folds that this one has done.

        Optuna's pruners know one objective. By F1 alone they would end the small networks, which
        are half of what is looked for. A network that is worse than most that cost no more, in
        instructions and flash and RAM, hardly comes to the front.
        """
        assert trial.cost is not None
        folds = [str(fold) for fold in trial.scores]
        peers = [
            fmean(other.user_attrs[SCORES][fold]["f1"] for fold in folds)
            for other in self._trials()
            if other.number != trial.asked.number
            and set(folds) <= other.user_attrs.get(SCORES, {}).keys()
            and all(map(float.__le__, map(float, other.user_attrs[COST]), trial.cost.figures))
        ]
        own = fmean(one.f1 for one in trial.scores.values())
        return len(peers) >= FEWEST_PEERS and own < median(peers)

    def fail(self, trial: Trial) -> None:
        """A trial whose job has failed."""
        self._end(trial, FAILED, TrialState.FAIL)

    def give_up(self, trial: Trial) -> None:
        """A trial that was interrupted is tried again when the search goes on."""
        self._study.enqueue_trial(trial.asked.params)
        trial.is_over = True
        self._tell(trial.asked, TrialState.FAIL)

    def _end(self, trial: Trial, how: str, state: TrialState) -> None:
        trial.is_over = True
        trial.asked.set_user_attr(ENDED, how)
        self._tell(trial.asked, state)

    def _tell(
        self,
        asked: optuna.Trial,
        state: TrialState | None = None,
        values: Sequence[float] | None = None,
    ) -> None:
        self._alive.discard(asked._trial_id)
        self._study.tell(asked, values, state, skip_if_finished=True)

    def front(self, space: SearchSpace) -> list[Point]:
        """The trials that no other trial beats in everything, the best F1 first."""
        return sorted(
            (_point(trial, space) for trial in _best(self._study)),
            key=lambda point: (-point.f1, point.second_instructions),
        )

    def scored(self, space: SearchSpace) -> list[Point]:
        """All trials that were scored on all folds."""
        complete = (one for one in self._trials() if one.state == TrialState.COMPLETE)
        return [_point(trial, space) for trial in complete]

    def _beat(self) -> None:
        """While this process lives, others leave its trials alone."""
        while not self._stopped.wait(HEARTBEAT_S):
            with suppress(*DATABASE_ERRORS):  # the search itself says so
                for number in tuple(self._alive):
                    self._storage.record_heartbeat(number)

    def close(self) -> None:
        """No more heartbeats."""
        self._stopped.set()
        self._storage.remove_session()


def _storage(url: str) -> RDBStorage:
    scheme, _, place = url.partition("://")
    if scheme == "postgresql":  # SQLAlchemy 2.0 would take a driver that is not installed
        url = f"postgresql+psycopg://{place}"
    try:
        return RDBStorage(
            url,
            heartbeat_interval=HEARTBEAT_S,
            grace_period=LOST_AFTER_S,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=RETRIES),
        )
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"The storage cannot be used: {str(error).splitlines()[0]}",
            "it is no address such as postgresql://user@host/database, or the driver of its "
            "database is not installed",
            "docs/search.md shows one; pip install 'gesture-pipeline[search]' brings the driver "
            "of PostgreSQL",
        ) from None


@contextmanager
def storage_errors() -> Iterator[None]:
    """Faults of the database in words."""
    try:
        yield
    except DATABASE_ERRORS as error:
        cause = error.__cause__ or error
        raise PipelineError(
            f"The database of the search cannot be used: {' '.join(str(cause).split())[:200]}",
            "it is not running, it refuses this user, the address is wrong, or its disk is full",
            "when it works again, add --resume: all finished trials are kept",
        ) from None


def _nothing_to_resume() -> UsageError:
    return UsageError(
        "There is no search to resume.",
        "the config, the space, the budget, the data or the program has changed since, or it was "
        "kept elsewhere",
        "leave --resume out: what was best before is then tried first, where space and data are "
        "the same",
    )


def _free_name(name: str, taken: set[str]) -> str:
    numbered = (f"{name}-{number}" if number > 1 else name for number in range(1, len(taken) + 2))
    return next(one for one in numbered if one not in taken)


def _is_begun(trial: FrozenTrial) -> bool:
    """Not where it was interrupted: it is tried again."""
    return trial.state != TrialState.FAIL or ENDED in trial.user_attrs


def _best(study: optuna.Study) -> list[FrozenTrial]:
    return [trial for trial in study.best_trials if not trial.constraints.get(FEASIBLE)]


def _suggested(trial: optuna.Trial, key: str, values: Values) -> Any:
    if not isinstance(values, Range):
        choices = list(written(values))
        return values[choices.index(trial.suggest_categorical(key, choices))]
    low, high = values.low, values.high
    if values.is_whole:
        step = int(values.step or 1)
        return trial.suggest_int(key, int(low), int(high), step=step, log=values.log)
    return _rounded(trial.suggest_float(key, low, high, step=values.step, log=values.log))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _if_possible(value: Any, values: Values) -> Any:
    """The value as the database has it; None where it is not one of the values."""
    if not isinstance(values, Range):
        return written((value,))[0] if value in values else None
    if not isinstance(value, int | float) or not values.low <= value <= values.high:
        return None
    steps = (value - values.low) / (values.step or 1)
    on_step = values.step is None or math.isclose(steps, round(steps), abs_tol=1e-9)
    return value if on_step else None


def _point(trial: FrozenTrial, space: SearchSpace) -> Point:
    scores = [FoldScore(**one) for one in trial.user_attrs[SCORES].values()]
    f1, second_instructions, flash_bytes, ram_bytes = trial.values
    windows = sum(one.windows for one in scores)
    return Point(
        trial.number + 1,
        f1,
        sum(one.int8 * one.windows for one in scores) / windows,
        second_instructions,
        int(flash_bytes),
        int(ram_bytes),
        {key: _read(trial.params[key], space.values[key]) for key in trial.params},
    )


def _read(value: Any, values: Values) -> Any:
    if not isinstance(values, Range):
        return values[list(written(values)).index(value)]
    return value if values.is_whole else _rounded(value)
