"""Jobs on a cluster: the side of the client. Workers of Dask run `cluster_worker`."""

from __future__ import annotations

import logging
import math
import queue
import time
import warnings
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeAlias

from dask import config as dask_config
from distributed import Client, Future, KilledWorker

from pipeline.core.errors import PipelineError, UsageError
from pipeline.workflows.jobs.cluster_worker import (
    TOPIC,
    differences,
    other_versions,
    run_on_worker,
)
from pipeline.workflows.jobs.job import Event, Job, Result
from pipeline.workflows.jobs.local import RETRIES, died_error
from pipeline.workflows.jobs.versions import versions
from pipeline.workflows.jobs.worker import DiedError, Failure

AHEAD = 2  # jobs for each worker, so that none waits for the next
AHEAD_OF_QUEUE = 100  # jobs, where a cluster of ours grows by how many wait
PATIENCE_S = 300.0  # for a scheduler that is started again
CONNECT_S = 10.0
COUNT_EVERY_S = 1.0

Answer: TypeAlias = Event | tuple[Job, Result | PipelineError]


class DaskWorkers:
    """The workers of a Dask scheduler. Jobs of all clients have their keys as names there."""

    def __init__(self, scheduler: str) -> None:
        """Connect to a scheduler.

        Args:
            scheduler: its address, or `module.Class` of a cluster, which is started and grows as
                Dask's config says.
        """
        _quiet()
        self._scheduler = scheduler
        self._cluster = None if "://" in scheduler else _started(scheduler)
        self._jobs: dict[str, tuple[Job, bytes]] = {}
        self._futures: dict[str, Future] = {}
        self._data: dict[str, Future] = {}
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waiting: set[str] = set()  # jobs that the scheduler does not know
        self._counted_s, self._threads = -math.inf, 0
        self._client = self._connected(CONNECT_S)
        self.dashboard: str = self._client.dashboard_link
        try:
            _require_same_versions(self._client)
        except PipelineError:
            self.close()
            raise

    def _connected(self, patience_s: float) -> Client:
        give_up_at = time.monotonic() + patience_s
        while True:
            try:
                client = Client(self._cluster or self._scheduler, timeout=CONNECT_S)
                client.subscribe_topic(TOPIC, self._news.put)
                return client
            except (OSError, TimeoutError) as error:
                if time.monotonic() > give_up_at:
                    raise _unreachable(self._scheduler, error) from None

    @property
    def has_room(self) -> bool:
        """Whether some worker soon has nothing to do."""
        if time.monotonic() > self._counted_s + COUNT_EVERY_S:
            self._counted_s = time.monotonic()
            with suppress(OSError, TimeoutError, ValueError):  # while the scheduler is lost
                self._threads = sum(self._client.nthreads().values())
        least = AHEAD if self._cluster is None else AHEAD_OF_QUEUE
        return len(self._jobs) < max(least, AHEAD * self._threads)

    def begin(self, job: Job, data: bytes) -> None:
        """Hand a job to the scheduler."""
        self._jobs[job.key] = job, data
        self._waiting.add(job.key)
        self._submit_waiting()

    def _submit(self, key: str) -> None:
        job, data = self._jobs[key]
        arguments = job, self._scattered(job.data, data), versions()
        future = self._client.submit(run_on_worker, *arguments, key=key, retries=RETRIES)
        self._futures[key] = future
        future.add_done_callback(self._news.put)

    def _scattered(self, fingerprint: str, data: bytes) -> Future:
        """The data on the cluster; they go there once, whoever asks first."""
        known = self._data.get(fingerprint)
        if known is None or known.status != "finished":
            name = f"data-{fingerprint}"
            if any(self._client.sync(self._client.scheduler.who_has, keys=[name]).values()):
                known = Future(name, self._client)
            else:
                known = self._client.scatter({name: data}, broadcast=True)[name]
            self._data[fingerprint] = known
        return known

    def wait(self, timeout_s: float) -> list[Answer]:
        """What has happened within this time."""
        answers = []
        with suppress(queue.Empty):
            answers.append(self._answer(self._news.get(timeout=timeout_s)))
            while True:
                answers.append(self._answer(self._news.get_nowait()))
        self._submit_waiting()
        return [answer for answer in answers if answer is not None]

    def _answer(self, news: Any) -> Answer | None:
        if isinstance(news, tuple):
            _, (key, *step) = news
            return Event(self._jobs[key][0], *step) if key in self._jobs else None
        key = news.key
        if key not in self._futures or self._futures[key] is not news:
            return None
        del self._futures[key]
        if news.status in ("cancelled", "lost"):
            self._waiting.add(key)  # the scheduler was lost, or the worker that had the data
            return None
        job, _ = self._jobs.pop(key)
        return job, _result(job, news)

    def _submit_waiting(self) -> None:
        if self._client.status == "closed":
            self._client = self._connected(PATIENCE_S)
        with suppress(OSError, TimeoutError):  # it was lost just now: the next time
            for key in sorted(self._waiting) if self._client.status == "running" else ():
                self._submit(key)
                self._waiting.discard(key)

    def close(self) -> None:
        """Cancel all jobs; workers end those that no other client wants."""
        with suppress(OSError, TimeoutError):
            self._client.cancel(list(self._futures.values()))
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def _result(job: Job, ended: Future) -> Result | PipelineError:
    try:
        result: Result | Failure = ended.result()
    except DiedError as died:
        return died_error(job, died.reason, died.log)
    except KilledWorker as killed:
        last = killed.last_worker.address
        return died_error(job, f"the last one was {last}", "its log is where it was started")
    except Exception as error:
        return PipelineError(
            f"{job.name or job.kind} failed on the cluster: {type(error).__name__}: {error}",
            "possibly gesture-pipeline is not installed there, or the connection broke",
            "look at the log of the worker and of the scheduler",
        )
    return result.error() if isinstance(result, Failure) else result


def _quiet() -> None:
    """What Dask would print on the terminal is said in our words."""
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="distributed")


def _started(name: str) -> Any:
    """A cluster of a class, such as dask_jobqueue.SLURMCluster, as Dask's config says."""
    module, _, kind = name.rpartition(".")
    try:
        cluster = getattr(import_module(module), kind)()
    except (ImportError, ValueError, AttributeError) as error:
        raise UsageError(
            f"`--scheduler {name}` cannot be used: {error}.",
            "it is no address such as tcp://host:8786 and no class of a cluster, its package is "
            "not installed, or Dask's config lacks what it needs",
            "docs/cluster.md shows both",
        ) from None
    cluster.adapt(**dask_config.get("distributed.adaptive"))
    return cluster


def _unreachable(scheduler: str, error: Exception) -> PipelineError:
    return PipelineError(
        f"The scheduler {scheduler} does not answer: {error}",
        "it is not running, the address is wrong, or a firewall is between",
        "start it with `dask scheduler`, see docs/cluster.md; what is done is kept",
    )


def _require_same_versions(client: Client) -> None:
    """Raises:
    MismatchError: for the first worker with other versions, or without gesture-pipeline.
    """
    for address, found in client.run(versions, on_error="return").items():
        if isinstance(found, Exception):
            found = {}
        if differing := differences(versions(), found):
            raise other_versions(address, differing)
