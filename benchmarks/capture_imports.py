"""Recordings of others: is every anomaly told?

The real ones lie outside the project, as for benchmarks/chain.py.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.datasets import RECORDINGS
from benchmarks.results_file import Row, row
from pipeline.core.errors import PipelineError
from pipeline.datasets.importers import ImportReport, import_files
from tests.fixtures.odd_files import ODD, TAKE_ROWS

COMMAND = "python -m benchmarks.capture imports"
RATE_HZ = 119.0


def imports_rows() -> list[Row]:
    """Rows of imports of odd and real files."""
    untold = [name for name, (content, words) in ODD.items() if words not in told_of(content)]
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        real = import_all(RECORDINGS / "gestures", Path(folder))
    odd = f"{len(ODD)} odd files: {', '.join(sorted(ODD))}"
    files = len({entry.file for entry in real.noted})
    note = f"real recordings; {len(real.noted)} oddities noted in {files} files"
    return [
        row("anomalies in files of others not told", len(untold), "", COMMAND, odd, "== 0"),
        row("takes of others imported", real.total, "", COMMAND, note),
        row("takes of others left out", len(real.left_out), "", COMMAND, note),
    ]


def told_of(content: bytes) -> str:
    """All that the import of a file with this content says."""
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        file = Path(folder) / "odd.csv"
        file.write_bytes(content)
        try:
            report = import_all(file, Path(folder) / "dataset")
        except PipelineError as error:
            return str(error)
    return "\n".join(map(str, (*report.left_out, *report.noted)))


def import_all(path: Path, dataset: Path) -> ImportReport:
    """Import all files of a folder."""
    return import_files(path, dataset, None, None, RATE_HZ, TAKE_ROWS)
