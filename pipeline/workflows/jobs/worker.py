"""A process that does one job after another, as seen by the process that gives it work."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from multiprocessing.connection import Pipe
from pathlib import Path
from signal import SIGKILL, Signals

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.locks import dying_with_us
from pipeline.core.project import PACKAGE
from pipeline.workflows.jobs.job import Job, Result

PROCESS = "pipeline.workflows.jobs.worker_process"
LOG_TAIL_BYTES = 20_000
MOST_JOBS = 40  # of a process: TensorFlow keeps about 15 MB of each training
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class DiedError(Exception):
    """A worker has died; what it had printed is `log`."""

    def __init__(self, reason: str, log: str) -> None:
        super().__init__(reason, log)
        self.reason, self.log = reason, log


class Worker:
    """A worker process: it may be killed, and ends with the thread that started it."""

    def __init__(self) -> None:
        """Start the process; the first job waits until it is there."""
        self.connection, theirs = Pipe()
        self._place = tempfile.TemporaryDirectory(prefix="gesture-jobs-")
        self._log = Path(self._place.name) / "log"
        self._data = ""
        self._begun = 0
        path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        with theirs, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*dying_with_us(), sys.executable, "-m", PROCESS, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._place.name,
                start_new_session=True,  # Ctrl-C is for the process that gives it work
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": path, "TMPDIR": self._place.name},
            )

    @property
    def has_done_its_share(self) -> bool:
        """Whether another process should do the next job, because this one has grown."""
        return self._begun >= MOST_JOBS

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def begin(self, job: Job, data: bytes) -> None:
        """Start a job; data: pickled, and sent only where the worker has other ones."""
        self._begun += 1
        with suppress(BrokenPipeError):  # it has died: the answer says so
            if job.data != self._data:
                self.connection.send_bytes(data)
                self._data = job.data
            self.connection.send(job)

    def answer(self) -> tuple[str, float] | Result:
        """Wait for a step with the share that is done, or for the result.

        Raises:
            PipelineError: the job has failed.
            DiedError: the worker has died.
        """
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionError):
            raise self._died() from None
        if isinstance(answer, Failure):
            raise answer.error()
        return answer  # type: ignore[no-any-return]

    def kill(self) -> None:
        """End it and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, SIGKILL)
        self._process.wait()
        self.connection.close()
        self._place.cleanup()

    def _died(self) -> DiedError:
        code = self._process.wait()
        log = self._log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", errors="replace")
        reason = Signals(-code).name if code < 0 else f"exit status {code}"
        return DiedError(reason, log)


class Failure:
    """An error of a job on its way to the process that gave it."""

    def __init__(self, error: PipelineError) -> None:
        """Of an error; the words of an exception alone would not arrive."""
        self._words = (error.what, error.why, error.next_step)
        self._code = error.exit_code.name

    def error(self) -> PipelineError:
        """The error as it was."""
        return PipelineError(*self._words, ExitCode[self._code])
