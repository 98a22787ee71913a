"""A job: pure data that say what to compute, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.core.errors import PipelineError
from pipeline.workflows.jobs.versions import code_version

Report: TypeAlias = Callable[[str, float], None]  # a step, and which share of the job is done
Work: TypeAlias = Callable[["Job", Any, Path, Report], Mapping[str, Any]]


@dataclass(frozen=True)
class Job:
    """What to compute.

    Args:
        kind: `module:function` of the work. It gets the job, the data, an empty folder for the
            files of a run, and a function that reports progress; it returns the figures, as JSON
            has them. The same job must give the same files and figures on every machine.
        config: the settings, as a YAML file has them.
        data: the fingerprint of the data; empty where it needs none.
        seed: of the work, where the config has none.
        part: of the work, where the config does not say it.
        name: for people; it does not change the result.
    """

    kind: str
    config: Mapping[str, Any]
    data: str = ""
    seed: int = 0
    part: str = ""
    name: str = field(default="", compare=False)

    @cached_property
    def key(self) -> str:
        """SHA-256 of all that decides the result: also the code. Folders of data do not."""
        config = dict(self.config)
        if isinstance(config.get("data"), Mapping):
            hidden = ("path", "everyday")
            config["data"] = {k: v for k, v in config["data"].items() if k not in hidden}
        content = [self.kind, config, self.data, self.seed, self.part, code_version()]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def work(self) -> Work:
        """The function that `kind` names."""
        module, _, function = self.kind.partition(":")
        work: Work = getattr(import_module(module), function)
        return work


@dataclass(frozen=True)
class Result:
    """What a job has computed, before it is kept.

    Args:
        files: of its run folder, by path in it.
        seconds: that it took.
    """

    figures: Mapping[str, Any]
    files: Mapping[str, bytes]
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """A job that has ended.

    Args:
        folder: with the files that the job made; None where it failed.
        seconds: that it took, whenever that was.
        error: why it failed; None where it did not.
        done_before: whether its result was there already.
    """

    job: Job
    figures: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    seconds: float = 0.0
    error: PipelineError | None = None
    done_before: bool = False


@dataclass(frozen=True)
class Event:
    """What is seen of a job while it runs.

    Args:
        job: None for what concerns all.
        step: what it does now.
        share: of it that is done, 0 to 1.
    """

    job: Job | None
    step: str
    share: float = 0.0
