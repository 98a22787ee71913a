"""The whole application with a model of each task, as a fuzzer plays to it."""

from __future__ import annotations

from pathlib import Path

from tests import toy_forecast
from tests.firmware.building import APP, HERE, MODEL, PROJECT
from tests.toy_text import judge, writer

CORPUS = PROJECT / "tests" / "fixtures" / "corpus" / "commands"
SOURCES = (HERE / "fuzz_commands.c", *APP)
TASKS = ("gesture", "sentiment", "generation", "forecast")


def model_of(task: str, folder: Path) -> Path:
    """The sources of a model for one of TASKS, written into the folder where they are made."""
    if task == "gesture":
        return MODEL
    if task == "forecast":
        return toy_forecast.write_sources(folder)
    return (judge() if task == "sentiment" else writer()).write_sources(folder)
