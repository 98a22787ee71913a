"""Runs made or changed by hand, with hashes as if their stages had left them so."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.run_folder import ARTIFACTS, RunFolder, note


def note_all(run: RunFolder | Path) -> None:
    """Take up every artifact as it is now."""
    folder = run if isinstance(run, RunFolder) else RunFolder(run)
    for stage in ARTIFACTS:
        note(folder, stage)
