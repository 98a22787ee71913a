"""`python -m pipeline.workflows.jobs.worker_process`: what runs in the process of a `Worker`."""

from __future__ import annotations

import pickle
import shutil
import sys
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.core.errors import PipelineError
from pipeline.core.files import is_part
from pipeline.workflows.jobs.job import Job, Result
from pipeline.workflows.jobs.kept import JOBS, run_folder
from pipeline.workflows.jobs.worker import Failure


def main() -> None:
    """Do jobs until nobody gives any more."""
    connection: Connection = Connection(int(sys.argv[1]))
    data = None
    with suppress(EOFError):
        while True:
            message = pickle.loads(connection.recv_bytes())
            if isinstance(message, Job):
                connection.send(_done(message, data, connection))
            else:
                data = message


def _done(job: Job, data: Any, connection: Connection) -> Result | Failure:
    """In a folder of this process whose path is, for people, that of the folder it will be in."""
    started = time.monotonic()
    folder = run_folder(job, JOBS)
    folder.mkdir(parents=True)
    try:
        figures = job.work()(job, data, folder, lambda *step: connection.send(step))
        return Result(figures, _files_of(folder), round(time.monotonic() - started, 1))
    except PipelineError as error:
        return Failure(error)
    except MemoryError:
        raise
    except Exception as error:
        return Failure(_bug(error))
    finally:
        shutil.rmtree(folder)


def _files_of(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and not is_part(file))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _bug(error: Exception) -> PipelineError:
    """With its trace in it: the worker may be on another machine."""
    trace = "".join(traceback.format_exception(error)).rstrip()
    return PipelineError(
        f"A job failed in a way that should not be: {type(error).__name__}: {error}",
        f"this is a fault of the program, not yours:\n{trace}",
        "please report it, with these lines",
    )


if __name__ == "__main__":
    main()
