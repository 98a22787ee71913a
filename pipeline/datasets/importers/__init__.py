"""Recordings of motion from files of others: understood first, then saved."""

from pipeline.datasets.importers.findings import Question, grouped
from pipeline.datasets.importers.options import (
    ImportOptions,
    load_layout,
    save_layout,
    split_list,
)
from pipeline.datasets.importers.saving import (
    ImportReport,
    import_files,
    labels_in,
    save_understood,
)
from pipeline.datasets.importers.summary import summary_of
from pipeline.datasets.importers.takes import labels_of
from pipeline.datasets.importers.understanding import Understanding, understand

__all__ = [
    "ImportOptions",
    "ImportReport",
    "Question",
    "Understanding",
    "grouped",
    "import_files",
    "labels_in",
    "labels_of",
    "load_layout",
    "save_layout",
    "save_understood",
    "split_list",
    "summary_of",
    "understand",
]
