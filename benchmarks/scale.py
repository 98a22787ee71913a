"""Many jobs on many workers: `python -m benchmarks.scale [PART ...]`.

Real schedulers and workers of Dask on this machine. Jobs that sleep stand for folds, where what is
measured is not the training. The speed-up needs a machine that does nothing else.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.results_file import Row, record_parts, row
from benchmarks.scale_client import DATA, LOST_OF, LOST_S, sleeping
from benchmarks.trust_training import new_folder
from pipeline.core.project import PROJECT, SAMPLE
from pipeline.workflows.evaluate import evaluate
from pipeline.workflows.jobs import kept, run
from pipeline.workflows.jobs.job import Job, Outcome
from pipeline.workflows.jobs.run import run_jobs
from tests.fixtures.dask_cluster import DaskCluster, dask_cluster, kill

COMMAND = "python -m benchmarks.scale"
SIMULATED = 64  # workers
FOLD_S = 10.0  # of a job that stands for a fold
FEW, MANY = 100, 10_000
LOST_WORKERS, KILL_EVERY_S = 4, 4.0
SCHEDULER_AFTER, CLIENT_AFTER = 4, 8  # kills of workers


def main() -> None:
    parts = {"speed-up": speed_up, "overhead": overhead, "simulated": simulated}
    record_parts("scale", {**parts, "many": many, "lost": lost})


def seconds_of(jobs: Sequence[Job], scheduler: str | None) -> float:
    """That all jobs take; none is done before."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        outcomes = list(run_jobs(jobs, DATA, scheduler, folder=Path(folder)))
        took_s = time.monotonic() - started
    if [one.error for one in outcomes] != [None] * len(jobs):
        raise RuntimeError("a job has failed")
    return took_s


def speed_up() -> list[Row]:
    """Ten folds of the sample data by two workers of this machine, and by one."""
    took_s = {workers: _folds_s(workers) for workers in (1, 2)}
    note = f"10 folds of gesture_rocket: {took_s[1]:.0f} s by one, {took_s[2]:.0f} s by two"
    value = round(took_s[1] / took_s[2], 2)
    return [row("speed-up of 2 workers", value, "times", f"{COMMAND} speed-up", note, ">= 1.7")]


def _folds_s(workers: int) -> float:
    vars(run).update(most_workers=lambda: workers)
    sample = f"data.path={PROJECT / SAMPLE}"
    with new_folder() as folder:
        started = time.monotonic()
        evaluate(Path("gesture_rocket"), [sample, "split.folds=10"], ["kfold"], print, folder)
        return time.monotonic() - started


def overhead() -> list[Row]:
    """Of each job, beyond what it takes itself, with two workers of a cluster."""
    jobs, seconds, workers = 100, 0.2, 2
    with new_folder() as place, dask_cluster(place, workers) as cluster:
        cluster.wait_for_workers()
        seconds_of(sleeping(workers, 1.0), cluster.address)  # their processes start
        took_s = seconds_of(sleeping(jobs, seconds), cluster.address)
    value = round(took_s * workers / jobs - seconds, 3)
    note = f"{jobs} jobs of {seconds} s by {workers} workers of Dask took {took_s:.1f} s"
    name = "scheduling overhead per job"
    return [row(name, value, "s", f"{COMMAND} overhead", note, "<= 0.5")]


def simulated() -> list[Row]:
    """The share of time in which 64 workers are at work: threads of one, each with its process."""
    jobs = sleeping(3 * SIMULATED, FOLD_S)
    with new_folder() as place, dask_cluster(place, 1, "0", SIMULATED) as cluster:
        cluster.wait_for_workers()
        seconds_of(sleeping(SIMULATED, 1.0), cluster.address)  # their processes start
        took_s = seconds_of(jobs, cluster.address)
    value = round(len(jobs) * FOLD_S / SIMULATED / took_s, 3)
    note = f"{len(jobs)} jobs that sleep {FOLD_S:.0f} s took {took_s:.1f} s"
    name = f"efficiency at {SIMULATED} workers"
    return [row(name, value, "", f"{COMMAND} simulated", note, ">= 0.9")]


def many() -> list[Row]:
    """What a job costs among few and among many, with two workers of a cluster."""
    with new_folder() as place, dask_cluster(place, 2) as cluster:
        cluster.wait_for_workers()
        seconds_of(sleeping(2, 1.0), cluster.address)
        each_s = {n: seconds_of(sleeping(n, 0.0), cluster.address) / n for n in (FEW, MANY)}
    value = round(each_s[MANY] / each_s[FEW], 2)
    said = " and ".join(f"{1000 * each_s[n]:.1f} ms with {n:,} jobs" for n in (FEW, MANY))
    note = f"a job that does nothing costs {said}; two workers of Dask"
    name = "cost of a job among 10,000"
    return [row(name, value, "times that among 100", f"{COMMAND} many", note, "<= 1.2")]


def lost() -> list[Row]:
    """Workers, scheduler and client are killed; every result must be that of one machine."""
    chance, killed = random.Random(1), 0
    with new_folder() as place, dask_cluster(place, LOST_WORKERS) as cluster:
        client = _client(cluster, place)
        while client.poll() is None:
            time.sleep(KILL_EVERY_S)
            kill(chance.choice(cluster.workers))
            killed += 1
            if killed == SCHEDULER_AFTER:
                kill(cluster.scheduler)
                cluster.start_scheduler()
            if killed == CLIENT_AFTER:
                kill(client)
                client = _client(cluster, place)
            _start_those_that_ended(cluster)
        wrong = _differing(place)
    said = f"{killed} kills of {LOST_WORKERS} workers, and of the scheduler and the client once"
    note = f"of {LOST_OF}; {said}; figures and files must be those of one machine, byte for byte"
    return [row("jobs lost", wrong, "jobs", f"{COMMAND} lost", note, "== 0")]


def _client(cluster: DaskCluster, place: Path) -> subprocess.Popen[bytes]:
    """Only what is asked for counts, so it does not matter how often it is."""
    words = ("-m", "benchmarks.scale_client", cluster.address, str(place / "there"))
    return subprocess.Popen([sys.executable, *words], cwd=PROJECT, start_new_session=True)


def _start_those_that_ended(cluster: DaskCluster) -> None:
    for worker in [one for one in cluster.workers if one.poll() is not None]:
        cluster.workers.remove(worker)
        cluster.start_worker()


def _differing(place: Path) -> int:
    """How many jobs have no result, or another one than on one machine."""
    jobs = sleeping(LOST_OF, LOST_S)
    by_one = {one.job.key: one for one in run_jobs(jobs, DATA, folder=place / "here")}
    there = {job.key: kept.load(job, place / "there") for job in jobs}
    return sum(_content(there[key]) != _content(one) for key, one in by_one.items())


def _content(outcome: Outcome | None) -> object:
    if outcome is None or outcome.folder is None:
        return None
    files = sorted(outcome.folder.rglob("*"))
    return outcome.figures, [(file.name, file.read_bytes()) for file in files if file.is_file()]


if __name__ == "__main__":
    main()
