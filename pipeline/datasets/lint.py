"""Looking a dataset over before a model learns its faults."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.datasets.lint_axes import check_gravity, check_swapped
from pipeline.datasets.lint_balance import check_balance, check_lengths, check_rates
from pipeline.datasets.lint_findings import Finding, TakeFile
from pipeline.datasets.lint_takes import check_take, reached_full_scales
from pipeline.datasets.lint_twins import check_twins
from pipeline.datasets.recordings import load_from_dataset, recording_paths
from pipeline.errors import PipelineError

__all__ = ["Finding", "LintReport", "lint_dataset"]


@dataclass(frozen=True)
class LintReport:
    """takes: how many could be read; findings: in the order of checks, then of files."""

    dataset: Path
    takes: int
    findings: tuple[Finding, ...]


def lint_dataset(folder: Path) -> LintReport:
    """Everything in `folder` that a model should not learn. Nothing is changed.

    A file that cannot be read is a finding like any other.
    Raises PipelineError where there is no recording at all.
    """
    takes, findings = _load(recording_paths(folder))
    if takes:
        findings += _check(takes, folder)
    return LintReport(folder, len(takes), tuple(findings))


def _load(paths: Sequence[Path]) -> tuple[list[TakeFile], list[Finding]]:
    takes, unreadable = [], []
    for path in paths:
        try:
            takes.append(TakeFile(path, load_from_dataset(path)))
        except PipelineError as error:
            unreadable.append(_unreadable(path, error))
    return takes, unreadable


def _unreadable(path: Path, error: PipelineError) -> Finding:
    """The reader's error begins with the file, and the line where there is one."""
    place = re.match(re.escape(str(path)) + r"(?::(\d+))?:? ?", error.what)
    line = int(place[1]) if place and place[1] else None
    what = error.what[place.end() :] if place else error.what
    return Finding("unreadable", path, line, what.rstrip("."), error.next_step)


def _check(takes: Sequence[TakeFile], folder: Path) -> list[Finding]:
    full_scales = reached_full_scales(takes)
    of_takes = [finding for take in takes for finding in check_take(take, full_scales)]
    findings = [
        *check_rates(takes),
        *of_takes,
        *check_gravity(takes),
        *check_swapped(takes),
        *check_lengths(takes),
        *check_twins(takes),
        *check_balance(takes, folder),
    ]
    order = list(dict.fromkeys(finding.check for finding in findings))
    return sorted(findings, key=lambda finding: order.index(finding.check))
