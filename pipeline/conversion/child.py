"""Work that may crash its process, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.artifacts import PROJECT
from pipeline.errors import PipelineError

_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",  # calibration on a GPU would round differently
    "TF_ENABLE_ONEDNN_OPTS": "0",  # sums in one order on every processor
    "TF_CPP_MIN_LOG_LEVEL": "1",
    "PYTHONHASHSEED": "0",
}


def run_child(
    module: str, arguments: Sequence[Path], log: Path, timeout_s: float, task: str, hint: str
) -> None:
    """Run `python -m module arguments`; all it prints is added to `log`.

    task: what it does, as in "converting model.keras"; hint: why it fails at most times.
    Raises PipelineError that names the log where it crashes, fails or takes too long.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    with log.open("ab") as stream:
        begin = stream.tell()
        try:
            ended = subprocess.run(
                [sys.executable, "-m", module, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": path},
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PipelineError(
                f"{task[0].upper()}{task[1:]} was stopped after {timeout_s:g} s.",
                "the model is very large, or this machine is busy",
                f"try again, or with a smaller model; {log} says how far it came",
            ) from None
    if ended.returncode != 0:
        raise PipelineError(
            f"{task[0].upper()}{task[1:]} failed: {_reason(ended.returncode, log, begin)}.",
            hint,
            f"{log} has all that was printed",
        )


def _reason(returncode: int, log: Path, begin: int) -> str:
    if returncode < 0:
        return f"the process crashed ({signal.Signals(-returncode).name})"
    printed = log.read_bytes()[begin:].decode("utf-8", errors="replace")
    lines = printed.strip().splitlines()
    last = lines[-1].strip().rstrip(".") if lines else ""
    return last[:300] or f"exit status {returncode}"
