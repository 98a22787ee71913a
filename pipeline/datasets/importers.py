"""Imports of foreign data: every take is saved, or reported as left out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import regular, why_missing
from pipeline.datasets.editing import relabelled
from pipeline.datasets.import_csv import (
    TUTORIAL_COLUMNS,
    Found,
    ImportedTake,
    is_plain,
    read_plain,
    read_takes,
)
from pipeline.datasets.recording_file import Noted, check_name, recording_path
from pipeline.datasets.recordings import add_recording, load_recording, save_new_recording, takes_in
from pipeline.datasets.streams import even_clock
from pipeline.datasets.uhh_imu import read_archive

DEFAULT_PERSON = "p1"
HIGHEST_RATE_HZ = 100_000.0
ARCHIVE = ".npz"
RECORDING = "# format:"  # the first line of a recording of this tool
SUFFIXES = (".csv", ARCHIVE)
SHOWN = 10  # of the reasons in an error


@dataclass(frozen=True)
class ImportReport:
    """What was imported; takes: how many, by (label, person)."""

    dataset: Path
    takes: dict[tuple[str, str], int]
    left_out: tuple[Noted, ...]
    noted: tuple[Noted, ...]

    @property
    def total(self) -> int:
        """How many takes were imported."""
        """Takes of this import."""
        return sum(self.takes.values())

    @property
    def in_dataset(self) -> int:
        """Takes of earlier imports and captures too."""
        return len(takes_in(self.dataset))


def import_files(
    path: Path,
    dataset: Path,
    label: str | None,
    person: str | None,
    rate_hz: float,
    take_rows: int,
) -> ImportReport:
    """Import a file, or all `.csv` and `.npz` files of a folder and its sub-folders.

    Files are recordings of this tool, archives (see uhh_imu), plain tables of one recording, or
    files of the tutorial. Recordings and archives know their label and person. Importing a file
    again changes nothing. Another file of the same label and person becomes another session; a
    recording or an archive becomes the next take of its session.

    Args:
        label: None takes the name of the file.
        person: None takes the name of the sub-folder, or "p1".
        take_rows: rows of a take in a tutorial file.
    """
    _check_arguments(label, person, rate_hz, take_rows)
    takes: dict[tuple[str, str], int] = {}
    left_out: list[Noted] = []
    noted: list[Noted] = []
    for file in _files(path):
        first = _first_line(file)
        if first.startswith(RECORDING) or _is_archive(file):
            names, count, found = _adopt(file, dataset, label, person)
        else:
            of_file = _names_of(file, path)
            names = (label or of_file[0], person or of_file[1])
            found = _read(file, first, names, take_rows)
            count = len(found.takes)
            if count:
                _save_takes(found.takes, file, dataset, names, rate_hz)
        left_out += found.left_out
        noted += found.noted
        if count:
            takes[names] = takes.get(names, 0) + count
    if not takes:
        raise _nothing_imported(path, left_out)
    return ImportReport(dataset, takes, tuple(left_out), tuple(noted))


def _first_line(file: Path) -> str:
    """The first line; empty if the file cannot be read: the reader reports why."""
    try:
        with regular(file).open(encoding="utf-8-sig") as stream:
            return stream.readline()
    except (OSError, UnicodeDecodeError):
        return ""


def _adopt(
    file: Path, dataset: Path, label: str | None, person: str | None
) -> tuple[tuple[str, str], int, Found]:
    """Copy a recording, unless the same one is there; returns its names, and 1 or 0 takes."""
    noted: list[Noted] = []
    try:
        recording, noted = read_archive(file) if _is_archive(file) else (load_recording(file), [])
    except PipelineError as error:
        return ("", ""), 0, Found([], [Noted(file, None, error.what.removeprefix(f"{file} "))], [])
    names = (label or recording.label, person or recording.person)
    recording = replace(relabelled(recording, names[0]), person=names[1])
    present = (dataset / names[0]).glob(f"{names[1]}-{recording.session}-*.csv")
    if not any(_same(load_recording(path), recording) for path in present):
        add_recording(recording, dataset)
    return names, 1, Found([], [], noted)


def _is_archive(file: Path) -> bool:
    return file.suffix.lower() == ARCHIVE


def _same(one: Recording, other: Recording) -> bool:
    arrays = ((one.thousandths, other.thousandths), (one.seq, other.seq), (one.t_us, other.t_us))
    return one.intervals == other.intervals and all(np.array_equal(*pair) for pair in arrays)


def _check_arguments(label: str | None, person: str | None, rate_hz: float, take_rows: int) -> None:
    if label is not None:
        check_name("label", label)
    if person is not None:
        check_name("person", person)
    if not 0 < rate_hz <= HIGHEST_RATE_HZ or take_rows < 2:
        raise UsageError(
            f"{take_rows} rows a take at {rate_hz:g} Hz is not possible.",
            "a take has two rows or more, and a rate is above 0 and up to 100 kHz",
            "the tutorial's files have `--rate-hz 119 --take-rows 119`",
        )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(
            f"There is no file or folder {path}.",
            why_missing(
                path, "file or folder", "the path is misspelt, or relative to another folder"
            ),
            "give the CSV file saved from the serial monitor, or its folder",
        )
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in SUFFIXES and file.is_file() and not file.name.startswith(".")
    )
    if not files:
        raise UsageError(
            f"There is no .csv or .npz file in {path}.",
            "it is another folder, or the files have another ending",
            "give the folder with punch.csv, flex.csv and so on, or one file by name",
        )
    return files


def _names_of(file: Path, path: Path) -> tuple[str, str]:
    person = DEFAULT_PERSON if path in (file, file.parent) else file.parent.name
    return file.stem, person


def _read(file: Path, first_line: str, names: tuple[str, str], take_rows: int) -> Found:
    fault = _name_fault(names)
    if fault is not None:
        return Found([], [Noted(file, None, fault)], [])
    if is_plain(first_line):
        return read_plain(file)
    return read_takes(file, take_rows)


def _name_fault(names: tuple[str, str]) -> str | None:
    try:
        for kind, name in zip(("label", "person"), names, strict=True):
            check_name(kind, name)
    except PipelineError as error:
        return f"{error.what} Rename it or give --{kind}: {error.next_step}"
    return None


def _save_takes(
    takes: Sequence[ImportedTake], file: Path, dataset: Path, names: tuple[str, str], rate_hz: float
) -> None:
    session = _session_of(takes, dataset, names)
    for take in takes:
        seq, t_us = even_clock(len(take.samples), rate_hz)
        recording = Recording(
            samples=take.samples,
            seq=seq,
            t_us=t_us,
            rate_hz=rate_hz,
            label=names[0],
            person=names[1],
            session=session,
            source=f"imported from {file.name}, take {take.number}, line {take.line}",
            channels=take.channels,
            intervals=take.intervals,
        )
        _save_take(recording, dataset, take)


def _save_take(recording: Recording, dataset: Path, take: ImportedTake) -> None:
    """Save in its session, or in the next one if a capture has just used its number."""
    for session in count(int(recording.session)):
        path = recording_path(dataset, recording.label, recording.person, str(session), take.number)
        if path.is_file() and not _holds_another(path, take):
            return
        with suppress(FileExistsError):
            save_new_recording(replace(recording, session=str(session)), iter([path]))
            return


def _session_of(takes: Sequence[ImportedTake], dataset: Path, names: tuple[str, str]) -> str:
    """The first session in which no path of the takes has other data."""
    session = 1
    while any(
        _holds_another(recording_path(dataset, *names, str(session), take.number), take)
        for take in takes
    ):
        session += 1
    return str(session)


def _holds_another(path: Path, take: ImportedTake) -> bool:
    if not path.is_file():
        return False
    present = load_recording(path).thousandths
    return not np.array_equal(present, np.rint(take.samples.astype(np.float64) * 1000))


def _nothing_imported(path: Path, left_out: Sequence[Noted]) -> PipelineError:
    shown = "\n".join(f"  - {entry}" for entry in left_out[:SHOWN])
    more = f"\n  - and {len(left_out) - SHOWN} more" if len(left_out) > SHOWN else ""
    return PipelineError(
        f"Nothing was imported from {path}:\n{shown}{more}",
        "no take has the format of the 2019 Arduino tutorial; each line above says why",
        f"a file needs a first line {','.join(TUTORIAL_COLUMNS)}, then six numbers on each line, "
        "and `--take-rows` lines for each take; data/README.md has the other formats",
    )
