"""Any error as one that a user can act on."""

from __future__ import annotations

import tempfile
import traceback

from pipeline.core.errors import PipelineError
from pipeline.core.files import reason_of


def explained(error: BaseException) -> PipelineError:
    """The error in sentences; an unexpected one is saved in a file, which they name."""
    if isinstance(error, OSError):
        return _of_the_system(error)
    if isinstance(error, MemoryError):
        return _no_memory()
    return error if isinstance(error, PipelineError) else _bug(error)


def _of_the_system(error: OSError) -> PipelineError:
    """It names no file where it is written to after it was opened."""
    file = error.filename2 or error.filename or "A file"
    return PipelineError(
        f"{file} cannot be used: {reason_of(error)}.",
        "a file is where a folder is meant or the other way round, the disk is full, or you may "
        "not write there",
        "make room or check the path, or name another one; "
        f"{tempfile.gettempdir()} and $XDG_CACHE_HOME (~/.cache) are written to as well",
    )


def _no_memory() -> PipelineError:
    return PipelineError(
        "The memory of this computer did not suffice.",
        "a setting or a file is larger than it should be, or other programs take much",
        "make it smaller, or close other programs, and try again",
    )


def _bug(error: BaseException) -> PipelineError:
    return PipelineError(
        f"Something went wrong that should not have: {type(error).__name__}: {error}",
        "this is a fault of the program, not yours",
        f"please report it, with {_trace_of(error)}",
    )


def _trace_of(error: BaseException) -> str:
    """The file with the trace; on a full disk, the trace itself."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="gesture-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            traceback.print_exception(error, file=log)
    except OSError:
        return "".join(traceback.format_exception(error))
    return f"the file {log.name}"
