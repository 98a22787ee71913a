"""Names that somebody types in a command: as they were written, or as files have them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.progress import OnStep
from pipeline.core.project import DATA
from pipeline.datasets.names import DatasetNames
from pipeline.datasets.recordings import check_name


@contextmanager
def typed_names(dataset: Path, on_step: OnStep) -> Iterator[DatasetNames]:
    """Names of a dataset that is written; new ones are kept and said when the block ends."""
    names = DatasetNames(dataset)
    yield names
    names.save()
    for sentence in names.said:
        on_step(sentence)


def written_dataset(text: str, on_step: OnStep) -> Path:
    """The folder of a dataset to write, by its name or as data/NAME."""
    name = Path(text).name if Path(text).parent == DATA else text
    if "/" in name:
        check_name("dataset", name)
    with typed_names(DATA, on_step) as names:
        return DATA / names.typed("dataset", name)
