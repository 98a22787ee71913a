"""A client that asks a cluster for sleeping jobs, to be killed: see benchmarks.scale."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.workflows.jobs.job import Job
from pipeline.workflows.jobs.run import run_jobs
from tests.toy_jobs import toy_job

DATA = {"print": b"data"}
LOST_OF, LOST_S = 500, 0.3  # jobs, and how long each takes


def sleeping(jobs: int, seconds: float) -> list[Job]:
    """Jobs that sleep."""
    return [toy_job(seed, "print", seconds=seconds) for seed in range(jobs)]


def main() -> None:
    """Do all jobs on the cluster that the command line names, and keep them in its folder."""
    scheduler, folder = sys.argv[1:]
    for outcome in run_jobs(sleeping(LOST_OF, LOST_S), DATA, scheduler, folder=Path(folder)):
        if outcome.error:
            print(outcome.error)


if __name__ == "__main__":
    main()
