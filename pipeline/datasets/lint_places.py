"""Where in a take a finding of lint lies."""

from __future__ import annotations

from pipeline.core.errors import PipelineError
from pipeline.datasets.lint import Finding
from pipeline.datasets.recordings import load_from_dataset


def second_of(finding: Finding) -> float | None:
    """The time of a finding in its take, in seconds from the start.

    Returns:
        None where the finding is of the whole take or of its header, or the take is unreadable.
    """
    if finding.line is None:
        return None
    try:
        t_us = load_from_dataset(finding.file).t_us
    except PipelineError:
        return None
    row = _row_of(finding)
    return None if row is None else float(t_us[row] - t_us[0]) / 1e6


def _row_of(finding: Finding) -> int | None:
    """The sample in the finding's line, from 0; the first line without # names the columns."""
    lines = finding.file.read_text(encoding="utf-8-sig").split("\n")
    filled = [n for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    rows = {line: row for row, line in enumerate(filled[1:])}
    return rows.get(finding.line or 0)
