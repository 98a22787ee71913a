"""Saving what an import understood: every take is saved, or reported as left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, dropwhile
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import thousandths
from pipeline.core.errors import PipelineError
from pipeline.datasets.importers.adopting import adopt
from pipeline.datasets.importers.findings import Question, grouped
from pipeline.datasets.importers.options import ImportOptions
from pipeline.datasets.importers.ranges import Peaks
from pipeline.datasets.importers.summary import summary_of
from pipeline.datasets.importers.takes import Duplicates, Sitting, Take, sittings_of
from pipeline.datasets.importers.understanding import Understanding, understand
from pipeline.datasets.names import DatasetNames
from pipeline.datasets.recording_file import Noted, recording_path
from pipeline.datasets.recordings import load_recording, save_new_recording, takes_in
from pipeline.datasets.tables.sources import THREADS

Names = tuple[str, str]  # label and person
FEW_PATHS = 3  # that an error names


@dataclass(frozen=True)
class ImportReport:
    """What was imported.

    Args:
        takes: how many, by (label, person).
        left_out: what was not imported, and why.
        noted: what was unusual.
        understood: what the import understood, in sentences.
        questions: what the files leave open; their files are among those left out.
    """

    dataset: Path
    takes: dict[Names, int]
    left_out: tuple[Noted, ...]
    noted: tuple[Noted, ...]
    understood: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def total(self) -> int:
        """How many takes were imported."""
        return sum(self.takes.values())

    @property
    def in_dataset(self) -> int:
        """Takes of earlier imports and captures too."""
        return len(takes_in(self.dataset))


def import_files(path: Path, dataset: Path, options: ImportOptions | None = None) -> ImportReport:
    """Understand a path and save what is clear; see `understand` and `save_understood`."""
    return save_understood(understand([path], options, labels_in(dataset)), dataset)


def labels_in(dataset: Path) -> list[str]:
    """The labels that a dataset has, possibly none."""
    return sorted({path.parent.name for path in takes_in(dataset)})


def save_understood(understanding: Understanding, dataset: Path) -> ImportReport:
    """Save the recordings of an import in a dataset.

    Importing a file again changes nothing. Another file of the same label and person becomes
    another session; a recording of this tool becomes the next take of its session.

    Raises:
        PipelineError: nothing could be imported.
    """
    names = DatasetNames(dataset)
    sittings, unlabelled = sittings_of(understanding, _naming(understanding.options, names))
    saved = _Saved(dataset)
    for file in understanding.own:
        saved.adopt(file, understanding.options, names)
    if sittings:
        names.save()
    for sitting in sittings:
        saved.save(sitting)
    questions = [question.noted() for question in understanding.questions]
    left_out = [*understanding.left_out, *questions, *unlabelled, *saved.left_out]
    if not saved.takes:
        raise _nothing_imported(understanding, left_out)
    return ImportReport(
        dataset,
        saved.takes,
        tuple(left_out),
        (*understanding.noted, *saved.noted, *saved.peaks.noted()),
        (*summary_of(understanding), *names.said),
        understanding.questions,
    )


def _naming(options: ImportOptions, names: DatasetNames) -> Callable[[str, str], str]:
    """Names that files can carry; what was typed may be such a name already."""

    def name(kind: str, text: str) -> str:
        is_typed = text in (options.label, options.person)
        return names.typed(kind, text) if is_typed else names.name(kind, text)

    return name


class _Saved:
    """What was saved so far."""

    def __init__(self, dataset: Path) -> None:
        self._dataset = dataset
        self._duplicates = Duplicates()
        self.takes: dict[Names, int] = {}
        self.left_out: list[Noted] = []
        self.noted: list[Noted] = []
        self.peaks = Peaks()

    def adopt(self, file: Path, options: ImportOptions, names: DatasetNames) -> None:
        label, person = (
            None if text is None else names.typed(kind, text)
            for kind, text in (("label", options.label), ("person", options.person))
        )
        names.save()
        adopted = adopt(file, self._dataset, label, person)
        if isinstance(adopted, Noted):
            self.left_out.append(adopted)
            return
        self._count(adopted[0])
        self.noted += adopted[1]

    def save(self, sitting: Sitting) -> None:
        """A few takes at a time: all their samples may need much memory."""
        takes = []
        with ThreadPoolExecutor(THREADS) as pool:
            for at in range(0, len(sitting.takes), THREADS):
                some = sitting.takes[at : at + THREADS]
                for take, samples in zip(some, pool.map(Take.samples, some), strict=True):
                    twice = self._duplicates.fault(take, samples)
                    if twice is not None:
                        self.left_out.append(twice)
                        continue
                    takes.append(take)
                    self.peaks.add(take, samples)
            session = free_session(self._dataset, sitting.session, takes)
            list(pool.map(lambda take: _save_take(self._dataset, take, session), takes))
        for take in takes:
            self._count((take.label, take.person))

    def _count(self, names: Names) -> None:
        self.takes[names] = self.takes.get(names, 0) + 1


def _sessions(named: str | None) -> Iterator[str]:
    """Names for a session: 1, 2 and so on, or the one that files have, then with a number."""
    if named is None:
        yield from map(str, count(1))
    else:
        yield named
        yield from (f"{named}_{number}" for number in count(2))


def free_session(dataset: Path, named: str | None, takes: Sequence[Take]) -> str:
    """The first session in which no path of the takes has other data."""
    return next(
        session
        for session in _sessions(named)
        if not any(_holds_another(_path(dataset, take, session), take) for take in takes)
    )


def _path(dataset: Path, take: Take, session: str) -> Path:
    return recording_path(dataset, take.label, take.person, session, take.number)


def _save_take(dataset: Path, take: Take, session: str) -> None:
    """Save in its session, or in the next one if a capture has just used its number."""
    for later in dropwhile(lambda other: other != session, _sessions(_text_of(session))):
        path = _path(dataset, take, later)
        if path.is_file() and not _holds_another(path, take):
            return
        with suppress(FileExistsError):
            save_new_recording(take.recording(later), iter([path]))
            return


def _text_of(session: str) -> str | None:
    return None if session.isdigit() else session


def _holds_another(path: Path, take: Take) -> bool:
    return path.is_file() and not np.array_equal(
        load_recording(path).thousandths, thousandths(take.samples())
    )


def _nothing_imported(understanding: Understanding, left_out: Sequence[Noted]) -> PipelineError:
    lines = "\n".join(f"  - {line}" for line in grouped(left_out))
    if understanding.questions:
        why = "something about the files is not told; each line above names the option that says it"
        step = "give the option; `--save-layout mine.yaml` keeps it for other files of the kind"
    else:
        why = "no file holds motion in a form that is known; each line above says why"
        step = (
            "name the columns with `--columns ax,ay,az,gx,gy,gz`, or see docs/import.md for the "
            "forms that come in as they are"
        )
    where = ", ".join(map(str, understanding.paths[:FEW_PATHS]))
    more = len(understanding.paths) - FEW_PATHS
    where += f" and {more} more" if more > 0 else ""
    return PipelineError(f"Nothing was imported from {where}:\n{lines}", why, step)
