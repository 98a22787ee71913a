"""Studies in a real database: what is stopped, what is shared, what goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.search_space import SearchSpace
from pipeline.core.errors import PipelineError
from pipeline.workflows.search.trial import BEHIND, OVER_BUDGET, UNFIT, FoldScore, Trial
from pipeline.workflows.search.untrained_cost import BoardCost
from tests.takes import config

pytest.importorskip("optuna", reason="`make setup` installs it")
from pipeline.workflows.search.study import FEWEST_PEERS, Study, storage_errors

BASE = config(fit={"patience": 7})
SPACE = SearchSpace({"fit.patience": tuple(range(1, 100)), "augment.gain": (0.1, 0.5)})
FOLDS = 2


class Studies:
    """Opens studies of one database, and closes them."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._url, self._stack = url, stack

    def __call__(self, search: str = "one", alike: str = "a", resume: bool = False) -> Study:
        return self._stack.enter_context(closing(Study(self._url, search, alike, "name", resume)))


@pytest.fixture
def studies(tmp_path: Path) -> Iterator[Studies]:
    with ExitStack() as stack:
        yield Studies(f"sqlite:///{tmp_path / 'studies.db'}", stack)


def begun(study: Study, cost: float = 10.0, overruns: float = 0.0) -> Trial:
    asked, settings = study.ask(SPACE, BASE)
    trial = study.begin(asked, GestureConfig.model_validate(settings))
    exceeded = {"flash_bytes": overruns} if overruns else {}
    study.note_cost(trial, BoardCost(cost, 100, 100, exceeded))
    return trial


def scored(study: Study, *f1: float, cost: float = 10.0) -> Trial:
    trial = begun(study, cost)
    for fold, value in enumerate(f1):
        if not trial.is_over:
            study.note_score(trial, fold, FoldScore(value, value, 10), FOLDS)
    return trial


def test_a_trial_behind_most_of_no_larger_cost_ends_after_a_fold(studies: Studies) -> None:
    study = studies()
    for place in range(FEWEST_PEERS):
        scored(study, 0.8 + place / 100, 0.9)
    assert scored(study, 0.7, 0.9).scores.keys() == {0}
    assert study.counts()[BEHIND] == 1
    assert scored(study, 0.9, 0.9).scores.keys() == {0, 1}


def test_a_small_network_is_not_measured_by_larger_ones(studies: Studies) -> None:
    study = studies()
    for place in range(FEWEST_PEERS):
        scored(study, 0.8 + place / 100, 0.9)
    assert len(scored(study, 0.3, 0.3, cost=9.0).scores) == FOLDS
    costs = {point.second_instructions for point in study.front(SPACE)}
    assert costs == {9.0, 10.0}


def test_what_exceeds_the_budget_is_no_trial_and_never_on_the_front(studies: Studies) -> None:
    study = studies()
    assert begun(study, cost=1.0, overruns=0.5).is_over
    assert (study.count(), study.counts()[OVER_BUDGET], study.front(SPACE)) == (0, 1, [])
    asked, _ = study.ask(SPACE, BASE)
    study.leave_out(asked, UNFIT)
    assert study.count() == 0
    scored(study, 0.5, 0.5)
    assert [point.f1 for point in study.front(SPACE)] == [0.5]


def test_a_second_client_shares_trials_and_does_no_config_twice(studies: Studies) -> None:
    first = studies()
    own = scored(first, 0.8, 0.6)
    second = studies(resume=True)
    assert second.name == first.name
    assert second.knows(own.config.hash())
    scored(second, 0.9, 0.9)
    assert first.count() == second.count() == 2
    assert first.front(SPACE) == second.front(SPACE)
    assert first.front(SPACE)[0].f1 == pytest.approx(0.9)


@pytest.fixture
def postgresql() -> Iterator[str]:
    """A server of its own, on a socket in a folder of its own."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("not installed: postgresql (Debian's package)")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    folder, binaries = Path(tempfile.mkdtemp(prefix="gesture-")), programs[-1].parent
    data = folder / "data"
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]

    def control(*words: str) -> None:
        command = [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-w", *words]
        log = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, check=True, cwd=folder, **log)  # type: ignore[call-overload]

    try:
        made = [*as_user, str(binaries / "initdb"), "-D", str(data), "-U", "gesture", "-A", "trust"]
        subprocess.run(made, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        control("-o", f"-k {folder} -c listen_addresses=''", "start")
        yield f"postgresql://gesture@/postgres?host={folder}"
        control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_clients_share_a_study_in_postgresql(postgresql: str) -> None:
    with ExitStack() as stack:
        test_a_second_client_shares_trials_and_does_no_config_twice(Studies(postgresql, stack))


def test_an_interrupted_trial_is_tried_again(studies: Studies) -> None:
    study = studies()
    stopped = begun(study)
    study.give_up(stopped)
    assert study.count() == 0
    _, settings = studies(resume=True).ask(SPACE, BASE)
    assert GestureConfig.model_validate(settings).hash() == stopped.config.hash()


def test_a_new_study_begins_with_the_config_then_with_what_was_best(studies: Studies) -> None:
    earlier = studies()
    earlier.begin_with(SPACE, BASE)
    own, _ = earlier.ask(SPACE, BASE)
    assert own.params == {"fit.patience": 7, "augment.gain": 0.5}
    best = scored(earlier, 0.9, 0.9)
    for _ in range(3):
        scored(earlier, 0.2, 0.2, cost=11.0)
    later = studies(search="another budget")
    assert later.name == "name-2"
    assert later.ask(SPACE, BASE)[0].params == best.asked.params
    others = studies(search="other data", alike="b")
    assert others.ask(SPACE, BASE)[0].params != best.asked.params


def test_there_is_nothing_to_resume_of_another_search(studies: Studies) -> None:
    studies()
    with pytest.raises(PipelineError, match="no search to resume"):
        studies(search="other", resume=True)


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////no/such/folder/x.db", "cobol://x/y"])
def test_a_storage_that_cannot_be_used_is_said_in_words(url: str) -> None:
    with pytest.raises(PipelineError) as caught, storage_errors():
        Study(url, "one", "a", "name", resume=False)
    assert "cannot be used" in caught.value.what
