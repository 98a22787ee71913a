"""Results by content: what was computed once is not computed again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.core.errors import PipelineError
from pipeline.core.files import atomic_write, load_json, save_json
from pipeline.core.locks import clear
from pipeline.workflows.jobs.job import Job, Outcome, Result

JOBS = Path("build") / "jobs"
RUN, OUTCOME = "run", "outcome.json"


def place_of(job: Job, kept: Path) -> Path:
    """The folder of a job, which a process locks while it makes it."""
    return kept / job.key[:32]


def run_folder(job: Job, kept: Path) -> Path:
    """The folder with the files that a job has made."""
    return place_of(job, kept) / RUN


def load(job: Job, kept: Path) -> Outcome | None:
    """The result of a job that was done before; None where it is missing or was changed."""
    run = run_folder(job, kept)
    try:
        content = load_json(run.with_name(OUTCOME), "evaluate")
        files = {name: _sha256((run / name).read_bytes()) for name in content["files"]}
        if _seal(content["figures"], files) != content["sha256"]:
            return None
        figures, seconds = content["figures"], content["seconds"]
    except (PipelineError, OSError, KeyError, TypeError):
        return None
    return Outcome(job, figures, run, seconds, done_before=True)


def save(job: Job, result: Result, kept: Path) -> Outcome:
    """Keep a result in the locked folder of its job; the file that marks it as done is the last."""
    run = run_folder(job, kept)
    clear(run.parent)
    run.mkdir()
    for name, written in result.files.items():
        with atomic_write(run / name) as unfinished:
            unfinished.write_bytes(written)
    hashes = {name: _sha256(written) for name, written in result.files.items()}
    figures = json.loads(json.dumps(result.figures))
    content = {
        "figures": figures,
        "files": sorted(hashes),
        "seconds": result.seconds,
        "sha256": _seal(figures, hashes),
    }
    save_json(run.with_name(OUTCOME), content)
    return Outcome(job, figures, run, result.seconds)


def _seal(figures: Any, hashes: Mapping[str, str]) -> str:
    return _sha256(json.dumps([figures, hashes], sort_keys=True).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
