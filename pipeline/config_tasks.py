"""A config file of any task: its `task` says which settings it may have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.config_file import parsed_as, read_settings
from pipeline.config_fit import TaskConfig
from pipeline.config_gestures import GestureConfig
from pipeline.config_series import ForecastConfig
from pipeline.config_text import GenerationConfig, SentimentConfig
from pipeline.errors import ExitCode, PipelineError

TASKS: dict[str, type[TaskConfig]] = {
    "gesture": GestureConfig,
    "sentiment": SentimentConfig,
    "generation": GenerationConfig,
    "forecast": ForecastConfig,
}


def load_task_config(path: Path, overrides: Iterable[str] = ()) -> TaskConfig:
    """Raises PipelineError (exit code USAGE) that lists every fault."""
    content = read_settings(path, overrides)
    task = content.get("task", "gesture")
    if not isinstance(task, str) or task not in TASKS:
        raise PipelineError(
            f"{path}: there is no task `{task}`.",
            f"what can be learned is {', '.join(TASKS)}",
            "write one of these as `task:`",
            ExitCode.USAGE,
        )
    return parsed_as(TASKS[task], path, content)
