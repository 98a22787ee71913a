"""A run's report, made of whatever its stages have left so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.files import save_text
from pipeline.run_folder import RunFolder
from pipeline.stages.run_facts import Page, whole_artefacts
from pipeline.stages.runs import open_run
from pipeline.stages.tasks import TASKS

if TYPE_CHECKING:
    from pipeline.training.robustness import Robustness

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Reported:
    """accuracy: of gestures; robustness: None for a run that is not converted yet too."""

    run: Path
    report: Path
    int8: bool
    accuracy: float | None
    how: str
    robustness: Robustness | None = None


def report(path: Path, on_step: OnStep) -> Reported:
    """Write a run's report; of gestures find out first what a converted one bears, unless that is
    known."""
    run = open_run(path)
    contract = run.contract()
    sweep = TASKS[contract.task].sweep
    swept = None if sweep is None or contract.quantisation is None else sweep(run, on_step)
    on_step("writing the report")
    page = write_report(run)
    return Reported(run.path, run.report_file, page.int8, page.accuracy, page.how, swept)


def write_report(run: RunFolder) -> Page:
    """Render report.html of the artefacts that are there; what is not there yet, it says."""
    with whole_artefacts(run):
        page = TASKS[run.contract().task].page(run)
    save_text(run.report_file, page.html)
    return page
