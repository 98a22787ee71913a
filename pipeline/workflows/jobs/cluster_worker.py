"""Jobs on a cluster: what runs on a worker of Dask. A process beside it does the job.

So a job ends at once when it is cancelled, and a job that takes all memory does not end the worker.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, TypeAlias

import psutil
from distributed import get_worker
from distributed.worker import thread_state

from pipeline.core.errors import MismatchError, PipelineError
from pipeline.workflows.jobs.job import Job, Result
from pipeline.workflows.jobs.versions import versions
from pipeline.workflows.jobs.worker import DiedError, Failure, Worker

TOPIC = "gesture-jobs"  # of the steps that workers report: [key, step, share]
POLL_S = 0.2
_own = threading.local()  # a thread of Dask keeps its process, with TensorFlow and the data


def run_on_worker(job: Job, data: bytes, wanted: Mapping[str, str]) -> Result | Failure:
    """Do a job for a client.

    Args:
        data: pickled.
        wanted: the versions of the client.

    Raises:
        DiedError: the process has died; Dask tries again, elsewhere if there is another worker.
    """
    dask_worker = get_worker()
    if found := differences(wanted, versions()):
        return Failure(other_versions(dask_worker.address, found))
    worker = _own_worker()
    worker.begin(job, data)
    try:
        while True:
            answer = _answer(worker, dask_worker, thread_state.key)
            if isinstance(answer, Result):
                return answer
            dask_worker.log_event(TOPIC, [job.key, *answer])
    except PipelineError as error:
        return Failure(error)
    except BaseException:
        del _own.worker
        worker.kill()
        raise


def _own_worker() -> Worker:
    if hasattr(_own, "worker") and _own.worker.has_done_its_share:
        _own.worker.kill()
        del _own.worker
    if not hasattr(_own, "worker"):
        _own.worker = Worker()
    worker: Worker = _own.worker
    return worker


def _answer(worker: Worker, dask_worker: Any, key: str) -> tuple[str, float] | Result:
    while not worker.connection.poll(POLL_S):
        task = dask_worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise _CancelledError
        limit = dask_worker.memory_manager.memory_limit
        if limit and _bytes_of(worker.pid) > limit:
            raise DiedError("more memory than the worker may have", f"limit: {limit:,} bytes")
    return worker.answer()


class _CancelledError(Exception):
    """Nobody wants the result any more."""


def _bytes_of(pid: int) -> int:
    """The memory of a process and of all that it has started, without what they share: each has
    the code of TensorFlow."""
    total = 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            total += one.memory_full_info().uss
    except psutil.NoSuchProcess:
        pass
    return total


Differences: TypeAlias = Mapping[str, tuple[str, str]]


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> Differences:
    """Versions that differ: those of the client and of the worker, by name."""
    return {
        name: (version, found.get(name, "none"))
        for name, version in wanted.items()
        if found.get(name) != version
    }


def other_versions(address: str, found: Differences) -> MismatchError:
    """The error for a worker with other versions."""
    listed = ", ".join(
        f"{name} is {theirs} there and {ours} here" for name, (ours, theirs) in found.items()
    )
    return MismatchError(
        f"The worker {address} has other versions: {listed}.",
        "other versions give other results, so they do not work together",
        "install the same versions on all machines, for example one container image",
    )
