"""Jobs on this machine: each is done once, whoever asks, and whatever dies."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import PipelineError
from pipeline.core.files import load_json, save_json
from pipeline.core.locks import Lock
from pipeline.workflows.jobs import kept, run, worker
from pipeline.workflows.jobs.job import Event, Job, Outcome
from pipeline.workflows.jobs.progress import JobProgress, JobStep, duration
from pipeline.workflows.jobs.run import run_jobs
from tests.fixtures.waiting import ended, forked, until
from tests.refusals import refuses
from tests.toy_jobs import begun, toy_job

DATA = {"print": "what was recorded"}


def done(jobs: list[Job], folder: Path) -> dict[int, Outcome]:
    """The outcomes by seed."""
    return {one.job.seed: one for one in run_jobs(jobs, DATA, folder=folder)}


def test_each_job_leaves_its_figures_and_files(tmp_path: Path) -> None:
    outcomes = done([toy_job(seed, "print") for seed in range(5)], tmp_path)
    assert {seed: one.figures["twice"] for seed, one in outcomes.items()} == {
        seed: 2 * seed for seed in range(5)
    }
    for seed, one in outcomes.items():
        assert one.folder is not None
        assert (one.folder / "made.txt").read_text("utf-8") == f"{seed} what was recorded"


def test_what_is_done_is_not_done_again_unless_it_was_changed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    job = toy_job(1, log=str(log))
    first = done([job], tmp_path / "jobs")[1]
    again = done([job], tmp_path / "jobs")[1]
    assert (len(begun(log)), first.done_before, again.done_before) == (1, False, True)
    assert (again.figures, again.folder, again.seconds) == (
        first.figures,
        first.folder,
        first.seconds,
    )
    assert first.folder is not None
    (first.folder / "made.txt").write_text("edited", "utf-8")
    assert not done([job], tmp_path / "jobs")[1].done_before
    outcome = first.folder.parent / kept.OUTCOME
    save_json(outcome, {**load_json(outcome, "evaluate"), "figures": {"twice": 100}})
    assert done([job], tmp_path / "jobs")[1].figures["twice"] == 2
    assert len(begun(log)) == 3


def test_a_job_is_another_one_with_other_settings_data_seed_or_part() -> None:
    job = Job("kind", {"fit": 1, "data": {"path": "a", "rate_hz": 100}}, "print", 1, "one", "name")
    same = [
        Job("kind", {"data": {"path": "b", "rate_hz": 100}, "fit": 1}, "print", 1, "one", "other")
    ]
    others = [
        Job("other", job.config, "print", 1, "one"),
        Job("kind", {"fit": 2, "data": job.config["data"]}, "print", 1, "one"),
        Job("kind", {"fit": 1, "data": {"rate_hz": 50}}, "print", 1, "one"),
        Job("kind", job.config, "other", 1, "one"),
        Job("kind", job.config, "print", 2, "one"),
        Job("kind", job.config, "print", 1, "two"),
    ]
    assert {one.key for one in same} == {job.key}
    assert len({job.key, *(one.key for one in others)}) == 7


def test_two_commands_that_want_the_same_do_it_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = [toy_job(seed, log=f"{log}-{seed}", seconds=0.3) for seed in range(4)]
    other = threading.Thread(target=done, args=(jobs[::-1], tmp_path / "jobs"))
    other.start()
    outcomes = done(jobs, tmp_path / "jobs")
    other.join()
    assert len(outcomes) == 4
    assert [len(begun(f"{log}-{seed}")) for seed in range(4)] == [1] * 4


def test_a_process_that_has_done_its_share_of_jobs_makes_room_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_JOBS", 3)
    monkeypatch.setattr(run, "most_workers", lambda: 1)
    log = tmp_path / "log"
    outcomes = done([toy_job(seed, log=str(log)) for seed in range(7)], tmp_path / "jobs")
    assert len(outcomes) == 7
    processes = begun(log)
    assert len(processes) == 7
    assert len(set(processes)) == 3


def test_a_job_whose_worker_dies_is_done_by_another_one(tmp_path: Path) -> None:
    log = tmp_path / "log"
    outcome = done([toy_job(1, log=str(log), deaths=3)], tmp_path / "jobs")[1]
    assert outcome.figures["twice"] == 2
    assert len(set(begun(log))) == 4


def test_a_job_that_kills_all_its_workers_is_named_with_their_log_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    deadly = toy_job(1, log=str(tmp_path / "log"), deaths=9)
    outcomes = done([deadly, *(toy_job(seed) for seed in (2, 3))], tmp_path / "jobs")
    assert [outcomes[seed].figures["twice"] for seed in (2, 3)] == [4, 6]
    error = outcomes[1].error
    assert error is not None
    assert "job 1 failed: its worker died 4 times (SIGKILL)" in error.what
    assert "this worker dies" in error.why
    assert len(begun(tmp_path / "log")) == 4


def test_a_job_that_fails_says_why_and_is_tried_once(tmp_path: Path) -> None:
    jobs = [toy_job(1, log=str(tmp_path / "log"), fails="It has diverged."), toy_job(2)]
    outcomes = done(jobs, tmp_path / "jobs")
    assert str(outcomes[1].error) == "It has diverged.\n  why:  it is a toy\n  next: play"
    assert outcomes[2].figures["twice"] == 4
    assert len(begun(tmp_path / "log")) == 1


def test_a_fault_of_a_job_comes_with_its_trace(tmp_path: Path) -> None:
    (outcome,) = run_jobs([Job("tests.toy_jobs:nothing", {})], {}, folder=tmp_path)
    assert outcome.error is not None
    assert "AttributeError" in outcome.error.what
    assert "worker_process.py" in outcome.error.why


def test_jobs_are_chosen_by_the_outcomes_so_far(tmp_path: Path) -> None:
    found: list[int] = []
    with closing(run_jobs(one_at_a_time(found), {}, folder=tmp_path)) as outcomes:
        for outcome in outcomes:
            found.append(outcome.figures["twice"])
    assert found == [2, 4, 8, 16]


def one_at_a_time(found: list[int]) -> Iterator[Job | None]:
    """Each doubles what the one before it has found."""
    for number in range(4):
        while len(found) < number:
            yield None
        yield toy_job(found[-1] if found else 1)


def test_who_stops_leaves_no_process_and_what_is_done_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = [toy_job(1), toy_job(2, log=str(log), seconds=600)]
    doing = run_jobs(jobs, {}, folder=tmp_path / "jobs", command="search")
    with closing(doing) as outcomes:
        assert next(outcomes).job.seed == 1
        until(lambda: log.exists() and begun(log))
        with refuses(why="`gesture search` writes it"):
            Lock(kept.place_of(jobs[1], tmp_path / "jobs"), "evaluate")
    (process,) = begun(log)
    until(lambda: is_gone(process))
    assert done(jobs[:1], tmp_path / "jobs")[1].done_before


def test_a_command_that_is_killed_takes_its_workers_along(tmp_path: Path) -> None:
    log = tmp_path / "log"
    job = toy_job(1, log=str(log), seconds=600)
    command = forked(lambda: print(done([job], tmp_path / "jobs")))
    until(lambda: log.exists() and begun(log))
    os.kill(command, signal.SIGKILL)
    ended(command)
    until(lambda: is_gone(begun(log)[0]))
    assert kept.load(job, tmp_path / "jobs") is None


def is_gone(process: int) -> bool:
    """Whether it has ended; a zombie is nobody's work."""
    try:
        return ") Z" in Path(f"/proc/{process}/stat").read_text("utf-8")
    except FileNotFoundError:
        return True


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_steps_and_time_left_are_reported() -> None:
    said: list[JobStep] = []
    clock = Clock()
    first, second = toy_job(1), toy_job(2)
    progress = JobProgress(4, said.append, clock)
    progress.outcome(Outcome(toy_job(0), done_before=True))
    progress.event(Event(first, "training"))
    clock.now_s = 10.0
    progress.event(Event(first, "epoch 5 of 10", 0.5))
    clock.now_s = 20.0
    progress.outcome(Outcome(first))
    progress.event(Event(second, "training"))
    progress.outcome(Outcome(second, error=PipelineError("a", "b", "c")))
    assert [str(step) for step in said] == [
        "job 0: done before",
        "job 1: training",
        "job 1: epoch 5 of 10, at most 50 s left",
        "job 1: done, at most 40 s left",
        "job 2: training",
        "job 2: failed",
    ]
    assert [(step.done, step.jobs) for step in said] == [(1, 4)] * 3 + [(2, 4)] * 3


@given(st.integers(1, 20), st.integers(0, 20), st.integers(1, 4))
def test_where_all_jobs_take_the_same_the_time_left_is_right(
    jobs: int, before: int, workers: int
) -> None:
    """Jobs of 480 s side by side, as many as there are workers, in rounds."""
    clock, said = Clock(), [JobStep("", "")]
    rounds = jobs // workers
    progress = JobProgress(before + rounds * workers, said.append, clock)
    for seed in range(before):
        progress.outcome(Outcome(toy_job(-seed - 1), done_before=True))
    for number in range(rounds):
        side_by_side = [toy_job(number * workers + place) for place in range(workers)]
        for quarter in range(1, 5):
            clock.now_s += 120
            for job in side_by_side:
                progress.event(Event(job, "epoch", quarter / 4))
            left_s = 480 * (rounds - number) - 120 * quarter
            assert said[-1].left_s == (pytest.approx(left_s) if left_s else None)
        for job in side_by_side:
            progress.outcome(Outcome(job))
    assert progress.done == progress.jobs


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (59.4, "59 s"), (61, "2 min"), (120, "2 min"), (3600, "1 h 0 min")],
)
def test_a_duration_is_reported_in_round_figures(seconds: float, said: str) -> None:
    assert duration(seconds) == said
